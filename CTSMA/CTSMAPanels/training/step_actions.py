"""What a user starts and stops, and what follows when it ends."""

from __future__ import annotations

from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.monitor import JobState
from CTSMALib.jobs.remaining import in_words
from CTSMALib.jobs.training_cohort import CohortDesk
from CTSMALib.jobs.training_project import Project
from CTSMALib.jobs.training_steps import arguments, made_by, steps_of
from CTSMALib.scene.training_state import MODEL, STEPS, TrainingState
from CTSMAPanels.main_window import open_module
from CTSMAPanels.messages import problems_shown
from CTSMAPanels.training.jobs import PAIRS, VERIFY, Running, TrainingJobs
from CTSMAPanels.training.models_panel import ModelsPanel
from CTSMAPanels.training.registrations_panel import REGISTRATION_MODULE
from CTSMAPanels.training.steps_panel import StepLine


class TrainingDesk(Protocol):
    """Where the training lies."""

    state: TrainingState
    project: Project | None
    desk: CohortDesk | None
    jobs: TrainingJobs
    models: ModelsPanel

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def refresh(self) -> None:
        """Show again what may be done now."""

    def step_obstacle(self, step: str) -> str:
        """Why a step cannot be started."""

    def step_lines(self) -> tuple[StepLine, ...]:
        """Where every step stands."""

    def ended(self, running: Running, state: JobState) -> None:
        """A job has ended."""


class StepActions:
    """Starting and stopping.

    Args:
        desk: holds state and project.
    """

    def __init__(self, desk: TrainingDesk) -> None:
        self._desk = desk
        self._paused = ""

    def find_pairs(self) -> None:
        """Look through the folder of the cohort and write its manifest; splits and grades in an earlier one stay."""
        project = self._desk.project
        if project is None:
            return
        desk = self._desk.desk
        if (
            desk is not None
            and desk.unsaved
            and not slicer.util.confirmOkCancelDisplay(
                _("Look for pairs again, without the changes that are not saved?")
            )
        ):
            return
        words = ["pairs", str(project.cohort), "--out", str(project.manifest)]
        words += ["--seed", str(self._desk.state.split_seed)] if self._desk.state.split_seed else []
        words += ["--overwrite"] if project.manifest.exists() else []
        if desk is not None:
            desk.unsaved = False
        self._start(PAIRS, project, words)

    def start(self) -> None:
        """Start, or go on with, the chosen step."""
        project, step = self._desk.project, self._desk.state.step
        if project is not None:
            self._start(step, project, arguments(step, self._desk.state, project))

    def verify(self, model: str) -> None:
        """Check a model of the library."""
        project = self._desk.project
        if model:
            self._start(VERIFY, project, ["models", "verify", model])

    def pause(self) -> None:
        """Stop what runs and keep what it has made."""
        running = self._desk.jobs.running
        if running is not None:
            self._paused = running.what
        self._desk.jobs.pause()

    def cancel(self) -> None:
        """Stop what runs; what it has made is deleted if the user agrees."""
        jobs = self._desk.jobs
        running = jobs.running
        if running is not None and running.what in STEPS and running.project is not None:
            made = made_by(running.what, running.project)
            question = _("Stop, and delete {names} in {folder}, with all that lies in it?\n\nPause keeps it.")
            names = ", ".join(path.name for path in made)
            if made and not slicer.util.confirmOkCancelDisplay(question.format(names=names, folder=made[0].parent)):
                return
            if jobs.running is not running:  # it has ended while the question was open
                return
        jobs.cancel()

    def time_left(self) -> str:
        """How much longer what runs will take, or that it was paused; empty where there is nothing to tell."""
        jobs = self._desk.jobs
        monitor = jobs.runner.monitor
        if jobs.running is None:
            return _("Paused. Resume goes on with what was made.") if self._paused else ""
        seconds = jobs.remaining.seconds(monitor.elapsed_s) if monitor.state is JobState.RUNNING else None
        return _("About {time} left").format(time=in_words(seconds)) if seconds is not None else ""

    def review(self) -> None:
        """Open the registrations in the module in which people review them."""
        project = self._desk.project
        if project is None:
            return
        open_module(REGISTRATION_MODULE)
        widget = getattr(slicer.modules, f"{REGISTRATION_MODULE}Widget", None)
        if widget is not None and widget.panel is not None:
            widget.panel.going.open_cohort(project.registrations)

    def ended(self, running: Running, state: JobState) -> None:
        """A job has ended: show what it made, and go on where that is wanted."""
        self._desk.ended(running, state)
        if running.what in (MODEL, VERIFY) and state is JobState.FINISHED:
            self._desk.models.read()
            self._desk.refresh()
        if state is JobState.FINISHED and running.what in STEPS and self._desk.state.go_on:
            qt.QTimer.singleShot(0, lambda: self._go_on(running))  # not while the process tells of its end

    def _go_on(self, before: Running) -> None:
        """Begin the next step that is not done; another job may run by now, or another project be open."""
        desk = self._desk
        if desk.project != before.project or desk.jobs.runner.is_busy() or desk.project is None:
            return
        order = steps_of(desk.project)
        done = {line.step for line in desk.step_lines() if line.done}
        for step in order[order.index(before.what) + 1 :]:
            if step not in done:
                desk.change(step=step)
                if not desk.step_obstacle(step):
                    self.start()
                return

    def _start(self, what: str, project: Project | None, words: list[str]) -> None:
        self._paused = ""
        with problems_shown(_("It could not be started.")):
            try:
                if project is not None and what in STEPS:
                    project.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CTSMAError(
                    f"The project folder {project.folder if project else ''} cannot be made ({error.strerror}).",
                    "Choose another folder.",
                ) from error
            self._desk.jobs.start(what, project, words)
