"""Teacher and students of one patch set: trained, compared with baselines, and written as a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.bundles.bundle import Bundle
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain_config import ChainConfig
from CTSMALib.learning.student.config import NONE, StudentConfig
from CTSMALib.learning.student.data import first_subjects, patches_of, table_of
from CTSMALib.learning.student.finish import finish
from CTSMALib.learning.student.predictions import Predicted, write_predictions
from CTSMALib.learning.student.state import State
from CTSMALib.learning.student.train import STUDENT, TEACHER, best_network, read_in_parts, train
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.student.network import PatchNet
from CTSMALib.student.tied_values import together

BUNDLE, PREDICTIONS = "bundle", "predictions"
LEARNED_FROM = ("train", "stop")  # splits that networks see, of the first only as many subjects as are wanted


def train_teacher(config: StudentConfig, found: PatchSet, folder: Path, progress: Progress = silent) -> State:
    """Train the teacher, or go on with it.

    Args:
        config: of it.
        found: the patch set.
        folder: of the whole training.
        progress: told of every step.
    """
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    chosen = first_subjects(train_set, config.subjects)
    return train(config, TEACHER, patches_of(chosen), patches_of(stop_set), folder / TEACHER, progress=progress)


def train_student(
    config: StudentConfig, found: PatchSet, folder: Path, teacher: State | None, progress: Progress = silent
) -> State:
    """Train one student, or go on with it.

    Args:
        config: of it.
        found: the patch set.
        folder: of this student.
        teacher: where it distils.
        progress: told of every step.
    """
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    chosen = first_subjects(train_set, config.subjects)
    net = best_network(teacher) if teacher is not None and config.distillation != NONE else None
    return train(config, STUDENT, patches_of(chosen), patches_of(stop_set), folder, net, progress)


def train_chain(config: ChainConfig, found: PatchSet, folder: Path, progress: Progress = silent) -> Bundle:
    """Train teacher and students, predict the patches of subjects that they did not see, and write the bundle.

    Args:
        config: of all.
        found: the patch set.
        folder: of the training; what is done there stays and is not done again.
        progress: told of every step; stops by raising.
    """
    teacher = train_teacher(config.teacher, found, folder, part_of(progress, 0.0, 0.3))
    states = []
    for number in range(config.seeds):
        start, stop = (0.3 + 0.6 * (number + k) / config.seeds for k in (0, 1))
        own = replace(config.student, seed=config.student.seed + number)
        where = folder / f"{STUDENT}-s{own.seed}"
        states.append(train_student(own, found, where, teacher, part_of(progress, start, stop)))
    progress("Reading the other patches", 0.9)
    predict(config, found, teacher, states, folder / PREDICTIONS)
    return finish(states, found, folder / BUNDLE, part_of(progress, 0.95, 1.0))


def predict(config: ChainConfig, found: PatchSet, teacher: State, states: list[State], folder: Path) -> None:
    """Write what teacher, students and baselines read off the patches of subjects that none of them has seen."""
    others = with_targets(found.select(~learned_from(config, found)))
    write_predictions(others, _read([best_network(teacher)], others), folder / f"{TEACHER}.csv")
    nets = [best_network(state) for state in states]
    write_predictions(others, _read(nets, others), folder / f"{STUDENT}.csv")
    for state, net in zip(states, nets, strict=True):
        write_predictions(others, _read([net], others), folder / f"{STUDENT}-s{state.config.seed}.csv")
    learned = table_of(first_subjects(found.of_split(LEARNED_FROM[0]), config.student.subjects))
    for name in BASELINES:
        fitted = read_with(name, learned, table_of(others))
        sds = np.broadcast_to(fitted.sds, fitted.values.shape)
        write_predictions(others, Predicted(fitted.values, sds), folder / f"{name}.csv")


def learned_from(config: ChainConfig, found: PatchSet) -> NDArray[np.bool_]:
    """(n,) which patches are of subjects that teacher or students have seen."""
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    most = (
        0
        if 0 in (config.teacher.subjects, config.student.subjects)
        else max(config.teacher.subjects, config.student.subjects)
    )
    seen = [*first_subjects(train_set, most).knees["subject"], *stop_set.knees["subject"]]
    return np.asarray(np.isin(found.of_knee("subject"), seen))


def with_targets(found: PatchSet) -> PatchSet:
    """The patches that have all four targets."""
    known = np.asarray(np.isfinite(found.targets).all(axis=1))
    return found if known.all() else found.select(known)


def _read(nets: list[PatchNet], found: PatchSet) -> Predicted:
    patches = patches_of(found)
    return Predicted.of_outputs(together(torch.stack([read_in_parts(net, patches) for net in nets])))
