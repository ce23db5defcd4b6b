"""A patch set without images, and predictions of it, whose agreement is known from how they are made."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from CTSMALib.learning.patches.columns import COLUMNS, TRUE
from CTSMALib.learning.patches.patch_set import ARRAYS, SetFacts
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.reference_scale import SCALE

SUBJECT_SD, PATCH_SD = 0.3, 0.4  # of every parameter's label, around 1.5
SPLITS = ("train", "calibrate", "test")
COMPARTMENTS = ("FM", "TL")
TRUE_SCALE, TRUE_SD = 2.0, 0.1  # truth is twice the label, and noise


@dataclass(frozen=True)
class MadeUpSet:
    """Where it lies, and what it holds.

    Attributes:
        folder: of the set.
        names: (knee, id) of each patch.
        labels: (n, 4)
        splits: (n,)
        subjects: (n,)
    """

    folder: Path
    names: list[tuple[str, str]]
    labels: np.ndarray
    splits: np.ndarray
    subjects: np.ndarray


def a_patch_set(folder: Path, subjects: int = 12, patches: int = 4, seed: int = 0, truth: bool = True) -> MadeUpSet:
    """Write one: ``subjects`` in each split, two knees each, ``patches`` in each of two compartments."""
    rng = np.random.default_rng(seed)
    knees: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    kept: list[tuple[str, str]] = []
    labels, splits, owners = [], [], []
    for number in range(subjects * len(SPLITS)):
        split, subject = SPLITS[number % len(SPLITS)], f"vk{number:03d}"
        level = 1.5 + rng.normal(0, SUBJECT_SD, 4)
        for side in ("left", "right"):
            knees.append(_knee(rng, subject, side, split, number))
            for place in range(patches * len(COMPARTMENTS)):
                compartment = COMPARTMENTS[place % len(COMPARTMENTS)]
                values = level + rng.normal(0, PATCH_SD, 4)
                row = _patch(rng, f"{subject}_{side}", f"{compartment}-{place}", compartment, values, truth)
                rows.append(row)
                kept.append((str(row["knee"]), str(row["id"])))
                labels.append(values)
                splits.append(split)
                owners.append(subject)
    folder.mkdir(parents=True)
    facts = SetFacts("0", "correlation 1", True, len(rows), len(knees), "made up", left_out={})
    (folder / "patches.json").write_bytes(msgspec.json.encode(facts))
    write_rows(folder / "patches.csv", rows)
    write_rows(folder / "knees.csv", knees)
    for name, (shape, kind) in ARRAYS.items():  # nobody writes to them: they take no room on the disk
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", kind, (len(rows), *shape))
    return MadeUpSet(folder, kept, np.array(labels), np.array(splits), np.array(owners))


def _knee(rng: np.random.Generator, subject: str, side: str, split: str, number: int) -> dict[str, object]:
    return {
        **{"knee": f"{subject}_{side}", "subject": subject, "side": side, "split": split, "grade": number % 5},
        **{"age": 60, "sex": "F", "ct_inplane_fwhm_mm": rng.uniform(0.5, 0.9), "ct_through_fwhm_mm": 0.8},
        **{"ct_noise_sd_hu": rng.uniform(20, 60), "ct_pixel_mm": 0.4, "ct_slice_mm": 0.6, **SCALE},
        **{"ct_protocol": ("soft", "sharp")[number // 3 % 2], "family": ("in", "out")[number // 3 % 3 == 0]},
    }


def _patch(
    rng: np.random.Generator, knee: str, name: str, compartment: str, values: np.ndarray, truth: bool
) -> dict[str, object]:
    true = TRUE_SCALE * values + rng.normal(0, TRUE_SD, 4)
    known = {
        **{"knee": knee, "id": name, "bone": "femur", "compartment": compartment},
        **{"registration_error_mm": rng.uniform(0.1, 1.5), "dim": int(rng.uniform() < 0.2)},
        **dict(zip(KEYS, values, strict=True)),
        **{name: (value if truth else "") for name, value in zip(TRUE, true, strict=True)},
    }
    return {column: known.get(column, 1) for column in COLUMNS}


def write_predictions(
    path: Path, names: Sequence[tuple[str, str]], values: np.ndarray, uncertainty: float | None = None
) -> Path:
    """A table of predictions, with the same uncertainty everywhere."""
    stated = "" if uncertainty is None else uncertainty
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"knee": knee, "id": patch, **dict(zip(KEYS, row, strict=True)), **{f"u:{key}": stated for key in KEYS}}
        for (knee, patch), row in zip(names, values, strict=True)
    ]
    write_rows(path, rows)
    return path


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """A table whose columns are those of its first row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def some_predictions(made: MadeUpSet, folder: Path, seed: int = 1) -> Path:
    """Five arms: two worse ones, a student with two seeds, a biased one, and an ensemble with uncertainty."""
    rng = np.random.default_rng(seed)

    def noisy(sd: float, shift: float = 0.0) -> np.ndarray:
        return made.labels + shift + rng.normal(0, sd, made.labels.shape)

    write_predictions(folder / "mean_hu.csv", made.names, noisy(0.5))
    write_predictions(folder / "ridge.csv", made.names, noisy(0.3))
    for run in (1, 2):
        write_predictions(folder / f"student_none-s{run}.csv", made.names, noisy(0.2), 0.2)
    write_predictions(folder / "student_cosine.csv", made.names, noisy(0.2, 0.3), 0.2)
    write_predictions(folder / "ensemble.csv", made.names, noisy(0.15), 0.15)
    return folder
