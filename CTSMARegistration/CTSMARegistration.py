"""The module CTSMARegistration of 3D Slicer: judge and correct an MR–CT registration. Research use only."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class CTSMARegistration(ScriptedLoadableModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("CTSMA Registration")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Registration")]
        self.parent.dependencies = []
        self.parent.contributors = ["The CTSMA developers"]
        self.parent.helpText = _(
            "Registers an MR of a knee to its CT bone by bone, shows how well they agree, and lets a reader correct "
            "and judge each bone. Research use only – not a medical device."
        )
        self.parent.acknowledgementText = _(
            "Builds towards the method of Hu et al., CT-based Subchondral Bone Microstructural Analysis in Knee "
            "Osteoarthritis via MR-Guided Distillation Learning (arXiv:2307.04390)."
        )
        slicer.app.startupCompleted.connect(register_with_application)


def register_with_application():
    """Make arrangements of views and sample data known; custom layouts of scenes need them at startup."""
    from CTSMALib.scene.registration.review_layout import register_layouts
    from CTSMAPanels.sample_data import register_review_sample

    register_review_sample()
    manager = slicer.app.layoutManager()
    if manager is not None:  # without a main window
        register_layouts(manager.layoutLogic().GetLayoutNode())


class CTSMARegistrationWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Holds the panel while the module exists."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.panel = None

    def setup(self):
        """Make the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from CTSMAPanels.reviewing.review_panel import ReviewPanel

        register_with_application()
        self.panel = ReviewPanel(slicer.mrmlScene)
        self.layout.addWidget(self.panel.widget)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._scene_closing)
        self.addObserver(scene, scene.EndCloseEvent, self._scene_changed)
        self.addObserver(scene, scene.EndImportEvent, self._scene_changed)
        self.addObserver(scene, scene.NodeRemovedEvent, self._node_removed)
        self.addObserver(scene, scene.EndBatchProcessEvent, self._nodes_settled)

    def enter(self):
        """Called when the user opens the module."""
        if self.panel is not None:
            self.panel.enter()

    def exit(self):
        """Called when the user opens another module."""
        if self.panel is not None:
            self.panel.exit()

    def onReload(self):
        """Called by the button Reload of developers: the packages beside this script are loaded again too."""
        for name in list(sys.modules):
            if name.split(".")[0] in ("CTSMALib", "CTSMAPanels"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)
        slicer.modules.CTSMARegistrationWidget.enter()  # Slicer itself does not tell the new widget that it is open

    def cleanup(self):
        """Called when the application closes."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.close()
            self.panel = None

    def _scene_closing(self, caller, event):
        self.panel.scene_closing()

    def _scene_changed(self, caller, event):
        self.panel.read_scene()

    def _nodes_settled(self, caller, event):
        self.panel.nodes_settled()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_removed(self, caller, event, node):
        self.panel.node_removed(node)


class CTSMARegistrationLogic(ScriptedLoadableModuleLogic):
    """The module without its panel, for scripts. More is in ``CTSMALib.scene.registration``."""

    def open(self, folder, ct, mr, reviewer=""):
        """Open a registration, to see, correct and judge it.

        Args:
            folder: that ``ctsma register`` has written.
            ct: ``vtkMRMLScalarVolumeNode``.
            mr: likewise.
            reviewer: name or initials; decisions need them.

        Returns:
            ``CTSMALib.scene.registration.session.ReviewSession``; every change is saved in the folder.

        Raises:
            CTSMALib.errors.CTSMAError: the folder holds no registration of this CT; the text says what to do.
        """
        from CTSMALib.scene.registration.session import ReviewSession

        return ReviewSession.open(slicer.mrmlScene, Path(folder), ct, mr, reviewer)


class CTSMARegistrationTest(ScriptedLoadableModuleTest):
    """What the module can be tested for in any Slicer: no torch, no package that has to be installed."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test."""
        for name in sorted(dir(self)):
            if name.startswith("test_"):
                self.setUp()
                getattr(self, name)()

    def test_state_is_saved_with_the_scene(self):
        """The state of the panel survives in its parameter node."""
        from CTSMALib.scene.registration.review_state import MODULE, ReviewState
        from CTSMALib.scene.state import load_state, save_state, state_node

        state = ReviewState(subject="tibia", mode="blend", opacity=0.25, step=0.1, error_colors=True)
        save_state(state_node(slicer.mrmlScene, MODULE), state)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), ReviewState), state)

    def test_arrangements_of_views_are_known(self):
        """Both are registered with the application."""
        from CTSMALib.scene.registration.review_layout import REVIEW, SIDE_BY_SIDE

        register_with_application()
        manager = slicer.app.layoutManager()
        if manager is not None:
            for number in (REVIEW, SIDE_BY_SIDE):
                self.assertTrue(manager.layoutLogic().GetLayoutNode().IsLayoutDescription(number))

    def test_the_practice_pair_is_corrected_and_accepted(self):
        """From a bone that lies wrong to an accepted one, on the bundled virtual pair."""
        from CTSMALib.jobs.requirements import missing_requirements

        missing = missing_requirements()
        if missing:  # a skip would end the run of the other tests
            told = _("Not tested on the practice pair, packages are missing: {names}.")
            self.delayDisplay(told.format(names=", ".join(missing)))
            return
        from CTSMALib.scene.registration.practice_review import review_practice

        with tempfile.TemporaryDirectory() as folder:
            found = review_practice(slicer.mrmlScene, Path(folder))
        self.assertEqual(found.problems(), [])

    def test_buttons_say_why_they_are_disabled(self):
        """Nothing can be done in an empty scene, and every button tells the reason."""
        from CTSMAPanels.qt_values import value_of
        from CTSMAPanels.reviewing.review_panel import ReviewPanel

        panel = ReviewPanel(slicer.mrmlScene)
        try:
            for button in (
                panel.scans.ui.openButton,
                panel.correct.ui.moveUpButton,
                panel.judging.ui.acceptButton,
                panel.exporting.ui.exportButton,
            ):
                self.assertFalse(value_of(button, "enabled"))
                self.assertTrue(value_of(button, "toolTip"))
        finally:
            panel.close()
