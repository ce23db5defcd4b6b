"""The job that trains teacher and students; what is done stays, and the same command goes on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.config_file import converted, flat, read_document
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.jobs.thread_count import threads
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, silent

if TYPE_CHECKING:
    from CTSMALib.learning.patches.patch_set import PatchSet
    from CTSMALib.learning.student.chain_config import ChainConfig
    from CTSMALib.learning.student.device import Place

TEACHER, STUDENT = "teacher", "student"
RECORD_FILE, SCHEMA = "training.json", "ctsma-student-training"
FORMAT = "Give a TOML or JSON file with the sections teacher and student, as in docs/student.md."
CHANGED = ("steps", "batch", "subjects", "seed", "distillation")


@dataclass(frozen=True)
class TrainStudentRequest:
    """A training.

    Attributes:
        patches: folder of the patch set.
        out: the folder to train in, or to go on in.
        only_teacher: whether nothing but the teacher is trained.
        config: file with the configuration; ``None`` for the usual one.
        changes: values that replace those of the file, of teacher and student.
        seeds: how many students; ``None`` leaves that to the configuration.
        threads: of the networks; ``None`` leaves that to PyTorch.
    """

    patches: Path
    out: Path
    only_teacher: bool = False
    config: Path | None = None
    changes: tuple[tuple[str, int | str], ...] = ()
    seeds: int | None = None
    threads: int | None = None


def add_train_student_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`train_student_request` reads."""
    add = parser.add_argument
    add("--patches", metavar="SET", type=given_path, required=True, help="folder that 'ctsma patches' wrote")
    add("--out", metavar="DIR", type=given_path, required=True, help="folder to train in, or to go on in")
    add("--config", metavar="FILE", type=given_path, help="TOML or JSON file with the configuration")
    add("--steps", metavar="N", type=int, help="most steps of each training, in place of what FILE says")
    add("--batch", metavar="N", type=int, help="patches a step, likewise")
    add("--subjects", metavar="N", type=int, help="learn from the first N patients, likewise; 0 takes all")
    add("--seed", metavar="S", type=int, help="whole number that all follows from, likewise")
    add("--seeds", metavar="K", type=int, help="students that read together, likewise")
    add("--distillation", metavar="WAY", help="how the student learns from the teacher, likewise")
    add("--threads", metavar="T", type=int, help="threads of the networks (default: as many as there are cores)")


def train_student_request(options: argparse.Namespace, only_teacher: bool = False) -> TrainStudentRequest:
    """The request that arguments stand for."""
    changes = tuple((name, value) for name in CHANGED if (value := getattr(options, name)) is not None)
    return TrainStudentRequest(
        options.patches, options.out, only_teacher, options.config, changes, options.seeds, options.threads
    )


def run(request: TrainStudentRequest, progress: Progress = silent) -> Path:
    """Train, or go on with what was begun; of students, predictions and a bundle are written too.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder of the training.

    Raises:
        CTSMAError: the request cannot be met. The state of the last check stays.
    """
    existing_path(request.patches)
    if request.config is not None:
        existing_path(request.config)
    if request.threads is not None and request.threads < 1:
        raise InputError("A training needs a thread.", "Give --threads 1 or more.")
    need_learning_packages(training=True)
    folder = Target(resolved(request.out), overwrite=True, is_result=_is_training, keep=(request.patches,)).check()
    progress("Starting", 0.0)
    with held():
        import CTSMALib.learning.student.chain  # noqa: F401
        from CTSMALib.learning.patches.check import refuse_errors
        from CTSMALib.learning.patches.patch_set import read_patch_set
        from CTSMALib.learning.student.chain import refuse_incomplete
        from CTSMALib.learning.student.device import find_place
    config = read_config(request)
    found = read_patch_set(request.patches)
    refuse_errors(found)
    refuse_incomplete(found, request.only_teacher)
    record = _record(config, found, request.only_teacher)
    if holds_training(folder):
        _refuse_other(record, folder)
    place = find_place()
    try:
        with _kept(folder, record, place), threads(request.threads):
            _train(config, found, folder, request.only_teacher, progress if place.writes else silent, place)
    except OSError as error:
        raise output_error(error, folder) from error
    progress("Finishing", 1.0)
    return folder


@contextmanager
def _kept(folder: Path, record: dict[str, Any], place: Place) -> Iterator[None]:
    """Keep the record, and others out of the folder; both are done by the first of several processes."""
    from CTSMALib.virtual.cohort.lock import locked

    if not place.writes:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        replace_file(folder / RECORD_FILE, (json.dumps(record, indent=2) + "\n").encode())
        yield


