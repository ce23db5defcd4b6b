"""How much of a bone trabeculae fill, place by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, Bone
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.lattice import coarser, onto
from CTSMALib.virtual.material.noise import smooth_noise
from CTSMALib.virtual.material.regions import Regions
from CTSMALib.virtual.spec import KneeSpec

Floats = NDArray[np.float32]

# Depth below the plate (mm) and bone fraction relative to the mean over 0 to 5 mm. That it falls is sourced (Patel
# 2003), how far is from memory, as is the rest here.
PROFILE = ((0.0, 1.27), (0.5, 1.25), (1.0, 1.21), (2.5, 1.04), (5.5, 0.80), (9.0, 0.67), (14.0, 0.55), (25.0, 0.40),
           (40.0, 0.24), (60.0, 0.12), (80.0, 0.10))  # fmt: skip
TOP_MM = 5.0
CORE = 0.2  # the specified mean is that of the compartment without its border, where bone changes over
BETWEEN, BESIDE = 0.62, 0.75  # relative to the compartments: under eminence and notch, and beyond their outlines
EVEN_FROM_MM, EVEN_MM = 8.0, 16.0  # deeper, the compartments become alike
MIDDLE, MIDDLE_WORSE = 0.25, 0.6  # more bone in the middle of a compartment than at its border, relative
VARIES, VARIES_MM = 0.18, 8.0  # patches: gives 15 to 20 % within a compartment
FINE_VARIES, FINE_VARIES_MM = 0.06, 4.0
CAVITY_FROM_MM, CAVITY_FULL_MM = 35.0, 65.0  # along the shaft, where the marrow cavity begins
CAVITY, NEAR_CORTEX_MM = 0.0, 5.0
SCAR_MM = {"femur": 21.0, "tibia": -16.0}  # height of the scar of the growth plate
SCAR, SCAR_HALF_MM, SCAR_WAVES_MM = 0.4, 0.7, 1.6
PATELLA_FRACTION, FIBULA_FRACTION = 1.3, 0.6  # relative to femur and lateral tibia
MOST = 0.85
COARSE_MM = 1.2
_VARIES, _FINE, _SCAR = 331, 332, 333


def fill_of(
    bone: Bone, depth: Field, spec: KneeSpec, shell: Field, regions: Regions | None, extent: Extent | None
) -> Field:
    """Bone volume fraction wanted under the shell, without lesions.

    Args:
        bone: which.
        depth: below its surface (mm).
        spec: the person.
        shell: thickness of plate and cortex (mm).
        regions: of femur or tibia; ``None`` for the others.
        extent: of femur or tibia.
    """
    if regions is None or extent is None:
        return depth.like(_small_bone(bone, depth, spec))
    coarse = coarser(depth, COARSE_MM)
    varied = _patches(bone, coarse, spec) * _scar(bone, coarse, spec)
    below = np.maximum(regions.below_mm - shell.values, 0.0)
    profile = np.interp(np.arange(0.0, 200.0, 0.1), *np.array(PROFILE).T).astype(np.float32)
    values = profile[np.minimum(below * 10.0, len(profile) - 1).astype(np.int32)]
    values *= onto(varied, coarse, depth)
    values *= _columns(bone, depth, spec, regions, extent, values, below)
    _hollow(values, depth, bone)
    return depth.like(np.clip(values, 0.0, MOST))


def _patches(bone: Bone, lattice: Field, spec: KneeSpec) -> Floats:
    """Random variation from patch to patch, mean one."""
    wide = smooth_noise((spec.seed, _VARIES, bone.label), VARIES_MM).sample(lattice.axes_mm)
    fine = smooth_noise((spec.seed, _FINE, bone.label), FINE_VARIES_MM).sample(lattice.axes_mm)
    return np.exp(np.float32(VARIES) * wide + np.float32(FINE_VARIES) * fine)


def _scar(bone: Bone, lattice: Field, spec: KneeSpec) -> Floats:
    """The wavy plate that the growth plate leaves behind, as a factor."""
    z_mm, y_mm, x_mm = lattice.axes_mm
    waves = smooth_noise((spec.seed, _SCAR, bone.label), 9.0).sample((np.zeros(1), y_mm, x_mm))
    height = SCAR_MM[bone.name] * spec.scale + SCAR_WAVES_MM * waves
    half = max(SCAR_HALF_MM, 0.5 * lattice.spacing_mm)
    off = (z_mm.astype(np.float32)[:, None, None] - height) / np.float32(half)
    return 1.0 + np.float32(SCAR) * np.exp(-0.5 * off * off)


def _columns(
    bone: Bone, depth: Field, spec: KneeSpec, regions: Regions, extent: Extent, values: Floats, below: Floats
) -> Floats:
    """The compartments' factor: their means right at the top, alike deep in the bone."""
    keys = tuple(regions.compartments)
    mean = float(np.mean([spec.bone_fraction[key] for key in keys]))
    lateral, _ = extent.normalized(depth.axes_mm[2], depth.axes_mm[1])
    between = np.exp(-((lateral / 0.2) ** 2)).astype(np.float32)[None, :]
    column = np.float32(mean) * (BESIDE + np.float32(BETWEEN - BESIDE) * between)
    column = np.broadcast_to(column, depth.values.shape[1:]).copy()
    top = (depth.values > 0.0) & (below > 0.0) & (below <= TOP_MM) & (regions.articular > 0.5)
    worse = spec.worse[0].upper()
    for key in keys:
        middle = MIDDLE_WORSE if key[1] == worse and spec.grade >= 3 else MIDDLE
        shape = 1.0 + np.float32(middle) * regions.centrality[key]
        inside = top & (regions.centrality[key] > CORE)[None]
        made = float(np.mean((values * shape[None])[inside])) if inside.any() else 1.0
        column += regions.compartments[key] * (np.float32(spec.bone_fraction[key] / made) * shape - column)
    alike = np.clip((below - np.float32(EVEN_FROM_MM)) / np.float32(EVEN_MM), 0.0, 1.0)
    return column[None] + alike * (np.float32(mean) - column[None])


