"""The MR as the network takes it: on a grid along the patient's axes, of one spacing, scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.volumes.grid import Grid

AXIS_ALIGNED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
MULTIPLE = 32  # voxels; edges of the grid are whole multiples: they are halved five times
LEAST = 64  # voxels along an edge: of less, one would be left to norm by, which is none
BRIGHTEST = 99.0  # percentile of what is known that becomes 1
LEAST_MM, MOST_MM = 30.0, 400.0  # edge of an image of a knee
ANTI_ALIASING = 0.35  # SD of the blur before thinning out, as a share of the working spacing


@dataclass(frozen=True, eq=False)
class WorkingImage:
    """An MR on the working grid.

    Attributes:
        grid: isotropic, along LPS.
        signal: (z, y, x) float32, about 0 to 1; 0 where nothing is known.
        known: (z, y, x) where the MR is.
    """

    grid: Grid
    signal: NDArray[np.float32]
    known: NDArray[np.bool_]


def working_image(mr: sitk.Image, spacing_mm: float) -> WorkingImage:
    """Resample an MR.

    Args:
        mr: any scalar type and orientation.
        spacing_mm: of the network.

    Raises:
        InputError: it is too small or too large for a knee, or empty.
    """
    corners = Grid.of(mr).corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    if np.any(high - low < LEAST_MM) or np.any(high - low > MOST_MM):
        size = " x ".join(f"{v:.0f}" for v in high - low)
        raise InputError(f"The MR measures {size} mm.", f"Give a volume of a knee, {LEAST_MM:g} to {MOST_MM:g} mm.")
    count = np.ceil((high - low) / spacing_mm).astype(int) + 1
    count = np.maximum(np.ceil(count / MULTIPLE) * MULTIPLE, LEAST).astype(int)
    origin = 0.5 * (low + high) - 0.5 * (count - 1) * spacing_mm
    grid = Grid(_three(count, int), (spacing_mm,) * 3, _three(origin, float), AXIS_ALIGNED)
    values: NDArray[np.float32] = sitk.GetArrayFromImage(_resampled(_smooth(mr, spacing_mm), grid, np.nan))
    known = np.isfinite(values)
    values = np.where(known, np.maximum(values, 0.0), 0.0).astype(np.float32)
    shown = values[known & (values > 0.0)]
    top = float(np.percentile(shown, BRIGHTEST)) if shown.size else 0.0
    if top <= 0.0:
        raise InputError("The MR is empty.", "Give an image with signal.")
    signal: NDArray[np.float32] = values / np.float32(top)
    return WorkingImage(grid, signal, known)


def on_grid_of(values: NDArray, grid: Grid, reference: sitk.Image, outside: float) -> sitk.Image:
    """Values of the working grid at the voxels of another image, linear."""
    return sitk.Resample(
        grid.image(values), reference, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkFloat32
    )  # fmt: skip


def _smooth(mr: sitk.Image, spacing_mm: float) -> sitk.Image:
    """The MR without detail that voxels of the working grid would fold down."""
    image = sitk.Cast(mr, sitk.sitkFloat32)
    sds = [ANTI_ALIASING * spacing_mm if step < 0.75 * spacing_mm else 0.0 for step in mr.GetSpacing()]
    if not any(sds):
        return image
    return sitk.SmoothingRecursiveGaussian(
        image, [sd or 0.01 * step for sd, step in zip(sds, mr.GetSpacing(), strict=True)]
    )


def _resampled(image: sitk.Image, grid: Grid, outside: float) -> sitk.Image:
    return sitk.Resample(
        image, grid.size, sitk.Transform(), sitk.sitkLinear, grid.origin_mm, grid.spacing_mm, grid.direction, outside
    )


def _three(values: NDArray, kind: type) -> tuple:
    return tuple(kind(v) for v in values)
