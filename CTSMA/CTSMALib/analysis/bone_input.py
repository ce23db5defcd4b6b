"""From the voxels of a file to the bone image that is measured: what the values mean, and where they count."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.analysis.morphometry_result import Meaning
from CTSMALib.errors import InputError
from CTSMALib.morphometry.trabecular.bone_image import (
    BINARY,
    FRACTION,
    GRAY,
    BoneImage,
    from_binary,
    from_fraction,
    from_gray,
)
from CTSMALib.morphometry.trabecular.gray_levels import levels_from_threshold
from CTSMALib.notices import Notice, Severity

FRACTION_RANGE = (-0.75, 1.75)  # noise carries fractions out of 0 to 1
NEAR_MARROW, NEAR_BONE = 0.15, 0.6  # that an image of fractions reaches; thick slices leave bone below 1
_PERCENTILES = (1.0, 99.0)
_MOST_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Wanted:
    """What the user says about the values.

    Attributes:
        kind: ``"fraction"``, ``"gray"``, ``"binary"``; ``None`` tells it from the values.
        bone: gray value of pure bone.
        marrow: gray value of pure marrow.
        threshold: gray value of the bone surface.
    """

    kind: str | None = None
    bone: float | None = None
    marrow: float | None = None
    threshold: float | None = None

    @property
    def levels(self) -> bool:
        """Whether any gray value was given."""
        return any(level is not None for level in (self.bone, self.marrow, self.threshold))


def bone_image_of(
    values: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    mask: NDArray[np.bool_] | None,
    wanted: Wanted,
) -> tuple[BoneImage, Meaning, tuple[Notice, ...]]:
    """The bone image of a volume.

    Voxels without a value do not count. As context for others they take the value of the nearest voxel that has one, as
    if the structure went on: taken for marrow, they would widen the gaps at their border.

    Args:
        values: (z, y, x) as stored, NaN allowed.
        spacing_mm: (z, y, x).
        mask: (z, y, x) region that counts; everything without it.
        wanted: what the user says about the values.

    Returns:
        The image, how its values were read, and what a reader must know about that.

    Raises:
        InputError: no value is finite, the kind does not fit the values, bone cannot be told from marrow, or no
            voxel of the region has a value.
    """
    if wanted.levels and wanted.kind not in (None, GRAY):
        raise InputError(
            f"Gray values of bone or marrow were given for an image of kind {wanted.kind}.",
            "Leave them out, or give --kind gray.",
        )
    lowest, highest = _extremes(values)
    kind = wanted.kind or (GRAY if wanted.levels else _kind_of(values, lowest, highest))
    meaning = Meaning(kind, wanted.kind is not None or wanted.levels)
    values, mask, notices = _filled(values, spacing_mm, mask)
    if not (mask is None or mask.any()):
        raise InputError("No voxel of the region has a value.", "Check the mask, and how the image was written.")
    if kind == BINARY:
        bone, told = _bone_of(values, lowest, highest)
        image = from_binary(bone, spacing_mm, mask)
        notices += told
    elif kind == FRACTION:
        _check_fractions(values, lowest, highest)
        image = from_fraction(values, spacing_mm, mask)
    else:
        image, meaning = _gray(values, spacing_mm, mask, wanted, meaning)
    if meaning.threshold is not None and not lowest <= meaning.threshold < highest:
        text = f"The bone surface is at {meaning.threshold:g}, but the values run from {lowest:g} to {highest:g} only."
        notices.append(Notice("threshold-out-of-range", text))
    if not meaning.kind_given:
        notices.append(_kind_notice(kind, lowest, highest))
    return image, meaning, tuple(notices)


def _gray(
    values: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    mask: NDArray[np.bool_] | None,
    wanted: Wanted,
    meaning: Meaning,
) -> tuple[BoneImage, Meaning]:
    if wanted.bone is not None and wanted.marrow is not None:
        image = from_gray(values, spacing_mm, mask, bone=wanted.bone, marrow=wanted.marrow, threshold=wanted.threshold)
        halfway = (wanted.bone + wanted.marrow) / 2.0
        method = "halfway between bone and marrow"
        return image, replace(
            meaning, bone=wanted.bone, marrow=wanted.marrow, threshold=halfway, threshold_method=method
        )
    threshold, method = wanted.threshold, "given"
    if not wanted.levels:
        threshold, method = (
            levels_from_threshold(values.reshape(-1) if mask is None else values[mask], None).surface,
            "Otsu",
        )
    image = from_gray(values, spacing_mm, mask, bone=wanted.bone, marrow=wanted.marrow, threshold=threshold)
    return image, replace(meaning, threshold=threshold, threshold_method=method)


def _extremes(values: NDArray[np.float32]) -> tuple[float, float]:
    """Smallest and largest finite value."""
    lows, highs = [], []
    for plane in values:
        known = plane[np.isfinite(plane)]
        if known.size:
            lows.append(float(known.min()))
            highs.append(float(known.max()))
    if not lows:
        raise InputError("The image holds no finite number.", "Check how it was written.")
    return min(lows), max(highs)


def _filled(
    values: NDArray[np.float32], spacing_mm: tuple[float, float, float], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, list[Notice]]:
    """The values without gaps, and the mask without the voxels that had none."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values, mask, []
    nearest = ndimage.distance_transform_edt(missing, spacing_mm, return_distances=False, return_indices=True)
    filled = values[tuple(nearest)]
    count = int(np.count_nonzero(missing if mask is None else missing & mask))
    mask = ~missing if mask is None else mask & ~missing
    text = f"{count} voxels of the region have no value (NaN or infinity) and were left out."
    return filled, mask, [Notice("voxels-without-value", text)] if count else []


