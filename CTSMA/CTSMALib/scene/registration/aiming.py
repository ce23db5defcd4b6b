"""Where views look when a review begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.scene.registration.review_layout import fixed_views, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes
from CTSMALib.scene.registration.seeing import fixed_point, jump, moving_point
from CTSMALib.scene.registration.session import ReviewSession

FIELD_MM = 120.0
CAMERA_MM = np.array([90.0, 360.0, 110.0])  # from the joint
_AT_THE_JOINT = ("femur", "tibia")


def joint_of(session: ReviewSession) -> NDArray[np.float64]:
    """The middle between femur and tibia in the CT, (3,) RAS, mm; of all bones where one is missing."""
    chosen = [bone for bone in _AT_THE_JOINT if bone in session.bones]
    bones = chosen if len(chosen) == len(_AT_THE_JOINT) else session.bones
    result: NDArray[np.float64] = np.mean([session.corrections.center_ras_mm(bone) for bone in bones], axis=0)
    return result


def aim(review: ReviewNodes, point_ras_mm: NDArray[np.float64]) -> None:
    """Let slice views and cameras look at a point (3,) of the CT, RAS, mm."""
    for view, _ in (*fixed_views(review.scene), *moving_views(review.scene)):
        width, height = view.GetDimensions()[:2]
        shape = width / height if width > 0 and height > 0 else 1.0
        view.SetFieldOfView(FIELD_MM * max(shape, 1.0), FIELD_MM / min(shape, 1.0), 1.0)
    jump(review, point_ras_mm)
    for index in range(review.scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")):
        camera = review.scene.GetNthNodeByClass(index, "vtkMRMLCameraNode")
        camera.SetFocalPoint(*point_ras_mm.tolist())
        camera.SetPosition(*(point_ras_mm + CAMERA_MM).tolist())
        camera.SetViewUp(0.0, 0.0, 1.0)
        camera.ResetClippingRange()


def follow_crosshair(review: ReviewNodes) -> bool:
    """Let the views of the other scan show the place where the crosshair was put while both are side by side.

    Args:
        review: the nodes.

    Returns:
        Whether the crosshair is in a view of either scan.
    """
    crosshair = review.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    under = crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0]) if crosshair is not None else None
    fixed, moving = ([view for view, _ in views(review.scene)] for views in (fixed_views, moving_views))
    if under not in (*fixed, *moving):
        return False
    place = np.array(crosshair.GetCrosshairRAS())
    others, there = (moving, moving_point) if under in fixed else (fixed, fixed_point)
    for view in others:
        view.JumpSliceByOffsetting(*there(review, place).tolist())
    return True
