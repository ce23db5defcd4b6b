"""What a user starts and stops, and what follows when it ends."""

from __future__ import annotations

from typing import Protocol

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
from CTSMAPanels.training.unsaved import KeptCorrections
from CTSMAPanels.training.words import step_titles

AGAIN_MS = 500
TOLD_MS = 10000


class TrainingDesk(Protocol):
    """Where the training lies."""

    state: TrainingState
    project: Project | None
    desk: CohortDesk | None
    jobs: TrainingJobs
    models: ModelsPanel
    kept: KeptCorrections
    closed: bool

    def follow(self, step: str) -> None:
        """Choose a step that follows by itself."""

    def refresh(self) -> None:
        """Show again what may be done now."""

    def step_obstacle(self, step: str) -> str:
        """Why a step cannot be started."""

    def step_lines(self) -> tuple[StepLine, ...]:
        """Where every step stands."""

    def ended(self, running: Running, state: JobState) -> None:
        """A job has ended."""

    def work_over(self) -> None:
        """A job has ended, and none follows."""


class StepActions:
    """Starting and stopping.

    Args:
        desk: holds state and project.
    """

    def __init__(self, desk: TrainingDesk) -> None:
        self._desk = desk
        self._paused: Running | None = None  # what was stopped last, and has kept what it made
        self._left: tuple[Project | None, str] = (None, "")  # why steps after the last of a project were not begun
        self._asking = False  # whether to stop: nothing else is begun meanwhile
        self._next: Running | None = None  # has ended while that was asked

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
            self._desk.kept.forget()
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
        self._desk.jobs.pause()

    def cancel(self) -> None:
        """Stop what runs; what it has made is deleted if the user agrees."""
        jobs = self._desk.jobs
        running = jobs.running
        if running is not None and running.what in STEPS and running.project is not None:
            made = made_by(running.what, running.project)
            question = _("Stop, and delete {names} in {folder}, with all that lies in it?\n\nPause keeps it.")
            names = ", ".join(path.name for path in made)
            if made and not self._wanted(question.format(names=names, folder=made[0].parent)):
                return
            if jobs.running is not running:  # it has ended while the question was open
                return
        jobs.cancel()

    def _wanted(self, question: str) -> bool:
        """Ask whether to stop what runs; if it ends meanwhile, the next step is begun only after a no."""
        self._asking = True
        try:
            stop = bool(slicer.util.confirmOkCancelDisplay(question))
        finally:
            self._asking = False
        ended, self._next = self._next, None
        if ended is not None and stop:
            self._leave(ended, _("It had ended before it could be stopped. The steps after it were not begun."))
        elif ended is not None:
            self._go_on(ended)
        return stop

    def runs_here(self) -> bool:
        """Whether what runs works in the project that is shown."""
        running, project = self._desk.jobs.running, self._desk.project
        if running is None or running.project is None or project is None:
            return False
        return running.of_project and running.project.folder == project.folder

    def remark(self) -> str:
        """Where it runs unless that is shown, and how much longer; or how it was left; or nothing."""
        jobs = self._desk.jobs
        running, monitor, paused = jobs.running, jobs.runner.monitor, self._paused
        if running is None:
            shown = paused is not None and (paused.what, paused.project) == (self._desk.state.step, self._desk.project)
            left = self._left[1] if self._left[0] == self._desk.project else ""
            return _("Paused. Resume goes on with what was made.") if shown else left
        lines = []
        if running.of_project and running.project is not None and not self.runs_here():
            title = step_titles().get(running.what, _("Find the pairs"))
            lines.append(_('"{step}" runs in {folder}.').format(step=title, folder=running.project.folder))
        seconds = jobs.remaining.seconds(monitor.elapsed_s) if monitor.state is JobState.RUNNING else None
        lines += [_("About {time} left").format(time=in_words(seconds))] if seconds is not None else []
        return "\n".join(lines)

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
        stopped = state is JobState.CANCELLED and running.stops
        self._paused = running if stopped and not running.discards and running.what in STEPS else None
        self._desk.ended(running, state)
        if running.what in (MODEL, VERIFY) and state is JobState.FINISHED:
            self._desk.models.read()
            self._desk.refresh()
        if state is not JobState.FINISHED or running.what not in STEPS or not self._desk.state.go_on:
            self._desk.work_over()
        elif running.stops:
            self._leave(running, _("It had ended before it was stopped. The steps after it were not begun."))
        elif self._asking:
            self._next = running
        else:
            qt.QTimer.singleShot(0, lambda: self._go_on(running))  # not while the process tells of its end

    def forget_left(self) -> None:
        """Another scene: what was not begun is of no interest any more."""
        self._left = (None, "")

    def _leave(self, before: Running, reason: str) -> None:
        """The next steps are not begun by themselves; their project says so."""
        self._left = (before.project, reason)
        self._desk.refresh()
        self._desk.work_over()

    def _go_on(self, before: Running) -> None:
        """Begin the next step that is not done; another job may run by now, or another project be open."""
        desk = self._desk
        if self._asking:  # to stop it, since it has ended
            self._next = before
            return
        if desk.closed or desk.jobs.runner.is_busy():
            return
        if not desk.state.go_on:
            desk.work_over()
            return
        if desk.project is None or desk.project != before.project:
            text = _('The steps after "{step}" were not begun: its project {folder} was not shown when it ended.')
            folder = before.project.folder if before.project is not None else ""
            text = text.format(step=step_titles()[before.what], folder=folder)
            slicer.util.showStatusMessage(text, TOLD_MS)  # the panel says so where that project is shown
            self._leave(before, text)
            return
        order = steps_of(desk.project)
        done = {line.step for line in desk.step_lines() if line.done}
        for step in order[order.index(before.what) + 1 :]:
            if step not in done:
                desk.follow(step)
                if desk.state.step != step:  # the scene is being closed or opened
                    qt.QTimer.singleShot(AGAIN_MS, lambda: self._go_on(before))
                    return
                if not desk.step_obstacle(step):
                    self.start()
                break
        if not desk.jobs.runner.is_busy():
            desk.work_over()

    def _start(self, what: str, project: Project | None, words: list[str]) -> None:
        self._paused, self._left = None, (None, "")
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
