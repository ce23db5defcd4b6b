"""Regions of an image that are measured separately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.errors import InputError

Box = tuple[slice, slice, slice]
MOST_NUMBERS = 65_535


@dataclass(frozen=True)
class Region:
    """A part of an image.

    Attributes:
        name: for tables.
        box: (z, y, x) slices of voxels that hold it.
        mask: bool, of the shape of the box.
    """

    name: str
    box: Box
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class OrientedBox:
    """A box that may stand at an angle to the voxels, such as a patch of a grid.

    Attributes:
        name: for tables, for example the patch's id.
        center_zyx: (3,) mm from the center of the first voxel, along the array's axes.
        axes_zyx: (3, 3) unit vectors along its edges as rows, in the array's axes.
        edges_mm: (3,) their lengths.
    """

    name: str
    center_zyx: NDArray[np.float64]
    axes_zyx: NDArray[np.float64]
    edges_mm: tuple[float, float, float]


def whole(mask: NDArray[np.bool_]) -> Region:
    """All of a mask as one region."""
    found = ndimage.find_objects(mask.view(np.uint8)) if mask.any() else [(slice(0, 0),) * 3]
    return Region("all", found[0], mask[found[0]])


def regions_of_labels(labels: NDArray[np.integer], names: Mapping[int, str] | None = None) -> list[Region]:
    """One region for each label above zero.

    Args:
        labels: (z, y, x) whole numbers, none negative.
        names: of some labels; ``"label 3"`` otherwise.

    Raises:
        InputError: these are no labels.
    """
    if labels.ndim != 3 or labels.dtype.kind not in "iub" or (labels.size and labels.min() < 0):
        raise InputError("The labels are not a volume of whole numbers from 0.", "Give 0 outside, a number per region.")
    known = names or {}
    largest = int(labels.max(initial=0))
    if largest > MOST_NUMBERS:  # the search below makes a list as long as the largest label
        numbers, labels = _renumbered(labels)
    else:
        numbers = np.arange(1, largest + 1)
    regions = []
    for row, box in enumerate(ndimage.find_objects(labels.astype(np.int32, copy=False)), start=1):
        if box is not None:
            number = int(numbers[row - 1])
            regions.append(Region(known.get(number, f"label {number}"), box, labels[box] == row))
    return regions


def _renumbered(labels: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int32]]:
    """The labels that occur, and the volume with 1 for the first of them, 2 for the second and so on."""
    present = np.unique(labels)
    present = present[present > 0]
    rows = np.searchsorted(present, labels) + 1
    return present, np.where(labels > 0, rows, 0).astype(np.int32)


def checked(region: Region, shape: tuple[int, ...]) -> Region:
    """A region that lies in an image of this shape.

    Raises:
        InputError: its box is not one of voxels of the image, or its mask has another shape.
    """
    parts = [slice(*part.indices(size)) for part, size in zip(region.box, shape, strict=True)]
    outside = any(
        (part.start or 0) < 0 or (part.stop or 0) > size or part.step not in (None, 1)
        for part, size in zip(region.box, shape, strict=True)
    )
    if outside or region.mask.shape != tuple(max(0, part.stop - part.start) for part in parts):
        raise InputError(f"The region '{region.name}' does not fit the image.", "Make it on the grid of the image.")
    return Region(region.name, (parts[0], parts[1], parts[2]), region.mask)


def regions_of_boxes(
    boxes: list[OrientedBox], shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> Iterator[Region]:
    """The voxels whose centers lie in each box; a box outside the image has an empty mask.

    Args:
        boxes: such as the patches of a grid; they may overlap.
        shape: (z, y, x) voxels of the image.
        spacing_mm: (z, y, x) of the image.
    """
    spacing = np.asarray(spacing_mm)
    for box in boxes:
        half = np.asarray(box.edges_mm) / 2.0
        reach = half @ np.abs(box.axes_zyx)
        low = np.clip(np.ceil((box.center_zyx - reach) / spacing - 1e-9).astype(int), 0, shape)
        high = np.clip(np.floor((box.center_zyx + reach) / spacing + 1e-9).astype(int) + 1, low, shape)
        steps = [np.arange(a, b) * s - c for a, b, s, c in zip(low, high, spacing, box.center_zyx, strict=True)]
        inside = np.ones(tuple(high - low), bool)
        for axis, limit in zip(box.axes_zyx, half, strict=True):
            along = (
                axis[0] * steps[0][:, None, None] + axis[1] * steps[1][None, :, None] + axis[2] * steps[2][None, None]
            )
            inside &= np.abs(along) <= limit + 1e-9
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        yield Region(box.name, (z, y, x), inside)
