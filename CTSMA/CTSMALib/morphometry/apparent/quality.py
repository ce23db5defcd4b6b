"""How good the MR of a patch is: noise, contrast, agreement of slices; and of a scan: ghosting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from CTSMALib.morphometry.apparent.levels import bone_fraction, structure_variance
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import in_slice

LEAST_SNR = 8.0  # the recipes were tried from 10 on
LEAST_CONTRAST = 0.7
LEAST_SLICE_CORRELATION = 0.02
LEAST_IN_VIEW = 0.95
MOST_DIM, NEAR_MM = 0.25, 1.6  # bone fraction that the brightest voxel of a box of about this edge may have
LARGEST_GHOSTING = 0.03
FEWEST_AIR_VOXELS = 2000
TREND_MM = 3.0  # slower changes are no structure
AWAY_MM = 6.0  # from the body, where its blur has died out
BODY = 0.4  # of marrow, smoothed: more than ghosts have
FEWEST_BODY_PIXELS = 100
SLICES = 24  # that are looked at

LOW_SNR, LOW_CONTRAST, OUT_OF_PLANE, OUT_OF_VIEW, MOTION, DIM_MARROW = (
    "low-snr", "low-contrast", "out-of-plane", "out-of-view", "motion", "dim-marrow",
)  # fmt: skip
FLAGS = {
    LOW_SNR: f"the signal-to-noise ratio is below {LEAST_SNR:g}",
    LOW_CONTRAST: f"structure varies by less than {LEAST_CONTRAST:g} of the noise",
    OUT_OF_PLANE: "neighboring slices share little structure: trabeculae cross them, or the patient moved",
    OUT_OF_VIEW: f"less than {100 * LEAST_IN_VIEW:.0f} % of the cube lies in the image",
    MOTION: "the scan shows ghosts of moving parts",
    DIM_MARROW: "there is hardly any pure marrow: edema, a cyst or red marrow may be read as bone, or bone is solid",
}


@dataclass(frozen=True)
class Quality:
    """Of one patch.

    Attributes:
        snr: signal of marrow over noise.
        contrast: standard deviation of structure over noise; NaN where none is seen.
        slice_correlation: of neighboring slices, noise taken off; NaN where there is too little to tell.
        in_view: share of the cube inside the image.
        dimness: bone fraction of the brightest voxel in a box of about 1.6 mm, where that is highest (95 % quantile of
            the patch's voxels); in normal trabecular bone such a box holds marrow that is nearly pure.
    """

    snr: float
    contrast: float
    slice_correlation: float
    in_view: float
    dimness: float

    def flags(self) -> tuple[str, ...]:
        """Keys of :data:`FLAGS`."""
        found = {
            LOW_SNR: self.snr < LEAST_SNR,
            LOW_CONTRAST: not self.contrast >= LEAST_CONTRAST,
            OUT_OF_PLANE: self.slice_correlation < LEAST_SLICE_CORRELATION,
            OUT_OF_VIEW: self.in_view < LEAST_IN_VIEW,
            DIM_MARROW: self.dimness > MOST_DIM,
        }
        return tuple(flag for flag, on in found.items() if on)


def patch_quality(patch: PatchImage, in_view: float = 1.0) -> Quality:
    """Judge the image of a patch.

    Args:
        patch: the part of the MR.
        in_view: share of the patch's cube inside the image.
    """
    snr = patch.marrow / patch.noise if patch.noise > 0.0 else float("inf")
    variance = structure_variance(patch, patch.fraction)
    contrast = float(np.sqrt(variance)) * snr if np.isfinite(variance) else float("nan")
    return Quality(snr, contrast, slice_correlation(patch), in_view, dimness(patch))


def dimness(patch: PatchImage) -> float:
    """How far the brightest marrow near a place stays below pure marrow, where most: see :class:`Quality`."""
    size = [2 * max(1, round(0.5 * NEAR_MM / step)) + 1 for step in patch.spacing_mm]
    lowest = ndimage.minimum_filter(bone_fraction(patch), size)[patch.inside]
    return float(np.quantile(lowest, 0.95)) if len(lowest) else float("nan")


def slice_correlation(patch: PatchImage) -> float:
    """Covariance of neighboring slices over the variance beside that of noise; slow trends are left out."""
    across = patch.across
    size = [1 if axis == across else max(3, round(TREND_MM / patch.spacing_mm[axis]) | 1) for axis in range(3)]
    inside = patch.bone.astype(np.float32)
    share = ndimage.uniform_filter(inside, size)
    trend = ndimage.uniform_filter(patch.signal * inside, size) / np.maximum(share, 1e-3)
    detail = np.moveaxis((patch.signal - trend).astype(np.float64), across, 0)
    counted = np.moveaxis(patch.inside, across, 0)
    pairs = counted[1:] & counted[:-1]
    if np.count_nonzero(pairs) < 200:
        return float("nan")
    first, second = detail[1:][pairs], detail[:-1][pairs]
    variance = 0.5 * (np.mean(first**2) + np.mean(second**2)) - patch.noise**2
    if variance < 0.1 * patch.noise**2 or variance <= 0.0:
        return float("nan")
    return float(np.clip(np.mean(first * second) / variance, -1.0, 1.0))


def ghosting(signal: NDArray[np.float32], marrow: float, noise: float, spacing_mm: tuple[float, float, float]) -> float:
    """Ghosts in the air of a scan: along the axis of phase encoding, copies of a moving body lie beside it.

    Args:
        signal: (z, y, x) the whole scan.
        marrow: signal of marrow.
        noise: standard deviation in one channel.
        spacing_mm: (z, y, x).

    Returns:
        Signal of the ghosts relative to marrow, from the difference between air beside the body along one axis of the
        slice and along the other; NaN where the image holds too little air beside the body along either.
    """
    across = int(np.argmax(spacing_mm))
    volume = np.moveaxis(signal, across, 0)
    steps = [spacing_mm[axis] for axis in in_slice(across)]
    reach = [max(1, round(AWAY_MM / step)) for step in steps]
    beside: list[list[float]] = [[], []]
    for plane in volume[:: max(1, len(volume) // SLICES)]:
        smooth = ndimage.uniform_filter(plane, [max(1, n // 4) for n in reach])
        bright = smooth > max(BODY * marrow, 3.0 * noise)
        if np.count_nonzero(bright) < FEWEST_BODY_PIXELS:
            continue
        body = convex_hull_image(bright)  # muscle is dark
        free = ~(ndimage.uniform_filter(body.astype(np.float32), [2 * n + 1 for n in reach]) > 0.0) & (plane > 0)
        rows, columns = body.any(axis=1), body.any(axis=0)
        # a ghost along an axis falls on lines along it that meet the body; where all lines do, on those that meet most
        first, second = (line / max(line.max(), 1) for line in (body.sum(axis=0), body.sum(axis=1)))
        along_first, along_second = free & columns[None, :], free & rows[:, None]
        apart = along_first ^ along_second
        if not (along_first & apart).any() or not (along_second & apart).any():
            along_first = free & (first[None, :] > second[:, None])
            along_second = free & ~along_first
            apart = free
        beside[0].extend((plane[along_first & apart] ** 2).tolist())
        beside[1].extend((plane[along_second & apart] ** 2).tolist())
    if min(len(part) for part in beside) < FEWEST_AIR_VOXELS:
        return float("nan")
    # the median of squares of pure noise is 2 ln 2 of its variance; single bright voxels do not move it
    power = [float(np.median(part)) / (2.0 * np.log(2.0)) for part in beside]
    return float(np.sqrt(abs(power[0] - power[1]))) / marrow
