"""The point spread of a scanner, made of responses along its axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.line_response import LineResponse, line_response, weights

Floats = NDArray[np.floating]
MTF = Callable[[Floats], Floats]

ROWS_AT_ONCE = 48


@dataclass(frozen=True)
class PointSpread:
    """A slice profile times a sum of functions of the in-plane distance along y and x.

    Attributes:
        through: MTF across the slices.
        in_plane: factors and MTFs; a term is the factor times MTF(f_y) MTF(f_x).
        longest_mm: (z, y, x) no response reaches farther.
    """

    through: MTF
    in_plane: tuple[tuple[float, MTF], ...]
    longest_mm: tuple[float, float, float]

    def on(self, fine_mm: Floats, smoothings: int) -> Responses:
        """The responses for fine voxels of the edges (z, y, x); ``smoothings`` as in :func:`line_response`."""
        z, y, x = (round(float(edge), 6) for edge in fine_mm)
        long_z, long_y, long_x = self.longest_mm
        return Responses(
            line_response(self.through, z, smoothings, long_z),
            tuple((factor, line_response(mtf, y, smoothings, long_y)) for factor, mtf in self.in_plane),
            tuple((factor, line_response(mtf, x, smoothings, long_x)) for factor, mtf in self.in_plane),
        )


@dataclass(frozen=True)
class Responses:
    """Tabulated responses: one along z, and factors with responses along y and x."""

    z: LineResponse
    y: tuple[tuple[float, LineResponse], ...]
    x: tuple[tuple[float, LineResponse], ...]

    @cached_property
    def reach_mm(self) -> tuple[float, float, float]:
        """(z, y, x) how far fine voxels count."""
        return self.z.reach_mm, max(r.reach_mm for _, r in self.y), max(r.reach_mm for _, r in self.x)

    def weighting(self, places: list[Floats], fine_mm: Floats, counts: tuple[int, int, int] | None = None) -> Weighting:
        """Weights for places along z, y, x; see :func:`weights`."""
        limits = (None, None, None) if counts is None else counts
        reach_z, reach_y, reach_x = self.reach_mm
        along_z, cut_z = weights(self.z, places[0], float(fine_mm[0]), reach_z, limits[0])
        along_y = [weights(r, places[1], float(fine_mm[1]), reach_y, limits[1]) for _, r in self.y]
        along_x = [weights(r, places[2], float(fine_mm[2]), reach_x, limits[2]) for _, r in self.x]
        terms = [
            (np.float32(factor) * rows, columns)
            for (factor, _), (rows, _), (columns, _) in zip(self.y, along_y, along_x, strict=True)
        ]
        return Weighting((cut_z, along_y[0][1], along_x[0][1]), along_z, tuple(terms))


@dataclass(frozen=True)
class Weighting:
    """Weights of a box of fine voxels for a box of scanner voxels.

    Attributes:
        box: the fine voxels (z, y, x) that are needed.
        through: (n, m) across the slices.
        in_plane: pairs of tables along y and along x, to be summed over.
    """

    box: tuple[slice, slice, slice]
    through: NDArray[np.float32]
    in_plane: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def applied(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The weighted sums of fine values (z, y, x)."""
        depth, rows, columns = values.shape
        slices = np.empty((len(self.through), rows * columns), dtype=np.float32)
        for some, fine in _bands(self.through):
            slices[some] = self.through[some, fine] @ values.reshape(depth, -1)[fine]
        slices = slices.reshape(-1, rows, columns)
        along_y, along_x = self.in_plane[0]
        total = _in_plane(slices, along_y, along_x)
        for along_y, along_x in self.in_plane[1:]:
            total += _in_plane(slices, along_y, along_x)
        return total


def _in_plane(
    slices: NDArray[np.float32], along_y: NDArray[np.float32], along_x: NDArray[np.float32]
) -> NDArray[np.float32]:
    depth, _, columns = slices.shape
    lines = np.empty((depth, len(along_y), columns), dtype=np.float32)
    for some, fine in _bands(along_y):
        lines[:, some] = along_y[some, fine] @ slices[:, fine]
    found = np.empty((depth, len(along_y), len(along_x)), dtype=np.float32)
    for some, fine in _bands(along_x):
        found[:, :, some] = lines[:, :, fine] @ along_x[some, fine].T
    return found


def _bands(table: NDArray[np.float32]) -> Iterator[tuple[slice, slice]]:
    """Blocks of rows of a banded table and the columns they use: small dense products suit BLAS best."""
    for start in range(0, len(table), ROWS_AT_ONCE):
        used = np.flatnonzero(table[start : start + ROWS_AT_ONCE].any(axis=0))
        yield slice(start, start + ROWS_AT_ONCE), slice(int(used[0]), int(used[-1]) + 1)
