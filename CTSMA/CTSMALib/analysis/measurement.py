"""Measuring patches directly on the CT."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from CTSMALib.analysis.patch_voxels import patch_voxels
from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.patch import EDGE_MM, LEAST_VALID, Patch
from CTSMALib.anatomy.plate import Plate
from CTSMALib.morphometry.direct_ct.ct_features import mapped_features, patch_features
from CTSMALib.morphometry.direct_ct.patch_sampling import STEP_MM
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences
from CTSMALib.progress import Progress, silent

LEAST_PLATE = 0.3  # share of the plate above a patch whose thickness must be known
DISPLAY_STEP_MM = 1.0  # maps need means, not texture
PATCHES_AT_ONCE = 200


def measure(
    anatomy: KneeAnatomy, patches: list[Patch], references: TissueReferences, metal: sitk.Image,
    omitted: Iterable[str], full: bool, progress: Progress = silent,
) -> list[PatchMeasurement]:  # fmt: skip
    """Measure patches of one knee.

    Args:
        anatomy: the knee.
        patches: learning or display patches of either bone.
        references: tissue references of the scan.
        metal: mask on any grid; its voxels do not count.
        omitted: catalogue keys this scan cannot carry.
        full: all quantities (learning grid) or only those that are mapped (display grid).
        progress: told after every batch.

    Returns:
        The patches in the same order, their valid fraction filled in; without values where too little is valid.
    """
    omitted = frozenset(omitted)
    measured: dict[int, PatchMeasurement] = {}
    for bone, plate in anatomy.plates.items():
        indices = [k for k, patch in enumerate(patches) if patch.bone == bone]
        for start in range(0, len(indices), PATCHES_AT_ONCE):
            batch = indices[start : start + PATCHES_AT_ONCE]
            chosen = [patches[k] for k in batch]
            values, fraction = _values(anatomy, chosen, references, metal, full)
            if "ct_plate_thickness_mm" not in omitted:
                values["ct_plate_thickness_mm"] = _plate_thickness(plate, chosen)
            for row, k in enumerate(batch):
                measured[k] = _measurement(chosen[row], float(fraction[row]), values, row, omitted)
            progress("Measuring the patches", len(measured) / len(patches))
    return [measured[k] for k in range(len(patches))]


def _values(
    anatomy: KneeAnatomy, patches: list[Patch], references: TissueReferences, metal: sitk.Image, full: bool
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    centers = np.array([p.center_anatomical_mm for p in patches])
    step = STEP_MM if full else DISPLAY_STEP_MM
    hu, valid = patch_voxels(anatomy, patches[0].bone, centers, metal, step)
    fraction = valid.mean(axis=(1, 2, 3))
    found = patch_features(hu, valid, step, references) if full else mapped_features(hu, valid, references)
    return found, fraction


def _measurement(
    patch: Patch, fraction: float, values: dict[str, NDArray[np.float64]], row: int, omitted: frozenset[str]
) -> PatchMeasurement:
    kept = {}
    if fraction >= LEAST_VALID:
        kept = {
            key: float(column[row]) for key, column in values.items() if key not in omitted and np.isfinite(column[row])
        }
    return PatchMeasurement(replace(patch, valid_fraction=fraction), kept)


def _plate_thickness(plate: Plate, patches: list[Patch]) -> NDArray[np.float64]:
    """Median apparent thickness of the plate above each patch, over a square as wide as the patch."""
    known = plate.known
    i, j = np.nonzero(known)
    if len(i) == 0:
        return np.full(len(patches), np.nan)
    nearest = cKDTree(plate.points_mm[known]).query([p.center_anatomical_mm for p in patches])[1]
    half = round(EDGE_MM / 2 / (plate.lateral_mm[1] - plate.lateral_mm[0]))
    medians = []
    for spot in nearest:
        window = (slice(max(i[spot] - half, 0), i[spot] + half + 1), slice(max(j[spot] - half, 0), j[spot] + half + 1))
        thickness = plate.thickness_mm[window]
        share = np.isfinite(thickness).sum() / max(plate.known[window].sum(), 1)
        medians.append(float(np.nanmedian(thickness)) if share >= LEAST_PLATE else np.nan)
    return np.array(medians)
