"""``slicer.ScriptedLoadableModule``: the classes that a scripted module derives from."""

from __future__ import annotations

import inspect
import logging
import sys
import unittest
from pathlib import Path
from typing import Any

import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


def _resource(owner: object, filename: str) -> str:
    return str(Path(inspect.getfile(type(owner))).parent / "Resources" / filename)


def _run_tests(owner: Any, **keywords: Any) -> None:
    getattr(sys.modules[type(owner).__module__], f"{owner.moduleName}Test")().runTest(**keywords)


class ScriptedLoadableModule:
    """What a module says of itself, written on the C++ object ``parent``."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.setProperty("title", self.moduleName)

    def resourcePath(self, filename: str) -> str:
        """The path of a file under Resources."""
        return _resource(self, filename)

    def getDefaultModuleDocumentationLink(self, docPage: str | None = None) -> str:
        """A line that leads to the module's page."""
        return f'<p>For more information see the <a href="{docPage or self.moduleName}">documentation</a>.</p>'

    def runTest(self, msec: int = 100, **kwargs: Any) -> None:
        """Run the module's test class."""
        _run_tests(self, **kwargs)


class ScriptedLoadableModuleWidget:
    """A module's panel."""

    def __init__(self, parent: Any = None) -> None:
        import qt

        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        self.parent = parent if parent is not None else slicer.qMRMLWidget()
        if parent is None:
            qt.QVBoxLayout(self.parent)
            self.parent.setMRMLScene(slicer.mrmlScene)
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()

    def resourcePath(self, filename: str) -> str:
        """The path of a file under Resources."""
        return _resource(self, filename)

    def cleanup(self) -> None:
        """Called before the panel goes."""

    def setupDeveloperSection(self) -> None:
        """Reload and test buttons are not imitated."""

    def setup(self) -> None:
        """Called once, to build the panel."""
        self.setupDeveloperSection()

    def onReload(self) -> None:
        """Load the source again."""
        raise NotImplementedError("Reloading is not imitated: call bench.load_module again.")

    def onTest(self, **kwargs: Any) -> None:
        """Run the module's tests."""
        _run_tests(self, **kwargs)

    def onReloadAndTest(self, **kwargs: Any) -> None:
        """Load the source again and run the tests."""
        self.onReload()

    def onEditSource(self) -> None:
        """Nothing to open."""


class ScriptedLoadableModuleLogic:
    """Work without a panel; knows the module's parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        """The module's node, made where there is none."""
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            return node if node is not None else self.createParameterNode()
        found = self.getAllParameterNodes()
        return found[0] if found else self.createParameterNode()

    def getAllParameterNodes(self) -> list[Any]:
        """All nodes of this module."""
        scene, kind = slicer.mrmlScene, "vtkMRMLScriptedModuleNode"
        nodes = [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> Any:
        """A new node; with a singleton tag, so that a scene that is read replaces its contents."""
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Tests that run inside the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args or ("runTest",), **kwargs)
        self.enableScreenshots = False
        self.screenshotScaleFactor = 1.0

    def delayDisplay(self, message: str, requestedDelay: Any = None, msec: int = 100) -> None:
        """Say what is being tested."""
        logging.info(message)

    def takeScreenshot(self, name: str, description: str, type: int = -1) -> None:
        """Nothing is taken."""

    def runTest(self) -> None:
        """Run all methods that begin with ``test``, each after ``setUp``."""
        for name in sorted(name for name in dir(self) if name.startswith("test")):
            self.setUp()
            try:
                getattr(self, name)()
            finally:
                self.tearDown()
