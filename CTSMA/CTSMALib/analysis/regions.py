"""The regions that a mask marks: their names, labels and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.morphometry.trabecular.bone_image import BoneImage
from CTSMALib.notices import Notice

Box = tuple[slice, slice, slice]

WHOLE_IMAGE = "all"
CONTEXT_MM = 3.0  # spheres in marrow reach that far
FEWEST_CONTEXT = 16  # voxels
_MOST_LISTED = 10  # labels in a sentence


@dataclass(frozen=True)
class MarkedRegion:
    """A region before it is measured; ``label`` is ``None`` for the whole image."""

    name: str
    label: int | None
    volume_mm3: float


def label_names(labels: NDArray[np.int32], given: Sequence[tuple[str, int]]) -> dict[int, str]:
    """A name for each label but 0, in the order of the labels.

    Args:
        labels: (z, y, x).
        given: (name, label) from the user; the others are called ``"label 3"``.

    Raises:
        InputError: a name was given for a label that does not occur, or is that of another region.
    """
    present = [int(label) for label in np.unique(labels) if label != 0]
    known = {label: name for name, label in given}
    missing = [label for label in known if label not in present]
    if missing:
        listed = ", ".join(map(str, present[:_MOST_LISTED])) + (", …" if len(present) > _MOST_LISTED else "")
        raise InputError(
            f"The mask has no label {missing[0]} ({known[missing[0]]}).", f"Name labels that it has: {listed}."
        )
    names = {label: known.get(label, f"label {label}") for label in present}
    if len(set(names.values())) < len(names):
        raise InputError("Two regions have the same name.", "Give each label a name of its own.")
    return names


def numbered_regions(
    labels: NDArray[np.int32], names: Mapping[int, str], image: BoneImage
) -> tuple[NDArray[np.int32], tuple[MarkedRegion, ...], tuple[Notice, ...]]:
    """The regions that are left where voxels without a value do not count.

    Args:
        labels: (z, y, x), any whole numbers.
        names: of the labels.
        image: says which voxels count.

    Returns:
        (z, y, x) number of the region of each voxel, from 1 in the order of the regions, 0 outside; the regions; and a
        notice where one has no voxel left.
    """
    voxels: dict[int, int] = {}
    for plane, counted in zip(labels, image.mask, strict=True):
        for label, count in zip(*np.unique(plane[counted], return_counts=True), strict=True):
            voxels[int(label)] = voxels.get(int(label), 0) + int(count)
    kept = [label for label in names if label in voxels]
    regions = tuple(MarkedRegion(names[label], label, voxels[label] * image.voxel_mm3) for label in kept)
    gone = [name for label, name in names.items() if label not in voxels]
    notices: tuple[Notice, ...] = ()
    if gone:
        text = f"The image has no value anywhere in: {', '.join(gone)}. This was left out."
        notices = (Notice("regions-without-value", text),)
    return _renumbered(labels, image.mask, kept), regions, notices


def _renumbered(labels: NDArray[np.int32], mask: NDArray[np.bool_], kept: list[int]) -> NDArray[np.int32]:
    """1 where the first of the labels is, 2 for the second and so on; slice by slice, which needs little memory."""
    order = np.argsort(kept)
    present = np.asarray(kept, dtype=np.int64)[order]
    numbers = np.zeros(labels.shape, dtype=np.int32)
    if not kept:
        return numbers
    for plane, counted, target in zip(labels, mask, numbers, strict=True):
        place = np.minimum(np.searchsorted(present, plane), len(present) - 1)
        target[...] = np.where(counted & (present[place] == plane), order[place] + 1, 0)
    return numbers


def box_around(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float], margin_mm: float = CONTEXT_MM) -> Box:
    """The part of an image that must be measured: what a mask covers, and what spheres may reach from there.

    Args:
        mask: (z, y, x); the whole image is the answer where it is empty.
        spacing_mm: (z, y, x).
        margin_mm: on every side.
    """
    parts = []
    for axis, (size, spacing) in enumerate(zip(mask.shape, spacing_mm, strict=True)):
        inside = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        margin = max(FEWEST_CONTEXT, round(margin_mm / spacing))
        first, last = (int(inside[0]), int(inside[-1])) if inside.size else (0, size - 1)
        parts.append(slice(max(first - margin, 0), min(last + 1 + margin, size)))
    return parts[0], parts[1], parts[2]


def pasted(part: NDArray[np.float32], box: Box, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """A map of a box in a map of the whole image, NaN around it."""
    if part.shape == shape:
        return part
    whole = np.full(shape, np.nan, dtype=np.float32)
    whole[box] = part
    return whole


def whole_image(image: BoneImage) -> tuple[MarkedRegion, ...]:
    """The one region of an image without a mask."""
    return (MarkedRegion(WHOLE_IMAGE, None, image.total_mm3),)
