"""Regions of an image that are measured separately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[slice, slice, slice]


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
        labels: (z, y, x).
        names: of some labels; ``"label 3"`` otherwise.
    """
    known = names or {}
    regions = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            regions.append(Region(known.get(label, f"label {label}"), box, labels[box] == label))
    return regions


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
