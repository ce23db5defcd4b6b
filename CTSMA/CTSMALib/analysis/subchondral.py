"""The subchondral region voxel by voxel: which compartment lies above, and how deep under the plate."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from CTSMALib.anatomy.compartments import compartment_support
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS

DEEPEST_MM = 15.0  # the second layer of patches ends at 13 mm
LEAST_COSINE = 0.5  # bone beside a compartment rather than under its plate does not count


def subchondral_volumes(anatomy: KneeAnatomy) -> tuple[sitk.Image, sitk.Image]:
    """Label the bone under each compartment's plate and measure its depth.

    Args:
        anatomy: the knee.

    Returns:
        ``uint8`` compartments (1 to 4 in the order FM, FL, TM, TL; 0 elsewhere) and ``float32`` distance to the
        plate's outer surface in mm (NaN elsewhere), both on the grid of ``anatomy.labels``.
    """
    values = sitk.GetArrayViewFromImage(anatomy.labels)
    compartments = np.zeros(values.shape, dtype=np.uint8)
    depth = np.full(values.shape, np.nan, dtype=np.float32)
    for bone_name, plate in anatomy.plates.items():
        number_at = _compartment_numbers(anatomy, bone_name)
        covered = number_at > 0
        if not covered.any():
            continue
        frame = anatomy.frames[bone_name]
        index = np.argwhere(values == next(b.label for b in BONES if b.name == bone_name))
        points = frame.to_anatomical(index_to_lps(anatomy.labels, index))
        surface = plate.points_mm[covered]
        distance, nearest = cKDTree(surface).query(points, distance_upper_bound=DEEPEST_MM)
        close = np.isfinite(distance)
        index, points, distance, nearest = index[close], points[close], distance[close], nearest[close]
        along = ((points - surface[nearest]) * plate.inward[covered][nearest]).sum(axis=1)
        under = along >= LEAST_COSINE * distance
        compartments[tuple(index[under].T)] = number_at[covered][nearest[under]]
        depth[tuple(index[under].T)] = distance[under]
    return _like(anatomy.labels, compartments), _like(anatomy.labels, depth)


def _compartment_numbers(anatomy: KneeAnatomy, bone_name: str) -> NDArray[np.uint8]:
    """(ni, nj) compartment of each point of a plate; 0 between and outside them, and in incomplete ones."""
    plate = anatomy.plates[bone_name]
    numbers = np.zeros(plate.known.shape, dtype=np.uint8)
    for number, compartment in enumerate(COMPARTMENTS, start=1):
        if compartment.bone.name == bone_name and compartment.key not in anatomy.incomplete:
            numbers[compartment_support(plate, compartment)] = number
    return numbers


def _like(grid: sitk.Image, array: NDArray) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(grid)
    return image
