"""Boxes of real micro-CT and of virtual knees as bone or marrow, of one size and voxel.

The smallest specimen gives the size: cubes of 3.9 mm, 78 voxels of 0.05 mm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import Patch
from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.bones.make_shape import knee_shape
from CTSMALib.virtual.bones.shape import KneeShape
from CTSMALib.virtual.material.bone_material import BoneMaterial
from CTSMALib.virtual.material.lattice import spanned
from CTSMALib.virtual.material.make_material import bone_material
from CTSMALib.virtual.microstructure.structure import GridBox, box_around
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.population.values import LARGE_SPECIMENS
from CTSMALib.virtual.spec import KneeSpec

VOXEL_MM, COUNT, EDGE_MM = 0.05, 78, 3.9
LHDL, LHDL_FILE, LHDL_THRESHOLD = "lhdl_3155", "LHDL_3155_D_4_bc_0.0195mm.nii.gz", 63  # threshold by its source
# Without the cortical shell, as in scripts/build_specimens.py.
BONEBOX = {"bonebox_0": (slice(100, None), slice(None), slice(80, None)), "bonebox_1": (slice(None),) * 3}
FIELD, SPECIMEN = "field", "specimen"
FIRST_SEED, SHAPE_SEED, LATTICE_MM = 12000, 1, 0.9
LOOK_MM = 0.3  # steps at which a box is searched for plate and cysts
LEAST_WANTED = 0.02  # bone fraction; less is a cyst or the marrow cavity
Bone = NDArray[np.bool_]


def real_boxes(folder: Path) -> dict[str, list[Bone]]:
    """As many boxes as fit into each specimen side by side, around its middle.

    Args:
        folder: with ``trab_lhdl_microct`` and ``trab_bonebox_rois``.
    """
    gray = _array(folder / "trab_lhdl_microct" / LHDL_FILE).astype(np.float32)
    found = {LHDL: _cut(_averaged(gray) > LHDL_THRESHOLD)}
    for number, (name, part) in enumerate(BONEBOX.items()):
        roi = _array(folder / "trab_bonebox_rois" / f"isodata_04216_roi_{number}_0.05mm.nii.gz")
        found[name] = _cut(roi[part] > 0)
    return found


def _averaged(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """A cube on :data:`COUNT` voxels along each axis: means, by how far old voxels reach into new ones."""
    old, new = np.linspace(0.0, 1.0, len(gray) + 1), np.linspace(0.0, 1.0, COUNT + 1)
    shared = np.minimum(new[1:, None], old[1:]) - np.maximum(new[:-1, None], old[:-1])
    weights = (np.clip(shared, 0.0, None) * COUNT).astype(np.float32)
    return np.einsum("ai,bj,ck,ijk->abc", weights, weights, weights, gray, optimize=True)


def _cut(bone: Bone) -> list[Bone]:
    starts = [[(n - n // COUNT * COUNT) // 2 + COUNT * i for i in range(n // COUNT)] for n in bone.shape]
    return [bone[z : z + COUNT, y : y + COUNT, x : x + COUNT] for z in starts[0] for y in starts[1] for x in starts[2]]


def knees(of_each: int) -> dict[str, list[KneeSpec]]:
    """The first knees of either family, from :data:`FIRST_SEED` on; grades 0 to 4 in turn.

    Args:
        of_each: knees of the random fields; of those built on micro-CT the two specimens share as many.
    """
    wanted = {FIELD: of_each, **{name: -(-of_each // len(LARGE_SPECIMENS)) for name in LARGE_SPECIMENS}}
    found: dict[str, list[KneeSpec]] = {name: [] for name in wanted}
    seed = FIRST_SEED
    while any(len(found[name]) < count for name, count in wanted.items()):
        spec = draw_spec(seed, grade=seed % 5)
        if len(found[spec.family]) < wanted[spec.family]:
            found[spec.family].append(spec)
        seed += 1
    return {FIELD: found[FIELD], SPECIMEN: [spec for name in LARGE_SPECIMENS for spec in found[name]]}


def one_shape() -> KneeShape:
    """The bones of all knees here: their shape has no part in what is measured."""
    return knee_shape(draw_spec(SHAPE_SEED, 0, "right", ("knee1",)), LATTICE_MM)


def virtual_boxes(spec: KneeSpec, shape: KneeShape, fractions: list[float]) -> list[Bone]:
    """For each bone fraction the box among the places of patches where the knee is to have about as much bone.

    Boxes hold no plate and no cyst, and no two of them overlap.
    """
    materials = {bone: bone_material(shape.bones[bone], shape, spec) for bone in ("femur", "tibia")}
    free = [(patch, bone) for patch in learning_boxes(shape) if (bone := _wanted(patch, shape, materials))]
    found = []
    for fraction in fractions:
        chosen = free[int(np.argmin([abs(bone - fraction) for _, bone in free]))][0]
        free = [place for place in free if not _overlap(place[0], chosen)]
        whole = materials[chosen.bone].structure.fraction(_box(chosen, VOXEL_MM), VOXEL_MM)
        found.append(whole > 0.5)
    return found


def _box(patch: Patch, voxel_mm: float) -> GridBox:
    lateral, anterior, proximal = patch.center_anatomical_mm
    return box_around((proximal, anterior, lateral), EDGE_MM, voxel_mm)


def _wanted(patch: Patch, shape: KneeShape, materials: dict[str, BoneMaterial]) -> float:
    """Bone fraction that a box is to have; 0 where it reaches into something else than trabecular bone."""
    axes, material = _box(patch, LOOK_MM).axes(), materials[patch.bone]
    inside = spanned(shape.bones[patch.bone].depth, axes) > spanned(material.shell_mm, axes)
    wanted = spanned(material.fraction, axes)
    return float(wanted.mean()) if inside.all() and wanted.min() > LEAST_WANTED else 0.0


def _overlap(first: Patch, second: Patch) -> bool:
    apart = np.abs(np.subtract(first.center_anatomical_mm, second.center_anatomical_mm)).max()
    return first.bone == second.bone and bool(apart < EDGE_MM)


def _array(path: Path) -> NDArray[np.uint8]:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
