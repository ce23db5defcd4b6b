"""Reading apparent parameters of patches off an MR."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.analysis.mr_levels import MRLevels
from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import EDGE_MM, LEAST_VALID, Patch
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.quality import LARGEST_GHOSTING, MOTION, patch_quality
from CTSMALib.morphometry.apparent.recipe import KEYS, Recipe
from CTSMALib.morphometry.apparent.repeatability import repeatability_of
from CTSMALib.progress import Progress, silent

CONTEXT_MM = 2.5  # around the cube


def measure_mr(
    levels: MRLevels, patches: list[Patch], frames: dict[str, JointFrame], recipe: Recipe, full: bool,
    progress: Progress = silent,
) -> list[PatchMeasurement]:  # fmt: skip
    """Measure patches of one knee.

    Args:
        levels: of the scan.
        patches: learning or display patches of either bone.
        frames: bone name to joint frame.
        recipe: how the parameters are read.
        full: judge the quality too (learning grid), not the parameters alone (display grid).
        progress: told after every patch.

    Returns:
        The patches in the same order, their valid fraction filled in; without values where too little is valid or no
        structure is seen. Uncertainties are standard deviations of repeated scans on virtual knees.
    """
    found = []
    for done, patch in enumerate(patches):
        progress("Measuring the patches", done / len(patches))
        found.append(_measured(levels, patch, frames[patch.bone], recipe, full))
    return found


def _measured(levels: MRLevels, patch: Patch, frame: JointFrame, recipe: Recipe, full: bool) -> PatchMeasurement:
    image, in_cube, in_view = _patch_image(levels, patch, frame)
    volume = EDGE_MM**3 / float(np.prod(levels.spacing_mm))
    fraction = min(np.count_nonzero(image.inside) / volume, 1.0) if in_cube else 0.0
    placed = replace(patch, valid_fraction=float(fraction))
    if fraction < LEAST_VALID:
        return PatchMeasurement(placed)
    apparent = recipe.read(image)
    values = {key: getattr(apparent, key.removeprefix("app_")) for key in KEYS}
    values = {key: float(value) for key, value in values.items() if np.isfinite(value)}
    if not full:
        return PatchMeasurement(placed, values)
    quality = patch_quality(image, in_view)
    flags = (*quality.flags(), *((MOTION,) if levels.ghosting > LARGEST_GHOSTING else ()))
    known = {key: repeatability_of(recipe, key, patch.compartment) for key in values}
    uncertainties = {key: entry.within_sd for key, entry in known.items() if entry is not None}
    if values:
        judged = {
            "mr_snr": quality.snr, "mr_contrast": quality.contrast, "mr_slice_correlation": quality.slice_correlation
        }  # fmt: skip
        values |= {key: value for key, value in judged.items() if np.isfinite(value)}
    return PatchMeasurement(placed, values, uncertainties, flags)


def _patch_image(levels: MRLevels, patch: Patch, frame: JointFrame) -> tuple[PatchImage, int, float]:
    """The patch, the number of its voxels in the cube, and the share of the cube in the image."""
    center = np.linalg.solve(levels.index_to_lps[:, :3], np.array(patch.center_lps_mm) - levels.index_to_lps[:, 3])
    reach = (np.sqrt(3.0) * EDGE_MM / 2 + CONTEXT_MM) / np.array(levels.spacing_mm)
    start = np.clip(np.floor(center - reach), 0, levels.signal.shape).astype(int)
    stop = np.clip(np.ceil(center + reach) + 1, 0, levels.signal.shape).astype(int)
    start = np.minimum(start, stop)  # empty where the patch lies outside the image
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    in_cube = _in_cube(levels, box, patch, frame)
    bone = levels.trabecular[box]
    marrow = float(levels.marrow.at(np.array(patch.center_lps_mm)))
    image = PatchImage(
        levels.signal[box], in_cube & bone, bone, levels.spacing_mm, marrow, levels.noise, levels.acquired_mm
    )
    count = int(np.count_nonzero(in_cube))
    return image, count, min(count * float(np.prod(levels.spacing_mm)) / EDGE_MM**3, 1.0)


def _in_cube(levels: MRLevels, box: tuple[slice, ...], patch: Patch, frame: JointFrame) -> NDArray[np.bool_]:
    axes = [np.arange(cut.start, cut.stop, dtype=float) for cut in box]
    shape = tuple(len(axis) for axis in axes)
    if 0 in shape:
        return np.zeros(shape, bool)
    # an affine map: the three axes add up
    origin = frame.to_anatomical(levels.index_to_lps[:, 3]) - np.array(patch.center_anatomical_mm)
    zero = frame.to_anatomical(np.zeros(3))
    steps = np.array([frame.to_anatomical(levels.index_to_lps[:, n]) - zero for n in range(3)])
    inside = np.ones(shape, bool)
    for n in range(3):
        z, y, x = (axis * step for axis, step in zip(axes, steps[:, n], strict=True))
        inside &= np.abs(origin[n] + z[:, None, None] + y[None, :, None] + x[None, None, :]) <= EDGE_MM / 2
    return inside
