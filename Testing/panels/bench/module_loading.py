"""Loads scripted modules as Slicer's module manager does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import slicer

from Testing.panels.bench.classes import create
from Testing.panels.bench.pythonqt import QtWidgets


class LoadedModule:
    """A scripted module with its panel.

    Attributes:
        name: of the module.
        source: the Python module.
        module: its description, an object of the class with the module's name.
        widget: its panel, set up; ``widget.parent`` is the Qt widget.
        logic: the panel's logic; None where it has none.
    """

    def __init__(self, path: Path | str) -> None:
        path = Path(path)
        self.name = path.stem
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        self.source = _import(path)
        self.description = create("qSlicerScriptedLoadableModule")
        self.description._name, self.description._path = self.name, str(path)
        self.module = getattr(self.source, self.name)(self.description)
        setattr(slicer.modules, self.name.lower(), self.description)
        setattr(slicer.modules, f"{self.name}Instance", self.module)
        self.panel = create("qSlicerScriptedLoadableModuleWidget")
        self.description._widget = self.panel
        QtWidgets.QVBoxLayout(self.panel)
        self.widget = getattr(self.source, f"{self.name}Widget")(self.panel)
        self.panel._python = self.widget
        setattr(slicer.modules, f"{self.name}Widget", self.widget)
        self.panel.setMRMLScene(slicer.mrmlScene)
        self.widget.setup()

    @property
    def logic(self) -> Any:
        return getattr(self.widget, "logic", None)

    def enter(self) -> None:
        """The user turns to the module."""
        self.panel.enter()

    def exit(self) -> None:
        """The user leaves the module."""
        self.panel.exit()

    def run_tests(self) -> None:
        """Run the module's own tests."""
        self.module.runTest()

    def close(self) -> None:
        """Clean up, as when the application ends; doing it again changes nothing."""
        if self.panel is None:
            return
        if self.panel.isEntered:
            self.exit()
        self.widget.cleanup()
        for name in (self.name.lower(), f"{self.name}Instance", f"{self.name}Widget"):
            vars(slicer.modules).pop(name, None)
        self.panel.deleteLater()
        self.panel = None
        sys.modules.pop(self.name, None)


def _import(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    source = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = source
    specification.loader.exec_module(source)
    return source
