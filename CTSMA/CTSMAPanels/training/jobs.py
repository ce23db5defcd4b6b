"""The jobs of the panel: one worker at a time, what it is for, and what becomes of it. No widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.remaining import Remaining
from CTSMALib.jobs.training_project import Project
from CTSMALib.jobs.training_record import DONE, FAILED, STOPPED, StepRecord, write_record
from CTSMALib.jobs.training_steps import discard
from CTSMALib.scene.training_state import STEPS
from CTSMAPanels.panel_jobs import JobHost, PanelJobs

PAIRS, VERIFY = "pairs", "verify"  # jobs that are no steps
ENDED = {JobState.FINISHED: DONE, JobState.FAILED: FAILED, JobState.CANCELLED: STOPPED}


@dataclass(frozen=True)
class Running:
    """What a worker was started for.

    Attributes:
        what: a step, or :data:`PAIRS` or :data:`VERIFY`.
        project: whose; ``None`` for what needs none.
        arguments: of the command.
        stops: the user has paused or cancelled it; it may end well all the same.
        discards: the user has cancelled: what was made so far goes.
    """

    what: str
    project: Project | None
    arguments: tuple[str, ...]
    stops: bool = False
    discards: bool = False

    @property
    def of_project(self) -> bool:
        """Whether it works in a project."""
        return self.what != VERIFY and self.project is not None


class TrainingJobs(PanelJobs):
    """Runs steps, and keeps in the folder of the project how they ended.

    Args:
        host: the panel; steps write to their project, not to its temporary folder.
        on_end: called with what has ended, and how, after ``host.on_change`` was told.
    """

    def __init__(self, host: JobHost, on_end: Callable[[Running, JobState], None]) -> None:
        self.running: Running | None = None
        self.remaining = Remaining()
        self._on_end = on_end
        super().__init__(host)

    def start(self, what: str, project: Project | None, arguments: list[str]) -> None:
        """Start a worker.

        Raises:
            CTSMAError: one runs.
        """
        self._refuse_if_busy()
        self.remaining.begin()
        self.running = Running(what, project, tuple(arguments))
        self.runner.start(arguments)

    def pause(self) -> None:
        """Stop the worker; what it has made so far stays, and the same step goes on with it."""
        self._stop(discards=False)

    def cancel(self) -> None:
        """Stop the worker, and delete what the step has made so far."""
        self._stop(discards=True)

    def _stop(self, discards: bool) -> None:
        if self.running is not None and self.runner.is_busy():
            self.running = replace(self.running, stops=True, discards=discards or self.running.discards)
        self.runner.cancel()

    def changed(self, monitor: JobMonitor) -> None:
        """To be called by the runner on every change."""
        if monitor.state is JobState.RUNNING:
            self.remaining.note(monitor.elapsed_s, monitor.fraction)
        running = self.running
        ended = monitor.state in ENDED and running is not None
        if ended and running is not None:
            self.running = None
            self._keep(running, monitor)
        super().changed(monitor)
        if ended and running is not None:
            self._on_end(running, monitor.state)

    def close(self) -> None:
        """Stop what runs; its state stays."""
        super().close()
        self.running = None

    def _keep(self, running: Running, monitor: JobMonitor) -> None:
        """Write down how a step ended, or delete what it has made."""
        if running.what not in STEPS or running.project is None:
            return
        outcome = monitor.outcome
        message = f"{outcome.message} {outcome.remedy}".strip() if outcome is not None else ""
        record: StepRecord | None = StepRecord(
            ENDED[monitor.state], 1.0 if monitor.state is JobState.FINISHED else monitor.fraction, monitor.elapsed_s,
            message if monitor.state is JobState.FAILED else "", running.arguments,
        )  # fmt: skip
        if running.discards and monitor.state is not JobState.FINISHED:
            discard(running.what, running.project)
            record = None
        try:
            write_record(running.project.folder, running.what, record)
        except OSError as error:
            self._host.on_problem(error)
