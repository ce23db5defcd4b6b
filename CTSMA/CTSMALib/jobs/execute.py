"""Runs a job: every way it can end becomes an event, an exit code, and no traceback for the user."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from CTSMALib import __version__
from CTSMALib.errors import CancelledError, CTSMAError
from CTSMALib.jobs.cancel import Cancellation, deferred, end_children, went_on
from CTSMALib.jobs.device import processor
from CTSMALib.jobs.protocol import Failed, Finished, Started, failure
from CTSMALib.jobs.reporters import Reporter
from CTSMALib.jobs.staging import discard_open_folders
from CTSMALib.progress import Progress

EXIT_OK = 0
EXIT_INTERNAL = 1
EXIT_USER = 2

_OUT_OF_MEMORY = Failed(
    "There is not enough memory for this scan.", "Close other programs, or crop the scan to the knee.", "input"
)


def execute(
    job: str,
    work: Callable[[Progress], Path],
    reporter: Reporter,
    debug: bool = False,
    last_act: Callable[[], None] = lambda: None,
) -> int:
    """Run ``work`` and tell ``reporter`` how it went.

    Args:
        job: name for the ``start`` event.
        work: does the job, reports progress to what it is given, returns the result's path.
        reporter: is told of start, progress and end.
        debug: print the traceback of an unexpected exception to standard error.
        last_act: called just before the process is ended by force; otherwise that is for the caller to do.

    Returns:
        0 after success, 2 after an error that the user can mend, 1 after an unexpected one,
        130 or 143 when SIGINT or SIGTERM cancelled the job.
    """

    def forced_exit(code: int) -> None:
        discard_open_folders()
        end_children()
        with suppress(OSError):  # nobody may be listening any more
            reporter.fail(failure(CancelledError()))
        last_act()

    def told(stage: str, fraction: float, message: str = "") -> None:
        if fraction < 1.0:  # at the end, a result that is there is not given up any more
            went_on()
        reporter(stage, fraction, message)

    cancellation = Cancellation(forced_exit)
    try:
        with cancellation:
            reporter.start(Started(job, __version__, pid=os.getpid(), device=processor()))
            path = work(told)
            with deferred(), suppress(OSError):  # nobody may be listening any more; the result is there all the same
                reporter.finish(Finished(str(path)))
        return EXIT_OK
    except (Exception, KeyboardInterrupt) as error:  # the last line of defence: a bug must not end in a traceback
        # Where a library caught the cancellation, it comes out as another error.
        if cancellation.cancelled or isinstance(error, CancelledError | KeyboardInterrupt):
            return _fail(reporter, failure(CancelledError()), cancellation.exit_code)
        known = _explained(error)
        if debug and known is None:
            traceback.print_exc()
        return _fail(reporter, known or _unexpected(error), EXIT_USER if known else EXIT_INTERNAL)


def _explained(error: Exception) -> Failed | None:
    """What the user can do about ``error``; ``None`` if nothing is known."""
    if isinstance(error, CTSMAError):
        return failure(error)
    if isinstance(error, ModuleNotFoundError):
        return _missing(error)
    return _OUT_OF_MEMORY if isinstance(error, MemoryError) else None


def _fail(reporter: Reporter, event: Failed, code: int) -> int:
    with suppress(OSError):  # nobody may be listening any more
        reporter.fail(event)
    return code


def _missing(error: ModuleNotFoundError) -> Failed:
    return Failed(f"The Python package {error.name} is not installed.", "Install CTSMA again.", "dependency")


def _unexpected(error: Exception) -> Failed:
    reason = " ".join(str(error).split())[:200]
    return Failed(
        f"CTSMA met an unexpected problem: {type(error).__name__}{': ' + reason if reason else ''}.",
        "Nothing was written; run it again with --debug and report the output to the project.",
        "internal",
    )
