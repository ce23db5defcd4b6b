"""Red marrow above the scar of the growth plate, and how labels mix where one tissue gives way to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FEMUR
from CTSMALib.virtual.bones.shape import BoneShape
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.fill import SCAR_MM, SCAR_WAVES_MM
from CTSMALib.virtual.material.lattice import coarser, onto
from CTSMALib.virtual.material.noise import smooth_noise
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.virtual.spec import KneeSpec

Floats = NDArray[np.float32]

# Epiphyses of adults have yellow marrow only; red marrow stays in the metaphysis of the young, more in femurs, in
# flames along the shaft that have no sharp border [memory].
PATCH_MM, STRETCH = 11.0, 1.8
SHARE_YOUNG, SHARE_OLD, YOUNG, OLD = 0.5, 0.08, 20.0, 75.0
IN_TIBIA = 0.6
MOST = 0.85  # share of red marrow in the middle of a patch
RAMP = 2.2  # SDs of the patches' variation from none to most: about 7 mm
BEYOND_SCAR_MM, SCAR_RAMP_MM, CORTEX_RAMP_MM = 2.0, 6.0, 4.0
FROM_JOINT_MM = 10.0  # the scar is curved: behind, the condyles reach higher
COARSE_MM = 1.8
_RED, _GRAIN = 341, 343


def redden(marrow: NDArray[np.uint8], bone: BoneShape, below_mm: Floats, spec: KneeSpec) -> None:
    """Put red marrow into patches of metaphysis and shaft.

    Args:
        marrow: (z, y, x) numbers of tissues, which are changed.
        bone: femur or tibia.
        below_mm: (z, y, x) distance from the articular surface.
        spec: the person.
    """
    coarse = coarser(bone.depth, COARSE_MM)
    share = _share(bone, coarse, spec)
    from_joint = coarser(bone.depth.like(below_mm), COARSE_MM).values
    share *= ramp((from_joint - np.float32(FROM_JOINT_MM)) / np.float32(SCAR_RAMP_MM))
    if not share.any():
        return
    grains = grain((spec.seed, _GRAIN, bone.bone.label), marrow.shape)
    marrow[onto(share, coarse, bone.depth) > np.maximum(grains, np.float32(1e-3))] = int(Tissue.RED_MARROW)


def _share(bone: BoneShape, lattice: Field, spec: KneeSpec) -> Floats:
    """How much of the marrow is red."""
    age = np.clip((spec.age_years - YOUNG) / (OLD - YOUNG), 0.0, 1.0)
    share = float(SHARE_YOUNG + (SHARE_OLD - SHARE_YOUNG) * age) * (1.0 if bone.bone == FEMUR else IN_TIBIA)
    z_mm, y_mm, x_mm = lattice.axes_mm
    noise = smooth_noise((spec.seed, _RED, bone.bone.label), PATCH_MM).sample((z_mm / STRETCH, y_mm, x_mm))
    limit = float(np.quantile(noise, 1.0 - share))
    red = ramp((noise - np.float32(limit)) / np.float32(RAMP) + np.float32(0.5))
    scar = SCAR_MM[bone.bone.name] * spec.scale
    beyond = (z_mm - scar) * np.sign(scar) - SCAR_WAVES_MM - BEYOND_SCAR_MM
    red *= ramp((beyond / SCAR_RAMP_MM).astype(np.float32))[:, None, None]
    return red * ramp((lattice.values - 1.0) / np.float32(CORTEX_RAMP_MM)) * np.float32(MOST)


def ramp(values: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(values, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def grain(seed: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """Evenly distributed numbers from 0 to 1, by which points of a lattice take one label or another.

    Args:
        seed: of the random numbers.
        shape: of the lattice.
    """
    return np.random.default_rng(seed).random(shape, dtype=np.float32)
