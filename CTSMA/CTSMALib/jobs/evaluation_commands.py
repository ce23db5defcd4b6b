"""The commands ``ctsma evaluate`` and ``ctsma models``, put into the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from CTSMALib.jobs.models import Told
    from CTSMALib.progress import Progress

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Run = Callable[[argparse.Namespace], int]

_MODELS = (
    ("list", "list the models that come with CTSMA, and those that were added"),
    ("verify", "check that models are whole, and tell what they learned from and how good they are"),
    ("add", "copy a model to your own ones"),
    ("remove", "delete a model that was added"),
)


def add_evaluation_commands(
    commands: Commands,
    finish: Callable[[argparse.ArgumentParser, Run], None],
    execute: Callable[..., int],
    say: Callable[[str, TextIO | None], None],
    research_use: str,
) -> None:
    """Add them.

    Args:
        commands: of the program.
        finish: adds what all commands have, and what runs one.
        execute: runs a job and shows its summary.
        say: prints to a stream.
        research_use: last line of summaries.
    """
    from CTSMALib.jobs.evaluate import add_evaluate_arguments
    from CTSMALib.jobs.models import add_models_arguments

    def evaluated(options: argparse.Namespace) -> int:
        return _evaluate(options, execute, research_use)

    def told(options: argparse.Namespace) -> int:
        return _models(options, say)

    evaluate = commands.add_parser("evaluate", help="compare predictions of students and others with MR and truth")
    add_evaluate_arguments(evaluate)
    finish(evaluate, evaluated)
    models = commands.add_parser("models", help="list, check, add and remove models")
    actions = models.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for action, about in _MODELS:
        parser = actions.add_parser(action, help=about)
        add_models_arguments(parser, action)
        finish(parser, told)


def _evaluate(options: argparse.Namespace, execute: Callable[..., int], research_use: str) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.evaluate import evaluate_request, run

        return run(evaluate_request(options), progress)

    def summed_up(folder: Path) -> str:
        from CTSMALib.jobs.evaluate import evaluation_summary

        return "\n".join([*evaluation_summary(folder), research_use])

    return execute("evaluate", work, options, summed_up)


def _models(options: argparse.Namespace, say: Callable[[str, TextIO | None], None]) -> int:
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.models import refuse_failed, run
    from CTSMALib.jobs.reporters import JsonLines, OnlyFailures, PlainLines, protocol_stream

    stream = protocol_stream() if options.json else sys.stdout

    def work(progress: Progress) -> Path:
        told = run(options.action, getattr(options, "model", None))
        say(json.dumps(_document(told)) if options.json else "\n".join(told.lines), stream)
        refuse_failed(told)
        return Path()

    reporter = OnlyFailures(JsonLines(stream) if options.json else PlainLines(sys.stderr))
    return execute("models", work, reporter, debug=options.debug)


def _document(told: Told) -> dict[str, Any]:
    return {"models": list(told.models)}
