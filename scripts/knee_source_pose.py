"""How the bones of a source anatomy stand to each other, and where they would stand with the knee extended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.landmarks import landmarks, surface_points, tubercle
from CTSMALib.virtual.bones.placing import place_patella
from CTSMALib.virtual.bones.shape import BoneShape, Placement
from CTSMALib.virtual.field import Field

Array = NDArray[np.float64]
Bones = dict[str, Field]

AXIAL_LIMITS_DEG = (2.0, 10.0)  # external rotation of the tibia against the posterior condylar line
TENDON_RATIO = (0.8, 1.15)  # of Insall and Salvati; outside, the patella counts as low or high


def patella_frame(points: Array) -> JointFrame:
    """Origin in the middle of the patella, anterior axis along its thickness, proximal axis along its height.

    Args:
        points: (n, 3) LPS.
    """
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    anterior = np.linalg.svd((points - points.mean(axis=0))[::7], full_matrices=False)[2][2]
    anterior *= -np.sign(anterior[1])
    proximal = np.array([0.0, 0.0, 1.0])
    proximal -= (proximal @ anterior) * anterior
    proximal /= np.linalg.norm(proximal)
    return JointFrame(middle, np.stack([np.cross(anterior, proximal), anterior, proximal]), mirrored=False)


def extended_pose(frames: dict[str, JointFrame], bones: Bones) -> dict:
    """Placements of femur and patella in the frame of the tibia, with the knee extended."""
    tibia, femur = frames["tibia"], frames["femur"]
    turned = tibia.axes @ femur.axes.T
    flexion, frontal, axial = Rotation.from_matrix(turned).as_euler("xyz", degrees=True)
    shaft = _shaft_direction(bones["tibia"], -1)
    wanted = -np.degrees(np.arctan2(shaft[1], shaft[2]))  # about the lateral axis: in line with the shaft of the tibia
    kept = float(np.clip(axial, *AXIAL_LIMITS_DEG))
    rotation = Rotation.from_euler("xyz", [wanted, frontal, kept], degrees=True).as_matrix()
    offset = tibia.to_anatomical(femur.origin_mm)
    axis = _condyle_axis(bones["femur"])
    offset = offset + turned @ axis - rotation @ axis  # turned about the axis of the condyles
    ratio = _tendon_ratio(frames, bones)
    kept_ratio = float(np.clip(ratio, *TENDON_RATIO))
    placed = _patella_placement(bones, Placement(rotation, offset), kept_ratio)
    return {
        "femur": _entry(Placement(rotation, offset)),
        "patella": _entry(placed),
        "tendon_ratio": round(kept_ratio, 3),
        "found": {
            "flexion_deg": round(float(flexion - wanted), 1),
            "valgus_deg": round(float(frontal), 1),
            "axial_deg": round(float(axial), 1),
            "tendon_ratio": round(ratio, 3),
        },
    }


def _entry(placement: Placement) -> dict:
    return {"rotation": placement.rotation.round(6).tolist(), "offset_mm": placement.offset_mm.round(3).tolist()}


def _patella_placement(bones: Bones, femur: Placement, ratio: float) -> Placement:
    shapes = {}
    for bone in (FEMUR, TIBIA, PATELLA):
        points, names = landmarks(bones[bone.name], bone.name, 38.0)
        shapes[bone.name] = BoneShape(bone, bones[bone.name], points, names)
    return place_patella(shapes, femur, ratio)


def _shaft_direction(bone: Field, up: int) -> Array:
    """Unit vector, pointing proximally, along the middles of cross sections 60 to 95 mm from the joint."""
    z, y, x = bone.axes_mm
    heights = [k for k in range(len(z)) if 60 <= up * z[k] <= 95]
    middles = []
    for k in heights:
        rows, columns = np.nonzero(bone.values[k] > 0)
        middles.append([x[columns].mean(), y[rows].mean(), z[k]])
    line = np.array(middles)
    direction: Array = np.linalg.svd(line - line.mean(axis=0), full_matrices=False)[2][0]
    return direction * np.sign(direction[2])


def _condyle_axis(femur: Field) -> Array:
    """Center of the circle through the posterior halves of the condyles, in the femur's frame, between them."""
    points = surface_points(femur)
    centers = []
    for side in (-1, 1):
        near = points[
            (side * points[:, 0] > 18) & (side * points[:, 0] < 32) & (points[:, 2] < 28) & (points[:, 1] < 0)
        ]
        design = np.c_[2 * near[:, 1:], np.ones(len(near))]
        centers.append(np.linalg.lstsq(design, (near[:, 1:] ** 2).sum(axis=1), rcond=None)[0][:2])
    y, z = np.mean(centers, axis=0)
    return np.array([0.0, y, z])


def _tendon_ratio(frames: dict[str, JointFrame], bones: Bones) -> float:
    """Length of the patellar tendon relative to the patella's height, as the bones were found."""
    patella = surface_points(bones["patella"])
    apex, base = patella[np.argmin(patella[:, 2])], patella[np.argmax(patella[:, 2])]
    seen = frames["tibia"].to_anatomical(frames["patella"].to_lps(apex))
    return float(np.linalg.norm(seen - tubercle(surface_points(bones["tibia"]))) / (base[2] - apex[2]))
