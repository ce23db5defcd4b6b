"""Values must be HU: whole numbers, without padding or offset, with the tissues of a CT; or signals of an MR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice

AIR_HU = -1024
PADDING_BELOW_HU = -1500  # no tissue or air measures less; scanners mark the outside of the field of view so
STORED_OFFSET = 1024  # usual offset of CT values stored as unsigned numbers
MAX_BAD_FRACTION = 0.1
MAX_NEGATIVE_FRACTION = 0.01  # of an MR: interpolation may leave a few
_SAMPLE = 1_000_000


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
    sample = sample_of(array)
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
    return CheckedValues(array, notices)


def to_signal(array: np.ndarray, what: str, rescale_known: bool = False) -> CheckedValues:
    """Check that values are signals of an MR in magnitude; what has no value, and padding, becomes 0.

    Args:
        array: (z, y, x), whole or floating; changed in place.
        what: the subject of the sentence.
        rescale_known: of no account for MR; taken so that all checks are asked alike.

    Raises:
        InputError: the image is constant, lacks many values, or holds phases or differences instead of magnitudes.
    """
    invalid = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(0, bool)
    if np.count_nonzero(invalid) > MAX_BAD_FRACTION * array.size:
        raise InputError(
            f"{np.count_nonzero(invalid) / array.size:.0%} of the voxels have no value (NaN or infinity).",
            "Export the image again without masking or resampling it.",
        )
    notices: tuple[Notice, ...] = ()
    if invalid.any():
        array[invalid] = 0
        text = f"{np.count_nonzero(invalid)} voxels had no value (NaN or infinity) and were read as 0."
        notices = (Notice("voxels-without-value", text),)
    negative = array < 0
    if np.count_nonzero(negative & (array != AIR_HU)) > MAX_NEGATIVE_FRACTION * array.size:
        raise InputError(
            f"{what} holds negative values, so it is no MR in magnitude (a phase, a difference, or a CT).",
            "Give the magnitude images of the series.",
        )
    array[negative] = 0
    if array.min() == array.max():
        raise InputError(f"{what} is empty: all voxels are {array.flat[0]:g}.", "Export the scan again.")
    return CheckedValues(array, notices)


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


def sample_of(array: np.ndarray) -> np.ndarray:
    """About a million values of an array (z, y, x), evenly from all of it."""
    step = max(1, round((array.size / _SAMPLE) ** (1 / 3)))
    return array[::step, ::step, ::step].ravel()
