"""Commands with which models are made and judged: virtual, pairs, patches, train, evaluate, models, reproduce."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.jobs.arguments.virtual import add_virtual_arguments
from CTSMALib.jobs.evaluate import add_evaluate_arguments
from CTSMALib.jobs.keeping import keeping
from CTSMALib.jobs.models import add_models_arguments
from CTSMALib.jobs.pairs import add_pairs_arguments
from CTSMALib.jobs.patches import add_patches_arguments
from CTSMALib.jobs.reproduce import add_reproduce_arguments
from CTSMALib.jobs.train_all import add_train_all_arguments
from CTSMALib.jobs.train_diagnosis import add_train_diagnosis_arguments
from CTSMALib.jobs.train_student import add_train_student_arguments
from CTSMALib.jobs.train_synthesis import add_train_synthesis_arguments
from CTSMALib.progress import Progress
from CTSMALib.subcommands.running import add_command, add_group, run_job, say

if TYPE_CHECKING:
    from CTSMALib.subcommands.running import Commands

_MODELS = (
    ("list", "list the models that come with CTSMA, and those that were added"),
    ("verify", "check that models are whole, and tell what they learned from and how good they are"),
    ("add", "copy a model to your own ones"),
    ("remove", "delete a model that was added"),
)


def add_learning(commands: Commands) -> None:
    """Add these commands."""
    actions = add_group(commands, "virtual", "make virtual knees, whose truth is known")
    about = "make a cohort: CT and MR scans, labels, transforms, measured truth"
    add_virtual_arguments(add_command(actions, "make", about, _virtual_make))
    about = "find the pairs of CT and MR in a folder, and write the manifest of a cohort"
    add_pairs_arguments(add_command(commands, "pairs", about, _pairs))
    about = "make paired patches of CT and MR to learn from, or check them"
    add_patches_arguments(add_command(commands, "patches", about, _patches))
    _add_trainings(add_group(commands, "train", "train a network"))
    about = "compare predictions of students and others with MR and truth"
    add_evaluate_arguments(add_command(commands, "evaluate", about, _evaluate))
    models = add_group(commands, "models", "list, check, add and remove models")
    for action, about in _MODELS:
        add_models_arguments(add_command(models, action, about, _models), action)
    about = "the whole chain on virtual knees, and the paper's table"
    add_reproduce_arguments(add_command(commands, "reproduce", about, _reproduce))


def _add_trainings(trainings: Commands) -> None:
    about = "train the network of 'ctsma synthesize', or go on with it"
    add_train_synthesis_arguments(add_command(trainings, "synthesis", about, _train_synthesis))
    about = "train the network that reads the MR, or go on with it"
    add_train_student_arguments(add_command(trainings, "teacher", about, _train_teacher))
    about = "train teacher and students of 'ctsma analyze', or go on with them"
    add_train_student_arguments(add_command(trainings, "student", about, _train_student))
    about = "train the models of 'ctsma diagnose', or go on with it"
    add_train_diagnosis_arguments(add_command(trainings, "diagnosis", about, _train_diagnosis))
    about = "patches, teacher, students and diagnosis of one cohort in one go, or go on with it"
    add_train_all_arguments(add_command(trainings, "all", about, _train_all))


def _virtual_make(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.virtual import cohort_summary

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.arguments.virtual import virtual_request
        from CTSMALib.jobs.virtual import run

        return run(virtual_request(options), progress)

    return run_job("virtual", options, work, lambda folder: [cohort_summary(folder)], keeping("virtual"))


def _pairs(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.pairs import pairs_request, pairs_summary, run

    return run_job("pairs", options, lambda told: run(pairs_request(options), told), pairs_summary)


def _patches(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.patches import patches_request, patches_summary, run

    def work(progress: Progress) -> Path:
        return run(patches_request(options), progress)

    return run_job("patches", options, work, patches_summary, keeping("patches"))


def _train_synthesis(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.train_synthesis import run, train_synthesis_request, training_summary

    def work(progress: Progress) -> Path:
        return run(train_synthesis_request(options), progress)

    return run_job("train", options, work, training_summary, keeping("train synthesis"))


def _train_teacher(options: argparse.Namespace) -> int:
    return _train(options, only_teacher=True)


def _train_student(options: argparse.Namespace) -> int:
    return _train(options, only_teacher=False)


def _train(options: argparse.Namespace, only_teacher: bool) -> int:
    from CTSMALib.jobs.train_student import run, student_summary, train_student_request

    def work(progress: Progress) -> Path:
        return run(train_student_request(options, only_teacher), progress)

    return run_job(
        "train", options, work, student_summary, keeping("train teacher" if only_teacher else "train student")
    )


def _train_diagnosis(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.train_diagnosis import run, train_diagnosis_request, training_summary

    def work(progress: Progress) -> Path:
        return run(train_diagnosis_request(options), progress)

    return run_job("train", options, work, training_summary, keeping("train diagnosis"))


def _train_all(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.train_all import run, train_all_request, training_summary

    def work(progress: Progress) -> Path:
        return run(train_all_request(options), progress)

    return run_job("train", options, work, training_summary, keeping("train all"))


def _evaluate(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.evaluate import evaluate_request, evaluation_summary, run

    return run_job("evaluate", options, lambda told: run(evaluate_request(options), told), evaluation_summary)


def _reproduce(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.reproduce import reproduce_request, reproduction_summary, run

    def work(progress: Progress) -> Path:
        return run(reproduce_request(options), progress)

    return run_job("reproduce", options, work, reproduction_summary, keeping("reproduce"))


def _models(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.models import refuse_failed, run
    from CTSMALib.jobs.reporters import JsonLines, OnlyFailures, PlainLines, protocol_stream

    stream = protocol_stream() if options.json else sys.stdout

    def work(progress: Progress) -> Path:
        told = run(options.action, getattr(options, "model", None), getattr(options, "name", None))
        say(json.dumps({"models": list(told.models)}) if options.json else "\n".join(told.lines), stream)
        refuse_failed(told)
        return Path()

    reporter = OnlyFailures(JsonLines(stream) if options.json else PlainLines(sys.stderr))
    return execute("models", work, reporter, debug=options.debug)
