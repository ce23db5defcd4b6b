"""The commands ``ctsma train diagnosis`` and ``ctsma diagnose``, put into the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.jobs.protocol import Failed
from CTSMALib.jobs.virtual import KeepsFinished

if TYPE_CHECKING:
    from CTSMALib.progress import Progress

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Run = Callable[[argparse.Namespace], int]

_NOTHING, _KEPT = "Nothing was written;", "Finished folds are kept;"


def add_diagnosis_commands(
    commands: Commands,
    trainings: Commands,
    finish: Callable[[argparse.ArgumentParser, Run], None],
    execute: Callable[..., int],
    research_use: str,
) -> None:
    """Add them.

    Args:
        commands: of the program.
        trainings: those of ``ctsma train``.
        finish: adds what all commands have, and what runs one.
        execute: runs a job and shows its summary.
        research_use: last line of summaries.
    """
    from CTSMALib.jobs.diagnose import add_diagnose_arguments
    from CTSMALib.jobs.train_diagnosis import add_train_diagnosis_arguments

    def diagnosed(options: argparse.Namespace) -> int:
        return _diagnose(options, execute, research_use)

    def trained(options: argparse.Namespace) -> int:
        return _train(options, execute, research_use)

    diagnose = commands.add_parser("diagnose", help="say how likely osteoarthritis is, from the patches of a result")
    add_diagnose_arguments(diagnose)
    finish(diagnose, diagnosed)
    train = trainings.add_parser("diagnosis", help="train the models of 'ctsma diagnose', or go on with it")
    add_train_diagnosis_arguments(train)
    finish(train, trained)


def _diagnose(options: argparse.Namespace, execute: Callable[..., int], research_use: str) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.diagnose import diagnose_request, run

        return run(diagnose_request(options), progress)

    def summed_up(folder: Path) -> str:
        from CTSMALib.jobs.diagnose import diagnosis_summary

        return "\n".join([*diagnosis_summary(folder), research_use])

    return execute("diagnose", work, options, summed_up)


def _train(options: argparse.Namespace, execute: Callable[..., int], research_use: str) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.train_diagnosis import run, train_diagnosis_request

        return run(train_diagnosis_request(options), progress)

    def summed_up(folder: Path) -> str:
        from CTSMALib.jobs.train_diagnosis import training_summary

        return "\n".join([*training_summary(folder), research_use])

    return execute("train", work, options, summed_up, KeepsFolds)


class KeepsFolds(KeepsFinished):
    """A reporter of a training whose finished folds stay when it is stopped, and says so."""

    def fail(self, event: Failed) -> None:
        """The job failed or was cancelled."""
        if event.kind == "cancelled":
            event = replace(event, remedy=f"{_KEPT} give the same command again to go on.")
        self._reporter.fail(replace(event, remedy=event.remedy.replace(_NOTHING, _KEPT)))
