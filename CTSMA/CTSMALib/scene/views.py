"""Where slice and 3D views look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from CTSMALib.scene.geometry import to_world
from CTSMALib.scene.layouts import MOVING_VIEWS, OTHER_VIEWS
from CTSMALib.scene.result_nodes import ResultNodes

FIELD_OF_VIEW_MM = 110.0
CAMERA_DISTANCE_MM = 330.0
CLOSE_UP_DISTANCE_MM = 230.0
_FROM_THE_FRONT = (np.array([0.25, 1.0, 0.3]), np.array([0.0, 0.0, 1.0]))
_VIEWPOINTS = {  # where the camera is, seen from the joint, and what it has on top
    "tibia": (np.array([0.0, 0.45, 1.0]), np.array([0.0, -1.0, 0.0])),
    "femur": (np.array([0.0, 0.45, -1.0]), np.array([0.0, 1.0, 0.0])),
}
_SLICES = (("Red", "Axial"), ("Yellow", "Sagittal"), ("Green", "Coronal"))


def joint_center(result: ResultNodes) -> NDArray[np.float64]:
    """The middle of the patches in world RAS, (3,) mm."""
    return to_world(result.node_with_geometry, result.patches.centers_ras_mm.mean(axis=0))


def aim_camera(result: ResultNodes, bones: str = "all") -> None:
    """Let every 3D view look at the joint from the front, or at the joint surface of one bone.

    Args:
        result: the nodes.
        bones: of :data:`CTSMALib.scene.overlay.BONES_SHOWN`; the tibia is seen from above, the femur from below.
    """
    patches = result.patches
    of_bone = patches.bones == bones
    shown = patches.centers_ras_mm[of_bone] if of_bone.any() else patches.centers_ras_mm
    center = to_world(result.node_with_geometry, shown.mean(axis=0))
    direction, up = _VIEWPOINTS.get(bones, _FROM_THE_FRONT)
    distance = CAMERA_DISTANCE_MM if bones not in _VIEWPOINTS else CLOSE_UP_DISTANCE_MM
    position = center + distance * direction / np.linalg.norm(direction)
    scene = result.scene
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLCameraNode")):
        camera = scene.GetNthNodeByClass(index, "vtkMRMLCameraNode")
        camera.SetFocalPoint(*center.tolist())
        camera.SetPosition(*position.tolist())
        camera.SetViewUp(*up.tolist())
        camera.ResetClippingRange()


def slice_views(scene: Any, beside: bool = False) -> Iterator[Any]:
    """The nodes of slice views: of those kept for the result beside the shown one, or of the others.

    Views of an MR in its own frame are none of them: what lies in the frame of the CT is elsewhere there.
    """
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLSliceNode")
        name = str(node.GetLayoutName() or "")
        if name.startswith(OTHER_VIEWS) == beside and not name.startswith(MOVING_VIEWS):
            yield node


def aim_slices(result: ResultNodes, beside: bool = False) -> None:
    """Let every slice view show the joint, as large as it fits; ``beside`` as of :func:`slice_views`."""
    center = joint_center(result)
    for view in slice_views(result.scene, beside):
        width, height = view.GetDimensions()[:2]
        shape = width / height if width > 0 and height > 0 else 1.0
        view.SetFieldOfView(FIELD_OF_VIEW_MM * max(shape, 1.0), FIELD_OF_VIEW_MM / min(shape, 1.0), 1.0)
        view.JumpSliceByCentering(*center.tolist())


def add_views(scene: Any) -> None:
    """Add the views of Slicer's ordinary arrangement, for a scene that no application has opened yet."""
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    for name, orientation in _SLICES:
        view = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        _make_singleton(scene, view, name)
        view.SetOrientation(orientation)
        composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "SliceComposite")
        _make_singleton(scene, composite, name)
    view = scene.AddNewNodeByClass("vtkMRMLViewNode", "View1")
    _make_singleton(scene, view, "1")
    camera = scene.AddNewNodeByClass("vtkMRMLCameraNode", "Default Scene Camera")
    camera.SetLayoutName("1")


def _make_singleton(scene: Any, node: Any, layout_name: str) -> None:
    node.SetLayoutName(layout_name)
