"""Tendons, ligaments and the iliotibial band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import PATELLA
from CTSMALib.virtual.soft_tissue.knee_space import KneeSpace
from CTSMALib.virtual.soft_tissue.muscles import placed
from CTSMALib.virtual.soft_tissue.strand import Strand, union

Array = NDArray[np.float64]
Rows = list[tuple[float, ...]]

# As the table of muscles: proximal, lateral, anterior, half width, half depth, turn.
TENDONS: dict[str, Rows] = {
    "iliotibial band": [
        (130, 49, 22, 1.1, 15, 15), (80, 43.5, 20, 1.1, 14, 15), (50, 38.5, 19, 1.3, 12, 15),
        (25, 36.5, 18, 1.5, 9, 15),
        (5, 35, 18, 1.7, 7, 15), (-14, 29, 20, 2, 5, 30),
    ],
    "semitendinosus tendon": [
        (48, -21, -43, 2.2, 2.2, 0), (25, -30, -38, 2.2, 2.2, 0), (0, -36, -28, 2.2, 2.4, 0),
        (-22, -35, -13, 1.8, 3, -20), (-42, -24.5, 4, 1.3, 5, -35),
    ],
    "gracilis tendon": [
        (64, -38, -32, 2, 2, 0), (25, -40, -31, 1.9, 1.9, 0), (0, -39, -23, 1.8, 2, 0), (-20, -34, -5, 1.5, 3, -20),
        (-38, -24, 9, 1.2, 4, -35),
    ],
    "semimembranosus tendon": [(18, -32, -24, 3, 4, 0), (0, -30, -23, 3.5, 4, 0), (-12, -29, -17, 3, 3, 0)],
    "biceps tendon": [(20, 40, -14, 2, 5, 0), (0, 40.5, -14, 2.4, 4.5, 0), (-12, 41, -13, 3, 4, 0)],
}  # fmt: skip


def tendon_depth(space: KneeSpace) -> NDArray[np.float32]:
    """Signed distance (mm) of tendons and ligaments on the lattice of knee space, positive inside."""
    strands = [placed(name, rows, space) for name, rows in TENDONS.items()]
    strands += [_quadriceps(space), _patellar_ligament(space), _anterior_cruciate(space), _posterior_cruciate(space)]
    strands += [_medial_collateral(space), _lateral_collateral(space)]
    return union(strands, space.lattice)


def _strand(name: str, rows: list[list[float]]) -> Strand:
    return Strand(name, np.array(rows, dtype=float))


def _quadriceps(space: KneeSpace) -> Strand:
    """From the base of the patella up the front of the thigh."""
    s = space.scale
    x, _, base = space.patella_mm.mean(axis=1)[0], 0.0, space.patella_mm[2, 1]
    y = _section_middle(space, base - 5 * s)[1]
    dx, dy = space.shaft_offset_mm
    above = [[130 * s, dx, 55 * s + dy, 13 * s, 3.2 * s, 0], [90 * s, dx, 52 * s + dy, 14 * s, 3.4 * s, 0]]
    rise = [[base + 18 * s, (x + dx) / 2, (y + 52 * s + dy) / 2 - 0.5 * s, 14 * s, 3.5 * s, 0]] if base < 66 * s else []
    return _strand("quadriceps tendon", [*above, *rise, [base - 3 * s, x, y, 13 * s, 4.2 * s, 0]])


def _patellar_ligament(space: KneeSpace) -> Strand:
    """From the lower pole of the patella to the tibial tubercle."""
    s, (tx, ty, tz) = space.scale, space.tubercle_mm
    apex = space.patella_mm[2, 0]
    x, y = _section_middle(space, apex + 4 * s)
    rows = [[apex + 7 * s, x, y + 2.2 * s, 10 * s, 2.2 * s, 0], [apex - 4 * s, x, y + 1 * s, 12.5 * s, 2.5 * s, 0]]
    half = (apex + tz) / 2
    rows += [[half, (x + tx) / 2, (y + ty) / 2 + 1.5 * s, 12.5 * s, 2.6 * s, 0]]
    rows += [[tz + 3 * s, tx, ty + 2.0 * s, 11 * s, 2.6 * s, 0], [tz - 10 * s, tx, ty + 0.3 * s, 8 * s, 1.5 * s, 0]]
    return _strand("patellar ligament", rows)


def _section_middle(space: KneeSpace, level_mm: float) -> Array:
    """Middle (lateral, anterior) of the patella at a level."""
    z, y, x = space.lattice.axes_mm
    depth = space.depths[PATELLA.name][np.abs(z - level_mm).argmin()]
    rows, columns = np.nonzero(depth > 0)
    if len(rows) == 0:
        return np.asarray(space.patella_mm[:2].mean(axis=1))
    return np.array([x[columns].mean(), y[rows].mean()])


def _anterior_cruciate(space: KneeSpace) -> Strand:
    """From the medial wall of the lateral condyle, behind, to the front of the eminence."""
    s, x = space.scale, space.notch_mm
    rows = [
        (25, 10.5, -9, 3, 5.5, 0),
        (18, 7.5, -4.5, 3.2, 5.5, 0),
        (10, 4, 1.5, 3.6, 5.5, 0),
        (3, 1, 7, 4.5, 5.5, 0),
        (-3, -1, 10, 5, 5, 0),
    ]
    return _strand(
        "anterior cruciate ligament", [[z * s, x + u * s, y * s, a * s, b * s, t] for z, u, y, a, b, t in rows]
    )


def _posterior_cruciate(space: KneeSpace) -> Strand:
    """From the lateral wall of the medial condyle, in front, to the back of the tibia."""
    s, x = space.scale, space.notch_mm
    rows = [(22, -9.5, 7, 4, 6, 0), (14, -6.5, 0.5, 4.6, 6.5, 0), (5, -3, -10, 5, 6, 0), (-4, -1, -18, 5.5, 4.5, 0)]
    rows += [(-12, 0, -21, 5.5, 2.5, 0)]
    return _strand(
        "posterior cruciate ligament", [[z * s, x + u * s, y * s, a * s, b * s, t] for z, u, y, a, b, t in rows]
    )


def _medial_collateral(space: KneeSpace) -> Strand:
    """A flat band along the medial side of femur and tibia."""
    s = space.scale
    levels = np.array([32.0, 26, 18, 10, 2, -6, -14, -24, -34, -46]) * s
    y = np.interp(levels / s, [-46, 0, 30], [2, 0, 6]) * s
    x = _border(space, levels, y, -1)
    bridge = np.interp(levels, (-10 * s, 26 * s), (x[levels < -5 * s][0], x[1]))  # straight over the joint line
    x = np.where(levels > -10 * s, np.minimum(x, bridge), x) - 1.2 * s
    rows = [[z, a, b, 1.5 * s, 5.5 * s, 0] for z, a, b in zip(levels, x, y, strict=True)]
    return _strand("medial collateral ligament", rows)


def _lateral_collateral(space: KneeSpace) -> Strand:
    """A cord from the lateral epicondyle to the head of the fibula."""
    s, (fx, fy, fz) = space.scale, space.fibula_head_mm
    level = 27 * s
    x = _border(space, np.array([level]), np.array([2 * s]), 1)[0] + 1.5 * s
    rows = [[level + 3 * s, x - 1 * s, 3 * s, 1.8 * s, 3 * s, 0], [level, x, 2 * s, 1.9 * s, 2.6 * s, 0]]
    rows += [[(level + fz) / 2, max(x, fx) + 1.0 * s, (2 * s + fy) / 2, 1.9 * s, 2.3 * s, 0]]
    rows += [[fz - 1 * s, fx + 1.5 * s, fy, 2.2 * s, 2.4 * s, 0], [fz - 6 * s, fx + 2.5 * s, fy, 2 * s, 2 * s, 0]]
    return _strand("lateral collateral ligament", rows)


def _border(space: KneeSpace, levels_mm: Array, anterior_mm: Array, side: int) -> Array:
    """Smoothed outermost lateral (``side`` 1) or medial (-1) position of bone near the given points."""
    z, y, x = space.lattice.axes_mm
    found = []
    for level, middle in zip(levels_mm, anterior_mm, strict=True):
        layer = space.lattice.values[np.abs(z - level).argmin()][np.abs(y - middle) < 6 * space.scale]
        columns = np.flatnonzero((layer > 0).any(axis=0))
        found.append(x[columns[0 if side < 0 else -1]] if len(columns) else np.nan)
    values = np.array(found)
    known = np.isfinite(values)
    values = (
        np.interp(levels_mm, levels_mm[known][::-1], values[known][::-1])
        if known.any()
        else side * np.full(len(levels_mm), 34 * space.scale)
    )
    if len(values) < 3:
        return np.asarray(values)
    padded = np.pad(values, 1, mode="edge")
    hull = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray(np.minimum(hull, values) if side < 0 else np.maximum(hull, values))
