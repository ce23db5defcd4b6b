"""The job that trains all on one cohort: patches, teacher, students, evaluation, diagnosis.

What is done stays in its folder, and the same command goes on. Parts lie where the module CTSMATraining looks for them
in a project folder, see :mod:`CTSMALib.jobs.training_project`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs import evaluate, patches, train_diagnosis, train_student
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.config_file import converted, read_document
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.jobs.thread_count import threads
from CTSMALib.jobs.training_project import DIAGNOSIS, EVALUATION, PATCHES, TRAINING
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.learning.diagnosis.config import DiagnosisConfig
    from CTSMALib.learning.student.chain_config import ChainConfig

STUDENTS = "students"  # beside DIAGNOSIS what configurations are called
CONFIG_FILES = {STUDENTS: "students.json", DIAGNOSIS: "diagnosis.json"}
RECORD_FILE, SCHEMA = "training.json", "ctsma-whole-training"
FORMAT = "Give a TOML or JSON file with seeds and the sections teacher, student and diagnosis, as in docs/student.md."
_STUDENT_TABLE = Path("predictions") / "student.csv"


@dataclass(frozen=True)
class TrainAllRequest:
    """Attributes: a virtual cohort or a manifest; folder for all of it; configuration; processes that make patches."""

    cohort: Path
    out: Path
    config: Path | None = None
    jobs: int = 1
    threads: int | None = None


def add_train_all_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`train_all_request` reads."""
    add = parser.add_argument
    add("--cohort", metavar="COHORT", type=given_path, required=True, help=patches.COHORT_HELP)
    add("--out", metavar="DIR", type=given_path, required=True, help="folder for all of it, or to go on in")
    add("--config", metavar="FILE", type=given_path, help="TOML or JSON file with the configuration")
    add("--jobs", metavar="J", type=int, default=1, help="processes that make patches (default: 1)")
    add("--threads", metavar="T", type=int, help="threads of the networks (default: as many as there are cores)")


def train_all_request(options: argparse.Namespace) -> TrainAllRequest:
    """The request that arguments stand for."""
    return TrainAllRequest(options.cohort, options.out, options.config, options.jobs, options.threads)


def run(request: TrainAllRequest, progress: Progress = silent) -> Path:
    """Train all, or go on with what was begun.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder.

    Raises:
        CTSMAError: something cannot be done, the diagnosis for example where no grades are known. What is finished
            stays.
    """
    existing_path(request.cohort)
    if request.jobs < 1 or (request.threads is not None and request.threads < 1):
        raise InputError("A training needs a process and a thread.", "Give --jobs and --threads of 1 or more.")
    need_learning_packages(training=True)
    chain, diagnosis = read_config(request.config)
    folder = Target(resolved(request.out), overwrite=True, is_result=_is_training, keep=(request.cohort,)).check()
    _begin(folder, {STUDENTS: asdict(chain), DIAGNOSIS: asdict(diagnosis)})
    patch_set, students = folder / PATCHES, folder / TRAINING
    patches.run(patches.PatchesRequest(patch_set, request.cohort, request.jobs), part_of(progress, 0.0, 0.2))
    wanted = train_student.TrainStudentRequest(
        patch_set, students, config=folder / CONFIG_FILES[STUDENTS], threads=request.threads
    )
    train_student.run(wanted, part_of(progress, 0.2, 0.75))
    _evaluate(folder, part_of(progress, 0.75, 0.8))
    of_patients = train_diagnosis.TrainDiagnosisRequest(
        patch_set, str(students / _STUDENT_TABLE), folder / DIAGNOSIS, folder / CONFIG_FILES[DIAGNOSIS]
    )
    with threads(request.threads):
        train_diagnosis.run(of_patients, part_of(progress, 0.8, 1.0))
    progress("Finishing", 1.0)
    return folder


def read_config(path: Path | None) -> tuple[ChainConfig, DiagnosisConfig]:
    """The configurations of students and diagnosis that a file holds; the usual ones without a file.

    Raises:
        InputError: it cannot be read, or describes no training.
    """
    from CTSMALib.learning.diagnosis.config import DiagnosisConfig
    from CTSMALib.learning.student.chain_config import ChainConfig

    if path is None:
        return ChainConfig(), DiagnosisConfig()
    document = read_document(existing_path(path), FORMAT)
    own = document.pop(DIAGNOSIS, {})
    if not isinstance(own, dict):
        raise InputError(f"In the file '{path.name}' {DIAGNOSIS} is no section.", FORMAT)
    what = f"The file '{path.name}'"
    return converted(document, ChainConfig, what, FORMAT), converted(own, DiagnosisConfig, what, FORMAT)


def _begin(folder: Path, configs: dict[str, dict[str, Any]]) -> None:
    """Keep the configurations, and refuse to go on with others."""
    wanted = {folder / CONFIG_FILES[name]: json.loads(json.dumps(config)) for name, config in configs.items()}
    try:
        for name, (path, plain) in zip(configs, wanted.items(), strict=True):
            if path.exists() and json.loads(path.read_text(encoding="utf-8")) != plain:
                raise InputError(
                    f"The training in {folder} was begun with another configuration of the {name}.",
                    "Give the same configuration to go on with it, or name a new folder.",
                )
        folder.mkdir(parents=True, exist_ok=True)
        record = {"schema": SCHEMA, "schema_version": 1}  # first: by it the folder is known as that of a training
        for path, plain in {folder / RECORD_FILE: record, **wanted}.items():
            replace_file(path, (json.dumps(plain, indent=2) + "\n").encode())
    except ValueError as error:
        raise InputError(f"A configuration in {folder} is damaged.", f"Delete {path.name} there.") from error
    except OSError as error:
        raise output_error(error, folder) from error


def _evaluate(folder: Path, progress: Progress) -> None:
    """Compare with the MR where patients are kept for that."""
    from CTSMALib.learning.patches.patch_set import read_patch_set

    if evaluate.TEST in read_patch_set(folder / PATCHES).of_knee("split"):
        wanted = evaluate.EvaluateRequest(
            folder / PATCHES, folder / TRAINING / _STUDENT_TABLE.parent, folder / EVALUATION, overwrite=True
        )
        evaluate.run(wanted, progress)


def _is_training(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return holds_only_leftovers(folder)


def training_summary(folder: Path) -> list[str]:
    """What became of each part, in a few lines for a terminal."""
    judged = evaluate.evaluation_summary(folder / EVALUATION) if (folder / EVALUATION).is_dir() else []
    parts = (
        train_student.student_summary(folder / TRAINING), judged, train_diagnosis.training_summary(folder / DIAGNOSIS)
    )  # fmt: skip
    return [line for part in parts for line in part]
