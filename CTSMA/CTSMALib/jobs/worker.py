"""The life of a worker process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from CTSMALib.jobs.attached import Attachment
from CTSMALib.jobs.execute import execute
from CTSMALib.jobs.keeping import keeping
from CTSMALib.jobs.reporters import JsonLines, protocol_stream
from CTSMALib.progress import Progress

Work = Callable[[Progress], Path]


def run_worker(job: str, work: Work, attachment: Attachment | None = None, kept: str = "") -> int:
    """Run a job that tells its story in the protocol on standard output.

    Args:
        job: its name.
        work: does it and returns the path of the result.
        attachment: the tie to the program that started this process, if there is one.
        kept: what :data:`~CTSMALib.jobs.keeping.KEPT` calls the job, if its parts stay.

    Returns:
        The exit code, see :func:`~CTSMALib.jobs.execute.execute`. Does not return where that program has let go of
        the worker: the process then ends together with its children.
    """
    stream = protocol_stream()
    reporter = keeping(kept)(JsonLines(stream))
    if attachment is None:
        return execute(job, work, reporter, debug=True)
    tie = attachment

    def watched(progress: Progress) -> Path:
        tie.watch(stream)  # not earlier: from here on, signals cancel the job
        return work(progress)

    code = execute(job, watched, reporter, debug=True, last_act=tie.last_act)
    tie.last_act()
    return code
