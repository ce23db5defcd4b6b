"""The trabeculae of a knee on fine lattices, evaluated once and looked up by all of its scans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES
from CTSMALib.progress import Progress, silent
from CTSMALib.virtual.body.knee import VirtualKnee
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.microstructure.structure import GridBox

SPACING_MM = 0.12
# Points are not divided any further: images then show 3 % more bone than there is (1 % at 0.06 mm), which is less than
# the calibration of scanners drifts, in a quarter of the time.
BLOCK = 60  # lattice steps along the edge of a block; the last points are the first ones of the next
BLOCK_MM = BLOCK * SPACING_MM
STEPS = 254  # of a fraction from 0 to 1

# lowest and highest corner, (lateral, anterior, proximal)
Box3 = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Trabeculae:
    """Bone volume fraction on lattices along the frames of the bones, where there is bone.

    Attributes:
        blocks: (n, 61, 61, 61) uint8, fraction in steps of 1 / 254 on (z, y, x).
        grown_blocks: the same with every surface moved outward, as an MR shows it.
        index: the number of the block at each place, -1 for none: one flat table for all bones.
        places: (4, 7) for each bone of :data:`~CTSMALib.anatomy.labels.BONES`, where its part of ``index`` begins, how
            many blocks it has along z, y, x, and the number of the first along each, counted from the frame's origin.
    """

    blocks: NDArray[np.uint8]
    grown_blocks: NDArray[np.uint8]
    index: NDArray[np.int32]
    places: NDArray[np.int64]


NOTHING = np.zeros((1, 1, 1, 1), np.uint8)
NO_TRABECULAE = Trabeculae(NOTHING, NOTHING, np.full(1, -1, np.int32), np.zeros((4, 7), np.int64))


@dataclass(frozen=True)
class Block:
    """A cube of lattice points.

    Attributes:
        bone: its name.
        place: (z, y, x) number of the cube, counted from the frame's origin.
    """

    bone: str
    place: tuple[int, int, int]

    @property
    def lowest_mm(self) -> tuple[float, float, float]:
        """(z, y, x) position of its first point."""
        z, y, x = (float(n * BLOCK_MM) for n in self.place)
        return z, y, x

    def meets(self, box: Box3) -> bool:
        """Whether it has points in common with a box."""
        low = np.array(self.lowest_mm)[::-1]
        return bool(np.all(low <= box[1]) and np.all(low + BLOCK_MM >= np.array(box[0])))


def grow_trabeculae(
    knee: VirtualKnee,
    bones: Sequence[str],
    boxes: Mapping[str, Sequence[Box3]] | None = None,
    broadening_mm: float = 0.0,
    progress: Progress = silent,
) -> Trabeculae:
    """Evaluate the structure inside the bones of a knee.

    Args:
        knee: whose.
        bones: names of those with structure.
        boxes: bone name to where structure is needed, in the bone's frame; everywhere without.
        broadening_mm: by how much thicker an MR shows bone.
        progress: told of the share done.
    """
    blocks = [
        block
        for bone in bones
        for block in _blocks_of(bone, knee.shape.bones[bone].depth)
        if boxes is None or any(block.meets(box) for box in boxes.get(bone, ()))
    ]
    if not blocks:
        return NO_TRABECULAE
    values = np.empty((2, len(blocks), *(BLOCK + 1,) * 3), np.uint8)
    for number, block in enumerate(blocks):
        structure = knee.materials[block.bone].structure
        box = GridBox(block.lowest_mm, SPACING_MM, (BLOCK + 1,) * 3)
        for kind, fraction in zip(values, structure.fractions(box, (0.0, broadening_mm), SPACING_MM), strict=True):
            kind[number] = np.rint(fraction * STEPS)
        progress("Growing trabeculae", (number + 1) / len(blocks))
    return Trabeculae(values[0], values[1], *_indexed(blocks))


def _blocks_of(bone: str, depth: Field) -> Iterator[Block]:
    """Blocks in which there is bone."""
    low = np.array(depth.first_mm)
    high = low + (np.array(depth.values.shape) - 1) * depth.spacing_mm
    firsts, lasts = (np.floor(ends / BLOCK_MM).astype(int) for ends in (low, high))
    for z, y, x in product(*(range(int(a), int(b) + 1) for a, b in zip(firsts, lasts, strict=True))):
        corner = np.array([z, y, x]) * BLOCK_MM
        start = np.clip(np.floor((corner - low) / depth.spacing_mm).astype(int), 0, None)
        stop = np.ceil((corner + BLOCK_MM - low) / depth.spacing_mm).astype(int) + 1
        part = depth.values[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
        if part.size and part.max() > 0.0:
            yield Block(bone, (z, y, x))


def _indexed(blocks: Sequence[Block]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The table of block numbers, and where each bone is in it."""
    tables, places = [], np.zeros((len(BONES), 7), np.int64)
    begin = 0
    for b, bone in enumerate(BONES):
        own = [(number, block.place) for number, block in enumerate(blocks) if block.bone == bone.name]
        first = np.min([place for _, place in own], axis=0) if own else np.zeros(3, int)
        last = np.max([place for _, place in own], axis=0) if own else np.zeros(3, int)
        table = np.full(tuple(last - first + 1), -1, np.int32)
        for number, place in own:
            table[tuple(np.array(place) - first)] = number
        places[b] = [begin, *table.shape, *first]
        tables.append(table.ravel())
        begin += table.size
    return np.concatenate(tables), places
