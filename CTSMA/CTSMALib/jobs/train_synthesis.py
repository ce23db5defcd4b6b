"""The job that trains the synthesis network; what is done stays, and the same command goes on."""

from __future__ import annotations

import argparse
import csv
import gc
import io
import math
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.errors import CTSMAError, InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import end_children, held
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target, output_error, resolved
from CTSMALib.jobs.thread_count import threads
from CTSMALib.jobs.training_config import as_document, holds_training, read_config, refuse_other, write_record
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    from CTSMALib.learning.synthesis.config import TrainingConfig

KNEES, BUNDLE, HISTORY_FILE = "knees", "bundle", "training.csv"
COARSE, FINE = "coarse", "fine"  # networks, as CTSMALib.synthesis.network has them, which needs torch
CHECKING = "Checking"  # how the stage begins that a training tells of when a check is written
COLUMNS = ("network", "step", "training_loss", "dice", "soft_hu", "bone_hu")
STEPS = {"coarse_steps": 1.0, "steps": 1.0, "wide_steps": 0.2}  # share of those asked for
_PREPARED, _COARSE_TRAINED, _TRAINED = 0.2, 0.5, 0.95  # parts of the whole work


@dataclass(frozen=True)
class TrainSynthesisRequest:
    """A training.

    Attributes:
        out: the folder to train in, or to go on in.
        config: file with its configuration; ``None`` for the usual one.
        changes: (name, value) of the configuration that replace those of the file.
        jobs: processes that make knees, and that draw samples.
        threads: of the network; ``None`` leaves that to PyTorch.
    """

    out: Path
    config: Path | None = None
    changes: tuple[tuple[str, int], ...] = ()
    jobs: int = 1
    threads: int | None = None


