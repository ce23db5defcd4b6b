"""The whole chain in one job: virtual knees, registration, patches, teacher, students, diagnosis, the paper's table.

What is done stays in its folder, and the same command goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs import evaluate, patches, register_cohort, train_diagnosis, train_student, virtual
from CTSMALib.jobs.arguments import given_path
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.request import RegisterCohortRequest, VirtualRequest
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

PAIRS, REGISTERED, COHORT, SET, STUDENTS, PREDICTIONS, DIAGNOSES, EVALUATION = (
    *("pairs", "registered", "cohort", "patches", "students", "predictions", "diagnosis", "evaluation"),
)
RECORD_FILE, SCHEMA = "reproduction.json", "ctsma-reproduction"
ERROR_FILE = "registration_error.json"
WAYS = ("none", "pooled", "l1")  # of distilling; the last one is the paper's
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
    SMALL: Preset(1, 40, 8, 200, 1, 0, 1, 3, 200),
    FULL: Preset(12, 440, 24, 1500, 3, 60, 3, 5, 1000),
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
    record = {"schema": SCHEMA, "schema_version": 1, "preset": request.preset, "seed": request.seed}
    path = folder / RECORD_FILE
    try:
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != record:
            raise InputError(f"{folder} holds a reproduction with another preset or seed.", "Name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, (json.dumps(record, indent=2) + "\n").encode())
    except OSError as error:
        raise output_error(error, folder) from error


def _is_reproduction(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return not any(folder.iterdir())


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
    content = {"bones": len(errors), "mean_target_registration_error_mm": mean, "along_each_axis_mm": mean / 1.6}
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
    for transform in sorted(registered.glob("*/transforms/*.tfm")):
        bone, subject = transform.stem, transform.parents[1].name.split("_")[0]
        table = pairs / subject / "landmarks.csv"
        if bone not in ("femur", "tibia") or not table.is_file():
            continue
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["bone"] == bone]
        motion = sitk.ReadTransform(str(transform))
        ct, mr = (np.array([[float(r[f"{s}_{axis}_mm"]) for axis in "xyz"] for r in rows]) for s in ("ct", "mr"))
        moved = np.array([motion.TransformPoint(point.tolist()) for point in ct])
        found.append(float(np.linalg.norm(moved - mr, axis=1).mean()))
    return found


def _cohort(request: ReproduceRequest, preset: Preset, folder: Path) -> VirtualRequest:
    from CTSMALib.virtual.cohort.cohort_order import BALANCED, CohortOrder

    error = json.loads((folder / ERROR_FILE).read_text(encoding="utf-8"))["along_each_axis_mm"]
    order = CohortOrder(
        preset.knees, request.seed, "patches", grades=BALANCED, patches=preset.patches,
        registration_error_mm=round(min(float(error), 2.0), 3),
    )  # fmt: skip
    return VirtualRequest(folder / COHORT, order, request.jobs)


def _students(preset: Preset, folder: Path, progress: Progress) -> None:
    """Students with and without distillation, each with its own predictions, gathered in one folder."""
    for number, way in enumerate(WAYS):
        out = folder / STUDENTS / way
        changes = (("steps", preset.steps), ("subjects", preset.subjects), ("distillation", way))
        wanted = train_student.TrainStudentRequest(folder / SET, out, changes=changes, seeds=preset.seeds)
        own = part_of(progress, number / len(WAYS), (number + 1) / len(WAYS))
        train_student.run(wanted, own)
        for table in sorted((out / PREDICTIONS).glob("*.csv")):
            name = table.stem.replace("student", f"student_{way}")
            if name != table.stem or number == 0:
                (folder / PREDICTIONS).mkdir(exist_ok=True)
                replace_file(folder / PREDICTIONS / f"{name}.csv", table.read_bytes())


def _diagnoses(preset: Preset, folder: Path, progress: Progress) -> None:
    """The diagnosis from students with and without distillation, and from the MR itself."""
    config = folder / "diagnosis.json"
    settings = {
        "outer_folds": preset.folds, "inner_folds": min(3, preset.folds), "budget": preset.budget,
        "resamplings": preset.resamplings, "splits": ["train", "tune", "calibrate", "test"],
    }  # fmt: skip
    replace_file(config, (json.dumps(settings, indent=2) + "\n").encode())
    values = {way: str(folder / PREDICTIONS / f"student_{way}.csv") for way in WAYS} | {"mr": "mr"}
    for number, (name, predictions) in enumerate(values.items()):
        own = part_of(progress, number / len(values), (number + 1) / len(values))
        wanted = train_diagnosis.TrainDiagnosisRequest(folder / SET, predictions, folder / DIAGNOSES / name, config)
        train_diagnosis.run(wanted, own)


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
