"""``python -m CTSMALib.jobs analyze CT --out DIR``: the worker process that panels start.

Standard output carries the protocol of :mod:`CTSMALib.jobs.protocol` and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from CTSMALib.jobs.arguments import add_analyze_arguments, analyze_request
from CTSMALib.jobs.execute import execute
from CTSMALib.jobs.reporters import JsonLines, protocol_stream
from CTSMALib.progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job and return its exit code (see :func:`CTSMALib.jobs.execute.execute`)."""
    parser = argparse.ArgumentParser(prog="python -m CTSMALib.jobs", description="Run one job as a worker process.")
    jobs = parser.add_subparsers(dest="job", required=True)
    add_analyze_arguments(jobs.add_parser("analyze", help="analyze a knee CT"))
    options = parser.parse_args(arguments)
    request = analyze_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze import run

        return run(request, progress)

    return execute("analyze", work, JsonLines(protocol_stream()), debug=True)


if __name__ == "__main__":
    sys.exit(main())
