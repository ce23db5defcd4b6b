"""Build the bone atlases in ``CTSMA/Resources/Atlas`` from the knee label maps of the ``mskt`` package (MIT).

Each atlas is one real right knee: femur, tibia, patella (and fibula where labelled) on an axis-aligned
LPS grid, with a joint frame per weight-bearing bone derived here from anatomical landmarks.

Usage::

    python scripts/build_atlas.py FOLDER_WITH_LABEL_MAPS CTSMA/Resources/Atlas
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

SOURCES = {"knee1": "knee1_DESS_labels.nii.gz", "knee2": "knee2_DESS_labels.nii.gz"}
BONE_LABELS = {5: 1, 6: 2, 7: 3, 8: 4}  # mskt femur, tibia, patella, fibula to ours
MEDIAL_TIBIAL_CARTILAGE, LATERAL_TIBIAL_CARTILAGE = 2, 3
SPACING_MM = 1.2

Points = NDArray[np.float64]


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    frames = {}
    for name, file in SOURCES.items():
        labels = sitk.ReadImage(str(source / file))
        sitk.WriteImage(_bones_on_lps_grid(labels), str(target / f"{name}.nii.gz"), useCompression=True)
        frames[name] = {"side": "right", "frames": {"femur": _femur_frame(labels), "tibia": _tibia_frame(labels)}}
    document = {"schema": "ctsma-atlas", "version": 1, "atlases": frames}
    (target / "atlas.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _bones_on_lps_grid(labels: sitk.Image) -> sitk.Image:
    corners = [
        labels.TransformContinuousIndexToPhysicalPoint(
            [float(i * (n - 1)) for i, n in zip(c, labels.GetSize(), strict=True)]
        )
        for c in np.ndindex(2, 2, 2)
    ]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    size = [int(np.ceil(extent / SPACING_MM)) + 1 for extent in high - low]
    scores = []
    for source_label in BONE_LABELS:
        indicator = sitk.Cast(labels == source_label, sitk.sitkFloat32)
        indicator = sitk.SmoothingRecursiveGaussian(indicator, SPACING_MM / 2.355)
        resampled = sitk.Resample(
            indicator,
            size,
            sitk.Transform(),
            sitk.sitkLinear,
            low,
            [SPACING_MM] * 3,
            list(np.eye(3).ravel()),
            0.0,
            sitk.sitkFloat32,
        )
        scores.append(sitk.GetArrayFromImage(resampled))
    stack = np.stack(scores)
    bones = np.where(stack.max(axis=0) > 0.5, np.array(list(BONE_LABELS.values()))[stack.argmax(axis=0)], 0)
    image = sitk.GetImageFromArray(bones.astype(np.uint8))
    image.SetSpacing([SPACING_MM] * 3)
    image.SetOrigin(low)
    return image


def _points(labels: sitk.Image, value: int) -> Points:
    """LPS coordinates (n, 3) in mm of the voxels with one value."""
    index = np.argwhere(sitk.GetArrayViewFromImage(labels) == value)[:, ::-1]
    matrix = np.array(labels.GetDirection()).reshape(3, 3) * np.array(labels.GetSpacing())
    return index @ matrix.T + np.array(labels.GetOrigin())


def _tibia_frame(labels: sitk.Image) -> dict[str, list]:
    """Origin between the plateaus; proximal axis normal to the plane through both tibial cartilages."""
    medial, lateral = (_points(labels, v) for v in (MEDIAL_TIBIAL_CARTILAGE, LATERAL_TIBIAL_CARTILAGE))
    points = np.vstack([medial, lateral])
    weights = np.r_[np.full(len(medial), 1 / len(medial)), np.full(len(lateral), 1 / len(lateral))] ** 0.5
    design = np.c_[points[:, :2], np.ones(len(points))]
    slope_x, slope_y, _ = np.linalg.lstsq(design * weights[:, None], points[:, 2] * weights, rcond=None)[0]
    proximal = np.array([-slope_x, -slope_y, 1.0])
    return _frame(
        (medial.mean(axis=0) + lateral.mean(axis=0)) / 2, lateral.mean(axis=0) - medial.mean(axis=0), proximal
    )


def _femur_frame(labels: sitk.Image) -> dict[str, list]:
    """Transverse axis along the posterior condylar line; proximal axis along the shaft."""
    points = _points(labels, 5)
    level = np.round(points[:, 2])
    slices = [points[level == z] for z in np.unique(level)[2:-2]]
    smallest = min(len(s) for s in slices[-25:])
    shaft = np.array([s.mean(axis=0) for s in slices[-25:] if len(s) < 1.5 * smallest])
    proximal = np.linalg.svd(shaft - shaft.mean(axis=0))[2][0]
    proximal *= np.sign(proximal[2])
    middle = np.median(points[points[:, 2] < points[:, 2].min() + 30, 0])
    medial, lateral = points[points[:, 0] > middle], points[points[:, 0] <= middle]
    posterior = [_extreme(p, np.array([0.0, 1.0, 0.0])) for p in (medial, lateral)]
    distal = [_extreme(p, -proximal) for p in (medial, lateral)]
    across = posterior[1] - posterior[0]
    near = points[np.abs((points - distal[0]) @ proximal - 10) < 1]
    origin = (distal[0] + distal[1]) / 2
    origin[1] = (near[:, 1].min() + near[:, 1].max()) / 2
    return _frame(origin, across, proximal)


def _extreme(points: Points, direction: Points) -> Points:
    """Mean of the 0.1 % of points that lie furthest along a direction."""
    score = points @ direction
    return points[score >= np.quantile(score, 0.999)].mean(axis=0)


def _frame(origin: Points, towards_right: Points, proximal: Points) -> dict[str, list]:
    """Rows: patient's right, anterior, proximal; the proximal axis is kept, the others made orthogonal to it."""
    z = proximal / np.linalg.norm(proximal)
    x = towards_right - (towards_right @ z) * z
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(z, x), z])
    return {"origin_mm": np.round(origin, 3).tolist(), "axes": np.round(axes, 6).tolist()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
