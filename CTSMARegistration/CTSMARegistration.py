"""The module CTSMARegistration of 3D Slicer: judge and correct an MR–CT registration. Research use only."""

from __future__ import annotations

import tempfile
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from CTSMAPanels.module_frame import PanelModule, PanelTest, PanelWidget


class CTSMARegistration(PanelModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        PanelModule.__init__(self, parent, register_with_application)
        self.parent.title = _("CTSMA Registration")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Registration")]
        self.parent.dependencies = ["CTSMA"]
        self.parent.helpText = _(
            "Registers an MR of a knee to its CT bone by bone, shows how well they agree, and lets a reader correct "
            "and judge each bone. Research use only – not a medical device."
        )


def register_with_application():
    """Make arrangements of views and sample data known; custom layouts of scenes need them at startup."""
    from CTSMALib.scene.registration.review_layout import register_layouts
    from CTSMAPanels.main_window import views_node
    from CTSMAPanels.sample_data import register_review_sample

    register_review_sample()
    if views_node() is not None:  # without a main window
        register_layouts(views_node())


class CTSMARegistrationWidget(PanelWidget):
    """Holds the panel while the module exists."""

    def make_panel(self):
        """The panel."""
        from CTSMAPanels.reviewing.review_panel import ReviewPanel

        register_with_application()
        return ReviewPanel(slicer.mrmlScene)


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


class CTSMARegistrationTest(PanelTest):
    """What the module can be tested for in any Slicer: no torch, no package that has to be installed."""

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
        from CTSMAPanels.main_window import views_node

        register_with_application()
        if views_node() is not None:
            for number in (REVIEW, SIDE_BY_SIDE):
                self.assertTrue(views_node().IsLayoutDescription(number))

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
        from CTSMAPanels.reviewing.review_panel import ReviewPanel

        panel = ReviewPanel(slicer.mrmlScene)
        try:
            self.assert_told_why(
                panel.scans.ui.openButton,
                panel.correct.ui.moveUpButton,
                panel.judging.ui.acceptButton,
                panel.exporting.ui.exportButton,
            )
        finally:
            panel.close()
