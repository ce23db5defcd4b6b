"""A small patch set on disk whose parameters are known, see :mod:`Testing.core.student.made_up_cubes`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from CTSMALib.learning.patches.columns import columns_of
from CTSMALib.learning.patches.knee_part import KneePart
from CTSMALib.learning.patches.write import write_patch_set
from CTSMALib.student.covariates import COVARIATES
from CTSMALib.student.linear import FEATURES
from CTSMALib.student.reference_scale import SCALE
from Testing.core.student.made_up_cubes import USUAL, made_up_patches

SPLITS = ("train",) * 6 + ("stop", "tune", "calibrate", "calibrate", "test", "test")
IDS = tuple(f"{c}-r{row}-c1-d{layer}" for c in ("FM", "FL", "TM", "TL") for row in (1, 2) for layer in (1, 2))


def made_up_set(folder: Path, splits: tuple[str, ...] = SPLITS, truth: bool = False) -> Path:
    """Write it; 16 patches of each knee, of which BV/TV or everything is known truly."""
    parts = [_part(number, split, truth) for number, split in enumerate(splits)]
    write_patch_set(folder, parts, "correlation 2", True, "made up", "x")
    return folder


def _part(number: int, split: str, truth: bool) -> KneePart:
    found = made_up_patches(len(IDS), seed=100 + number)
    key = f"vk{number:04d}_right"
    mean = found.ct.values.mean(axis=(1, 2, 3))
    features = {name: np.full(len(IDS), 1.0 + 0.1 * k) for k, name in enumerate(FEATURES)}
    features["ct_hu_mean"], features["ct_hu_sd"] = mean, found.ct.values.std(axis=(1, 2, 3))
    fraction = found.values[:, 0]
    others = (0.1 + 0.3 * fraction, 1.2 - fraction, 1.0 / (1.3 - 0.7 * fraction)) if truth else [fraction * np.nan] * 3
    true = np.column_stack([fraction, *others])
    columns = columns_of(
        key, IDS, ["femur" if name[0] == "F" else "tibia" for name in IDS], np.tile([0.9, 0.2], (len(IDS), 1)),
        found.values, 0.02 * found.values, np.zeros(len(IDS), bool), true, features,
    )  # fmt: skip
    knee = {
        "knee": key, "subject": f"vk{number:04d}", "side": "right", "split": split, "grade": number % 5, "age": 60.0,
        "sex": "F", **dict(zip(COVARIATES, USUAL, strict=True)), **SCALE, "mirrored": 0,
    }  # fmt: skip
    ct, mr = found.ct, found.mr
    return KneePart(knee, columns, ct.values, ct.valid, mr.values, mr.valid, {})
