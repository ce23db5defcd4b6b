"""Teacher and students of one patch set: trained, compared with baselines, and written as a bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib import __version__
from CTSMALib.bundles.bundle import METADATA, Bundle, read_bundle, sha256_of
from CTSMALib.errors import CTSMAError, InputError
from CTSMALib.learning.patches.patch_set import KNEES_FILE, PATCHES_FILE, PatchSet
from CTSMALib.learning.state_file import STATE_FILE
from CTSMALib.learning.student.baselines import BASELINES, read_with
from CTSMALib.learning.student.chain_config import ChainConfig
from CTSMALib.learning.student.config import NONE, StudentConfig
from CTSMALib.learning.student.data import ct_cubes, first_subjects, patches_of, table_of
from CTSMALib.learning.student.device import Place, leave
from CTSMALib.learning.student.finish import finish, unseen_subjects
from CTSMALib.learning.student.predictions import Predicted, write_predictions
from CTSMALib.learning.student.state import State
from CTSMALib.learning.student.structure_fit import fit_without_networks
from CTSMALib.learning.student.train import STUDENT, TEACHER, best_network, read_in_parts, train
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.student.estimate import Estimate
from CTSMALib.student.linear import design
from CTSMALib.student.model import TASK, load_student
from CTSMALib.student.network import PatchNet
from CTSMALib.student.structure import STRUCTURE_KEYS, Structure
from CTSMALib.student.tied_values import together

BUNDLE, PREDICTIONS = "bundle", "predictions"
FINISHED_FILE = "finished.json"  # what bundle and predictions were made of, and what came of it
STRUCTURE, STRUCTURE_RIDGE = "structure", "structure_ridge"  # arms of the structure itself: bundle, direct quantities
NETWORKS = "networks"  # arm of the students' networks alone; STUDENT is what the bundle says
LEARNED_FROM = ("train", "stop")  # splits that networks see, of the first only as many subjects as are wanted
FEWEST_SUBJECTS = 2  # of the split train, for cross-validation


def refuse_incomplete(found: PatchSet, only_teacher: bool = False) -> None:
    """Refuse a patch set that lacks what a training needs at its end.

    Args:
        found: the patch set.
        only_teacher: whether no student is trained.

    Raises:
        InputError: names the split.
    """
    splits = found.of_knee("split")
    for name in LEARNED_FROM if only_teacher else (*LEARNED_FROM, "calibrate"):
        subjects = len(np.unique(found.of_knee("subject")[splits == name]))
        fewest = FEWEST_SUBJECTS if name == "train" else 1
        if subjects < fewest:
            raise InputError(
                f"The split '{name}' has patches of {subjects} subjects; a training needs {fewest} at least.",
                "Add knees to the cohort, or name other splits in its manifest.",
            )


def train_teacher(
    config: StudentConfig, found: PatchSet, folder: Path, progress: Progress = silent, place: Place | None = None
) -> State:
    """Train the teacher, or go on with it.

    Args:
        config: of it.
        found: the patch set.
        folder: of the whole training.
        progress: told of every step.
        place: where to compute.
    """
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    chosen = first_subjects(train_set, config.subjects)
    where = folder / TEACHER
    return train(config, TEACHER, patches_of(chosen), patches_of(stop_set), where, progress=progress, place=place)


def train_student(
    config: StudentConfig, found: PatchSet, folder: Path, teacher: State | None, progress: Progress = silent,
    place: Place | None = None,
) -> State:  # fmt: skip
    """Train one student, or go on with it.

    Args:
        config: of it.
        found: the patch set.
        folder: of this student.
        teacher: where it distils.
        progress: told of every step.
        place: where to compute.
    """
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    chosen = first_subjects(train_set, config.subjects)
    net = best_network(teacher) if teacher is not None and config.distillation != NONE else None
    return train(config, STUDENT, patches_of(chosen), patches_of(stop_set), folder, net, progress, place)


def train_chain(
    config: ChainConfig, found: PatchSet, folder: Path, progress: Progress = silent, place: Place | None = None
) -> Bundle | None:
    """Train teacher and students, write the bundle, and read the patches of subjects that none has seen.

    Args:
        config: of all.
        found: the patch set.
        folder: of the training; what is done there stays and is not done again.
        progress: told of every step; stops by raising.
        place: where to compute. Several processes leave it when the networks are trained.

    Returns:
        The bundle; ``None`` in a process that only computes.

    Raises:
        InputError: the patch set lacks something.
        OSError: something could not be written.
    """
    refuse_incomplete(found)
    teacher = train_teacher(config.teacher, found, folder, part_of(progress, 0.0, 0.3), place)
    states, places = [], [folder / TEACHER]
    for number in range(config.seeds):
        start, stop = (0.3 + 0.6 * (number + k) / config.seeds for k in (0, 1))
        own = replace(config.student, seed=config.student.seed + number)
        places.append(folder / f"{STUDENT}-s{own.seed}")
        states.append(train_student(own, found, places[-1], teacher, part_of(progress, start, stop), place))
    if place is not None:
        leave(place)
        if not place.writes:
            return None
    made_of = _made_of(config, found, places)
    finished = _finished(made_of, folder)
    if finished is not None:
        return finished
    bundle = finish(states, found, folder / BUNDLE, part_of(progress, 0.9, 0.95))
    progress("Reading the other patches", 0.95)
    predict(config, found, teacher, states, bundle, folder / PREDICTIONS)
    content = json.dumps({**made_of, **_written(folder)}, indent=2) + "\n"
    replace_file(folder / FINISHED_FILE, content.encode())  # last: with it, all is there
    return bundle


def _made_of(config: ChainConfig, found: PatchSet, places: Sequence[Path]) -> dict[str, Any]:
    """All that bundle and predictions follow from, as it comes back from JSON: settings, patches, trained networks."""
    made_of = {
        "software_version": __version__, "config": asdict(config), "patch_set": asdict(found.facts),
        "tables": {name: sha256_of(found.folder / name) for name in (KNEES_FILE, PATCHES_FILE)},
        "networks": {place.name: sha256_of(place / STATE_FILE) for place in places},
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(made_of))
    return plain


def _written(folder: Path) -> dict[str, Any]:
    """Checksums of what a training ends with; the metadata of the bundle hold those of its weights and settings."""
    tables = sorted((folder / PREDICTIONS).glob("*.csv"))
    return {
        "bundle": sha256_of(folder / BUNDLE / METADATA),
        PREDICTIONS: {path.name: sha256_of(path) for path in tables},
    }


def _finished(made_of: dict[str, Any], folder: Path) -> Bundle | None:
    """The bundle, where it and all predictions are there as this training wrote them; in any doubt ``None``."""
    try:
        told = json.loads((folder / FINISHED_FILE).read_bytes())
        bundle = read_bundle(folder / BUNDLE, TASK)
        return bundle if told == {**made_of, **_written(folder)} else None
    except (OSError, ValueError, CTSMAError):
        return None


def predict(
    config: ChainConfig, found: PatchSet, teacher: State, states: list[State], bundle: Bundle, folder: Path
) -> None:
    """Write what bundle, teacher, students and baselines read off the patches of subjects that none of them has seen.

    Args:
        config: of all.
        found: the patch set.
        teacher, states: what was trained.
        bundle: what became of it: the arm ``student``.
        folder: of the tables; those of students that are no more are deleted.
    """
    others = with_targets(found.select(~learned_from(config, found)))
    if not len(others):
        return
    for old in folder.glob(f"{STUDENT}-s*.csv"):
        old.unlink()
    read = load_student(bundle).estimate(ct_cubes(others), others.covariates, table_of(others).features)
    said = Predicted(read.values, read.uncertainties)
    write_predictions(others, said, folder / f"{STUDENT}.csv", features=read.features)
    _write_structure(unseen_subjects(found, states), others, read, folder)
    write_predictions(others, _read([best_network(teacher)], others), folder / f"{TEACHER}.csv")
    nets = [best_network(state) for state in states]
    write_predictions(others, _read(nets, others), folder / f"{NETWORKS}.csv")
    for state, net in zip(states, nets, strict=True):
        write_predictions(others, _read([net], others), folder / f"{STUDENT}-s{state.config.seed}.csv")
    learned = table_of(first_subjects(found.of_split(LEARNED_FROM[0]), config.student.subjects))
    for name in BASELINES:
        fitted = read_with(name, learned, table_of(others))
        sds = np.broadcast_to(fitted.sds, fitted.values.shape)
        write_predictions(others, Predicted(fitted.values, sds), folder / f"{name}.csv")


def _write_structure(unseen: PatchSet, others: PatchSet, read: Estimate, folder: Path) -> None:
    """What the bundle, and direct quantities alone, say of the structure of patients that this was not learned from."""
    names = (STRUCTURE, STRUCTURE_RIDGE)
    for name in names:
        (folder / f"{name}.csv").unlink(missing_ok=True)
    ridge = fit_without_networks(unseen)
    if read.structure is None or ridge is None:
        return
    judged = ~np.isin(others.of_knee("split"), (LEARNED_FROM[0], "tune"))
    table = table_of(others)
    alone = ridge.of_columns(design(table.features, table.covariates))
    for name, said in zip(names, (read.structure, alone), strict=True):
        part = Structure(said.values[judged], said.uncertainties[judged])
        write_predictions(others.select(judged), part, folder / f"{name}.csv", STRUCTURE_KEYS)


def learned_from(config: ChainConfig, found: PatchSet) -> NDArray[np.bool_]:
    """(n,) which patches are of subjects that teacher or students have seen."""
    train_set, stop_set = (found.of_split(name) for name in LEARNED_FROM)
    counts = (config.teacher.subjects, config.student.subjects)
    seen = first_subjects(train_set, 0 if 0 in counts else max(counts)).knees["subject"]
    return np.asarray(np.isin(found.of_knee("subject"), [*seen, *stop_set.knees["subject"]]))


def with_targets(found: PatchSet) -> PatchSet:
    """The patches that have all four targets."""
    known = np.asarray(np.isfinite(found.targets).all(axis=1))
    return found if known.all() else found.select(known)


def _read(nets: list[PatchNet], found: PatchSet) -> Predicted:
    patches = patches_of(found)
    return Predicted.of_outputs(together(torch.stack([read_in_parts(net, patches) for net in nets])))
