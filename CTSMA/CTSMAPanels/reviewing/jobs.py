"""The jobs of a review: registering, refining from where bones lie, judging again. No widgets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from CTSMALib.errors import CTSMAError, OutputError
from CTSMALib.jobs.commands import register_arguments
from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMALib.jobs.request import RegisterRequest
from CTSMALib.scene.ct_node import why_not, write_ct
from CTSMALib.scene.registration.judging import JobWish
from CTSMAPanels.reading.jobs import Runner


class ReviewJobs:
    """Runs one job at a time, in a folder that goes when the result was taken over.

    Args:
        new_runner: makes a runner that calls the given function with its monitor on every change.
        temporary_folder: where files go that only this session needs.
        on_change: called with the monitor on every change.
        on_problem: called with what went wrong when a job has ended well and its result cannot be shown.
    """

    def __init__(
        self,
        new_runner: Callable[[Callable[[JobMonitor], None]], Runner],
        temporary_folder: Path,
        on_change: Callable[[JobMonitor], None],
        on_problem: Callable[[Exception], None],
    ) -> None:
        self._temporary, self._on_change, self._on_problem = temporary_folder, on_change, on_problem
        self._finish: Callable[[Path], None] | None = None
        self._work: Path | None = None
        self.runner = new_runner(self.changed)

    def register(self, ct: Any, mr: Any, out: Path, on_done: Callable[[Path], None]) -> None:
        """Register two volumes of the scene.

        Args:
            ct, mr: volume nodes.
            out: folder to make.
            on_done: called with the folder of the registration.

        Raises:
            CTSMAError: a node holds no scan, a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        scans = self._written(ct, mr)
        self._start(RegisterRequest(*scans, out=out), on_done)

    def go_on(self, wish: JobWish, scans: tuple[Any, Any], on_done: Callable[[Path], None]) -> None:
        """Run stages of a registration again.

        Args:
            wish: of a review.
            scans: CT and MR, both paths or both volume nodes.
            on_done: called with the folder of the result, which is deleted afterwards.

        Raises:
            CTSMAError: as of :meth:`register`.
        """
        self._refuse_if_busy()
        paths = scans if isinstance(scans[0], Path) else self._written(*scans)
        work = self._work if self._work is not None else self._new_work()
        request = RegisterRequest(*paths, out=work / "result", initial=wish.initial_folder, from_stage=wish.stage)
        self._start(request, on_done)

    def changed(self, monitor: JobMonitor) -> None:
        """To be called by the runner on every change."""
        if monitor.state in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED):
            finish, self._finish = self._finish, None
            if finish is not None and monitor.state is JobState.FINISHED and monitor.outcome is not None:
                try:
                    finish(Path(monitor.outcome.path))
                except Exception as error:  # the bar must show the end of the job, whatever happens
                    self._on_problem(error)
            if finish is not None:
                self._discard_work()
        self._on_change(monitor)

    def close(self) -> None:
        """Stop what runs, and delete its files: they hold the patient's data."""
        self._finish = None
        self.runner.close()
        self._discard_work()

    def _start(self, request: RegisterRequest, on_done: Callable[[Path], None]) -> None:
        self._finish = on_done
        self.runner.start(register_arguments(request))

    def _written(self, ct: Any, mr: Any) -> tuple[Path, Path]:
        for title, node in (("CT", ct), ("MR", mr)):
            reason = why_not_scan(node, title)
            if reason:
                raise CTSMAError(reason, f"Choose the {title} of a knee.")
        work = self._new_work()
        paths = work / "ct.nrrd", work / "mr.nrrd"
        for node, path in zip((ct, mr), paths, strict=True):
            write_ct(node, path)
        return paths

    def _refuse_if_busy(self) -> None:
        if self.runner.is_busy():
            raise CTSMAError("Another job is running.", "Wait for it, or cancel it first.")

    def _new_work(self) -> Path:
        self._discard_work()
        try:
            self._temporary.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix="CTSMA-", dir=self._temporary))
        except OSError as error:
            raise OutputError(
                f"Temporary files could not be written to {self._temporary}.", "Free some space there."
            ) from error
        return self._work

    def _discard_work(self) -> None:
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        self._work = None


def why_not_scan(node: Any, title: str) -> str:
    """Why a node cannot be registered, as one sentence; empty where it can.

    Args:
        node: volume node, or ``None``.
        title: "CT" or "MR".
    """
    if node is None:
        return f"Choose the {title} of a knee."
    return why_not(node).replace("not a CT", f"not a scan ({title})").replace("the CT itself", "the scan itself")
