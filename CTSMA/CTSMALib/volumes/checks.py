"""What an image must be so that a knee can be measured in it: its size in mm, and values in HU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity

MAX_VOXELS = 1_500_000_000
MIN_EXTENT_MM = 20.0
MAX_PIXEL_MM = 1.5
MAX_SLICE_MM = 5.0
MAX_EXTENT_MM = 2500.0  # longer than a patient on a table
SCANNER_BORE_MM = 500.0  # diameter of a usual scan field of view
AIR_HU = -1024
PADDING_BELOW_HU = -1500  # no tissue or air measures less; scanners mark the outside of the field of view so
STORED_OFFSET = 1024  # usual offset of CT values stored as unsigned numbers
MAX_BAD_FRACTION = 0.1
_SAMPLE = 1_000_000


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
    if not np.all(np.isfinite(step)) or np.any(step <= 0):
        raise InputError(
            f"{what} has no usable voxel size: {_times(step)} mm.",
            "Convert the original DICOM images again so that the voxel size is stored.",
        )
    if np.prod([float(n) for n in size]) > MAX_VOXELS:
        raise InputError(
            f"{what} is too large to analyze: {_times(size)} voxels.",
            "Crop it to one knee first, for example with the Crop Volume module of 3D Slicer.",
        )
    _check_unit(extent, what)
    lost = tuple(step) == (1.0, 1.0, 1.0) and sum(e > SCANNER_BORE_MM for e in extent) >= 2
    if lost or np.sort(extent)[1] > 2 * SCANNER_BORE_MM or extent.max() > MAX_EXTENT_MM:
        raise InputError(
            f"{what} measures {_times(extent)} mm, more than a scanner can image; its voxel size seems to be lost.",
            "Convert the original DICOM images again so that the voxel size is stored.",
        )
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


def _check_unit(extent: np.ndarray, what: str) -> None:
    for factor in (1e3, 1e-3):
        plausible = extent.min() * factor > MIN_EXTENT_MM and extent.max() * factor < 2 * SCANNER_BORE_MM
        if plausible and (extent.max() < 1.0 or extent.min() > MAX_EXTENT_MM):
            raise InputError(
                f"{what} measures {_times(extent)} mm; its voxel size seems to be in another unit.",
                "Store the voxel size in millimeters.",
            )


def _times(values: Sequence[float] | np.ndarray) -> str:
    return " × ".join(f"{v:.3g}" if 0 < abs(v) < 100 else f"{v:.0f}" for v in np.asarray(values, dtype=float))


@dataclass(frozen=True)
class CheckedValues:
    """An array in HU and what had to be done to get it."""

    array: np.ndarray
    notices: tuple[Notice, ...]


def to_int16(array: np.ndarray, slope: float = 1.0, intercept: float = 0.0) -> CheckedValues:
    """Scale values and round them to ``int16``; NaN and infinity become air.

    Args:
        array: (z, y, x), any real type. An ``int16`` array without scale is returned as it is.
        slope, intercept: value = slope · stored + intercept.

    Raises:
        InputError: more than a tenth of the voxels have no value.
    """
    if array.dtype == np.int16 and (slope, intercept) == (1.0, 0.0):
        return CheckedValues(array, ())
    out = np.empty(array.shape, dtype=np.int16)
    bad = 0
    for target, plane in zip(out, array, strict=True):
        values = plane.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        invalid = ~np.isfinite(values)
        bad += int(np.count_nonzero(invalid))
        values[invalid] = AIR_HU
        target[...] = np.clip(np.rint(values), -32768, 32767)
    if bad > MAX_BAD_FRACTION * out.size:
        raise InputError(
            f"{bad / out.size:.0%} of the voxels have no value (NaN or infinity).",
            "Export the image again without masking or resampling it.",
        )
    if not bad:
        return CheckedValues(out, ())
    text = f"{bad} voxels had no value (NaN or infinity) and were read as air."
    return CheckedValues(out, (Notice("voxels-without-value", text),))


def to_hu(array: np.ndarray, what: str, rescale_known: bool) -> CheckedValues:
    """Check that values are HU; undo an offset of 1024 where nothing says how values were stored.

    Args:
        array: (z, y, x) ``int16``; changed in place.
        what: the subject of the sentence.
        rescale_known: the file states how stored values become HU (DICOM rescale).

    Returns:
        The array, with padding below -1500 HU set to air.

    Raises:
        InputError: the image is constant, or its values are not HU.
    """
    sample = _sample(array)
    if sample.min() == sample.max() and array.min() == array.max():
        raise InputError(f"{what} is empty: all voxels are {int(array.flat[0])}.", "Export the scan again.")
    notices: tuple[Notice, ...] = ()
    if not looks_like_hu(sample):
        if rescale_known or not looks_like_stored_ct(sample):
            raise InputError(
                f"{what} does not look like a CT in HU: values run from {sample.min()} to {sample.max()}, "
                "without air near -1000 and without the fat, muscle and bone of a CT.",
                "Give the CT itself, in HU; MR images and images rescaled for display cannot be used.",
            )
        array -= STORED_OFFSET
        text = f"The values carried an offset of {STORED_OFFSET}, which was subtracted to get HU."
        notices = (Notice("offset-removed", text),)
    array[array < PADDING_BELOW_HU] = AIR_HU
    return CheckedValues(array, notices + _clipping(array))


def looks_like_hu(values: np.ndarray) -> bool:
    """Tell whether values are HU: air near -1000, or else fat, muscle and bone in plausible parts."""
    air = np.mean((values > -1100) & (values < -900))
    if air > 0.005 and air > np.mean((values > -800) & (values < -400)):
        return bool(np.any(values > 0))
    tissue = values[values > -900]
    if tissue.size < 0.01 * values.size:
        return False
    soft = np.mean((tissue > -250) & (tissue < 300))
    fat = np.mean((tissue > -200) & (tissue < -20))
    bone = np.mean((tissue > 200) & (tissue < 3100))
    return bool(soft > 0.4 and fat > 0.01 and bone > 5e-4)


def looks_like_stored_ct(values: np.ndarray) -> bool:
    """Tell whether values are a CT stored with an offset of 1024.

    Between air and fat a CT has next to no values, an MR has many.
    """
    if values.min() < 0 or values.max() <= STORED_OFFSET:
        return False
    hu = values.astype(np.int32) - STORED_OFFSET
    tissue = hu[hu > -900]
    if tissue.size < 0.01 * hu.size:
        return False
    soft = np.mean((tissue > -200) & (tissue < 300))
    between = np.mean((tissue > -900) & (tissue < -250))
    fat = np.mean((tissue > -200) & (tissue < -20))
    return bool(soft > 0.5 and between < 0.2 and fat > 0.01)


def _sample(array: np.ndarray) -> np.ndarray:
    step = max(1, round((array.size / _SAMPLE) ** (1 / 3)))
    return array[::step, ::step, ::step].ravel()


def _clipping(array: np.ndarray) -> tuple[Notice, ...]:
    """Notice that dense bone was cut off at an upper limit, as exports for display do."""
    sample = _sample(array)
    top = int(sample.max())
    at_top, just_below = np.mean(sample == top), np.mean((sample >= top - 10) & (sample < top))
    if top >= 2000 or at_top < 5e-4 or at_top < 3 * just_below:
        return ()
    text = f"Values seem to be clipped at {top} HU, so dense bone is measured too low."
    return (Notice("clipped-values", text, Severity.CAUTION),)
