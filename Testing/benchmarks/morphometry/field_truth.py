"""Tb.Th and Tb.Sp of the random fields, over the very part of the volume that the methods are compared on.

As in ``truth``, but for shapes without a period: the surface is sought in the whole volume, and the points whose
largest balls are found are drawn from its inner part. Written to ``results/field_truth.csv``.

Usage::

    python -m Testing.benchmarks.morphometry.field_truth
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import qmc
from skimage.measure import marching_cubes

from Testing.benchmarks.morphometry.phantoms import PHANTOMS, pose
from Testing.benchmarks.morphometry.shapes import Waves
from Testing.benchmarks.morphometry.sources import digest
from Testing.benchmarks.morphometry.truth import largest_balls
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
EDGE_MM, RIM_MM = 10.0, 1.3
SEEDS = (3, 4)
STEPS_MM = (0.1, 0.05)  # of the grids of centers
MESH_MM = 0.04
POINTS, MOST_POINTS = 2**14, 3000
TOLERANCE = 1e-3  # of distances, relative
Floats = NDArray[np.float64]


class FieldPiece:
    """The surface of a random field within the volume of one seed, in the axes of the volume (mm)."""

    def __init__(self, name: str, seed: int) -> None:
        shape = PHANTOMS[name].shape(seed)
        assert isinstance(shape, Waves)
        self._shape, (self._rotation, self._offset) = shape, pose(seed, rotated=True)
        axis = np.linspace(0.0, EDGE_MM, round(EDGE_MM / MESH_MM) + 1)
        level = shape.sample((axis, axis, axis), self._rotation, self._offset)
        vertices, faces, _, _ = marching_cubes(level, 0.0, spacing=(axis[1],) * 3)
        points = np.concatenate([vertices, vertices[faces].mean(axis=1)]).astype(np.float64)
        turned = points @ self._rotation.T + self._offset
        gradient, _ = shape.derivatives(turned)
        step = shape.at(turned) / np.maximum((gradient**2).sum(axis=1), 1e-3)
        turned -= np.clip(step, -0.05, 0.05)[:, None] * gradient
        self._tree = KDTree((turned - self._offset) @ self._rotation, leafsize=32)

    def depth(self, points: Floats, sign: int) -> Floats:
        """Distance to the surface within bone (sign 1) or marrow (-1), -1 elsewhere and outside the volume."""
        found = np.full(len(points), -1.0)
        inside = ((points > 0) & (points < EDGE_MM)).all(axis=1)
        inside[inside] = sign * self._level(points[inside]) > 0
        found[inside] = self._tree.query(points[inside], eps=TOLERANCE, workers=-1)[0]
        return found

    def diameters(self, sign: int, step_mm: float) -> Floats:
        """Largest ball diameters around points of the inner part."""
        axis = np.arange(0.3, EDGE_MM - 0.3, step_mm)
        centers = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        radii = self.depth(centers, sign)
        order = np.argsort(-radii)[: np.count_nonzero(radii > 0)]
        points = RIM_MM + qmc.Sobol(3, seed=1).random(POINTS) * (EDGE_MM - 2 * RIM_MM)
        own = self.depth(points, sign)
        points, own = points[own > 0][:MOST_POINTS], own[own > 0][:MOST_POINTS]
        return largest_balls(lambda p: self.depth(p, sign), points, own, centers[order], radii[order], step_mm)

    def _level(self, points: Floats) -> Floats:
        turned = points @ self._rotation.T + self._offset
        parts = np.array_split(turned, max(1, len(turned) // 50_000))
        return np.concatenate([self._shape.at(part) for part in parts])


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    sources = digest("field_truth", "truth", "shapes", "phantoms")
    table = ResultTable(RESULTS / "field_truth.csv", ("phantom",), (), truth_sha256=sources)
    for name in [n for n, phantom in PHANTOMS.items() if phantom.random]:
        for seed in SEEDS:
            label = f"{name} {seed}"
            if not table.holds(phantom=label):
                table.add(_rows(label, FieldPiece(name, seed)))
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def _rows(label: str, piece: FieldPiece) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for key, sign in (("tb_th", 1), ("tb_sp", -1)):
        coarse, fine = (piece.diameters(sign, step) for step in STEPS_MM)
        for suffix, value, coarser in (("_mm", fine.mean(), coarse.mean()), ("_sd_mm", fine.std(), coarse.std())):
            row = {"phantom": label, "quantity": key + suffix, "value": f"{value:.4f}", "coarser": f"{coarser:.4f}",
                   "step_mm": str(STEPS_MM[1]), "coarser_step_mm": str(STEPS_MM[0])}  # fmt: skip
            print(*row.values(), flush=True)
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
