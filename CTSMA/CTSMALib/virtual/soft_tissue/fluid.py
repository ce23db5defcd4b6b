"""Joint fluid: films over cartilage, the cavity within the menisci, and the suprapatellar recess."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.soft_tissue.knee_space import FAR_MM, Box, KneeSpace
from CTSMALib.virtual.soft_tissue.strand import Strand, union
from CTSMALib.virtual.spec import KneeSpec

Values = NDArray[np.float32]

FILM_MM = 0.35
COVERED_MM = 0.5  # cartilage this thick is wet
RECESS_MM = (1.2, 1.6, 3.5, 5.5, 7.0)  # thickness of the suprapatellar recess, by grade


def fluid_depth(space: KneeSpace, spec: KneeSpec, cartilage: dict[str, Values], box: Box, within: Values) -> Values:
    """Signed distance (mm) of joint fluid on the lattice of knee space, positive inside.

    It runs on into cartilage and menisci, which come first: so the film between two layers has no thickness that the
    lattice could miss.

    Args:
        space: bones in knee space.
        spec: grade, for the effusion.
        cartilage: bone to thickness in the box.
        box: part of the lattice around the joint, patella included.
        within: (y, x) of the box: distance from the outer border of the menisci, positive inside.
    """
    recess = _recess(space, spec)
    total = union([recess], space.lattice)
    film = np.full(total[box].shape, -FAR_MM, np.float32)
    for name in (FEMUR.name, TIBIA.name, PATELLA.name):
        above = -space.depths[name][box] - cartilage[name]
        wet = np.minimum(FILM_MM - above, (cartilage[name] - COVERED_MM) * 2)
        film = np.maximum(film, wet)
    femur, tibia = -space.depths[FEMUR.name][box], -space.depths[TIBIA.name][box]
    gap = (10.5 * space.scale - femur - tibia) / 2
    cavity = np.minimum(np.minimum(gap, FAR_MM - 0.4 - np.maximum(femur, tibia)), within - np.float32(0.5))
    # Between two layers of cartilage there is fluid, however wide the cleft.
    between = (np.float32(2 * FAR_MM - 0.6) - femur - tibia) / 2
    for name in (FEMUR.name, TIBIA.name):
        between = np.minimum(between, (cartilage[name] - COVERED_MM) * 2)
    cavity = np.maximum(cavity, np.minimum(between, within + np.float32(1.0)))
    behind_patella = (14.5 * space.scale - femur + space.depths[PATELLA.name][box]) / 2
    for name in (FEMUR.name, PATELLA.name):
        behind_patella = np.minimum(behind_patella, (cartilage[name] - COVERED_MM) * 2)
    cavity = np.maximum(cavity, behind_patella)
    total[box] = np.maximum(total[box], np.maximum(film, cavity.astype(np.float32)))
    return np.maximum(total, -np.float32(FAR_MM))


def _recess(space: KneeSpace, spec: KneeSpec) -> Strand:
    """Between the tendon of the quadriceps and the fat in front of the femur."""
    s = space.scale
    rng = np.random.default_rng([spec.seed, 530])
    thickness = min(RECESS_MM[spec.grade] * rng.uniform(0.75, 1.25), 8.0)
    (left, right), (back, front), (_, base) = space.patella_mm
    middle, dx = (left + right) / 2, space.shaft_offset_mm[0]
    femur = _front_of_femur(space, base + 22 * s)
    start = back + 0.45 * (front - back)
    half = thickness / 2
    deep = max(femur + 2.0 * s + half, 0.0)
    rows = [
        [base + (17 + 4 * thickness) * s, (middle + dx) / 2, deep, 7 * s, 0.35 * half, 0],
        [base + 15 * s, (middle + dx) / 2, deep, (10 + thickness) * s, 0.9 * half, 0],
        [base + 7 * s, middle, (start + deep) / 2, (12 + thickness) * s, half, 0],
        [base - 1 * s, middle, start - 2 * s, 14 * s, 0.6 * half, 0],
        [base - 4 * s, middle, start - 3 * s, 10 * s, 0.3 * half, 0],
    ]
    return Strand("suprapatellar recess", np.array(rows))


def _front_of_femur(space: KneeSpace, level_mm: float) -> float:
    z, y, _ = space.lattice.axes_mm
    rows = np.flatnonzero((space.depths[FEMUR.name][np.abs(z - level_mm).argmin()] > 0).any(axis=1))
    return float(y[rows[-1]]) if len(rows) else 40.0 * space.scale
