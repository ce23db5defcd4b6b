"""Real knees whose bones are known: label maps of MR images, as fields of depth under the bone surface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from skimage.measure import marching_cubes

from CTSMALib.anatomy.grids import index_to_lps, lps_to_index
from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA, Bone

KNEES = {"knee1": "knee1_DESS_labels.nii.gz", "knee2": "knee2_DESS_labels.nii.gz"}
SOURCE_LABELS = {FEMUR: 5, TIBIA: 6, PATELLA: 7, FIBULA: 8}
CARTILAGE = (1, 2, 3, 4)
SPACING_MM = 0.5
MARGIN_MM = 24.0
CUT_MM = 3.0  # left out at either end, where the drawn labels end raggedly
SMOOTHING_MM = 0.5  # rounds off the steps of the voxels of 0.36 x 0.36 x 0.7 mm

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """One knee.

    Attributes:
        side: "left" or "right".
        depth: bone to depth under its surface, mm, positive inside; axis-aligned LPS grid. A bone that is not
            labelled is absent.
        to_cartilage: distance (mm) to the nearest cartilage, same grid.
    """

    side: str
    depth: dict[Bone, sitk.Image]
    to_cartilage: sitk.Image

    @property
    def grid(self) -> sitk.Image:
        """An image on the common grid."""
        return self.to_cartilage

    def mirrored(self) -> Truth:
        """The same knee as one of the other leg."""
        other = {"left": "right", "right": "left"}[self.side]
        return Truth(other, {b: flipped(d) for b, d in self.depth.items()}, flipped(self.to_cartilage))

    def depth_at(self, bone: Bone, points_mm: Points) -> NDArray[np.float64]:
        """Depth (mm) of LPS points (n, 3) under the true surface."""
        image = self.depth[bone]
        index = lps_to_index(image, points_mm)
        return map_coordinates(sitk.GetArrayViewFromImage(image), index.T, order=1, mode="nearest", output=float)

    def surface(self, bone: Bone) -> Points:
        """Points (n, 3) on the true surface, LPS mm; faces where the image cuts the bone are open."""
        image = self.depth[bone]
        vertices = marching_cubes(sitk.GetArrayFromImage(image), 0.0, step_size=2)[0]
        return index_to_lps(image, vertices)


def flipped(image: sitk.Image) -> sitk.Image:
    """An axis-aligned image reflected left to right within its own box."""
    result = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(image)[:, :, ::-1].copy())
    result.CopyInformation(image)
    return result


def load_truth(folder: Path, name: str) -> Truth:
    """Read a label map of the ``mskt`` package.

    Args:
        folder: where the label maps lie.
        name: a key of :data:`KNEES`.
    """
    path = folder / KNEES[name]
    if not path.exists():
        raise SystemExit(
            f"'{path}' is missing. The benchmark needs {', '.join(KNEES.values())}: the label maps of two knees "
            "from the source distribution of the Python package mskt 0.1.22 (data/), written as NIfTI."
        )
    labels = sitk.ReadImage(str(path))
    grid = _grid(labels)
    depth = {}
    for bone, value in SOURCE_LABELS.items():
        mask = labels == value
        if sitk.GetArrayViewFromImage(mask).any():
            depth[bone] = _signed_depth(mask, grid)
    cartilage = sitk.Cast(labels >= min(CARTILAGE), sitk.sitkUInt8) * sitk.Cast(
        labels <= max(CARTILAGE), sitk.sitkUInt8
    )
    return Truth("right", depth, -_signed_depth(cartilage, grid))


def _grid(labels: sitk.Image) -> sitk.Image:
    """Axis-aligned grid around the bones; along z it ends within the shafts, as a scan does."""
    values = sitk.GetArrayViewFromImage(labels)
    index = np.argwhere(np.isin(values, list(SOURCE_LABELS.values())))
    points = index_to_lps(labels, index[:: max(1, len(index) // 200000)])
    low, high = points.min(axis=0), points.max(axis=0)
    low[:2] -= MARGIN_MM
    high[:2] += MARGIN_MM
    low[2], high[2] = low[2] + CUT_MM, high[2] - CUT_MM
    size = [int(n) for n in np.floor((high - low) / SPACING_MM) + 1]
    grid = sitk.Image(size, sitk.sitkFloat32)
    grid.SetSpacing([SPACING_MM] * 3)
    grid.SetOrigin(low.tolist())
    return grid


def _signed_depth(mask: sitk.Image, grid: sitk.Image) -> sitk.Image:
    share = sitk.SmoothingRecursiveGaussian(sitk.Cast(mask, sitk.sitkFloat32), SMOOTHING_MM)
    share = sitk.Resample(share, grid, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    depth = sitk.SignedMaurerDistanceMap(share > 0.5, True, False, True)
    # The distance to voxel centers is a staircase; a little smoothing puts the surface between them.
    return sitk.DiscreteGaussian(sitk.Cast(depth, sitk.sitkFloat32), SMOOTHING_MM**2)
