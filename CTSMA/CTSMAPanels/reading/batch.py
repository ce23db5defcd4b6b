"""Scans that wait to be analyzed one after another, without widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from CTSMALib.jobs.monitor import JobMonitor, JobState
from CTSMAPanels.reading.jobs import Method

WAITING, RUNNING, DONE, FAILED, CANCELLED = STATES = ("waiting", "running", "done", "failed", "cancelled")
IMAGE_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass
class BatchItem:
    """One scan.

    Attributes:
        number: that it is known by.
        title: what a user calls it.
        node: ID of a CT of the scene; empty for a file.
        path: a file or DICOM folder; ``None`` for a CT of the scene.
        method: how it is analyzed, as it was chosen when the scan was added.
        state: of :data:`STATES`.
        message: why it failed; its progress while it runs.
        results: node IDs of its results.
    """

    number: int
    title: str
    node: str = ""
    path: Path | None = None
    method: Method = field(default_factory=Method)
    state: str = WAITING
    message: str = ""
    results: list[str] = field(default_factory=list)


class Batch:
    """The scans of a session, in order; neither scene nor settings keep them.

    Args:
        start: starts the analysis of a scan; raises where that cannot be.
        cancel: cancels what runs.
        on_change: called on every change.
        later: calls a function when what runs now is done; a job is not started while another tells of its end.
        method: what is chosen now.
    """

    def __init__(
        self,
        start: Callable[[BatchItem], None],
        cancel: Callable[[], None],
        on_change: Callable[[], None],
        later: Callable[[Callable[[], None]], None] = lambda function: function(),
        method: Callable[[], Method] = Method,
    ) -> None:
        self.items: list[BatchItem] = []
        self.going = False
        self._start, self._cancel, self._on_change = start, cancel, on_change
        self._later, self._method = later, method
        self._next_number = 1

    def add(self, title: str, node: str = "", path: Path | None = None) -> BatchItem:
        """Add a scan."""
        item = BatchItem(self._next_number, title, node, path, self._method())
        self._next_number += 1
        self.items.append(item)
        self._on_change()
        return item

    def add_path(self, path: Path) -> list[BatchItem]:
        """Add a file, or a folder: the image files in it, or the folder itself where it holds none."""
        images = sorted(inside for inside in path.iterdir() if _is_image(inside)) if path.is_dir() else [path]
        return [self.add(each.name, path=each) for each in images or [path]]

    @property
    def running(self) -> BatchItem | None:
        """The scan that is analyzed now."""
        return next((item for item in self.items if item.state == RUNNING), None)

    @property
    def waiting(self) -> list[BatchItem]:
        """Those that come next."""
        return [item for item in self.items if item.state == WAITING]

    def item(self, number: int) -> BatchItem | None:
        """The scan with a number."""
        return next((item for item in self.items if item.number == number), None)

    def go(self) -> None:
        """Analyze what waits, one after another."""
        self.going = True
        self._next()

    def pause(self) -> None:
        """Begin no further scan; those that wait do so until :meth:`go`."""
        self.going = False

    def stop(self, number: int) -> None:
        """Cancel a scan, or take it away where it only waits; the others go on."""
        item = self.item(number)
        if item is None:
            return
        if item.state == RUNNING:
            self._cancel()
        elif item.state == WAITING:
            self.items.remove(item)
        self._on_change()

    def clear(self) -> None:
        """Forget what is over."""
        self.items = [item for item in self.items if item.state in (WAITING, RUNNING)]
        self._on_change()

    def close(self) -> None:
        """Forget everything, for example when the scene is closed."""
        self.items, self.going = [], False
        self._on_change()

    def came(self, results: list[str]) -> bool:
        """Take the results of the running scan; ``False`` where they are of another job."""
        item = self.running
        if item is not None:
            item.results = results
        return item is not None

    def failed_to_show(self, message: str) -> bool:
        """The running scan has a result that cannot be shown; ``False`` where none runs."""
        item = self.running
        if item is not None:
            item.results, item.message = [], message
        return item is not None

    def changed(self, monitor: JobMonitor) -> None:
        """To be called on every change of a job."""
        item = self.running
        if item is None:
            return
        over = {JobState.FINISHED: DONE, JobState.FAILED: FAILED, JobState.CANCELLED: CANCELLED}.get(monitor.state)
        if over is None:
            item.message = f"{monitor.fraction:.0%} {monitor.stage}"
            self._on_change()
            return
        if over == DONE and not item.results:
            over = FAILED
        elif over == FAILED and monitor.outcome is not None:
            item.message = f"{monitor.outcome.message} {monitor.outcome.remedy}".strip()
        else:
            item.message = ""
        item.state = over
        self._on_change()
        self._later(self._next)

    def _next(self) -> None:
        """Start what waits; what cannot be started has failed, and the next one is tried."""
        while self.going and self.running is None:
            item = next(iter(self.waiting), None)
            if item is None:
                self.going = False
                break
            item.state = RUNNING
            try:
                self._start(item)
            except Exception as error:  # one scan must not stop the others
                item.state, item.message = FAILED, str(error)
        self._on_change()


def _is_image(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(IMAGE_ENDINGS)
