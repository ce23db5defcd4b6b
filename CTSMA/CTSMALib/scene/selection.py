"""From a place to a patch, and from a patch to a place."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray

from CTSMALib.scene.enface import nearest_patch, surface_points
from CTSMALib.scene.geometry import from_world, to_world
from CTSMALib.scene.model_nodes import boxes, no_boxes
from CTSMALib.scene.patch_table import PatchTable
from CTSMALib.scene.result_nodes import LAYERS, SELECTION, ResultNodes, grid_role
from CTSMALib.scene.views import slice_views

NO_PATCH = 0


def label_at(result: ResultNodes, world_ras_mm: NDArray[np.float64]) -> int:
    """The label of the patch at a place, as slice views show it.

    Args:
        result: the nodes.
        world_ras_mm: (3,).

    Returns:
        1 to 96; :data:`NO_PATCH` where there is none.
    """
    volume = result.get("patch_labels")
    if volume is None or volume.GetImageData() is None:
        return NO_PATCH
    to_ijk = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(to_ijk)
    place = to_ijk.MultiplyPoint((*from_world(volume, world_ras_mm).tolist(), 1.0))
    index = [round(value) for value in place[:3]]
    if any(not 0 <= i < n for i, n in zip(index, volume.GetImageData().GetDimensions(), strict=True)):
        return NO_PATCH
    return int(volume.GetImageData().GetScalarComponentAsDouble(*index, 0))


def bone_of(result: ResultNodes, node: Any) -> str:
    """The bone that a model of the result shows, itself or the outlines of its patches; empty for other nodes."""
    for bone in result.bone_axes:
        roles = (f"surface_{bone}", *(grid_role(bone, layer) for layer in LAYERS))
        if any(result.get(role) is node for role in roles if node is not None):
            return bone
    return ""


def label_under(result: ResultNodes, world_ras_mm: NDArray[np.float64], bone: str, layer: int) -> int:
    """The label of the patch beneath a point of a bone's surface.

    Args:
        result: the nodes.
        world_ras_mm: (3,).
        bone: name of the bone.
        layer: the depth layer, 1 or 2.

    Returns:
        1 to 96; :data:`NO_PATCH` where there is none.
    """
    own = np.flatnonzero(result.patches.bones == bone)
    table = result.patches.chosen(result.patches.bones == bone)
    shown = np.flatnonzero(table.layers == layer)
    point = from_world(result.node_with_geometry, world_ras_mm)
    found = int(nearest_patch(point[None], surface_points(table)[shown], result.bone_axes[bone])[0])
    return int(own[shown[found]]) + 1 if found >= 0 else NO_PATCH


def center_of(result: ResultNodes, label: int) -> NDArray[np.float64]:
    """The center of a patch in world RAS, (3,) mm."""
    return to_world(result.node_with_geometry, result.patches.centers_ras_mm[label - 1])


def select(result: ResultNodes, label: int) -> None:
    """Draw the box of a patch in the color of the selection; :data:`NO_PATCH` draws none."""
    node = result.get(SELECTION)
    if node is None:
        return
    outline = no_boxes()
    axes = result.bone_axes
    if 1 <= label <= len(result.patches) and str(result.patches.bones[label - 1]) in axes:
        turned = axes[str(result.patches.bones[label - 1])]
        outline = boxes(result.patches.centers_ras_mm[label - 1][None], turned[None])
    node.SetAndObservePolyData(outline)


def other_layer(patches: PatchTable, label: int) -> int:
    """The patch at the same place in the other depth layer; :data:`NO_PATCH` where there is none."""
    name, layer = patches.ids[label - 1], int(patches.layers[label - 1])
    partner = f"{name.rpartition('-')[0]}-d{3 - layer}"
    return patches.ids.index(partner) + 1 if partner in patches.ids else NO_PATCH


def jump_to(scene: Any, world_ras_mm: NDArray[np.float64], beside: bool = False) -> None:
    """Move every slice view to a place, and its middle too where the place is out of its view.

    Args:
        scene: ``vtkMRMLScene``.
        world_ras_mm: (3,).
        beside: move the views that are kept for the result beside the shown one, instead of the others.
    """
    for view in slice_views(scene, beside):
        if _in_view(view, world_ras_mm):
            view.JumpSliceByOffsetting(*world_ras_mm.tolist())
        else:
            view.JumpSliceByCentering(*world_ras_mm.tolist())


def _in_view(view: Any, world_ras_mm: NDArray[np.float64]) -> bool:
    to_view = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(view.GetSliceToRAS(), to_view)
    place = to_view.MultiplyPoint((*world_ras_mm.tolist(), 1.0))
    width, height = view.GetFieldOfView()[:2]
    return abs(place[0]) < 0.48 * width and abs(place[1]) < 0.48 * height
