"""The module CTSMATraining of 3D Slicer: from a cohort of CT and MR to models. Research use only."""

from __future__ import annotations

import tempfile
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from CTSMAPanels.module_frame import PanelModule, PanelTest, PanelWidget


class CTSMATraining(PanelModule):
    """What Slicer shows of the module."""

    def __init__(self, parent):
        PanelModule.__init__(self, parent, register_with_application)
        self.parent.title = _("CTSMA Training")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = ["CTSMA"]
        self.parent.helpText = _(
            "Trains models that read trabecular bone off a knee CT, from a cohort of CT and MR scans: pairs, "
            "registrations, patches, teacher, students, diagnosis, evaluation. "
            "Research use only – not a medical device."
        )


def register_with_application():
    """Make the arrangement of views known; custom layouts of scenes need it at startup."""
    from CTSMALib.scene.training_curves import register_layout
    from CTSMAPanels.main_window import views_node

    if views_node() is not None:  # without a main window
        register_layout(views_node())


class CTSMATrainingWidget(PanelWidget):
    """Holds the panel while the module exists."""

    def make_panel(self):
        """The panel."""
        from CTSMAPanels.training.training_panel import TrainingPanel

        register_with_application()
        return TrainingPanel(slicer.mrmlScene)


class CTSMATrainingLogic(ScriptedLoadableModuleLogic):
    """The module without its panel, for scripts."""

    def command(self, step, cohort, project, **settings):
        """The command line of a step, as the panel shows it.

        Args:
            step: one of ``CTSMALib.scene.training_state.STEPS``, for example ``"student"``.
            cohort: manifest, folder of a virtual cohort, or folder with scans.
            project: folder for all that is made.
            settings: fields of ``CTSMALib.scene.training_state.TrainingState`` that differ from the usual.

        Raises:
            CTSMALib.errors.CTSMAError: cohort or project cannot be used; the text says what to do.
        """
        from CTSMALib.jobs.training_project import read_project
        from CTSMALib.jobs.training_steps import arguments, command
        from CTSMALib.scene.training_state import TrainingState

        return command(arguments(step, TrainingState(**settings), read_project(str(cohort), str(project))))

    def show_curves(self, training, what="error"):
        """Show the curves of a training as a chart of the scene.

        Args:
            training: folder that ``ctsma train student`` trains in.
            what: "error", "icc" or "training_loss".

        Returns:
            ``vtkMRMLPlotChartNode``; ``None`` where no network has been checked yet. Curves that the scene holds stay
            where there is no such folder.
        """
        from CTSMALib.scene.training_curves import networks, read_curves, show_curves

        folder = Path(training)
        return show_curves(slicer.mrmlScene, read_curves(folder), what, networks(folder))


class CTSMATrainingTest(PanelTest):
    """What the module can be tested for in any Slicer: no torch, no package that has to be installed."""

    def test_state_is_saved_with_the_scene(self):
        """The state of the panel survives in its parameter node."""
        from CTSMALib.scene.state import load_state, save_state, state_node
        from CTSMALib.scene.training_state import MODULE, TrainingState

        state = TrainingState(cohort="/data/manifest.csv", step="student", steps=40, seeds=2, go_on=True)
        save_state(state_node(slicer.mrmlScene, MODULE), state)
        self.assertEqual(load_state(state_node(slicer.mrmlScene, MODULE), TrainingState), state)

    def test_curves_become_a_chart(self):
        """A table of checks is a series of a chart."""
        from CTSMALib.scene.training_curves import read_curves, show_curves

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "teacher").mkdir()
            table = Path(folder) / "teacher" / "history.csv"
            table.write_text("step,training_loss,error,icc\n10,1.5,0.9,0.2\n20,1.1,0.6,0.5\n", encoding="utf-8")
            chart = show_curves(slicer.mrmlScene, read_curves(Path(folder)), "icc")
        self.assertEqual(chart.GetNumberOfPlotSeriesNodes(), 1)
        self.assertEqual(chart.GetNthPlotSeriesNode(0).GetTableNode().GetNumberOfRows(), 2)

    def test_buttons_say_why_they_are_disabled(self):
        """Nothing can be started without a cohort, and every button tells the reason."""
        from CTSMAPanels.training.training_panel import TrainingPanel

        panel = TrainingPanel(slicer.mrmlScene)
        try:
            self.assert_told_why(
                panel.steps.ui.startButton,
                panel.steps.ui.pauseButton,
                panel.cohort.ui.findButton,
                panel.evaluation.ui.pageButton,
                panel.registrations.ui.reviewButton,
            )
        finally:
            panel.close()
