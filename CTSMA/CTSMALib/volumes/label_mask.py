"""Labels on the grid of an image: read, checked, and resampled where they lie on another grid."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.scalar_image import ScalarImage

MOST_LABELS = 500  # more of them are the gray values of an image
LARGEST = 2**24  # whole numbers from here on are not exact as they are read
LOST_NOTICED = 0.01  # share of the mask
_OUTSIDE = InputError("The mask lies outside the image.", "Give a mask that was drawn on this very image.")


def labels_on_grid(mask: ScalarImage, grid: Grid) -> tuple[NDArray[np.int32], tuple[Notice, ...]]:
    """The labels of a mask for every voxel of an image.

    Args:
        mask: whole numbers; 0 is outside.
        grid: that of the image.

    Returns:
        (z, y, x) labels, and what had to be done to get them. From another grid, each voxel takes the label of the
        nearest voxel of the mask.

    Raises:
        InputError: the mask is empty, holds no labels, or lies outside the image.
    """
    labels = whole_numbers(mask)
    if not labels.any():
        raise InputError(f"The mask '{mask.identity.name}' is empty.", "Give a mask that marks a region.")
    if mask.grid.is_same(grid):
        return labels, ()
    resampled = _resampled(labels, mask.grid, grid)
    if not resampled.any():
        raise _OUTSIDE
    text = "The mask is on another grid than the image; each voxel took the label of the nearest voxel of the mask."
    return resampled, (Notice("mask-resampled", text), *_lost(labels, resampled, mask.grid, grid))


def whole_numbers(mask: ScalarImage) -> NDArray[np.int32]:
    """The values of a mask as (z, y, x) whole numbers.

    Raises:
        InputError: they are none, or too many or too large for labels.
    """
    labels = np.empty(mask.array.shape, dtype=np.int32)
    found: set[int] = set()
    for target, plane in zip(labels, mask.array, strict=True):
        finite = bool(np.isfinite(plane).all())
        if not finite or np.any(plane != np.rint(plane)):
            raise _no_labels(mask, "values that are no whole numbers")
        if np.abs(plane).max() >= LARGEST:
            raise InputError(
                f"The mask '{mask.identity.name}' holds labels of {LARGEST:,} or more.",
                "Give its regions smaller labels.",
            )
        target[...] = plane
        found.update(np.unique(target).tolist())
        if len(found) > MOST_LABELS:
            raise _no_labels(mask, f"more than {MOST_LABELS} different values")
    return labels


def _no_labels(mask: ScalarImage, holds: str) -> InputError:
    return InputError(
        f"The mask '{mask.identity.name}' holds {holds}; it seems to be an image, not a mask.",
        "Give a mask: 0 outside, a whole number for each region.",
    )


def _resampled(labels: NDArray[np.int32], own: Grid, grid: Grid) -> NDArray[np.int32]:
    resample = sitk.ResampleImageFilter()
    resample.SetSize(grid.size)
    resample.SetOutputSpacing(grid.spacing_mm)
    resample.SetOutputOrigin(grid.origin_mm)
    resample.SetOutputDirection(grid.direction)
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    result: NDArray[np.int32] = sitk.GetArrayFromImage(resample.Execute(own.image(labels)))
    return result


def _lost(labels: NDArray[np.int32], resampled: NDArray[np.int32], own: Grid, grid: Grid) -> tuple[Notice, ...]:
    """What of the mask is not in the image: whole labels, or a part of its volume."""
    gone = sorted(set(np.unique(labels).tolist()) - set(np.unique(resampled).tolist()))
    before = np.count_nonzero(labels) * float(np.prod(own.spacing_mm))
    share = 1.0 - np.count_nonzero(resampled) * float(np.prod(grid.spacing_mm)) / before
    notices = []
    if gone:
        text = f"No voxel of the image has the label {', '.join(map(str, gone))}; these regions are left out."
        notices.append(Notice("labels-outside", text))
    if share > LOST_NOTICED:
        text = f"About {share:.0%} of the mask lies outside the image and was left out."
        notices.append(Notice("mask-partly-outside", text))
    return tuple(notices)