def read_config(request: TrainStudentRequest) -> ChainConfig:
    """The configuration that a request stands for.

    Raises:
        InputError: it cannot be read, or describes no training.
    """
    from CTSMALib.learning.student.chain_config import ChainConfig

    document = {} if request.config is None else read_document(request.config, FORMAT)
    changes = dict(request.changes)
    for section in (TEACHER, STUDENT):
        own = {k: v for k, v in changes.items() if section == STUDENT or k != "distillation"}
        given = document.get(section, {})
        document[section] = {**given, **own} if isinstance(given, dict) else given
    if request.seeds is not None:
        document["seeds"] = request.seeds
    what = "The configuration" if request.config is None else f"The file '{request.config.name}'"
    return converted(document, ChainConfig, what, FORMAT)


def _train(
    config: ChainConfig, found: PatchSet, folder: Path, only_teacher: bool, progress: Progress, place: Place
) -> None:
    from CTSMALib.learning.student.chain import train_chain, train_teacher
    from CTSMALib.learning.student.device import leave

    if only_teacher:
        train_teacher(config.teacher, found, folder, progress, place)
        leave(place)
    else:
        train_chain(config, found, folder, progress, place)


def holds_training(folder: Path) -> bool:
    """Whether a folder is that of a training of students."""
    try:
        return bool(json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")).get("schema") == SCHEMA)
    except (OSError, ValueError, AttributeError):
        return False


def _is_training(folder: Path) -> bool:
    """Whether a training is there, the first beginnings of one, or nothing but a teacher to begin with."""
    return holds_training(folder) or holds_only_leftovers(folder, TEACHER)


def _record(config: ChainConfig, found: PatchSet, only_teacher: bool) -> dict[str, Any]:
    from CTSMALib.student.reference_scale import SCALED

    plain = json.loads(json.dumps(asdict(config)))
    plain[STUDENT]["ct_scale"] = SCALED  # networks of older versions read other numbers
    if only_teacher:  # what students are like may be said later
        plain = {TEACHER: plain[TEACHER]}
    facts = found.facts
    made_of = {"recipe": facts.recipe, "patches": facts.patches, "knees": facts.knees, "made_from": facts.made_from}
    return {"schema": SCHEMA, "schema_version": 1, "patch_set": made_of, "config": plain}


def _refuse_other(now: dict[str, Any], folder: Path) -> None:
    """Refuse to go on with a training that was begun in another way.

    The number of students may change, and students may be added to a teacher, or left as they are.
    """
    from CTSMALib.learning.student.config import OF_DISTILLING

    then = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
    before, wanted = flat(then), flat(now)
    both = STUDENT in then["config"] and STUDENT in now["config"]
    names = {name for name in (*before, *wanted) if both or not name.startswith(f"config.{STUDENT}.")}
    no_matter = {f"config.{TEACHER}.{name}" for name in OF_DISTILLING}  # a teacher distils nothing
    for name in sorted(names - no_matter - {"config.seeds", "schema_version"}):
        if before.get(name) != wanted.get(name):
            raise InputError(
                f"The training in {folder} was begun with {name} = {before.get(name)}, not {wanted.get(name)}.",
                "Give the same settings and patches to go on with it, or name a new folder.",
            )


def student_summary(folder: Path) -> list[str]:
    """How good teacher and students became, and where they are, in a few lines for a terminal."""
    from CTSMALib.bundles.bundle import read_bundle
    from CTSMALib.learning.student.chain import BUNDLE, PREDICTIONS
    from CTSMALib.learning.student.state import read_state

    lines = [f"Training     {folder}"]
    for where in sorted(path.parent for path in folder.glob("*/state.pt")):
        state = read_state(where)
        if state is not None and state.history:
            lines.append(f"{where.name:<12} {state.best}, on patients of the split 'stop'")
    if (folder / PREDICTIONS).is_dir():
        lines.append(f"Predictions  {folder / PREDICTIONS}")
    if (folder / BUNDLE).is_dir():
        bundle = read_bundle(folder / BUNDLE)
        iccs = ", ".join(f"{k.removeprefix('icc_')} {v:.3f}" for k, v in bundle.metadata["eval_metrics"].items())
        lines += [f"Model        {folder / BUNDLE}, {bundle.identity}", f"ICC(2,1)     {iccs}; split 'calibrate'"]
    return lines
