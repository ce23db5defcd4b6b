"""The whole chain in one job: virtual knees, registration, patches, teacher, students, diagnosis, the paper's table.

What is done stays in its folder, and the same command goes on.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs import evaluate, patches, register_cohort, train_diagnosis, train_student, virtual
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.request import RegisterCohortRequest, VirtualRequest
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

TEACHER = "teacher"
PAIRS, REGISTERED, COHORT, SET, STUDENTS, PREDICTIONS, DIAGNOSES, EVALUATION = (
    *("pairs", "registered", "cohort", "patches", "students", "predictions", "diagnosis", "evaluation"),
)
RECORD_FILE, SCHEMA = "reproduction.json", "ctsma-reproduction"
ERROR_FILE = "registration_error.json"
WAYS = ("none", "pooled", "l1")  # of distilling; the last one is the paper's
MOST_ERROR_MM = 2.0  # along each axis, that boxes are displaced by
MEASURED = "mr"
SMALL, FULL = "small", "full"


@dataclass(frozen=True)
class Preset:
    """How much is done.

    Attributes:
        pairs: whole scans whose registration is tried.
        knees, patches: of the cohort in the mode ``patches``.
        steps, seeds, subjects: of teacher and students.
        budget, folds: of the diagnosis.
        resamplings: for intervals.
    """

    pairs: int
    knees: int
    patches: int
    steps: int
    seeds: int
    subjects: int
    budget: int
    folds: int
    resamplings: int


PRESETS = {
    SMALL: Preset(1, 40, 16, 200, 1, 12, 1, 3, 200),  # 24 patients to train on; those left learn the diagnosis
    FULL: Preset(12, 440, 24, 1000, 3, 60, 3, 5, 1000),
}


@dataclass(frozen=True)
class ReproduceRequest:
    """Attributes: the folder; name of a preset; seed of the cohort; processes that make knees."""

    out: Path
    preset: str = SMALL
    seed: int = 30
    jobs: int = 1


def add_reproduce_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`reproduce_request` reads."""
    add = parser.add_argument
    add("--out", metavar="DIR", type=given_path, required=True, help="folder for all of it, or to go on in")
    add("--preset", choices=tuple(PRESETS), default=SMALL, help="how much is done (default: small)")
    add("--seed", metavar="S", type=int, default=30, help="whole number that all follows from (default: 30)")
    add("--jobs", metavar="J", type=int, default=1, help="processes that make knees (default: 1)")


def reproduce_request(options: argparse.Namespace) -> ReproduceRequest:
    """The request that arguments stand for."""
    return ReproduceRequest(options.out, options.preset, options.seed, options.jobs)


def run(request: ReproduceRequest, progress: Progress = silent) -> Path:
    """Do all of it, or go on with what was begun.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder.

    Raises:
        CTSMAError: something cannot be done. What is finished stays.
    """
    need_learning_packages(training=True)
    folder = Target(resolved(request.out), overwrite=True, is_result=_is_reproduction).check()
    _begin(request, folder)
    preset = PRESETS[request.preset]
    steps: tuple[tuple[float, Callable[[Progress], object]], ...] = (
        (0.15, lambda told: _registration_error(request, preset, folder, told)),
        (0.40, lambda told: virtual.run(_cohort(request, preset, folder), told)),
        (0.05, lambda told: patches.run(patches.PatchesRequest(folder / SET, folder / COHORT, request.jobs), told)),
        (0.25, lambda told: _students(preset, folder, told)),
        (0.10, lambda told: _diagnoses(preset, folder, told)),
        (0.05, lambda told: _evaluate(preset, folder, told)),
    )
    begun = 0.0
    for share, step in steps:
        step(part_of(progress, begun, min(begun + share, 1.0)))
        begun += share
    progress("Finishing", 1.0)
    return folder


