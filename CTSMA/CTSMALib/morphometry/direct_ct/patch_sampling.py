"""Cubes of an image in the joint frame of a bone: the same cube in every knee, however the scan is stored.

Array axes of a cube are (proximal, anterior, lateral), each growing in the direction of its name. Left
knees are therefore read mirrored; the image itself is never reflected.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import EDGE_MM

STEP_MM = 0.5
Steps = float | tuple[float, float, float]  # mm; three along (proximal, anterior, lateral)
CHUNK_SAMPLES = 400_000  # about 20 MB of coordinates
BORDER_TOLERANCE = 1e-6  # voxels; rounding must not decide whether the border is inside


def sample_patches(
    image: sitk.Image,
    centers_anatomical_mm: NDArray[np.float64],
    frame: JointFrame,
    edge_mm: float = EDGE_MM,
    step_mm: Steps = STEP_MM,
) -> NDArray[np.float32]:
    """Sample cubes by trilinear interpolation.

    Samples sit at the centers of cells of ``step_mm``, which together fill the cube of ``edge_mm``
    around its center. The image ends at the outer faces of its voxels; between the last voxel center
    and that face the border value holds.

    Args:
        image: scalar volume.
        centers_anatomical_mm: (n, 3) centers as (lateral, anterior, proximal) in ``frame``.
        frame: joint frame of the bone.
        edge_mm: edge of the cube.
        step_mm: distance between samples, one number or (proximal, anterior, lateral).

    Returns:
        (n, m, m, m) float32, m = edge / step along each axis; NaN outside the image.
    """
    patches = np.empty(_shape(centers_anatomical_mm, edge_mm, step_mm), dtype=np.float32)
    array = sitk.GetArrayViewFromImage(image)
    for part, coordinates, inside in _chunks(image, centers_anatomical_mm, frame, edge_mm, step_mm):
        values = ndimage.map_coordinates(array, coordinates, output=np.float32, order=1, mode="nearest")
        values[~inside] = np.nan
        patches[part] = values.reshape(-1, *patches.shape[1:])
    return patches


def sample_label_patches(
    labels: sitk.Image,
    centers_anatomical_mm: NDArray[np.float64],
    frame: JointFrame,
    edge_mm: float = EDGE_MM,
    step_mm: Steps = STEP_MM,
) -> NDArray[np.uint8]:
    """Sample cubes of a label map or mask by the nearest voxel, 0 outside the image.

    Arguments as in :func:`sample_patches`; a sample exactly between two voxels may take either.
    """
    patches = np.zeros(_shape(centers_anatomical_mm, edge_mm, step_mm), dtype=np.uint8)
    array = sitk.GetArrayViewFromImage(labels)
    limit = np.asarray(array.shape)[:, None] - 1
    for part, coordinates, inside in _chunks(labels, centers_anatomical_mm, frame, edge_mm, step_mm):
        nearest = np.clip(np.rint(coordinates), 0, limit).astype(np.intp)
        values = np.where(inside, array[tuple(nearest)], 0)
        patches[part] = values.reshape(-1, *patches.shape[1:])
    return patches


def _shape(centers: NDArray[np.float64], edge_mm: float, step_mm: Steps) -> tuple[int, int, int, int]:
    proximal, anterior, lateral = (round(edge_mm / step) for step in _three(step_mm))
    return (len(centers), proximal, anterior, lateral)


def _three(step_mm: Steps) -> tuple[float, float, float]:
    return step_mm if isinstance(step_mm, tuple) else (step_mm, step_mm, step_mm)


def _chunks(
    image: sitk.Image,
    centers_anatomical_mm: NDArray[np.float64],
    frame: JointFrame,
    edge_mm: float,
    step_mm: Steps,
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.bool_]]]:
    """Voxel coordinates (3, k) in array order of a few cubes at a time, and which samples lie inside the image."""
    to_index, origin = _lps_to_index(image)
    offsets = _cube_offsets(edge_mm, step_mm)
    zero = frame.to_lps(np.zeros(3))
    turned = (frame.to_lps(offsets) - zero) @ to_index.T
    centers = (frame.to_lps(np.reshape(centers_anatomical_mm, (-1, 3))) - origin) @ to_index.T
    size = np.asarray(image.GetSize(), dtype=float)[:, None]
    at_once = max(1, CHUNK_SAMPLES // len(offsets))
    for start in range(0, len(centers), at_once):
        part = slice(start, min(start + at_once, len(centers)))
        index = (centers[part, None, :] + turned).reshape(-1, 3).T
        inside = np.all((index >= -0.5 - BORDER_TOLERANCE) & (index <= size - 0.5 + BORDER_TOLERANCE), axis=0)
        yield part, index[::-1], inside


def _lps_to_index(image: sitk.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix from LPS offsets (mm) to continuous voxel index (x, y, z), and the position of voxel 0."""
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    return np.linalg.inv(direction * np.asarray(image.GetSpacing())), np.asarray(image.GetOrigin())


def _cube_offsets(edge_mm: float, step_mm: Steps) -> NDArray[np.float64]:
    """(k, 3) offsets (lateral, anterior, proximal) of the k cells, lateral varying fastest."""
    counts = [round(edge_mm / step) for step in _three(step_mm)]
    along = [(np.arange(n) - (n - 1) / 2.0) * step for n, step in zip(counts, _three(step_mm), strict=True)]
    proximal, anterior, lateral = np.meshgrid(*along, indexing="ij")
    return np.stack([lateral, anterior, proximal], axis=-1).reshape(-1, 3)