def _hollow(values: Floats, depth: Field, bone: Bone) -> None:
    """Open the marrow cavity along the shaft; trabeculae remain near the cortex."""
    away = depth.axes_mm[0] if bone == FEMUR else -depth.axes_mm[0]
    open_ = np.clip((away - CAVITY_FROM_MM) / (CAVITY_FULL_MM - CAVITY_FROM_MM), 0.0, 1.0).astype(np.float32)
    for index in np.nonzero(open_ > 0.0)[0]:
        inner = np.clip(depth.values[index] / np.float32(NEAR_CORTEX_MM) - 1.0, 0.0, 1.0) * open_[index]
        wanted = np.minimum(values[index], np.float32(CAVITY))
        values[index] += inner * (wanted - values[index])


def _small_bone(bone: Bone, depth: Field, spec: KneeSpec) -> Floats:
    """Patella and fibula."""
    coarse = coarser(depth, COARSE_MM)
    fraction = spec.bone_fraction
    if bone == PATELLA:
        mean = PATELLA_FRACTION * (fraction["FM"] + fraction["FL"]) / 2
    else:
        mean = FIBULA_FRACTION * fraction["TL"]
    profile = 0.75 + 0.5 * np.exp(-np.maximum(depth.values, 0.0) / np.float32(4.0))
    values = np.float32(mean) * profile * onto(_patches(bone, coarse, spec), coarse, depth)
    if bone is FIBULA:
        away = np.clip((-depth.axes_mm[0] - 30.0) / 30.0, 0.0, 1.0).astype(np.float32)[:, None, None]
        values += away * (np.minimum(values, np.float32(CAVITY)) - values)
    return np.clip(values, 0.0, MOST).astype(np.float32)
