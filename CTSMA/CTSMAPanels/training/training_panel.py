"""The panel of the module CTSMATraining: its parts, and the state that binds them to the scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import Project, read_project
from CTSMALib.jobs.training_steps import steps_of
from CTSMALib.scene.state import load_state, save_state, state_node
from CTSMALib.scene.training_curves import networks, read_curves, show_curves, show_in_views
from CTSMALib.scene.training_state import MODULE, REGISTER, STEPS, STUDENT, TEACHER, TrainingState
from CTSMAPanels.main_window import views_node
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.panel_jobs import JobHost, NewRunner
from CTSMAPanels.run_bar import RunBar
from CTSMAPanels.scene_panel import ScenePanel, tell
from CTSMAPanels.training.cohort_panel import CohortPanel
from CTSMAPanels.training.curves_panel import CurvesPanel
from CTSMAPanels.training.evaluation_panel import EvaluationPanel
from CTSMAPanels.training.jobs import Running, TrainingJobs
from CTSMAPanels.training.models_panel import ModelsPanel
from CTSMAPanels.training.registrations_panel import RegistrationsPanel
from CTSMAPanels.training.settings_panel import SettingsPanel
from CTSMAPanels.training.standing import Standing
from CTSMAPanels.training.step_actions import AGAIN_MS, TOLD_MS, StepActions
from CTSMAPanels.training.steps_panel import StepLine, StepsPanel
from CTSMAPanels.training.unsaved import KeptCorrections

CURVES_EVERY_S = 2.0
REGISTRATIONS_EVERY_S = 20.0  # a pair takes minutes, and reading a large cohort takes a moment


class TrainingPanel(ScenePanel):
    """Everything the module shows.

    What the user chooses becomes a new :class:`TrainingState`, which is saved in the scene; what is made lies in the
    folder of the project, and is read from there.
    """

    UI_FILE = "CTSMATraining.ui"

    def make_parts(self, new_runner: NewRunner, work: Path) -> None:
        """Make state, jobs and parts."""
        self.state = TrainingState()
        self.project: Project | None = None
        self.desk: CohortDesk | None = None
        self.problem = ""
        self._read = ("", "")  # cohort and project as they were chosen
        self._curves_at = self._registrations_at = 0.0
        self._told: JobState | None = None
        self._aside: TrainingState | None = None  # what this scene holds, while another state has to be shown
        self.kept = KeptCorrections()
        self._drawn: Path | None = None  # folder of the training whose curves were put into this scene
        self.actions, self.standing = StepActions(self), Standing(self)
        self.run_bar = RunBar(self.actions.cancel)
        self.jobs = TrainingJobs(JobHost(new_runner, work, self._job_changed, tell), self.actions.ended)
        self.cohort = CohortPanel(self.change, self.actions.find_pairs, self.edited)
        self.steps = StepsPanel(self.change, self._start, self.actions.pause)
        self.settings = SettingsPanel(self.change)
        self.registrations = RegistrationsPanel(self.actions.review)
        self.curves = CurvesPanel(self.change, self.show_chart)
        self.evaluation = EvaluationPanel()
        self.models = ModelsPanel(self.actions.verify)

    def enter(self) -> None:
        """The user opens the module: what others have made meanwhile is read."""
        if self.closed:
            return
        self.dependencies.refresh()
        self.read_project()
        self.models.read()
        self.read_results()
        self.refresh()

    def places(self) -> Iterable[tuple[Any, Any]]:
        """Where in the panel each part goes."""
        return (
            (self.ui.cohortSection, self.dependencies.widget),
            (self.ui.cohortSection, self.cohort.widget),
            (self.ui.stepsSection, self.steps.widget),
            (self.steps.ui.settingsPlace, self.settings.widget),
            (self.ui.runBarPlace, self.run_bar.widget),
            (self.ui.registrationsSection, self.registrations.widget),
            (self.ui.curvesSection, self.curves.widget),
            (self.ui.evaluationSection, self.evaluation.widget),
            (self.ui.modelsSection, self.models.widget),
        )

    # State ------------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Take what the user chose, save it with the scene, and show it."""
        state = replace(self.state, **fields)
        if state == self.state or self.applying or self.is_quiet():
            return
        if {"cohort", "project"} & fields.keys() and not self._may_leave():
            self.refresh()  # the fields show again what they showed
            return
        self._aside = None  # what the user chooses counts
        with problems_shown(_("The training cannot be shown.")):
            self.apply(state)

    def follow(self, step: str) -> None:
        """Choose a step that follows by itself, which is no choice of the user."""
        if not self.applying and not self.is_quiet():
            with problems_shown(_("The training cannot be shown.")):
                self.apply(replace(self.state, step=step))

    def _may_leave(self) -> bool:
        """Whether corrections of the manifest are saved, or the user lets them go."""
        if self.desk is None or not self.desk.unsaved:
            return True
        leave = bool(
            slicer.util.confirmOkCancelDisplay(_("Leave the manifest without the changes that are not saved?"))
        )
        self.desk.unsaved = not leave
        if leave:
            self.kept.forget()
        return leave

    def apply(self, state: TrainingState) -> None:
        """Take a state, save it with the scene unless that holds one of its own, and show it."""
        self.applying = True
        try:
            before, self.state = self.state, state.valid()
            moved = (before.cohort, before.project) != (self.state.cohort, self.state.project)
            moved = moved or self.project is None
            if moved:
                self.read_project()
            self._choose_a_step_that_is_needed()
            if self._aside is None:
                save_state(state_node(self.scene, MODULE), self.state)
            self.refresh()
            if moved or before.curve != self.state.curve:
                self.show_curves()
            if moved:
                self.read_results()
        finally:
            self.applying = False

    def read_scene(self) -> None:
        """Take what is saved with the scene, for example after a scene was opened.

        While a job of a project runs all stays: the steps that follow go by it. Where corrections of a manifest are not
        saved, its cohort and project stay: nobody asks when a scene closes. What the scene holds is shown afterwards,
        unless the user chooses something before.
        """
        self.actions.forget_left()
        node = self.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = saved = load_state(node, TrainingState) if node is not None else TrainingState()
        running, told = self.jobs.running, ""
        if running is not None and running.of_project:
            state = self.state
            told = _("The training of this scene is not shown while a job runs in {folder}; it is shown afterwards.")
            told = told.format(folder=running.project.folder if running.project is not None else "")
        elif self.desk is not None and self.desk.unsaved:
            state = replace(state, cohort=self.state.cohort, project=self.state.project)
            told = _("The project of this scene is not shown before the manifest {file} is saved.")
            told = told.format(file=self.desk.project.manifest)
        self._aside = saved if node is not None and saved != state else None
        if self._aside is not None and any((saved.cohort, saved.project)):
            slicer.util.showStatusMessage(told, TOLD_MS)
        self._drawn = None
        self._take(state)

    def work_over(self) -> None:
        """A job has ended and none follows, or a manifest was saved: what the scene holds can be shown."""
        unsaved = self.desk is not None and self.desk.unsaved
        if self._aside is None or self.closed or self.is_busy() or unsaved:
            return
        if self.is_quiet():
            qt.QTimer.singleShot(AGAIN_MS, self.work_over)
            return
        state, self._aside = self._aside, None
        self._take(state)

    def _take(self, state: TrainingState) -> None:
        """Show a state of a scene."""
        if (state.cohort, state.project) != (self.state.cohort, self.state.project):
            self.project = None  # another one
        self.apply(state)
        self.show_curves()  # also in a scene that has none yet

    def read_project(self) -> None:
        """Read cohort and project from their folders; corrections of the same that are not saved stay, even while these
        cannot be read, as on a share that is away."""
        problem, project = "", None
        chosen = (self.state.cohort, self.state.project)
        before, self._read = self._read, chosen
        try:
            project = read_project(self.state.cohort, self.state.project)
        except CTSMAError as error:
            problem = str(error)
        same = project == self.project if project is not None else chosen == before
        if same and self.desk is not None and self.desk.unsaved:
            self.problem = problem
            return
        self.project, self.problem, self.desk = project, problem, None
        if project is not None:
            try:
                self.desk = CohortDesk(project)
            except CTSMAError as error:
                self.problem = str(error)
        self.kept.remark = ""
        if self.desk is not None and self.kept.take_up(self.desk):
            told = _("Corrections of the manifest that were not saved the last time are here again. Save them.")
            slicer.util.showStatusMessage(told, TOLD_MS)

    def _choose_a_step_that_is_needed(self) -> None:
        needed = steps_of(self.project)
        if self.state.step not in needed:
            self.state = replace(self.state, step=needed[0])

    def _start(self) -> None:
        self.cohort.settle()
        if not self.standing.chosen(self.obstacle()).reason:  # what was typed may lead to another project
            self.actions.start()

    # Showing ----------------------------------------------------------------------------------------------

    def edited(self) -> None:
        """The manifest was changed or saved; what could not be read may be there again."""
        saved = self.desk is not None and not self.desk.unsaved
        if saved:
            self.kept.forget()
        if self.problem:
            self.read_project()
        self.refresh()
        if saved:
            self.work_over()

    def refresh(self) -> None:
        """Show again what is there and what may be done now."""
        if self.closed:
            return
        busy = self.obstacle()
        self.cohort.show(self.state, self.desk, self.problem, busy, self.kept.remark)
        self.steps.show(self.state, self.standing.lines(), self.standing.chosen(busy))
        self.settings.show(self.state, busy)
        self._show_run()
        self.models.show(busy)

    def read_results(self) -> None:
        """Show what was made: registrations, curves, evaluation. Reading them may take a moment."""
        project = self.project
        self.read_registrations()
        self.show_curves()
        places = (project.evaluation, project.diagnosis) if project is not None else (None, None)
        self.evaluation.show(*places)

    def read_registrations(self) -> None:
        """Show what became of the pairs so far."""
        project = self.project
        needed = project is not None and REGISTER in steps_of(project)
        folder = project.registrations if project is not None and needed else None
        self.registrations.show(folder, self.dependencies.reason)

    def is_busy(self) -> bool:
        """Whether a worker runs."""
        return self.jobs.runner.is_busy()

    def step_obstacle(self, step: str) -> str:
        """Why a step cannot be started, apart from what runs; empty where it can."""
        return self.standing.obstacle(step)

    def step_lines(self) -> tuple[StepLine, ...]:
        """Where every step stands."""
        return self.standing.lines()

    def show_curves(self) -> None:
        """Read the curves of the training again, and let scene and panel show them.

        Where nothing can be read, curves that the scene holds stay, unless they are those of another project.
        """
        training = self.project.training if self.project is not None else None
        curves = read_curves(training) if training is not None else ()
        if not self.is_quiet():
            known = networks(training) if training is not None else None
            of_another = training is not None and self._drawn is not None and self._drawn != training
            show_curves(self.scene, curves, self.state.curve, frozenset() if known is None and of_another else known)
            self._drawn = training if curves else self._drawn
        self.curves.show(self.state, curves, views_node() is not None)

    def show_chart(self) -> None:
        """Arrange the views so that the chart is seen."""
        show_in_views(self.scene, views_node())

    def _show_run(self) -> None:
        running, monitor = self.jobs.running, self.jobs.runner.monitor
        step = running.what if running is not None and running.what in STEPS else ""
        self.steps.show_run(step, monitor.state is JobState.CANCELLING, self.actions.remark())
        if self.standing.running:
            self.steps.show_line(self.standing.running_line())

    # Events -----------------------------------------------------------------------------------------------

    def _job_changed(self, monitor: JobMonitor) -> None:
        if self.closed:
            return
        self.run_bar.show(monitor)
        if monitor.state is not self._told:
            self._told, self._curves_at, self._registrations_at = monitor.state, 0.0, 0.0
            if not self.applying:
                self.refresh()
            return
        self._show_run()
        if not self.actions.runs_here():
            return
        if self.standing.running == REGISTER:
            if monitor.elapsed_s - self._registrations_at >= REGISTRATIONS_EVERY_S:
                self._registrations_at = monitor.elapsed_s
                self.read_registrations()
            return
        if abs(monitor.elapsed_s - self._curves_at) >= CURVES_EVERY_S:
            self._curves_at = monitor.elapsed_s
            self.show_curves()

    def ended(self, running: Running, state: JobState) -> None:
        """A job has ended, and everything it made is there."""
        if self.closed:
            return
        if running.discards and state is JobState.CANCELLED and running.what in (TEACHER, STUDENT):
            self._forget_curves(running)
        self.read_project()
        self.read_results()
        self.refresh()

    def _forget_curves(self, running: Running) -> None:
        """The user has let networks go; their curves go too."""
        if running.project is not None and running.project == self.project and not self.is_quiet():
            left = networks(running.project.training) or frozenset()
            show_curves(self.scene, read_curves(running.project.training), self.state.curve, left)

    def close(self) -> None:
        """Stop what runs, whose state stays, before the panel goes; corrections that are not saved are kept."""
        self.closed = True
        self.jobs.close()
        if self.desk is not None:
            self.kept.keep(self.desk)
