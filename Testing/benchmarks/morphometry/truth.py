"""Truths of the phantoms that have no closed form, written to ``results/truth.csv``; nothing of CTSMALib takes part.

Tb.Th is the mean over the bone of the diameter of the largest ball in the bone that contains the point (Hildebrand and
Ruegsegger 1997), Tb.Sp the same in the marrow, Tb.N the inverse of the same around the middle axes of the bone.
Points of the unit cell are drawn; for each, the largest ball that contains it is found among those around a grid of
centers and then improved off the grid. The distance to the bone surface is analytic where that is exact, and otherwise
that to points on the surface, closer together than the grid. Two grids show the convergence.

Usage::

    python -m Testing.benchmarks.morphometry.truth [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from Testing.benchmarks.morphometry import shapes
from Testing.benchmarks.morphometry.cell_surface import CellSurface, cell_fraction
from Testing.benchmarks.morphometry.phantoms import GYROID, PHANTOMS, SHEET
from Testing.benchmarks.morphometry.sources import digest
from Testing.benchmarks.record import ROOT, ResultTable

RESULTS = Path(__file__).parent / "results"
POINTS, POINTS_OF_TREE = 2**14, 2**11
IMPROVEMENTS = 80
SLACKS = (0.0, 0.7)  # steps
Floats = NDArray[np.float64]
Depth = Callable[[Floats], Floats]  # of (n, 3) points: distance to the surface, negative outside the phase (mm)

PERIODS_MM = {"plates": 1.2, "rods": 1.2, "lattice": 1.2, "spheres": 1.2, "shells": 1.6, "gyroid": GYROID["period_mm"],
              "sheet": SHEET["period_mm"]}  # fmt: skip
STEPS_MM, QUICK_MM = (0.02, 0.01), (0.04, 0.02)
SMOOTH = ("gyroid", "sheet")  # no analytic distance, large cells: the coarser grids suffice
MIDDLE = {"rods": shapes.rods(0.0, 1.2), "lattice": shapes.lattice(0.0, 1.2), "spheres": shapes.spheres(0.0, 1.2),
          "shells": shapes.shells(0.9, 0.0, 1.6)}  # fmt: skip
# Measured earlier by others with painted spheres around refined centers, said to read 1 to 2 % low.
EARLIER = {("rods", "tb_sp_mm"): 1.283, ("lattice", "tb_sp_mm"): 1.200, ("lattice", "tb_th_mm"): 0.408,
           ("spheres", "tb_sp_mm"): 1.185, ("shells", "tb_sp_mm"): 1.369, ("gyroid", "tb_th_mm"): 0.502,
           ("gyroid", "tb_sp_mm"): 1.103, ("sheet", "tb_th_mm"): 0.244, ("sheet", "tb_sp_mm"): 1.252}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="coarser; kept apart from the full results")
    quick = parser.parse_args().quick
    table = ResultTable(RESULTS / f"{'quick_' if quick else ''}truth.csv", ("phantom",), (),
                        truth_sha256=digest("truth", "cell_surface", "shapes", "phantoms"))  # fmt: skip
    for name in [n for n in PERIODS_MM if not table.holds(phantom=n)]:
        table.add(phantom_rows(name, QUICK_MM if quick or name in SMOOTH else STEPS_MM))
    print(f"Results: {RESULTS.relative_to(ROOT)}")


def phantom_rows(name: str, steps: tuple[float, float]) -> list[dict[str, object]]:
    """All numeric truths of one phantom, coarse and fine."""
    coarse, fine = (_quantities(name, step) for step in steps)
    closed = PHANTOMS[name].known(0)
    rows = []
    for key, value in fine.items():
        row = {"phantom": name, "quantity": key, "value": f"{value:.4f}", "coarser": f"{coarse[key]:.4f}",
               "step_mm": str(steps[1]), "coarser_step_mm": str(steps[0]),
               "closed_form": f"{closed[key]:.4f}" if key in closed else "",
               "earlier": EARLIER.get((name, key), "")}  # fmt: skip
        print(*row.values(), flush=True)
        rows.append(row)
    return rows


def _quantities(name: str, step_mm: float) -> dict[str, float]:
    shape, period = PHANTOMS[name].shape(0), PERIODS_MM[name]
    found: dict[str, float] = {}
    surface = None
    if name in (*SMOOTH, "lattice"):
        surface = CellSurface(shape, period, step_mm)
    if name in SMOOTH:
        found |= surface.quantities(cell_fraction(shape, period, step_mm))
    for key, sign in (("tb_th", 1), ("tb_sp", -1)):
        exact = surface is None or (name == "lattice" and sign < 0)
        depth = _analytic(shape, sign) if exact else surface.depth(sign)
        mean, sd = mean_diameter(depth, period, step_mm, POINTS if exact else POINTS_OF_TREE)
        found |= {f"{key}_mm": mean, f"{key}_sd_mm": sd}
    middle = _middle_depth(name, step_mm)
    if middle is not None:
        mean, sd = mean_diameter(middle, period, step_mm, POINTS if name in MIDDLE else POINTS_OF_TREE)
        found |= {"tb_n_per_mm": 1 / mean, "tb_n_sd_mm": sd}
    return found


def _analytic(shape: shapes.Shape, sign: int) -> Depth:
    return lambda points: sign * shape.at(points)


def _middle_depth(name: str, step_mm: float) -> Depth | None:
    """Distance to the middle axes of the bone."""
    if name in MIDDLE:
        return _analytic(MIDDLE[name], -1)
    if name == "sheet":  # the P surface itself
        surface = CellSurface(shapes.schwarz_surface(SHEET["period_mm"]), SHEET["period_mm"], step_mm)
        return surface.distance
    return None


def mean_diameter(depth: Depth, period_mm: float, step_mm: float, count: int) -> tuple[float, float]:
    """Mean and SD of the largest ball diameters over random points of a phase.

    Args:
        depth: of the phase, with the period in all three axes.
        period_mm: of the unit cell.
        step_mm: of the grid of centers.
        count: of points in the cell, a power of 2.
    """
    along = round(period_mm / step_mm)
    axis = (np.arange(along) + 0.5) * (period_mm / along)
    centers = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    radii = depth(centers)
    order = np.argsort(-radii)
    order = order[radii[order] > 0]
    points = qmc.Sobol(3, seed=1).random(count) * period_mm
    own = depth(points)
    points, own = points[own > 0], own[own > 0]
    diameters = largest_balls(depth, points, own, centers[order], radii[order], step_mm, period_mm)
    return float(diameters.mean()), float(diameters.std())


def largest_balls(
    depth: Depth, points: Floats, own: Floats, centers: Floats, radii: Floats, step_mm: float, period_mm: float = 1e9
) -> Floats:
    """Diameters of the largest balls that contain points.

    Args:
        depth: of the phase.
        points: (n, 3) in the phase.
        own: (n,) their depths.
        centers: (m, 3) of balls on a grid, the largest first.
        radii: (m,) their depths.
        step_mm: of the grid.
        period_mm: of the shape, if it has one.
    """
    best = own.copy()
    for slack in SLACKS:  # a ball of the grid that misses a point narrowly may have a larger neighbor that does not
        found = first_ball(points, centers, radii + slack * step_mm, period_mm)
        start = np.where(found[:, None] >= 0, centers[found], points)
        start = start + period_mm * np.round((points - start) / period_mm)
        reach = np.where(found >= 0, step_mm, 5 * step_mm)
        best = np.maximum(best, improved(depth, points, start, reach))
    return 2 * best


@numba.njit(parallel=False, cache=True)
def first_ball(
    points: NDArray[np.float64], centers: NDArray[np.float64], radii: NDArray[np.float64], period: float
) -> NDArray[np.int64]:
    """Index of the first ball (they descend) that contains each point, in a periodic cell; -1 where none does."""
    found = np.full(len(points), -1, np.int64)
    for i in range(len(points)):
        for j in range(len(centers)):
            square = 0.0
            for axis in range(3):
                d = abs(points[i, axis] - centers[j, axis])
                d = min(d, period - d)
                square += d * d
            if square < radii[j] * radii[j]:
                found[i] = j
                break
    return found


def improved(depth: Depth, points: Floats, centers: Floats, reach: Floats) -> Floats:
    """Radii of balls that contain their points, after a random search for the largest; 0 where none was found.

    Args:
        depth: of the phase.
        points: (n, 3).
        centers: (n, 3) of balls to start from, which may miss their points.
        reach: (n,) of the first steps.
    """
    rng = np.random.default_rng(2)
    scores = _score(depth(centers), centers, points)
    for factor in np.geomspace(1, 0.02, IMPROVEMENTS):
        tried = centers + rng.normal(size=centers.shape) * (factor * reach)[:, None]
        new = _score(depth(tried), tried, points)
        better = new > scores
        centers = np.where(better[:, None], tried, centers)
        scores = np.where(better, new, scores)
    return np.maximum(scores, 0.0)


def _score(radii: Floats, centers: Floats, points: Floats) -> Floats:
    """The radius where the ball contains its point, and minus what it lacks where not."""
    lacking = np.linalg.norm(centers - points, axis=1) - radii
    return np.where(lacking <= 0, radii, -lacking)


if __name__ == "__main__":
    main()
