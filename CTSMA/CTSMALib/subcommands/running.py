"""What all commands share: how a job is run, and how its result is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from CTSMALib.progress import Progress

if TYPE_CHECKING:
    from CTSMALib.jobs.reporters import Reporter

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

RESEARCH_USE = "Research use only: not a medical device."
Run = Callable[[argparse.Namespace], int]


@contextmanager
def writing() -> Iterator[None]:
    """Say in words what cannot be written within.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputError: standard output cannot be written.
    """
    try:
        yield
    except OSError as error:
        from CTSMALib.jobs.reporters import output_failure

        sys.stdout = None  # or Python would try again at exit
        if isinstance(error, BrokenPipeError):
            raise
        raise output_failure(error) from error


def say(text: str, stream: TextIO | None = None) -> None:
    """Print to standard output, or to ``stream`` in its place; raises as :func:`writing`."""
    with writing():
        print(text, end="\n" if text else "", file=stream or sys.stdout, flush=True)


def add_command(commands: Commands, name: str, about: str, run: Run) -> argparse.ArgumentParser:
    """Add a command with what all commands have.

    Args:
        commands: where to.
        name: of the command.
        about: what it does, in a line.
        run: runs it; the exit code.

    Returns:
        Its parser, for arguments of its own.
    """
    parser = commands.add_parser(name, help=about)
    parser.add_argument("--json", action="store_true", help="write JSON to standard output, for programs")
    parser.add_argument("--debug", action="store_true", help="show warnings, and where a problem arose")
    parser.set_defaults(run=run)
    return parser


def add_group(commands: Commands, name: str, about: str) -> Commands:
    """Add a command that has commands of its own."""
    return commands.add_parser(name, help=about).add_subparsers(title="commands", metavar="COMMAND", required=True)


def run_job(
    job: str,
    options: argparse.Namespace,
    work: Callable[[Progress], Path],
    summary: Callable[[Path], Iterable[str]],
    told_by: Callable[[Reporter], Reporter] = lambda reporter: reporter,
) -> int:
    """Run a job; people are shown a summary of its result at the end.

    Args:
        job: its name.
        options: what all commands have.
        work: does it, and gives the folder of the result.
        summary: lines about the result.
        told_by: may change what is told of the job.

    Returns:
        The exit code.
    """
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.reporters import JsonLines, protocol_stream, reporter_for_people

    result: list[Path] = []

    def kept(progress: Progress) -> Path:
        result.append(work(progress))
        return result[0]

    reporter: Reporter = JsonLines(protocol_stream()) if options.json else reporter_for_people()
    code = execute(job, kept, told_by(reporter), debug=options.debug)
    if code == 0 and not options.json:
        say("\n".join([*summary(result[0]), RESEARCH_USE]))
    return code
