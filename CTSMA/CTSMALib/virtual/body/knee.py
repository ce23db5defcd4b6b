"""One virtual knee: bones, what they are made of, and what surrounds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.bone_material import BoneMaterial
from CTSMALib.virtual.soft_tissue.soft_tissue import SoftTissue
from CTSMALib.virtual.spec import KneeSpec

NO_CARTILAGE = Field(np.zeros((1, 1, 1), np.float32), (0.0, 0.0, 0.0), 1.0)


@dataclass(frozen=True, eq=False)
class VirtualKnee:
    """A knee that can be scanned in any posture.

    Attributes:
        spec: what it follows from.
        shape: its bones, seated with the wanted joint space.
        materials: bone name to what it is made of.
        soft: what surrounds the bones.
    """

    spec: KneeSpec
    shape: KneeShape
    materials: dict[str, BoneMaterial]
    soft: SoftTissue

    @cached_property
    def fields(self) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
        """All fields in the order of :mod:`~CTSMALib.virtual.body.tissue_kernel`, one after the other.

        Returns:
            Values; (n, 4) where each field begins and its points along z, y, x; (n, 5) its first point (z, y, x) and
            spacing, mm, and that inverted.
        """
        bones = [self.shape.bones[b.name] for b in BONES]
        materials = [self.materials[b.name] for b in BONES]
        soft = self.soft
        fields = [b.depth for b in bones]
        fields += [m.shell_mm for m in materials] + [m.fraction for m in materials]
        fields += [soft.cartilage_mm.get(b.name, NO_CARTILAGE) for b in BONES]
        fields += [soft.meniscus_mm, soft.fluid_mm, soft.tendon_mm, soft.muscle_mm, soft.skin_mm]
        begins = _begins([f.values for f in fields])
        places = np.array([[begin, *f.values.shape] for begin, f in zip(begins, fields, strict=True)], np.int64)
        lattices = np.array([[*f.first_mm, f.spacing_mm, 1.0 / f.spacing_mm] for f in fields])
        return np.concatenate([f.values.ravel() for f in fields]).astype(np.float32, copy=False), places, lattices

    @cached_property
    def marrow(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """What fills the spaces of the bones, one bone after the other, and where each begins."""
        values = [self.materials[b.name].marrow.values for b in BONES]
        return np.concatenate([v.ravel() for v in values]).astype(np.uint8, copy=False), np.array(_begins(values))

    @property
    def thickest_cartilage_mm(self) -> NDArray[np.float64]:
        """(4,) of each bone."""
        return np.array([float(self.soft.cartilage_mm.get(b.name, NO_CARTILAGE).values.max()) for b in BONES])

    @property
    def thickest_shell_mm(self) -> NDArray[np.float64]:
        """(4,) of each bone."""
        return np.array([float(self.materials[b.name].shell_mm.values.max()) for b in BONES])


def _begins(arrays: Sequence[NDArray[Any]]) -> list[int]:
    return [0, *np.cumsum([a.size for a in arrays])[:-1].tolist()]


@dataclass(frozen=True)
class Detail:
    """How finely a knee is described.

    Attributes:
        bone_mm: spacing of the lattices of bones.
        soft_mm: spacing of the lattices of soft tissue.
    """

    bone_mm: float = 0.6
    soft_mm: float = 1.0


STANDARD, COARSE, TINY = Detail(), Detail(0.8, 1.5), Detail(1.2, 2.5)


def virtual_knee(spec: KneeSpec, detail: Detail = STANDARD, progress: Progress = silent) -> VirtualKnee:
    """Make a knee.

    Args:
        spec: which.
        detail: how finely.
        progress: told of the share done.
    """
    from CTSMALib.virtual.bones.contact import seated
    from CTSMALib.virtual.bones.make_shape import knee_shape
    from CTSMALib.virtual.material.make_material import bone_material
    from CTSMALib.virtual.soft_tissue.make_soft_tissue import make_soft_tissue

    step = part_of(progress, 0.0, 1.0)
    step("Shaping bones", 0.0)
    shape = seated(knee_shape(spec, detail.bone_mm), spec)
    step("Filling bones", 0.35)
    materials = {name: bone_material(bone, shape, spec) for name, bone in shape.bones.items()}
    step("Adding soft tissue", 0.7)
    soft = make_soft_tissue(shape, spec, detail.soft_mm)
    step("Made the knee", 1.0)
    return VirtualKnee(spec, shape, materials, soft)
