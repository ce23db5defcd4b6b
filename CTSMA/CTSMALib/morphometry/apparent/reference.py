"""Recipes: that of the published CT-SMA program, as it is, and with its plain errors corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING
from CTSMALib.morphometry.apparent.recipe import Apparent

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

PIXEL_MM = 0.1
BLOCK, OFFSET = 11, 1.0  # pixels; units of the signal
FEWEST_PIXELS = 4
LEAST_RADIUS = 0.9  # pixels
LEAST_MM = 1e-6
SPACING_FACTOR = 3.0


@dataclass(frozen=True)
class Reference:
    """What the published program computes (jackhu-bme/CT-SMA, ``Trabecular_Param_Cal/reference.py``), re-implemented.

    Kept on purpose, each of its flaws: brighter than the local mean is "bone", though marrow is bright; distances are
    cut to whole pixels of 0.1 mm; thickness is a radius, spacing three radii; BV/TV is no fraction of volume, but
    follows, like Tb.N, from thickness and spacing; slices are read by themselves, with equal weights; the offset of the
    threshold is in units of the signal; both axes in the slice are taken to have the spacing of the last; no
    correction of coil or noise. Signals are cut to integers before and after resampling, as they are integers there.
    """

    name: str = "reference"
    version: int = 1
    formula: str = (
        "Slices resampled to 0.1 mm; 'bone' where S > Gaussian mean over 11 x 11 pixels - 1, objects and holes under 4 "
        "pixels removed; distances in whole pixels on the skeletons, under 0.9 left out; Tb.Th = 0.1 mm x mean in "
        "bone, Tb.Sp = 0.3 mm x mean beside it, mean over slices; BV/TV = Tb.Th / (Tb.Th + Tb.Sp), "
        "Tb.N = 1 / (Tb.Th + Tb.Sp)."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        thickness, spacing = [], []
        for image, label in _slices(patch):
            fine = np.trunc(_resampled(np.trunc(image), patch, order=1))
            wanted = _resampled(label.astype(float), patch, order=0) > 0.5
            shown = fine != 0.0
            bright = _brighter(fine) & shown
            bone = _cleaned(bright)
            thickness.append(PIXEL_MM * _mean(np.trunc(_on_skeleton(bone, wanted))))
            spacing.append(SPACING_FACTOR * PIXEL_MM * _mean(np.trunc(_on_skeleton(~bone & shown, wanted))))
        th, sp = _mean_of_slices(thickness), _mean_of_slices(spacing)
        if not np.isfinite(th + sp):
            return NOTHING
        return Apparent(th / (th + sp), th, sp, 1.0 / (th + sp))


@dataclass(frozen=True)
class CorrectedReference:
    """The published recipe with dark bone, distances as they are, diameters for both, and BV/TV by counting.

    Left as it is: slices are read by themselves, in two dimensions; the threshold of 11 pixels, by which about as much
    is called bone everywhere; Tb.N follows from thickness and spacing. Distances run from pixel to pixel, so diameters
    are up to a pixel of 0.1 mm too large.
    """

    name: str = "reference-corrected"
    version: int = 1
    formula: str = (
        "Slices resampled to 0.1 mm; bone where S <= Gaussian mean over 11 x 11 pixels - 1, objects and holes under 4 "
        "pixels removed; Tb.Th = 0.2 mm x mean distance in pixels on the skeleton of bone, Tb.Sp = the same beside it, "
        "mean over slices; BV/TV = share of bone; Tb.N = 1 / (Tb.Th + Tb.Sp)."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        thickness, spacing, counts = [], [], np.zeros(2)
        for image, label in _slices(patch):
            fine = _resampled(image, patch, order=1)
            wanted = _resampled(label.astype(float), patch, order=0) > 0.5
            bone = _cleaned(~_brighter(fine))
            thickness.append(2.0 * PIXEL_MM * _mean(_on_skeleton(bone, wanted)))
            spacing.append(2.0 * PIXEL_MM * _mean(_on_skeleton(~bone, wanted)))
            counts += np.count_nonzero(bone & wanted), np.count_nonzero(wanted)
        th, sp = _mean_of_slices(thickness), _mean_of_slices(spacing)
        if not np.isfinite(th + sp):
            return NOTHING
        return Apparent(float(counts[0] / counts[1]), th, sp, 1.0 / (th + sp))


def _slices(patch: PatchImage) -> list[tuple[Floats, Bools]]:
    """Signal and voxels that count of every slice that has any."""
    signal, inside = (np.moveaxis(a, patch.across, 0) for a in (patch.signal, patch.inside))
    return [(s.astype(float), m) for s, m in zip(signal, inside, strict=True) if m.any()]


def _resampled(image: Floats, patch: PatchImage, order: int) -> Floats:
    """A slice with pixels of 0.1 mm; both axes by the spacing of the last."""
    step = [patch.spacing_mm[axis] for axis in range(3) if axis != patch.across][1]
    return ndimage.zoom(image, step / PIXEL_MM, order=order, mode="nearest", grid_mode=True)


def _brighter(image: Floats) -> Bools:
    """Above the local Gaussian mean less the offset."""
    from skimage.filters import threshold_local

    return image > threshold_local(image, BLOCK, method="gaussian", offset=OFFSET)


def _cleaned(bone: Bools) -> Bools:
    """Without objects, then without holes, of less than four pixels that meet at edges."""
    return ~_large_only(~_large_only(bone))


def _large_only(found: Bools) -> Bools:
    labels, _ = ndimage.label(found)
    large = np.bincount(labels.ravel()) >= FEWEST_PIXELS
    large[0] = False
    return large[labels]


def _on_skeleton(phase: Bools, wanted: Bools) -> Floats:
    """(n,) distances in pixels to what is not of the phase, on its skeleton where it counts."""
    from skimage.morphology import skeletonize

    if phase.all():  # no distance to anything
        return np.empty(0)
    return ndimage.distance_transform_edt(phase)[skeletonize(phase) & wanted]


def _mean(radii: Floats) -> float:
    kept = radii[radii >= LEAST_RADIUS]
    return float(kept.mean()) if len(kept) else float("nan")


def _mean_of_slices(values: list[float]) -> float:
    kept = [value for value in values if value > LEAST_MM]
    return float(np.mean(kept)) if kept else float("nan")
