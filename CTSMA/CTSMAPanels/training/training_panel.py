"""The panel of the module CTSMATraining: its parts, and the state that binds them to the scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import Project, read_project
from CTSMALib.jobs.training_record import StepRecord, read_records
from CTSMALib.jobs.training_steps import arguments, bundle, command, is_done, obstacle, patch_findings, steps_of
from CTSMALib.scene.state import load_state, save_state, state_node
from CTSMALib.scene.training_curves import read_curves, show_curves, show_in_views
from CTSMALib.scene.training_state import MODEL, MODULE, PATCHES, REGISTER, STEPS, TrainingState
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
from CTSMAPanels.training.step_actions import StepActions
from CTSMAPanels.training.steps_panel import ChosenStep, StepLine, StepsPanel
from CTSMAPanels.training.words import is_over, state_sign, state_words

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
        self.actions = StepActions(self)
        self.run_bar = RunBar(self.actions.cancel)
        self.jobs = TrainingJobs(JobHost(new_runner, work, self._job_changed, tell), self.actions.ended)
        self.cohort = CohortPanel(self.change, self.actions.find_pairs, self.edited)
        self.steps = StepsPanel(self.change, self.actions.start, self.actions.pause)
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
        with problems_shown(_("The training cannot be shown.")):
            self.apply(state)

    def _may_leave(self) -> bool:
        """Whether corrections of the manifest are saved, or the user lets them go."""
        if self.desk is None or not self.desk.unsaved:
            return True
        leave = bool(
            slicer.util.confirmOkCancelDisplay(_("Leave the manifest without the changes that are not saved?"))
        )
        self.desk.unsaved = not leave
        return leave

    def apply(self, state: TrainingState) -> None:
        """Take a state, save it with the scene, and show it."""
        self.applying = True
        try:
            before, self.state = self.state, state.valid()
            moved = (before.cohort, before.project) != (self.state.cohort, self.state.project)
            moved = moved or self.project is None
            if moved:
                self.read_project()
            self._choose_a_step_that_is_needed()
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

        Where corrections of a manifest are not saved, its cohort and project stay: nobody asks when a scene closes.
        """
        node = self.scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")
        state = load_state(node, TrainingState) if node is not None else TrainingState()
        if self.desk is not None and self.desk.unsaved:
            state = replace(state, cohort=self.state.cohort, project=self.state.project)
        if (state.cohort, state.project) != (self.state.cohort, self.state.project):
            self.project = None  # another one
        self.apply(state)

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

    def _choose_a_step_that_is_needed(self) -> None:
        needed = steps_of(self.project)
        if self.state.step not in needed:
            self.state = replace(self.state, step=needed[0])

    # Showing ----------------------------------------------------------------------------------------------

    def edited(self) -> None:
        """The manifest was changed or saved; what could not be read may be there again."""
        if self.problem:
            self.read_project()
        self.refresh()

    def refresh(self) -> None:
        """Show again what is there and what may be done now."""
        if self.closed:
            return
        busy = self.obstacle()
        self.cohort.show(self.state, self.desk, self.problem, busy)
        self.steps.show(self.state, self.step_lines(), self._chosen_step(busy))
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

    def _chosen_step(self, busy: str) -> ChosenStep:
        step, project = self.state.step, self.project
        reason = busy or self.step_obstacle(step)
        if project is None:
            return ChosenStep(reason=reason)
        record = self._records().get(step)
        remarks = [record.message] if record is not None and record.message else []
        if step == PATCHES:
            signs = {"error": _("Error:"), "warning": _("Warning:")}
            remarks += [f"{signs.get(gravity, gravity)} {text}" for gravity, text in patch_findings(project)]
        end = record.end if record is not None else ""
        return ChosenStep(command(arguments(step, self.state, project)), reason, end, tuple(remarks))

    def is_busy(self) -> bool:
        """Whether a worker runs."""
        return self.jobs.runner.is_busy()

    def step_obstacle(self, step: str) -> str:
        """Why a step cannot be started, apart from what runs; empty where it can."""
        if self.project is None or self.desk is None:
            return self.problem
        if self.desk.unsaved:
            return _("Save the manifest first.")
        if step == REGISTER and self.desk.errors:
            return _("Correct the manifest first: {count} errors.").format(count=self.desk.errors)
        return obstacle(step, self.state, self.project)

    def step_lines(self) -> tuple[StepLine, ...]:
        """Where every step stands."""
        project = self.project
        records = self._records()
        lines = []
        for step in steps_of(project):
            record = records.get(step)
            recorded = record is not None and record.end == "done"
            done = project is not None and is_done(step, self.state, project, recorded)
            running = self.jobs.running is not None and self.jobs.running.what == step
            words = self._running_words() if running else state_words(done, record)
            lines.append(
                StepLine(step, state_sign(done, record, running), words, is_over(done, record) and not running)
            )
        return tuple(lines)

    def _records(self) -> dict[str, StepRecord]:
        """How steps ended last; that a model was added counts for this very model only."""
        project = self.project
        records = read_records(project.folder) if project is not None else {}
        added = records.get(MODEL)
        if project is not None and added is not None and str(bundle(self.state, project)) not in added.arguments:
            del records[MODEL]
        return records

    def _running_words(self) -> str:
        return _("running, {percent} %").format(percent=int(100 * self.jobs.runner.monitor.fraction))

    def show_curves(self) -> None:
        """Read the curves of the training again, and let scene and panel show them."""
        curves = read_curves(self.project.training) if self.project is not None else ()
        if not self.is_quiet():
            show_curves(self.scene, curves, self.state.curve)
        self.curves.show(self.state, curves, views_node() is not None)

    def show_chart(self) -> None:
        """Arrange the views so that the chart is seen."""
        show_in_views(self.scene, views_node())

    def _show_run(self) -> None:
        running, monitor = self.jobs.running, self.jobs.runner.monitor
        step = running.what if running is not None and running.what in STEPS else ""
        self.steps.show_run(step, monitor.state is JobState.CANCELLING, self.actions.time_left())
        if step:
            self.steps.show_line(StepLine(step, state_sign(False, None, True), self._running_words()))

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
        running = self.jobs.running
        if running is not None and running.what == REGISTER:
            if monitor.elapsed_s - self._registrations_at >= REGISTRATIONS_EVERY_S:
                self._registrations_at = monitor.elapsed_s
                self.read_registrations()
            return
        if abs(monitor.elapsed_s - self._curves_at) >= CURVES_EVERY_S:
            self._curves_at = monitor.elapsed_s
            self.show_curves()

    def ended(self, running: Running, state: JobState) -> None:
        """A job has ended, and everything it made is there."""
        if not self.closed:
            self.read_project()
            self.read_results()
            self.refresh()

    def close(self) -> None:
        """Stop what runs, whose state stays, before the panel goes."""
        self.closed = True
        self.jobs.close()
