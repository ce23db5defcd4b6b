"""Soft tissue around the bones of a virtual knee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.soft_tissue.cartilage import cartilage_thickness
from CTSMALib.virtual.soft_tissue.fluid import fluid_depth
from CTSMALib.virtual.soft_tissue.knee_space import FAR_MM, Box, KneeSpace, knee_space, resampled, scale_of
from CTSMALib.virtual.soft_tissue.ligaments import tendon_depth
from CTSMALib.virtual.soft_tissue.menisci import meniscus_depth
from CTSMALib.virtual.soft_tissue.muscles import muscle_depth
from CTSMALib.virtual.soft_tissue.skin import deep_outline, skin_outline
from CTSMALib.virtual.soft_tissue.soft_tissue import SoftTissue
from CTSMALib.virtual.spec import KneeSpec

Values = NDArray[np.float32]

# Reach of muscles and bones from the middle of the tibia at scale 1: (lateral, anterior), below and above.
REACH_MM = ((-60.0, -66.0), (60.0, 72.0))
AIR_MM = 16.0
FASCIA_MM = 0.6
RETINACULUM_MM = 1.3  # no thinner than the lattice can carry


def make_soft_tissue(knee: KneeShape, spec: KneeSpec, spacing_mm: float = 1.0) -> SoftTissue:
    """Cartilage, menisci, fluid, tendons, muscles and skin of one knee, extended.

    Args:
        knee: bones and where they stand, extended.
        spec: grade, worse compartment, fat, and the seed of all variation.
        spacing_mm: of the lattice in knee space.
    """
    cartilage = cartilage_thickness(knee, spec)
    scale = scale_of(knee)
    margin = 1.7 * spec.body_fat_mm + AIR_MM
    low, high = np.array(REACH_MM[0]) * scale - margin, np.array(REACH_MM[1]) * scale + margin
    space = knee_space(knee, spacing_mm, low, high)
    lattice = space.lattice
    box = _joint_box(space)
    layers = {
        name: resampled(cartilage[name], knee.reference[name], lattice, 0.0, box)
        for name in (FEMUR.name, TIBIA.name, PATELLA.name)
    }
    meniscus, within = meniscus_depth(space, knee.extents[TIBIA.name], spec, layers, box)
    fluid = fluid_depth(space, spec, layers, box, within)
    tendon = tendon_depth(space)
    fluid = np.minimum(fluid, -tendon)
    bellies, muscle = muscle_depth(space, spec)
    solid = lattice.like(np.maximum(np.maximum(lattice.values, tendon), bellies))
    fascia = deep_outline(solid, scale)
    under = fascia.depth(lattice)
    skin = skin_outline(fascia, spec, scale).depth(lattice)
    muscle = np.minimum(muscle, under - FASCIA_MM)
    tendon = np.maximum(tendon, _retinacula(space, under))
    first = tuple(float(axis[part][0]) for axis, part in zip(lattice.axes_mm, box, strict=True))
    return SoftTissue(
        cartilage_mm=cartilage,
        meniscus_mm=Field(meniscus, (first[0], first[1], first[2]), spacing_mm),
        fluid_mm=lattice.like(fluid),
        tendon_mm=lattice.like(tendon),
        muscle_mm=lattice.like(np.maximum(muscle, -np.float32(FAR_MM))),
        skin_mm=lattice.like(skin),
    )


def _retinacula(space: KneeSpace, under: Values) -> Values:
    """Signed distance of the sheets from the sides of the patella to the condyles, and the fascia next to them.

    Args:
        space: bones in knee space.
        under: depth below the deep fascia.
    """
    s = space.scale
    z, y, _ = space.grid((slice(None), slice(None), slice(None)))
    middle = float(space.patella_mm[2].mean()) - 8 * s
    reach = np.minimum(31 * s - np.abs(z - middle + 8 * s), y - 12 * s).astype(np.float32) * np.float32(0.15)
    return np.minimum(RETINACULUM_MM / 2 - np.abs(under - RETINACULUM_MM / 2), reach)


def _joint_box(space: KneeSpace) -> Box:
    """Everything covered with cartilage."""
    s, patella = space.scale, space.patella_mm
    low = (-50.0 * s, -45.0 * s, -16.0 * s)
    return space.box(low, (50.0 * s, patella[1, 1] + 4.0, max(patella[2, 1] + 8.0, 48.0 * s)))
