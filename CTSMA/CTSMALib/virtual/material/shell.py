"""How thick the solid shell of a bone is: subchondral plate under cartilage, cortex elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, Bone
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.lattice import coarser, onto
from CTSMALib.virtual.material.noise import smooth_noise
from CTSMALib.virtual.material.regions import Regions
from CTSMALib.virtual.spec import KneeSpec

Floats = NDArray[np.float32]

# From memory but for the plate's mean, which the specification gives.
PLATE_VARIES, PLATE_VARIES_MM = 0.20, 8.0
MIDDLE, MIDDLE_WORSE = 0.25, 0.5  # by how much of itself the plate is thicker in the middle than at the border
ELSEWHERE = 0.8  # plate beside the compartments (trochlea, eminence, rim), relative to their mean
CORTEX_MM = ((0.0, 0.55), (25.0, 0.70), (40.0, 0.95), (75.0, 3.8), (120.0, 4.6))  # distance along the shaft, thickness
CORTEX_VARIES, CORTEX_VARIES_MM = 0.15, 12.0
PATELLA_MM, FIBULA_MM = 1.0, ((0.0, 0.6), (25.0, 0.8), (55.0, 1.8), (100.0, 2.4))
THINNEST_MM, THICKEST_PLATE_MM = 0.12, 2.5
COARSE_MM = 1.8
SURFACE_MM = 1.0
_PLATE, _CORTEX = 311, 312


def shell_of(bone: Bone, depth: Field, spec: KneeSpec, regions: Regions | None) -> Field:
    """Thickness of plate and cortex.

    Args:
        bone: which.
        depth: below its surface (mm).
        spec: the person.
        regions: of femur or tibia; ``None`` for the others.

    Returns:
        mm, at every point of the lattice, of use near the surface.
    """
    coarse = coarser(depth, COARSE_MM)
    cortex = _cortex(bone, coarse, spec)
    uneven = smooth_noise((spec.seed, _CORTEX, bone.label), CORTEX_VARIES_MM).sample(coarse.axes_mm)
    cortex = onto(cortex * np.exp(np.float32(CORTEX_VARIES) * uneven), coarse, depth)
    if regions is None:
        return depth.like(cortex)
    plate = _plate(bone, coarse, depth, spec, regions)
    return depth.like(np.maximum(cortex + regions.articular * (plate - cortex), np.float32(THINNEST_MM)))


def _cortex(bone: Bone, lattice: Field, spec: KneeSpec) -> Floats:
    """Without its variation."""
    if bone == PATELLA:
        return np.full(lattice.values.shape, PATELLA_MM, np.float32)
    table = FIBULA_MM if bone is FIBULA else CORTEX_MM
    away = lattice.axes_mm[0] if bone == FEMUR else -lattice.axes_mm[0]
    if bone is FIBULA:
        away = away - 10.0  # its tip lies below the joint
    distance, thickness = np.array(table).T
    along = np.interp(away / spec.scale, distance, thickness) * spec.scale
    return np.broadcast_to(along.astype(np.float32)[:, None, None], lattice.values.shape).copy()


def _plate(bone: Bone, coarse: Field, depth: Field, spec: KneeSpec, regions: Regions) -> Floats:
    """Thickness of the plate, its mean over every compartment as specified."""
    keys = tuple(regions.compartments)
    elsewhere = ELSEWHERE * float(np.mean([spec.plate_mm[key] for key in keys]))
    uneven = smooth_noise((spec.seed, _PLATE, bone.label), PLATE_VARIES_MM).sample(coarse.axes_mm)
    varied = onto(np.exp(np.float32(PLATE_VARIES) * uneven), coarse, depth)
    surface = (np.abs(depth.values) < SURFACE_MM) & (regions.articular > 0.5)
    column = np.full(depth.values.shape[1:], elsewhere, np.float32)
    for key in keys:
        middle = MIDDLE_WORSE if key[1] == spec.worse[0].upper() and spec.grade >= 3 else MIDDLE
        shape = 1.0 + np.float32(middle) * regions.centrality[key]
        inside = surface & (regions.centrality[key] > 0.0)[None]
        # Weighted by how often a column of the surface occurs, so that steep places count as they should.
        mean = float(np.mean(np.broadcast_to(shape, inside.shape)[inside] * varied[inside])) if inside.any() else 1.0
        wanted = np.float32(spec.plate_mm[key] / mean) * shape
        column += regions.compartments[key] * (wanted - column)
    return np.clip(column[None] * varied, THINNEST_MM, THICKEST_PLATE_MM)
