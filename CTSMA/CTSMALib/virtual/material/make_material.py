"""The material of a virtual knee's bones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.bones.shape import BoneShape, KneeShape
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.bone_material import BoneMaterial
from CTSMALib.virtual.material.fill import fill_of
from CTSMALib.virtual.material.lesions import Lesion, inside_mm, lesions_of
from CTSMALib.virtual.material.red_marrow import grain, ramp, redden
from CTSMALib.virtual.material.regions import regions_of
from CTSMALib.virtual.material.shell import shell_of
from CTSMALib.virtual.material.structure import structure_of
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.virtual.spec import KneeSpec

RIM_MM, RIM_FRACTION = 0.9, 0.6  # sclerotic rim of a cyst
EDEMA_RAMP_MM, EDEMA_SHARE = 6.0, 0.9  # its border, and how much of its middle is edema
_EDEMA = 342


def bone_material(bone: BoneShape, knee: KneeShape, spec: KneeSpec) -> BoneMaterial:
    """What fills a bone: plate and cortex, trabeculae, marrow, cysts and edema.

    Args:
        bone: the bone's shape.
        knee: that of its knee.
        spec: the person.

    Returns:
        Fields on the lattice of the bone's depth, and the trabecular structure, in the frame of the bone.
    """
    depth, extent = bone.depth, knee.extents.get(bone.bone.name)
    regions = None if extent is None else regions_of(bone.bone, depth, extent)
    shell = shell_of(bone.bone, depth, spec, regions)
    fraction = fill_of(bone.bone, depth, spec, shell, regions, extent)
    marrow = np.full(depth.values.shape, int(Tissue.MARROW), np.uint8)
    if regions is not None and extent is not None:
        redden(marrow, bone, regions.below_mm, spec)
        for number, lesion in enumerate(lesions_of(bone.bone, depth, extent, spec)):
            _place(lesion, bone.bone.label * 100 + number, fraction, marrow, spec)
    structure = structure_of(bone.bone, spec, fraction, extent)
    tissues = Field(marrow, depth.first_mm, depth.spacing_mm)  # type: ignore[arg-type]
    return BoneMaterial(shell, fraction, tissues, structure)


def _place(lesion: Lesion, number: int, fraction: Field, marrow: NDArray[np.uint8], spec: KneeSpec) -> None:
    """Put a lesion into its bone. Fluid of a cyst prevails over edema, whichever comes first."""
    box, inside = inside_mm(lesion, number, fraction, spec, EDEMA_RAMP_MM)
    if inside.size == 0:
        return
    if lesion.kind == "edema":
        share = ramp(inside / np.float32(EDEMA_RAMP_MM) + np.float32(0.5)) * np.float32(EDEMA_SHARE)
        wet = share > grain((spec.seed, _EDEMA, number), inside.shape)
        marrow[box][wet & (marrow[box] != int(Tissue.FLUID))] = int(Tissue.EDEMA)
        return
    values = fraction.values[box]
    rim = np.clip(1.0 - np.abs(inside + np.float32(0.5 * RIM_MM)) / np.float32(RIM_MM), 0.0, 1.0)
    around = (inside <= 0.0) & (marrow[box] != int(Tissue.FLUID))  # not in another cyst
    np.maximum(values, np.float32(RIM_FRACTION) * rim, out=values, where=around)
    values[inside > 0.0] = 0.0
    marrow[box][inside > 0.0] = int(Tissue.FLUID)