def _kind_of(values: NDArray[np.float32], lowest: float, highest: float) -> str:
    if _has_two_values(values, lowest, highest):
        return BINARY
    fractions = not _whole(values) and _like_fractions(values) and _reaches_bone_and_marrow(values)
    return FRACTION if fractions else GRAY


def _has_two_values(values: NDArray[np.float32], lowest: float, highest: float) -> bool:
    """Whether there are two values, or one that says whether it is bone (0 or 1)."""
    if lowest == highest:
        return lowest in (0.0, 1.0)
    return all(bool(np.all((plane == lowest) | (plane == highest) | ~np.isfinite(plane))) for plane in values)


def _whole(values: NDArray[np.float32]) -> bool:
    sample = _sample(values)
    return bool(np.all(sample == np.rint(sample)))


def _like_fractions(values: NDArray[np.float32]) -> bool:
    low, high = np.percentile(_sample(values), _PERCENTILES)
    return bool(low >= FRACTION_RANGE[0] and high <= FRACTION_RANGE[1])


def _reaches_bone_and_marrow(values: NDArray[np.float32]) -> bool:
    """Whether values near 0 and near 1 occur: attenuation coefficients may lie between the two as well."""
    low, high = np.percentile(_sample(values), _PERCENTILES)
    return bool(low <= NEAR_MARROW and high >= NEAR_BONE)


def _sample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = values.reshape(-1)[:: max(1, values.size // _MOST_SAMPLES)]
    known: NDArray[np.float32] = flat[np.isfinite(flat)]
    return known if known.size else values[np.isfinite(values)]


def _check_fractions(values: NDArray[np.float32], lowest: float, highest: float) -> None:
    if not _like_fractions(values):
        raise InputError(
            f"The values run from {lowest:g} to {highest:g}; bone volume fractions lie between 0 and 1.",
            "Divide them so that 1 is pure bone, or give --kind gray.",
        )


def _bone_of(values: NDArray[np.float32], lowest: float, highest: float) -> tuple[NDArray[np.bool_], list[Notice]]:
    """Which voxels of a segmented volume are bone: the higher of two values, or else what is not zero."""
    known = np.isfinite(values)
    if lowest == highest or not _has_two_values(values, lowest, highest):
        bone: NDArray[np.bool_] = known & (values != 0)
        if lowest == highest:
            return bone, []
        return bone, [Notice("several-values", "The image holds several values; bone is what is not zero.")]
    bone = known & (values == highest)
    if lowest == 0:
        return bone, []
    text = f"The image holds the values {lowest:g} and {highest:g}; {highest:g} was read as bone."
    return bone, [Notice("bone-assumed", text)]


def _kind_notice(kind: str, lowest: float, highest: float) -> Notice:
    """How the values were understood where the user did not say what they are."""
    means = {
        BINARY: "they were read as a segmentation",
        FRACTION: "they were read as bone volume fractions",
        GRAY: "they were read as gray values, bone above a threshold halfway between the classes of Otsu's method",
    }[kind]
    text = f"The values run from {lowest:g} to {highest:g}; {means}. --kind says otherwise."
    return Notice("kind-assumed", text, Severity.INFO)
