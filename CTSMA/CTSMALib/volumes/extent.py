"""The size of a scan in mm: large enough for a knee, fine enough for its bone, and possible at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from CTSMALib.errors import InputError

MAX_VOXELS = 1_500_000_000
MIN_EXTENT_MM = 20.0
MAX_PIXEL_MM = 1.5
MAX_SLICE_MM = 5.0
MAX_EXTENT_MM = 2500.0  # longer than a patient on a table
SCANNER_BORE_MM = 500.0  # diameter of a usual scan field of view


def check_geometry(size: Sequence[int], spacing: Sequence[float], what: str) -> None:
    """Refuse a volume whose size in mm cannot show a knee or cannot resolve its bone.

    Args:
        size: voxels along the three image axes.
        spacing: mm along the same axes.
        what: the subject of the sentence, for example ``"The image 'knee.nii'"``.

    Raises:
        InputError: the volume is too large, too short, too coarse, or has no usable spacing.
    """
    step = np.asarray(spacing, dtype=float)
    extent = step * np.asarray(size)
    check_spacing(spacing, what)
    if np.prod([float(n) for n in size]) > MAX_VOXELS:
        raise InputError(
            f"{what} is too large to analyze: {_times(size)} voxels.",
            "Crop it to one knee first, for example with the Crop Volume module of 3D Slicer.",
        )
    _check_possible(step, extent, what)
    if extent.min() < MIN_EXTENT_MM:
        raise InputError(
            f"{what} is too small to show a knee: it covers {_times(extent)} mm.",
            f"Give a scan that covers at least {MIN_EXTENT_MM:g} mm in every direction.",
        )
    _, middle, coarse = np.sort(step)
    if coarse > MAX_SLICE_MM or middle > MAX_PIXEL_MM:
        raise InputError(
            f"{what} is too coarse: its voxels measure {_times(step)} mm.",
            f"Give a scan with pixels of at most {MAX_PIXEL_MM:g} mm and slices of at most {MAX_SLICE_MM:g} mm.",
        )


def check_spacing(spacing: Sequence[float], what: str) -> None:
    """Refuse a voxel size that is not positive and finite.

    Raises:
        InputError: it is not.
    """
    step = np.asarray(spacing, dtype=float)
    if not np.all(np.isfinite(step)) or np.any(step <= 0):
        raise InputError(
            f"{what} has no usable voxel size: {_times(step)} mm.",
            "Convert the original DICOM images again so that the voxel size is stored.",
        )


def _check_possible(step: np.ndarray, extent: np.ndarray, what: str) -> None:
    """Refuse a size that no scanner gives: wrong unit, or the default 1 × 1 × 1 mm for a matrix too large for it."""
    for factor in (1e3, 1e-3):
        plausible = extent.min() * factor > MIN_EXTENT_MM and extent.max() * factor < 2 * SCANNER_BORE_MM
        if plausible and (extent.max() < 1.0 or extent.min() > MAX_EXTENT_MM):
            raise InputError(
                f"{what} measures {_times(extent)} mm; its voxel size seems to be in another unit.",
                "Store the voxel size in millimeters.",
            )
    lost = tuple(step) == (1.0, 1.0, 1.0) and sum(e > SCANNER_BORE_MM for e in extent) >= 2
    if lost or np.sort(extent)[1] > 2 * SCANNER_BORE_MM or extent.max() > MAX_EXTENT_MM:
        raise InputError(
            f"{what} measures {_times(extent)} mm, more than a scanner can image; its voxel size seems to be lost.",
            "Convert the original DICOM images again so that the voxel size is stored.",
        )


def _times(values: Sequence[float] | np.ndarray) -> str:
    return " × ".join(f"{v:.3g}" if 0 < abs(v) < 100 else f"{v:.0f}" for v in np.asarray(values, dtype=float))
