"""What the views show of a review, and views of the MR's own frame, for scenes that no application has opened."""

from __future__ import annotations

from typing import Any

import numpy as np

from CTSMALib.scene.registration.review_layout import MOVING, MOVING_GROUP, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes

PLANES = ("Axial", "Sagittal", "Coronal")


def add_moving_views(scene: Any) -> None:
    """Add the views of the MR's frame that are missing."""
    present = {view.GetLayoutName() for view, _ in moving_views(scene)}
    for name, plane in zip(MOVING, PLANES, strict=True):
        if name not in present:
            view = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
            view.SetLayoutName(name)
            view.SetOrientation(plane)
            view.SetViewGroup(MOVING_GROUP)
            scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", name).SetLayoutName(name)


def points_drawn(review: ReviewNodes, scan: str) -> dict[str, np.ndarray]:
    """ID of a pair to the (3,) world RAS, mm, of its point "ct", "mr" or "own", without points that are hidden."""
    found: dict[str, np.ndarray] = {}
    for kind in ("used", "held_out"):
        node = review.get(f"points_{scan}_{kind}")
        for index in range(node.GetNumberOfControlPoints() if node is not None else 0):
            if node.GetDisplayNode().GetVisibility():
                place = np.array(node.GetNthControlPointPositionWorld(index))
                found[node.GetNthControlPointDescription(index)] = place
    return found


def handles_shown(review: ReviewNodes) -> tuple[str, ...]:
    """The bones that have handles."""
    displays = {bone: review.user(bone).GetDisplayNode() for bone in review.bones}
    return tuple(bone for bone, display in displays.items() if display is not None and display.GetEditorVisibility())


def state_of(review: ReviewNodes) -> str:
    """Which motion the MR is shown with, of those of :mod:`CTSMALib.scene.registration.before_after`."""
    under = review.mr.GetParentTransformNode()
    for role, state in (("knee", "knee"), ("before", "auto")):
        if review.get(role) is not None and review.get(role) is under:
            return state
    return "after"
