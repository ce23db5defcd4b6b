"""What is measured: the bone volume fraction of every voxel, and the region that counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from CTSMALib.errors import InputError
from CTSMALib.morphometry.trabecular.gray_levels import GrayLevels, levels_from_threshold, levels_of

FRACTION, GRAY, BINARY = "fraction", "gray", "binary"


@dataclass(frozen=True)
class BoneImage:
    """A volume of which bone is the part above one half.

    Attributes:
        fraction: (z, y, x) float32, bone volume fraction of each voxel. Noise may carry it out of 0 to 1.
            The bone surface is its level one half, interpolated linearly between voxel centers.
        mask: (z, y, x) bool, the region that counts; voxels outside are context for those inside.
        spacing_mm: (z, y, x) distances between voxel centers.
        kind: what the fraction comes from: ``"fraction"`` (partial volumes), ``"gray"`` (scaled so that a threshold
            lies at one half: only the surface has a meaning), or ``"binary"``.
    """

    fraction: NDArray[np.float32]
    mask: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    kind: str

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.spacing_mm))

    @property
    def total_mm3(self) -> float:
        """Volume of the region, TV."""
        return float(np.count_nonzero(self.mask)) * self.voxel_mm3

    @property
    def bone(self) -> NDArray[np.bool_]:
        """(z, y, x) voxels whose center lies in bone."""
        return self.fraction > np.float32(0.5)

    def bone_in(self, box: tuple[slice, slice, slice]) -> NDArray[np.bool_]:
        """:attr:`bone` within a box of voxels."""
        return self.fraction[box] > np.float32(0.5)

    def crop(self, box: tuple[slice, slice, slice]) -> BoneImage:
        """The part in a box of voxels."""
        return replace(self, fraction=self.fraction[box], mask=self.mask[box])

    def within(self, mask: NDArray[np.bool_]) -> BoneImage:
        """The same volume with another region."""
        return replace(self, mask=mask)


def from_fraction(
    fraction: ArrayLike, spacing_mm: float | tuple[float, float, float], mask: ArrayLike | None = None
) -> BoneImage:
    """A map of bone volume fractions.

    Args:
        fraction: (z, y, x), 0 marrow to 1 bone.
        spacing_mm: (z, y, x) or one number for all three.
        mask: (z, y, x) region that counts; everything without it. Voxels that are not finite never count; as context
            for others they take the nearest finite value, for taken as marrow they would look like a surface.

    Raises:
        InputError: not a volume, nothing finite, a mask of another shape, or a spacing that is not positive.
    """
    values, region, spacing = _checked(fraction, spacing_mm, mask)
    return BoneImage(values, region, spacing, FRACTION)


def from_binary(
    bone: ArrayLike, spacing_mm: float | tuple[float, float, float], mask: ArrayLike | None = None
) -> BoneImage:
    """A segmented volume: bone is what is not zero. Arguments and errors as in :func:`from_fraction`."""
    array = np.asarray(bone)
    if array.dtype != bool and array.dtype.kind not in "iufb":
        raise InputError("The bone is not given as numbers.", "Give a volume of zeros and ones.")
    known = np.where(np.isfinite(array), array != 0, np.nan) if array.dtype.kind == "f" else array != 0
    values, region, spacing = _checked(known, spacing_mm, mask)
    return BoneImage(values, region, spacing, BINARY)


def from_gray(
    gray: ArrayLike,
    spacing_mm: float | tuple[float, float, float],
    mask: ArrayLike | None = None,
    *,
    bone: float | None = None,
    marrow: float | None = None,
    threshold: float | None = None,
) -> BoneImage:
    """A gray volume, by the gray values of pure bone and pure marrow or by a threshold.

    With ``bone`` and ``marrow`` a voxel between the two is a partial volume. ``bone`` may be the darker of the two, as
    in MR. With a threshold alone the two classes' median values give the scale; with nothing, the threshold lies
    halfway between the classes of Otsu's method.

    Args:
        gray: (z, y, x).
        spacing_mm: as in :func:`from_fraction`.
        mask: as in :func:`from_fraction`; the levels are read within it.
        bone: gray value of pure bone.
        marrow: gray value of pure marrow.
        threshold: gray value of the surface; bone is above.

    Raises:
        InputError: as in :func:`from_fraction`; or levels that contradict each other.
    """
    values, region, spacing = _checked(gray, spacing_mm, mask)
    levels: GrayLevels
    if bone is not None and marrow is not None:
        if threshold is not None:
            raise InputError(
                "A threshold and the gray values of bone and marrow were given.", "Give one or the other: not both."
            )
        levels = levels_of(bone, marrow)
    elif bone is not None or marrow is not None:
        raise InputError("Only one of the gray values of bone and marrow was given.", "Give both, or a threshold.")
    else:
        levels = levels_from_threshold(values[region], threshold)
    return BoneImage(levels.fraction(values), region, spacing, FRACTION if levels.partial_volumes else GRAY)


def _checked(
    array: ArrayLike, spacing_mm: float | tuple[float, float, float], mask: ArrayLike | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_], tuple[float, float, float]]:
    values = _volume(array)
    spacing = _spacing(spacing_mm)
    region = np.ones(values.shape, bool) if mask is None else np.array(mask, dtype=bool)
    if region.shape != values.shape:
        raise InputError(
            f"The mask has {_size(region)} voxels, the image {_size(values)}.", "Give a mask on the grid of the image."
        )
    finite = np.isfinite(values)
    if not finite.all():
        if not finite.any():
            raise InputError("The image holds no finite number.", "Check how it was written.")
        region &= finite
        nearest = ndimage.distance_transform_edt(~finite, spacing, return_distances=False, return_indices=True)
        values = values[tuple(nearest)]
    return values, region, spacing


def _volume(array: ArrayLike) -> NDArray[np.float32]:
    given = np.asarray(array)
    if given.ndim != 3 or given.size == 0:
        raise InputError(f"An array of {given.ndim} axes and {given.size} values is not a volume.", "Give three axes.")
    if given.dtype.kind not in "iufb":
        raise InputError("The image does not hold real numbers.", "Give a scalar volume.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is left out
        return given.astype(np.float32, copy=False)


def _spacing(spacing_mm: Any) -> tuple[float, float, float]:
    z, y, x = np.broadcast_to(np.asarray(spacing_mm, dtype=float), (3,)).tolist()
    if not all(np.isfinite(step) and step > 0 for step in (z, y, x)):
        raise InputError(f"A voxel of {z} x {y} x {x} mm has no size.", "Give the spacing in mm, above zero.")
    return z, y, x


def _size(array: NDArray[Any]) -> str:
    return " x ".join(map(str, array.shape))
