"""What one training knee is made of, whatever scanner looks at it, and its file."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.outputs import replacing
from CTSMALib.volumes.grid import Grid

SPACING_MM = 0.6
FULL = 255  # stored fraction of pure mineralized bone
VERSION = 1


@dataclass(frozen=True, eq=False)
class TissueCase:
    """One knee as tissue.

    Attributes:
        name: for messages.
        source: the anatomy it comes from; whole anatomies are held out.
        grid: of the arrays, isotropic, LPS.
        fraction: (z, y, x) uint8, share of mineralized bone in a voxel times :data:`FULL`.
        tissue: (z, y, x) uint8, what fills the rest; see :class:`~CTSMALib.virtual.scanners.tissue.Tissue`.
        bones: (z, y, x) uint8 labels of :mod:`CTSMALib.anatomy.labels`.
    """

    name: str
    source: str
    grid: Grid
    fraction: NDArray[np.uint8]
    tissue: NDArray[np.uint8]
    bones: NDArray[np.uint8]


def coarser(case: TissueCase) -> TissueCase:
    """The knee on voxels twice as wide: fractions averaged, of labels the most frequent one.

    One of the eight by its place would put every label half a narrow voxel beside the fractions.
    """
    even = tuple(slice(0, n - n % 2) for n in case.bones.shape)
    own = case.fraction[even].astype(np.float32)
    halves = sum(own[a::2, b::2, c::2] for a in (0, 1) for b in (0, 1) for c in (0, 1)) / 8.0
    spacing = case.grid.spacing_mm[0]
    axes = np.reshape(case.grid.direction, (3, 3))
    origin = np.array(case.grid.origin_mm) + axes @ np.full(3, 0.5 * spacing)
    fraction = np.rint(halves).astype(np.uint8)
    tissue, bones = (_most_frequent(array[even]) for array in (case.tissue, case.bones))
    x, y, z = (float(v) for v in origin)
    grid = Grid(bones.shape[::-1], (2.0 * spacing,) * 3, (x, y, z), case.grid.direction)
    return TissueCase(case.name, case.source, grid, fraction, tissue, bones)


def _most_frequent(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of each 2 x 2 x 2 voxels; where several are equally frequent, the lowest label."""
    parts = [labels[a::2, b::2, c::2] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    found, most = np.zeros_like(parts[0]), np.zeros(parts[0].shape, np.uint8)
    for label in np.unique(labels):
        count = np.zeros_like(most)
        for part in parts:
            count += part == label
        found[count > most] = label
        most = np.maximum(most, count)
    return found


def write_case(case: TissueCase, path: Path) -> None:
    """Write a case, complete or not at all.

    Raises:
        OSError: it could not be written.
    """
    grid = case.grid
    with replacing(path) as aside, aside.open("wb") as file:
        np.savez_compressed(
            file, version=VERSION, name=case.name, source=case.source, origin_mm=grid.origin_mm,
            direction=grid.direction, spacing_mm=grid.spacing_mm,
            fraction=case.fraction, tissue=case.tissue, bones=case.bones,
        )  # fmt: skip


def read_case(path: Path) -> TissueCase:
    """Read a case.

    Raises:
        InputError: the file is none, is damaged, or is of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file["version"]) != VERSION:
                raise InputError(f"{path.name} is of another version.", "Delete it; it is made anew.")
            bones = file["bones"]
            numbers = [tuple(float(v) for v in file[key]) for key in ("spacing_mm", "origin_mm", "direction")]
            grid = Grid(bones.shape[::-1], *numbers)  # type: ignore[arg-type]
            return TissueCase(str(file["name"]), str(file["source"]), grid, file["fraction"], file["tissue"], bones)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path.name} is not a training knee.", "Delete it; it is made anew.") from error
