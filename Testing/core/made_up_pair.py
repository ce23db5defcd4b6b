"""A made-up CT and MR of one atlas knee, each bone moved by a known rigid motion between them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.atlas import atlases
from CTSMALib.anatomy.grids import lps_to_index, voxel_centers
from CTSMALib.anatomy.labels import BONES
from CTSMALib.registration import local_field, pose_search, register, witnesses
from CTSMALib.registration.engines import mutual_information
from CTSMALib.volumes.rigid import Matrix, applied, inverse, turned

AIR_HU, FAT_HU, MUSCLE_HU, CORTEX_HU, MARROW_HU = -1000.0, -100.0, 40.0, 900.0, 150.0
FAT, MUSCLE, CORTEX, MARROW, NOISE = 500.0, 200.0, 30.0, 600.0, 20.0  # MR signal
CORTEX_MM, RIM_MM, TEXTURE_MM = 2.0, 5.0, 1.3
LOW_MM, HIGH_MM = np.array([-122.0, -76.0, -50.0]), np.array([-16.0, 36.0, 52.0])  # of the CT, LPS
SAGITTAL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])  # columns: along rows, columns, slices
MR_SPACING_MM, MR_SIZE = np.array([0.8, 0.8, 1.5]), (128, 120, 64)
FLEXION_DEG = 10.0
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MadeUpPair:
    """Two scans of one knee.

    Attributes:
        ct: HU, 1 mm.
        labels: its bones, on the same grid; femur, tibia and fibula are cut by its border.
        mr: sagittal oblique, marrow bright, in a space of its own.
        matrices: bone name to the true (4, 4) motion from LPS points of the CT to those of the MR.
        joint_mm: (3,) LPS middle of the joint in the CT.
    """

    ct: sitk.Image
    labels: sitk.Image
    mr: sitk.Image
    matrices: dict[str, Matrix]
    joint_mm: Array


@functools.cache
def made_up_pair() -> MadeUpPair:
    """A right knee, extended in the CT and flexed in the MR. Do not write into it."""
    atlas = atlases()[1]  # the one with a fibula
    grid = _ct_grid()
    depths = _depths(atlas.labels, grid)
    texture = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(depths[0].shape), TEXTURE_MM)
    texture = (texture / texture.std()).astype(np.float32)
    skin = _skin(voxel_centers(grid))
    deepest = np.max(depths, axis=0)
    hu = _mixed(deepest, texture, skin, (AIR_HU, FAT_HU, MUSCLE_HU, CORTEX_HU, MARROW_HU), 80.0)
    labels = np.select([(d > 0) & (d == deepest) for d in depths], [bone.label for bone in BONES], 0).astype(np.uint8)
    matrices = _matrices(atlas.center_mm)
    mr = _mr(_mr_grid(applied(matrices["tibia"], 0.5 * (LOW_MM + HIGH_MM))), grid, depths, texture, matrices)
    return MadeUpPair(_image(hu, grid), _image(labels, grid), mr, matrices, atlas.center_mm)


def _ct_grid() -> sitk.Image:
    grid = sitk.Image([int(n) for n in HIGH_MM - LOW_MM], sitk.sitkUInt8)
    grid.SetOrigin(LOW_MM.tolist())
    return grid


def _mr_grid(center_mm: Array) -> sitk.Image:
    direction = turned(np.array([3.0, -6.0, 8.0]), np.zeros(3), np.zeros(3))[:3, :3] @ SAGITTAL
    grid = sitk.Image(MR_SIZE, sitk.sitkUInt8)
    grid.SetSpacing(MR_SPACING_MM.tolist())
    grid.SetDirection(direction.ravel().tolist())
    grid.SetOrigin((center_mm - direction @ (0.5 * (np.array(MR_SIZE) - 1) * MR_SPACING_MM)).tolist())
    return grid


def _matrices(joint_mm: Array) -> dict[str, Matrix]:
    """The tibia moves as the header is displaced, the others against it."""
    header = turned(np.array([6.0, -4.0, 9.0]), joint_mm, np.array([31.0, -22.0, 17.0]))
    own = {
        "femur": turned(np.array([FLEXION_DEG, 1.0, -1.5]), joint_mm, np.array([0.5, -1.0, 0.8])),
        "tibia": np.eye(4),
        "patella": turned(np.array([6.0, 2.0, 0.0]), joint_mm, np.array([1.0, -3.0, -1.0])),
        "fibula": turned(np.array([1.0, 0.0, 2.0]), joint_mm, np.array([0.3, 0.4, -0.5])),
    }
    return {name: header @ matrix for name, matrix in own.items()}


def _depths(labels: sitk.Image, grid: sitk.Image) -> list[NDArray[np.float32]]:
    """Depth (mm) inside every bone, negative outside."""
    depths = []
    for bone in BONES:
        depth = sitk.SignedMaurerDistanceMap(labels == bone.label, True, False, True)
        smooth = sitk.SmoothingRecursiveGaussian(sitk.Cast(depth, sitk.sitkFloat32), 0.8)
        depths.append(sitk.GetArrayFromImage(sitk.Resample(smooth, grid, sitk.Transform(), sitk.sitkLinear, -99.0)))
    return depths


def _skin(points_mm: Array) -> Array:
    """Depth (mm) below the skin of a leg along z."""
    middle, half = 0.5 * (LOW_MM + HIGH_MM)[:2], 0.5 * (HIGH_MM - LOW_MM)[:2] - 4.0
    return (1.0 - np.linalg.norm((points_mm[..., :2] - middle) / half, axis=-1)) * half.mean()


def _mixed(depth: Array, texture: Array, skin: Array, values: tuple[float, ...], contrast: float) -> Array:
    """What a scan shows; materials fade into each other over a millimeter."""
    air, fat, muscle, cortex, marrow = values
    body, lean = np.clip(skin + 0.5, 0.0, 1.0), np.clip(skin - RIM_MM + 0.5, 0.0, 1.0)
    bone, inner = np.clip(depth + 0.5, 0.0, 1.0), np.clip(depth - CORTEX_MM + 0.5, 0.0, 1.0)
    soft = air + (fat - air) * body + (muscle - fat) * lean
    result: Array = soft * (1 - bone) + cortex * (bone - inner) + (marrow + contrast * texture) * inner
    return result


def _mr(
    grid: sitk.Image, ct: sitk.Image, depths: list[NDArray[np.float32]], texture: Array, matrices: dict[str, Matrix]
) -> sitk.Image:
    points = voxel_centers(grid)
    depth, shade = np.full(points.shape[:3], -np.inf), np.zeros(points.shape[:3])
    for bone, own in zip(BONES, depths, strict=True):
        index = np.moveaxis(lps_to_index(ct, applied(inverse(matrices[bone.name]), points)), -1, 0)
        there = ndimage.map_coordinates(own, index, order=1, mode="nearest")
        deeper = there > depth
        shade[deeper] = ndimage.map_coordinates(texture, index[:, deeper], order=1, mode="reflect")
        depth = np.maximum(depth, there)
    skin = _skin(applied(inverse(matrices["tibia"]), points))
    clean = _mixed(depth, shade, skin, (0.0, FAT, MUSCLE, CORTEX, MARROW), -120.0)
    first, second = NOISE * np.random.default_rng(4).standard_normal((2, *clean.shape))
    return _image(np.hypot(clean + first, second), grid)


def _image(array: NDArray, grid: sitk.Image) -> sitk.Image:
    image = sitk.GetImageFromArray(array if array.dtype == np.uint8 else array.astype(np.float32))
    image.CopyInformation(grid)
    return image


def with_few_points(patch: Any) -> None:
    """Make registrations quick; the engine has the same steps with fewer points.

    Args:
        patch: a ``pytest.MonkeyPatch``.
    """
    patch.setattr(mutual_information, "COARSE", (2.0, 2000))
    patch.setattr(mutual_information, "MIDDLE", (1.0, 4000))
    patch.setattr(mutual_information, "FINE", (0.5, 8000))
    patch.setattr(register, "FINE", (0.5, 8000))
    patch.setattr(witnesses, "COUNT", 4000)
    patch.setattr(local_field, "SCALE", (0.5, 4000))
    patch.setattr(pose_search, "MOST_DEG", 18.0)
