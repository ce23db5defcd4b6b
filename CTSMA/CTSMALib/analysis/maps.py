"""Volumes made from patches: which patch a voxel belongs to, and maps of the mapped quantities."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from CTSMALib.analysis.result import ParameterMap, PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.catalogue import quantities

REACH_MM = EDGE_MM / 2 + 1.0  # a voxel further than this from every patch center gets no map value
NEIGHBORS = 8
SIGMA_MM = 2.0
METHOD = "interpolated patches"


def patch_label_map(
    trabecular: sitk.Image, patches: list[PatchMeasurement], frames: dict[str, JointFrame]
) -> sitk.Image:
    """Label every trabecular voxel inside a patch with the patch's number.

    Args:
        trabecular: mask of the bone to label; gives the grid.
        patches: the learning grid; patch k gets the value k + 1.
        frames: bone name to joint frame.

    Returns:
        ``uint8`` label map. Where boxes overlap, the nearest center wins.
    """
    inside = np.argwhere(sitk.GetArrayViewFromImage(trabecular) > 0)
    points = index_to_lps(trabecular, inside)
    values = np.zeros(len(points), dtype=np.uint8)
    nearest = np.full(len(points), np.inf)
    tree = cKDTree(points)
    for number, measurement in enumerate(patches, start=1):
        if not measurement.values:
            continue
        patch = measurement.patch
        close = np.array(tree.query_ball_point(patch.center_lps_mm, EDGE_MM * np.sqrt(3) / 2), dtype=int)
        if close.size == 0:
            continue
        local = frames[patch.bone].to_anatomical(points[close]) - patch.center_anatomical_mm
        distance = np.abs(local).max(axis=1)
        won = (distance <= EDGE_MM / 2) & (distance < nearest[close])
        values[close[won]] = number
        nearest[close[won]] = distance[won]
    return _volume(trabecular, inside, values, np.uint8)


def parameter_map(trabecular: sitk.Image, patches: list[PatchMeasurement], key: str) -> sitk.Image | None:
    """Interpolate one quantity between display patches by Gaussian weights of distance.

    Args:
        trabecular: mask of the bone to map; gives the grid.
        patches: the display grid.
        key: catalogue key.

    Returns:
        ``float32`` volume, NaN where there is no value; ``None`` where no patch has one.
    """
    known = [p for p in patches if key in p.values]
    if not known:
        return None
    inside = np.argwhere(sitk.GetArrayViewFromImage(trabecular) > 0)
    points = index_to_lps(trabecular, inside)
    centers = np.array([p.patch.center_lps_mm for p in known])
    found = np.array([p.values[key] for p in known])
    distance, index = cKDTree(centers).query(points, k=min(NEIGHBORS, len(known)), distance_upper_bound=REACH_MM)
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    weight = np.where(np.isfinite(distance), np.exp(-0.5 * (distance / SIGMA_MM) ** 2), 0.0)
    total = weight.sum(axis=1)
    padded = np.append(found, 0.0)  # a missing neighbor is reported as index len(known)
    values = np.divide((weight * padded[index]).sum(axis=1), total, out=np.full(len(points), np.nan), where=total > 0)
    return _volume(trabecular, inside, values.astype(np.float32), np.float32, fill=np.nan)


def parameter_maps(
    trabecular: sitk.Image, patches: list[PatchMeasurement], prefix: str
) -> dict[str, tuple[ParameterMap, sitk.Image]]:
    """:func:`parameter_map` of every mapped quantity that has values, by the role of its volume in a result.

    Args:
        trabecular, patches: as there.
        prefix: of the catalogue keys, ``"ct_"`` or ``"app_"``.
    """
    found = {}
    for entry in quantities(prefix=prefix, scope="patch", mapped=True):
        volume = parameter_map(trabecular, patches, entry.key)
        if volume is not None:
            found[f"map:{entry.key}"] = (ParameterMap(entry.key, f"maps/{entry.key}.nii.gz", METHOD), volume)
    return found


def _volume(like: sitk.Image, index: NDArray[np.int64], values: NDArray, dtype: type, fill: float = 0) -> sitk.Image:
    array = np.full(like.GetSize()[::-1], fill, dtype=dtype)
    array[tuple(index.T)] = values
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(like)
    return image