def _begin(request: ReproduceRequest, folder: Path) -> None:
    """Keep what is done, and refuse to go on in another way."""
    amounts = asdict(PRESETS[request.preset])
    record = {"schema": SCHEMA, "schema_version": 1, "preset": request.preset, "seed": request.seed, "amounts": amounts}
    path = folder / RECORD_FILE
    try:
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != record:
            raise InputError(
                f"{folder} holds a reproduction with another preset or seed, or of another version.",
                "Name a new folder.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, (json.dumps(record, indent=2) + "\n").encode())
    except OSError as error:
        raise output_error(error, folder) from error


def _is_reproduction(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return holds_only_leftovers(folder)


def _registration_error(request: ReproduceRequest, preset: Preset, folder: Path, progress: Progress) -> None:
    """Register some whole scans, and keep how far bones are off along each axis."""
    from CTSMALib.virtual.cohort.cohort_order import CohortOrder

    path = folder / ERROR_FILE
    if path.exists():
        return
    order = CohortOrder(preset.pairs, request.seed + 1, "registration")
    virtual.run(VirtualRequest(folder / PAIRS, order, request.jobs), part_of(progress, 0.0, 0.5))
    wanted = RegisterCohortRequest(folder / PAIRS / "manifest.csv", folder / REGISTERED, images=False)
    register_cohort.run(wanted, part_of(progress, 0.5, 0.95))
    errors = true_errors_mm(folder / PAIRS, folder / REGISTERED)
    if not errors:
        raise InputError("No bone could be registered.", "Look at the status in the folder 'registered'.")
    mean = sum(errors) / len(errors)
    # the mean length of a vector is 1.6 standard deviations of its components
    along = round(min(mean / 1.6, MOST_ERROR_MM), 3)
    content = {"bones": len(errors), "mean_target_registration_error_mm": mean, "along_each_axis_mm": along}
    replace_file(path, (json.dumps(content, indent=2) + "\n").encode())


def true_errors_mm(pairs: Path, registered: Path) -> list[float]:
    """Mean distance by which each registered femur and tibia misses its landmarks on the MR, mm.

    Args:
        pairs: cohort of virtual knees.
        registered: folder of the registrations of its pairs.
    """
    import numpy as np
    import SimpleITK as sitk

    found = []
    for pair in _table(registered / register_cohort.MANIFEST_FILE):
        landmarks = _table(pairs / pair["subject"] / "landmarks.csv")
        for bone in ("femur", "tibia"):
            transform = registered / pair["registration"] / "transforms" / f"{bone}.tfm"
            if not pair["registration"] or not transform.is_file():
                continue
            rows = [row for row in landmarks if row["bone"] == bone]
            motion = sitk.ReadTransform(str(transform))
            ct, mr = (np.array([[float(r[f"{s}_{axis}_mm"]) for axis in "xyz"] for r in rows]) for s in ("ct", "mr"))
            moved = np.array([motion.TransformPoint(point.tolist()) for point in ct])
            found.append(float(np.linalg.norm(moved - mr, axis=1).mean()))
    return found


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _cohort(request: ReproduceRequest, preset: Preset, folder: Path) -> VirtualRequest:
    from CTSMALib.virtual.cohort.cohort_order import BALANCED, CohortOrder

    error = json.loads((folder / ERROR_FILE).read_text(encoding="utf-8"))["along_each_axis_mm"]
    order = CohortOrder(
        preset.knees, request.seed, "patches", grades=BALANCED, patches=preset.patches,
        registration_error_mm=float(error),
    )  # fmt: skip
    return VirtualRequest(folder / COHORT, order, request.jobs)


def _students(preset: Preset, folder: Path, progress: Progress) -> None:
    """Students with and without distillation from one teacher, and their predictions in one folder."""
    first = folder / STUDENTS / WAYS[0]
    for number, way in enumerate(WAYS):
        out = folder / STUDENTS / way
        if number and (first / TEACHER).is_dir() and not (out / TEACHER).exists():
            _copy_teacher(first / TEACHER, out / TEACHER)
        changes = (("steps", preset.steps), ("subjects", preset.subjects), ("distillation", way))
        wanted = train_student.TrainStudentRequest(folder / SET, out, changes=changes, seeds=preset.seeds)
        train_student.run(wanted, part_of(progress, number / len(WAYS), (number + 1) / len(WAYS)))
        own = {"networks": f"student_{way}", "student": f"shipped_{way}"}
        for table in sorted((out / PREDICTIONS).glob("*.csv")):
            name = own.get(table.stem) or table.stem.replace("student-", f"student_{way}-")
            if name != table.stem or number == 0:
                (folder / PREDICTIONS).mkdir(exist_ok=True)
                replace_file(folder / PREDICTIONS / f"{name}.csv", table.read_bytes())


def _copy_teacher(source: Path, target: Path) -> None:
    """Copy a teacher, completely or not at all: half of one would be taken for a whole one."""
    part = target.with_name(f".{target.name}.part-copy")
    try:
        if part.exists():  # of a copy that was killed
            shutil.rmtree(part)
        shutil.copytree(source, part)
        os.replace(part, target)
    except OSError as error:
        raise output_error(error, target) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _diagnoses(preset: Preset, folder: Path, progress: Progress) -> None:
    """The diagnosis from students with and without distillation, and from the MR of the same patches."""
    config = folder / "diagnosis.json"
    settings = {
        "outer_folds": preset.folds, "inner_folds": min(3, preset.folds), "budget": preset.budget,
        "resamplings": preset.resamplings,
    }  # fmt: skip
    replace_file(config, (json.dumps(settings, indent=2) + "\n").encode())
    values = {way: folder / PREDICTIONS / f"student_{way}.csv" for way in WAYS}
    values[MEASURED] = _measured(folder, values[WAYS[0]])
    for number, (name, predictions) in enumerate(values.items()):
        own = part_of(progress, number / len(values), (number + 1) / len(values))
        wanted = train_diagnosis.TrainDiagnosisRequest(
            folder / SET, str(predictions), folder / DIAGNOSES / name, config
        )
        train_diagnosis.run(wanted, own)


def _measured(folder: Path, predicted: Path) -> Path:
    """A table of what the MR says of the patches of another table."""
    wanted = {(row["knee"], row["id"]) for row in _table(predicted)}
    rows = [row for row in _table(folder / SET / "patches.csv") if (row["knee"], row["id"]) in wanted]
    columns = list(_table(predicted)[0])
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / f"{MEASURED}.csv"
    replace_file(path, text.getvalue().encode())
    return path


def _evaluate(preset: Preset, folder: Path, progress: Progress) -> None:
    wanted = evaluate.EvaluateRequest(
        folder / SET, folder / PREDICTIONS, folder / EVALUATION, resamplings=preset.resamplings, overwrite=True
    )
    evaluate.run(replace(wanted, arm="student_pooled"), progress)
    from CTSMALib.report.reproduction import write_reproduction

    write_reproduction(existing_path(folder))


def reproduction_summary(folder: Path) -> list[str]:
    """Where the pages are, and what the registration was good for, in a few lines for a terminal."""
    from CTSMALib.report.reproduction import PAGE_FILE, reproduction_model

    model = reproduction_model(folder)
    return [
        f"Chain        {folder}",
        *(f"Found        {text}" for text in model.summary),
        f"Page         {folder / PAGE_FILE}",
    ]
