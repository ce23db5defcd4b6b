"""Knees made by several processes at once.

Workers cannot be asked to stop: a long call into compiled code hears nothing. They are ended, and what they had begun
is deleted by the process that started them. A worker ends by itself where that process is gone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib.errors import CTSMAError, InputError
from CTSMALib.virtual.cohort.knee_folder import write_knee
from CTSMALib.virtual.cohort.knee_plan import KneePlan, Makers
from CTSMALib.virtual.cohort.threads import one_thread_for_good

_POLL_S = 0.2  # Windows hears Ctrl-C only between waits


@dataclass(frozen=True)
class _Refusal:
    """An error meant for the user, in a form that travels between processes."""

    family: type[CTSMAError]
    message: str
    remedy: str


def make_in_processes(
    plans: Iterator[KneePlan], cohort: Path, makers: Makers, processes: int
) -> Generator[dict[str, Any], None, None]:
    """Make knees, and give the facts of each when it is done, in the order they are done in.

    Where the generator is closed, or an exception passes through it, all workers have ended when that is over.

    Args:
        plans: of the knees; taken as processes become free.
        cohort: its folder.
        makers: make the knees.
        processes: how many at a time.

    Raises:
        CTSMAError: a knee could not be made.
        OSError: a knee could not be written.
    """
    before = multiprocessing.active_children()
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    running: set[Future[dict[str, Any] | _Refusal]] = set()
    try:
        while True:
            while len(running) < processes and (plan := next(plans, None)) is not None:
                running.add(pool.submit(_make, plan, cohort, makers))
            if not running:
                break
            done, running = wait(running, _POLL_S, FIRST_COMPLETED)
            for future in done:
                yield _facts(future)
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in before:
                process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _facts(future: Future[dict[str, Any] | _Refusal]) -> dict[str, Any]:
    try:
        found = future.result()
    except BrokenProcessPool as error:
        raise InputError(
            "A process that made a knee was ended, probably because the memory was used up.",
            "Give fewer --jobs; finished knees are kept.",
        ) from error
    if isinstance(found, _Refusal):
        raise found.family(found.message, found.remedy)
    return found


def _begin() -> None:
    """Prepare a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all; the parent sees to the rest
    one_thread_for_good()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(plan: KneePlan, cohort: Path, makers: Makers) -> dict[str, Any] | _Refusal:
    from CTSMALib.progress import silent

    try:
        return write_knee(makers.make_knee(plan.spec, plan.order, silent), plan, cohort)
    except CTSMAError as error:
        return _Refusal(type(error), error.message, error.remedy)
