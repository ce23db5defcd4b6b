"""The job that compares predictions of arms with MR values and truth."""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.staging import Target, resolved, staged
from CTSMALib.progress import Progress, part_of, silent

TEST, RESAMPLINGS, FEWEST = "test", 1000, 100
_READ, _COMPARED = 0.1, 0.8  # parts of the whole work


@dataclass(frozen=True)
class EvaluateRequest:
    """What to do.

    Attributes:
        patch_set: folder of a patch set.
        predictions: folder with a table for each arm.
        out: where the evaluation goes.
        split: of the patch set.
        arm: that is shown in figures; ``None`` for the student, or the best one.
        rescan: table of what a second MR scan says, in the format of predictions.
        resamplings: of patients.
        overwrite: whether an evaluation that is there may be replaced.
    """

    patch_set: Path
    predictions: Path
    out: Path
    split: str = TEST
    arm: str | None = None
    rescan: Path | None = None
    resamplings: int = RESAMPLINGS
    overwrite: bool = False


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`evaluate_request` reads."""
    add = parser.add_argument
    add("patch_set", metavar="SET", type=given_path, help="folder that 'ctsma patches' wrote")
    add("predictions", metavar="PREDICTIONS", type=given_path, help="folder with a table ARM.csv for each arm")
    add("--out", metavar="DIR", type=given_path, required=True, help="folder for tables and page")
    add("--split", metavar="NAME", default=TEST, help=f"which subjects to evaluate (default: {TEST})")
    shown = "arm to show in figures (default: 'student', else that with the highest mean ICC)"
    add("--arm", metavar="NAME", help=shown)
    add("--rescan", metavar="FILE", type=given_path, help="table of a second MR scan, like predictions: a reference")
    about = f"how often patients are drawn for intervals (default: {RESAMPLINGS})"
    add("--resamplings", metavar="N", type=int, default=RESAMPLINGS, help=about)
    add("--overwrite", action="store_true", help="replace an evaluation that is in DIR")


def evaluate_request(options: argparse.Namespace) -> EvaluateRequest:
    """The request that arguments stand for."""
    return EvaluateRequest(
        *(options.patch_set, options.predictions, options.out, options.split),
        *(options.arm, options.rescan, options.resamplings, options.overwrite),
    )


def run(request: EvaluateRequest, progress: Progress = silent) -> Path:
    """Evaluate, and write tables and page.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder with them.

    Raises:
        CTSMAError: set or predictions cannot be used, or the result cannot be written. Nothing is left at
            ``request.out`` then, or what was there before.
    """
    sources = tuple(path for path in (request.patch_set, request.predictions, request.rescan) if path is not None)
    for source in sources:  # before the heavy imports
        existing_path(source)
    if request.resamplings < FEWEST:
        raise InputError("So few resamplings give no interval.", f"Give --resamplings {FEWEST} or more.")
    with held():
        from CTSMALib.learning.evaluation.write import holds_evaluation
    target = Target(resolved(request.out), request.overwrite, is_result=holds_evaluation, keep=sources)
    with staged(target) as folder:
        progress("Reading the patches", 0.0)
        _evaluate(request, folder, progress)
        progress("Finishing", 1.0)
    return target.path


def _evaluate(request: EvaluateRequest, folder: Path, progress: Progress) -> None:
    with held():
        from CTSMALib.learning.evaluation.evaluate import evaluate
        from CTSMALib.learning.evaluation.patch_table import patch_table
        from CTSMALib.learning.evaluation.predictions import read_predictions, read_run
        from CTSMALib.learning.evaluation.write import write_evaluation
        from CTSMALib.learning.patches.patch_set import read_patch_set
        from CTSMALib.report.evaluation_page.page import PAGE_FILE, evaluation_page
    table = patch_table(read_patch_set(request.patch_set))
    runs = read_predictions(request.predictions, table)
    rescan = read_run(request.rescan, table) if request.rescan is not None else None
    found = evaluate(
        table, runs, request.split, request.arm, rescan, request.resamplings,
        progress=part_of(progress, _READ, _COMPARED),
    )  # fmt: skip
    progress("Writing the page", _COMPARED)
    write_evaluation(found, folder)
    (folder / PAGE_FILE).write_text(evaluation_page(found), encoding="utf-8")


def evaluation_summary(folder: Path) -> list[str]:
    """How well every arm agrees with the MR, in a few lines for a terminal."""
    from CTSMALib.learning.evaluation import result
    from CTSMALib.learning.evaluation.write import FINDINGS_FILE, read_head
    from CTSMALib.report.evaluation_page.page import PAGE_FILE
    from CTSMALib.report.evaluation_page.wording import name

    head = read_head(folder)
    with (folder / FINDINGS_FILE).open(encoding="utf-8", newline="") as file:
        wanted = (result.MR, result.PATCH, result.ALL, result.MEAN, result.AGREEMENT)
        columns = ("target", "level", "grouping", "key", "statistic")
        rows = [row for row in csv.DictReader(file) if tuple(row[column] for column in columns) == wanted]
    rows.sort(key=lambda row: (row["kind"] == result.ARM, -float(row["value"] or "-inf")))
    return [
        f"Evaluation   {folder}",
        *(_count(row, head["split"]) for row in rows if row["arm"] == head["shown_arm"]),
        "Mean ICC(2,1) of patches with the MR, 95 % interval by patient:",
        *(
            f"  {name(row['arm']):<36} {_text(row['value'])}  {_text(row['low'])} to {_text(row['high'])}"
            for row in rows
        ),
        *(f"Note         {remark}" for remark in head["remarks"]),
        *(["Virtual: these are not patients."] if head["virtual"] else []),
        f"Page         {folder / PAGE_FILE}",
    ]


def _count(row: dict[str, str], split: str) -> str:
    return f"Patches      {row['pairs']} of {row['patients']} patients that {row['arm']} predicted, split {split}"


def _text(cell: str) -> str:
    return f"{float(cell):.3f}" if cell else "    -"
