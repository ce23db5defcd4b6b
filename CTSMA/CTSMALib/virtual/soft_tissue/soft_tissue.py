"""The soft tissue of one knee, described where it does not move against its surroundings."""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.virtual.field import Field


@dataclass(frozen=True, eq=False)
class SoftTissue:
    """Smooth fields; a boundary lies where a field is zero, so that it is smooth at any voxel size.

    Cartilage belongs to its bone and moves with it. Everything else is described in knee space with the knee extended,
    and follows the bones smoothly when they move.

    Precedence, first to last: bone, meniscus, cartilage, fluid, tendon, muscle, fat, skin, air.

    Attributes:
        cartilage_mm: femur, tibia and patella to the thickness of cartilage over the nearest point of the surface, on
            the lattice of the bone's depth; 0 where there is none. Cartilage is where ``0 < -depth < thickness``.
        meniscus_mm: signed distance from the menisci's surface, positive inside, in the frame of the tibia.
        fluid_mm: the same for joint fluid (joint cleft, suprapatellar recess, effusion), in knee space.
        tendon_mm: the same for tendons and ligaments.
        muscle_mm: the same for muscles.
        skin_mm: depth below the surface of the skin, positive inside the body. The lattice covers the whole leg's
            cross section; beyond its ends along the leg the outermost values go on.
        skin_thickness_mm: of the skin.
    """

    cartilage_mm: dict[str, Field]
    meniscus_mm: Field
    fluid_mm: Field
    tendon_mm: Field
    muscle_mm: Field
    skin_mm: Field
    skin_thickness_mm: float = 1.5
