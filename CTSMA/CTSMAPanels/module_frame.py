"""What the scripts of all modules have in common: what they say of themselves, and how their panels live and end.

A script imports this at file scope. Slicer puts the folders of all modules on Python's path (it "registers" them)
before it imports the first script, so the order of loading does not matter; the folder of CTSMA must be among them.
Nothing else is imported here, so that a module is listed even where its panel cannot be made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

OWN_PACKAGES = ("CTSMALib", "CTSMAPanels")
MODULES = ("CTSMA", "CTSMARegistration", "CTSMATraining")


class PanelModule(ScriptedLoadableModule):
    """What Slicer shows of a module; title, category and help are the module's own.

    Args:
        parent: what Slicer gives to the module.
        register: makes arrangements of views and the like known; called when the application has started.
    """

    def __init__(self, parent: Any, register: Callable[[], None]) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.contributors = ["The CTSMA developers"]
        self.parent.acknowledgementText = _(
            "Builds towards the method of Hu et al., CT-based Subchondral Bone Microstructural Analysis in Knee "
            "Osteoarthritis via MR-Guided Distillation Learning (arXiv:2307.04390)."
        )
        slicer.app.startupCompleted.connect(register)


class PanelWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Holds a panel while the module exists, and tells it what happens to module and scene.

    Attributes:
        panel: :class:`~CTSMAPanels.scene_panel.ScenePanel`; ``None`` before :meth:`setup` and after :meth:`cleanup`.
    """

    def __init__(self, parent: Any = None) -> None:
        self.panel: Any = None
        VTKObservationMixin.__init__(self)
        ScriptedLoadableModuleWidget.__init__(self, parent)  # without a parent it sets the widget up at once

    def make_panel(self) -> Any:
        """The panel on the scene of the application, with all that it needs made known."""
        raise NotImplementedError

    def setup(self) -> None:
        """Make the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        panel, scene = self.make_panel(), slicer.mrmlScene
        self.layout.addWidget(panel.widget)
        self.panel = panel
        self.addObserver(scene, scene.StartCloseEvent, self._scene_closing)
        self.addObserver(scene, scene.EndCloseEvent, self._scene_changed)
        self.addObserver(scene, scene.EndImportEvent, self._scene_changed)
        self.addObserver(scene, scene.NodeRemovedEvent, self._node_removed)
        self.addObserver(scene, scene.EndBatchProcessEvent, self._nodes_settled)

    def enter(self) -> None:
        """Called when the user opens the module."""
        if self.panel is not None:
            self.panel.enter()

    def exit(self) -> None:
        """Called when the user opens another module."""
        if self.panel is not None:
            self.panel.exit()

    def onReload(self) -> None:
        """Called by the button Reload of developers: the packages beside the script are loaded again too.

        All modules stand on these, so those that have a panel are loaded again: its code would be the old one.
        """
        for name in list(sys.modules):
            if name.split(".")[0] in OWN_PACKAGES:
                del sys.modules[name]
        for module in MODULES:
            if module != self.moduleName and hasattr(slicer.modules, f"{module}Widget"):
                slicer.util.reloadScriptedModule(module)
        ScriptedLoadableModuleWidget.onReload(self)
        # Slicer itself does not tell the new widget that its module is open.
        getattr(slicer.modules, f"{self.moduleName}Widget").enter()

    def cleanup(self) -> None:
        """Called when the application closes, or the module is loaded again."""
        self.removeObservers()
        panel, self.panel = self.panel, None
        if panel is not None:
            panel.close()

    def _scene_closing(self, caller: Any, event: str) -> None:
        self.panel.scene_closing()

    def _scene_changed(self, caller: Any, event: str) -> None:
        self.panel.read_scene()

    def _nodes_settled(self, caller: Any, event: str) -> None:
        self.panel.nodes_settled()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_removed(self, caller: Any, event: str, node: Any) -> None:
        self.panel.node_removed(node)


class PanelTest(ScriptedLoadableModuleTest):
    """Runs what a module can be tested for in any Slicer: no torch, no package that has to be installed."""

    def setUp(self) -> None:
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self, **_options: Any) -> None:
        """Run every test."""
        for name in sorted(dir(self)):
            if name.startswith("test_"):
                self.setUp()
                getattr(self, name)()

    def assert_told_why(self, *buttons: Any) -> None:
        """Check that buttons are disabled, and that each tells the reason."""
        from CTSMAPanels.qt_values import value_of

        for button in buttons:
            self.assertFalse(value_of(button, "enabled"))
            self.assertTrue(value_of(button, "toolTip"))
