"""Levels of the MR of one knee from its boxes, and the values that are to be learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.learning.patches.knee_boxes import KneeBoxes
from CTSMALib.learning.patches.scan_boxes import ScanBoxes
from CTSMALib.morphometry.apparent.levels import FEWEST_VOXELS, estimate_marrow
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.quality import MOST_DIM, dimness
from CTSMALib.morphometry.apparent.recipe import KEYS, Recipe
from CTSMALib.morphometry.apparent.repeatability import repeatability_of

Array = NDArray[np.float64]
ROUNDS = 2  # the level of marrow depends a little on the noise, which is known relative to it
BRIGHT = 0.95  # quantile of bone that the first round begins with
FEWEST_FOR_PLANE = 8  # boxes


@dataclass(frozen=True, eq=False)
class MRBoxLevels:
    """Attributes: (n,) signal of pure marrow at each box, NaN where unknown; standard deviation of the noise."""

    marrow: Array
    noise: float


@dataclass(frozen=True, eq=False)
class Targets:
    """What an MR says of n patches.

    Attributes:
        values: (n, 4) of :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`; NaN where no structure is seen.
        uncertainties: (n, 4) standard deviations of repeated scans.
        dim: (n,) whether there is hardly any pure marrow.
        filled: (n,) share of the cube that is trabecular bone on the voxels of the MR, 0 to 1.
    """

    values: Array
    uncertainties: Array
    dim: NDArray[np.bool_]
    filled: Array


def levels_of(boxes: ScanBoxes, centers_mm: Array, snr: float) -> MRBoxLevels:
    """Signal of marrow and noise from the boxes of one knee.

    The coil's sensitivity is smooth and a level of one box alone depends on its bone, so the levels lie on a plane in
    the logarithm.

    Args:
        boxes: of the MR.
        centers_mm: (n, 3) of the patches.
        snr: signal of yellow marrow over the standard deviation of the noise.
    """
    signals = boxes.values.astype(np.float32)
    bright = [np.quantile(s[b], BRIGHT) for s, b in zip(signals, boxes.trabecular, strict=True) if _enough(b)]
    if not bright:
        return MRBoxLevels(np.full(len(signals), np.nan), float("nan"))
    marrow, noise = np.empty(0), float(np.median(bright)) / snr
    for _ in range(ROUNDS):
        alone = [estimate_marrow(s, b, noise) for s, b in zip(signals, boxes.trabecular, strict=True)]
        marrow = _smooth(np.array(alone), centers_mm)
        noise = float(np.exp(np.mean(np.log(marrow)))) / snr
    return MRBoxLevels(marrow, noise)


def read_targets(knee: KneeBoxes, levels: MRBoxLevels, acquired_mm: float, recipe: Recipe) -> Targets:
    """Read every patch on the MR's own voxels, in the cube where a registration puts it.

    Args:
        knee: its boxes.
        levels: of its MR.
        acquired_mm: resolution of the MR in the slice.
        recipe: how parameters are read.
    """
    images = [_patch_image(knee, levels, number, acquired_mm) for number in range(len(knee.ids))]
    found = [recipe.read(image) for image in images if _has_levels(image)]
    if len(found) != len(images):
        return _nothing(images)
    values = np.array([[getattr(one, key.removeprefix("app_")) for key in KEYS] for one in found])
    return Targets(
        values.reshape(-1, len(KEYS)).astype(float),
        uncertainties_of(recipe, knee.compartments),
        np.array([dimness(image) > MOST_DIM for image in images], dtype=bool),
        np.array([_filled(image) for image in images], dtype=float),
    )


def uncertainties_of(recipe: Recipe, compartments: Sequence[str]) -> Array:
    """(n, 4) standard deviations between sessions, NaN where nothing is known of the recipe.

    Args:
        recipe: that values are read by.
        compartments: (n,) of the patches.
    """
    sd = {}
    for compartment in set(compartments):
        known = [repeatability_of(recipe, key, compartment) for key in KEYS]
        sd[compartment] = [entry.within_sd if entry else np.nan for entry in known]
    return np.array([sd[compartment] for compartment in compartments], dtype=float).reshape(-1, len(KEYS))


def _enough(bone: NDArray[np.bool_]) -> bool:
    return int(np.count_nonzero(bone)) >= FEWEST_VOXELS


def _smooth(levels: Array, centers_mm: Array) -> Array:
    """A plane through the logarithms of levels; their mean where there are few."""
    known = np.isfinite(levels) & (levels > 0.0)
    if not known.any():
        return np.full(len(levels), np.nan)
    logs = np.log(np.where(known, levels, 1.0))
    if np.count_nonzero(known) < FEWEST_FOR_PLANE:
        return np.full(len(levels), np.exp(logs[known].mean()))
    columns = np.column_stack([np.ones(len(levels)), centers_mm - centers_mm.mean(axis=0)])
    plane = np.linalg.lstsq(columns[known], logs[known], rcond=None)[0]
    smooth: Array = np.exp(columns @ plane)
    return smooth


def _patch_image(knee: KneeBoxes, levels: MRBoxLevels, number: int, acquired_mm: float) -> PatchImage:
    frame, boxes = knee.mr_frames[knee.bones[number]], knee.mr
    places = frame.to_anatomical(voxel_centers(boxes.image(number))) - frame.to_anatomical(knee.mr_centers_mm[number])
    in_cube = np.all(np.abs(places) <= 0.5 * EDGE_MM, axis=-1)
    bone = boxes.trabecular[number]
    signal = boxes.values[number].astype(np.float32)
    marrow = float(levels.marrow[number])
    return PatchImage(signal, in_cube & bone, bone, boxes.spacing_mm, marrow, levels.noise, acquired_mm)


def _has_levels(image: PatchImage) -> bool:
    return bool(np.isfinite(image.marrow) and image.marrow > 0.0 and np.isfinite(image.noise))


def _filled(image: PatchImage) -> float:
    return min(float(np.count_nonzero(image.inside) * np.prod(image.spacing_mm)) / EDGE_MM**3, 1.0)


def _nothing(images: list[PatchImage]) -> Targets:
    """Of a knee whose marrow is nowhere seen."""
    empty = np.full((len(images), len(KEYS)), np.nan)
    return Targets(empty, empty.copy(), np.zeros(len(images), bool), np.array([_filled(image) for image in images]))
