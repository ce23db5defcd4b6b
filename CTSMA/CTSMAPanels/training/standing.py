"""Where the steps of a project stand: what is done, what runs, what each needs and says."""

from __future__ import annotations

from typing import Protocol

from slicer.i18n import tr as _

from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import Project
from CTSMALib.jobs.training_record import StepRecord, read_records
from CTSMALib.jobs.training_steps import arguments, bundle, command, is_done, obstacle, patch_findings, steps_of
from CTSMALib.scene.training_state import MODEL, PATCHES, REGISTER, STEPS, TrainingState
from CTSMAPanels.training.jobs import TrainingJobs
from CTSMAPanels.training.step_actions import StepActions
from CTSMAPanels.training.steps_panel import ChosenStep, StepLine
from CTSMAPanels.training.words import is_over, state_sign, state_words


class StandingDesk(Protocol):
    """Where the training lies."""

    state: TrainingState
    project: Project | None
    desk: CohortDesk | None
    problem: str
    jobs: TrainingJobs
    actions: StepActions


class Standing:
    """Reads where steps stand.

    Args:
        desk: holds state and project.
    """

    def __init__(self, desk: StandingDesk) -> None:
        self._desk = desk

    def lines(self) -> tuple[StepLine, ...]:
        """Every step."""
        state, project, records = self._desk.state, self._desk.project, self._records()
        lines = []
        for step in steps_of(project):
            record = records.get(step)
            recorded = record is not None and record.end == "done"
            done = project is not None and is_done(step, state, project, recorded)
            running = self.running == step
            words = self._running_words() if running else state_words(done, record)
            lines.append(
                StepLine(step, state_sign(done, record, running), words, is_over(done, record) and not running)
            )
        return tuple(lines)

    def chosen(self, busy: str) -> ChosenStep:
        """The chosen step; ``busy`` says why nothing can be started now."""
        state, project = self._desk.state, self._desk.project
        step, reason = state.step, busy or self.obstacle(state.step)
        if project is None:
            return ChosenStep(reason=reason)
        record = self._records().get(step)
        remarks = [record.message] if record is not None and record.message else []
        if step == PATCHES:
            signs = {"error": _("Error:"), "warning": _("Warning:")}
            remarks += [f"{signs.get(gravity, gravity)} {text}" for gravity, text in patch_findings(project)]
        end = record.end if record is not None else ""
        return ChosenStep(command(arguments(step, state, project)), reason, end, tuple(remarks))

    def obstacle(self, step: str) -> str:
        """Why a step cannot be started, apart from what runs; empty where it can."""
        project, desk = self._desk.project, self._desk.desk
        if project is None or desk is None:
            return self._desk.problem
        if desk.unsaved:
            return _("Save the manifest first.")
        if step == REGISTER and desk.errors:
            return _("Correct the manifest first: {count} errors.").format(count=desk.errors)
        return obstacle(step, self._desk.state, project)

    @property
    def running(self) -> str:
        """The step that runs in the shown project; empty for none."""
        running = self._desk.jobs.running
        here = running is not None and running.what in STEPS and self._desk.actions.runs_here()
        return running.what if running is not None and here else ""

    def running_line(self) -> StepLine:
        """The step that runs in the shown project."""
        return StepLine(self.running, state_sign(False, None, True), self._running_words())

    def _records(self) -> dict[str, StepRecord]:
        """How steps ended last; that a model was added counts for this very model only."""
        project = self._desk.project
        records = read_records(project.folder) if project is not None else {}
        added = records.get(MODEL)
        if project is not None and added is not None and str(bundle(self._desk.state, project)) not in added.arguments:
            del records[MODEL]
        return records

    def _running_words(self) -> str:
        return _("running, {percent} %").format(percent=int(100 * self._desk.jobs.runner.monitor.fraction))
