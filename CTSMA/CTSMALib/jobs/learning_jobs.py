"""The jobs with which models are made, as worker processes run them: their arguments are those of ``ctsma``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from CTSMALib.jobs.evaluate import add_evaluate_arguments
from CTSMALib.jobs.models import ADD, VERIFY, add_models_arguments
from CTSMALib.jobs.pairs import add_pairs_arguments
from CTSMALib.jobs.patches import add_patches_arguments
from CTSMALib.jobs.train_diagnosis import add_train_diagnosis_arguments
from CTSMALib.jobs.train_student import add_train_student_arguments
from CTSMALib.jobs.worker import Work
from CTSMALib.progress import Progress

TEACHER, STUDENT, DIAGNOSIS = "teacher", "student", "diagnosis"


def add_learning_jobs(jobs: Any) -> None:
    """Add these jobs to the parsers of a worker.

    Args:
        jobs: what ``add_subparsers`` returned.
    """
    add_pairs_arguments(jobs.add_parser("pairs", help="find the pairs of a cohort"))
    add_patches_arguments(jobs.add_parser("patches", help="make paired patches, or check them"))
    trainings = jobs.add_parser("train", help="train networks").add_subparsers(dest="training", required=True)
    for name in (TEACHER, STUDENT):
        add_train_student_arguments(trainings.add_parser(name))
    add_train_diagnosis_arguments(trainings.add_parser(DIAGNOSIS))
    add_evaluate_arguments(jobs.add_parser("evaluate", help="compare predictions with MR and truth"))
    actions = jobs.add_parser("models", help="add or check models").add_subparsers(dest="what", required=True)
    for action in (ADD, VERIFY):
        add_models_arguments(actions.add_parser(action), action)


def _pairs(options: argparse.Namespace) -> Work:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.pairs import pairs_request, run

        return run(pairs_request(options), progress)

    return work


def _patches(options: argparse.Namespace) -> Work:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.patches import patches_request, run

        return run(patches_request(options), progress)

    return work


def _train(options: argparse.Namespace) -> Work:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs import train_diagnosis, train_student

        if options.training == DIAGNOSIS:
            return train_diagnosis.run(train_diagnosis.train_diagnosis_request(options), progress)
        only_teacher = options.training == TEACHER
        return train_student.run(train_student.train_student_request(options, only_teacher), progress)

    return work


def _evaluate(options: argparse.Namespace) -> Work:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.evaluate import evaluate_request, run

        return run(evaluate_request(options), progress)

    return work


def _models(options: argparse.Namespace) -> Work:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.models import refuse_failed, run

        progress("Checking the model", 0.1)
        told = run(options.action, options.model, getattr(options, "name", None))
        refuse_failed(told)
        progress("Finishing", 1.0)
        return Path(str(told.models[0]["folder"])) if told.models else Path()

    return work


LEARNING_JOBS: dict[str, Callable[[argparse.Namespace], Work]] = {
    "pairs": _pairs, "patches": _patches, "train": _train, "evaluate": _evaluate, "models": _models,
}  # fmt: skip