def add_train_synthesis_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`train_synthesis_request` reads."""
    add = parser.add_argument
    add("--out", metavar="DIR", type=given_path, required=True, help="folder to train in, or to go on in")
    add("--config", metavar="FILE", type=given_path, help="TOML or JSON file with the configuration")
    add("--knees", metavar="N", type=int, help="virtual knees to learn from, in place of what FILE says")
    add(
        "--steps", metavar="N", type=int, help="steps of either network, likewise; a fifth more follows on larger boxes"
    )
    add("--seed", metavar="S", type=int, help="whole number that all follows from, likewise")
    add("--jobs", metavar="J", type=int, default=1, help="processes that make knees and draw samples (default: 1)")
    add("--threads", metavar="T", type=int, help="threads of the network (default: as many as there are cores)")


def train_synthesis_request(options: argparse.Namespace) -> TrainSynthesisRequest:
    """The request that arguments stand for."""
    changes = [(name, getattr(options, name)) for name in ("knees", "seed") if getattr(options, name) is not None]
    if options.steps is not None:
        changes += [(name, math.ceil(share * options.steps)) for name, share in STEPS.items()]
    return TrainSynthesisRequest(options.out, options.config, tuple(changes), options.jobs, options.threads)


def run(request: TrainSynthesisRequest, progress: Progress = silent) -> Path:
    """Train, or go on with what was begun, and write the bundle.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder of the training.

    Raises:
        CTSMAError: the request cannot be met. Finished knees and the state of the last check stay.
    """
    if request.config is not None:
        existing_path(request.config)
    if request.jobs < 1 or (request.threads is not None and request.threads < 1):
        raise InputError("A training needs a process and a thread.", "Give --jobs and --threads 1 or more.")
    need_learning_packages()
    folder = Target(resolved(request.out), overwrite=True, is_result=_is_training).check()
    progress("Starting", 0.0)
    with held():
        import CTSMALib.learning.synthesis.finish
        import CTSMALib.learning.synthesis.train  # noqa: F401
        from CTSMALib.virtual.cohort.lock import locked
    gc.freeze()  # or Python goes through all that PyTorch made once more before it ends, which takes seconds
    config = read_config(request.config, dict(request.changes))
    if holds_training(folder):
        refuse_other(config, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder), threads(request.threads):
            write_record(config, folder)
            _train(config, folder, request.jobs, progress)
    except OSError as error:
        raise output_error(error, folder) from error
    progress("Finishing", 1.0)
    return folder


def _is_training(folder: Path) -> bool:
    """Whether a training is there, or only the first beginnings of one that was stopped."""
    return holds_training(folder) or holds_only_leftovers(folder)


def _train(config: TrainingConfig, folder: Path, jobs: int, progress: Progress) -> None:
    from CTSMALib.learning.synthesis.finish import finish
    from CTSMALib.learning.synthesis.prepare import STOP, TRAIN, load
    from CTSMALib.learning.synthesis.train import train

    if _is_finished(config, folder):
        return
    _make_knees(config, folder / KNEES, jobs, part_of(progress, 0.0, _PREPARED))
    progress("Reading the knees", _PREPARED)
    cases, stop_cases = (load(config, folder / KNEES, use) for use in (TRAIN, STOP))
    states = []
    try:
        for kind, start, stop in ((COARSE, _PREPARED, _COARSE_TRAINED), (FINE, _COARSE_TRAINED, _TRAINED)):
            told = _with_history(folder, part_of(progress, start, stop))
            states.append(train(config, kind, cases, stop_cases, folder / kind, told, jobs))
    except BaseException:
        end_children()  # they draw samples, and would take seconds to notice
        raise
    _write_history(folder)
    finish(config, states[0], states[1], cases, stop_cases, folder / BUNDLE, part_of(progress, _TRAINED, 1.0))


def _with_history(folder: Path, progress: Progress) -> Progress:
    """Progress that also writes the table when a check was made."""

    def told(stage: str, fraction: float, message: str = "") -> None:
        if stage.startswith(CHECKING):
            _write_history(folder)
        progress(stage, fraction, message)

    return told


def _make_knees(config: TrainingConfig, folder: Path, jobs: int, progress: Progress) -> None:
    from CTSMALib.learning.synthesis.prepare import prepare

    try:
        prepare(config, folder, jobs, progress)
    except BrokenProcessPool as error:
        raise InputError(
            "A process that made a knee was ended, probably because the memory was used up.",
            "Give fewer --jobs; finished knees are kept.",
        ) from error


def _is_finished(config: TrainingConfig, folder: Path) -> bool:
    """Whether the bundle of this training is there already."""
    from CTSMALib.bundles.bundle import read_bundle
    from CTSMALib.synthesis.model import TASK

    try:
        told = read_bundle(folder / BUNDLE, TASK).metadata.get("training")
    except CTSMAError:
        return False
    return bool(told == {**as_document(config), "steps_done": [config.steps_of(kind) for kind in (COARSE, FINE)]})


def _write_history(folder: Path) -> None:
    """Write a row for each check of either network."""
    from CTSMALib.learning.synthesis.state import read_state

    rows: list[list[Any]] = [list(COLUMNS)]
    for kind in (COARSE, FINE):
        state = read_state(folder / kind)
        history = state.history if state else ()
        rows += [[kind, *(getattr(one, column) for column in COLUMNS[1:])] for one in history]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace_file(folder / HISTORY_FILE, text.getvalue().encode())


def training_summary(folder: Path) -> list[str]:
    """How good the network became, where it is, and how to use it, in a few lines for a terminal."""
    from CTSMALib.bundles.bundle import read_bundle

    with (folder / HISTORY_FILE).open(encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    soft, bone = float(last["soft_hu"]), float(last["bone_hu"])
    return [
        f"Training     {folder}",
        f"Last check   step {last['step']}: mean absolute error {soft:.0f} HU in soft tissue, {bone:.0f} HU in bone; "
        f"Dice of the bones {float(last['dice']):.3f}; on virtual knees that were not learned from",
        f"Table        {folder / HISTORY_FILE}",
        f"Model        {folder / BUNDLE}, {read_bundle(folder / BUNDLE).identity}",
        f"To use it    ctsma synthesize MR --out DIR --model {folder / BUNDLE}",
    ]
