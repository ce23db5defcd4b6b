"""CT and MR in one picture, pixel by pixel: what MRML's layers cannot do, computed in the plane of a slice view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from CTSMALib.scene.registration.matrices import Matrix, to_numpy, to_vtk
from CTSMALib.scene.registration.review_nodes import ReviewNodes, display_of

Gray = NDArray[np.uint8]
_OUTSIDE = -32768.0  # below every window


@dataclass(frozen=True)
class Checkerboard:
    """CT and MR in turn, in squares that stay where they are in the patient.

    Attributes:
        edge_mm: of a square.
    """

    edge_mm: float = 12.0


@dataclass(frozen=True)
class Spyglass:
    """MR inside a circle, CT around it.

    Attributes:
        center_ras_mm: (3,) in or near the slice.
        radius_mm: of the circle.
    """

    center_ras_mm: tuple[float, float, float]
    radius_mm: float = 20.0


Pattern = Checkerboard | Spyglass


def refresh(review: ReviewNodes, view: Any, pattern: Pattern) -> Any:
    """Compute the picture of a slice view again, as after it was moved, zoomed or resized, or a bone was moved.

    Args:
        review: the nodes.
        view: ``vtkMRMLSliceNode``.
        pattern: who is shown where.

    Returns:
        ``vtkMRMLScalarVolumeNode`` of one slice at the pixels of the view, 8 bit; the same for a view every time.
    """
    ct, mr = gray_slice(review.ct, view), gray_slice(review.mr, view)
    mixed = np.where(shows_mr(view, pattern), mr, ct)
    node = node_of(review, view)
    image = vtk.vtkImageData()
    image.SetDimensions(mixed.shape[1], mixed.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(mixed.ravel(), deep=True))
    was_modifying = node.StartModify()
    try:
        node.SetIJKToRASMatrix(view.GetXYToRAS())
        node.SetAndObserveImageData(image)
    finally:
        node.EndModify(was_modifying)
    return node


def gray_slice(volume: Any, view: Any) -> Gray:
    """A volume in the plane and at the pixels of a slice view, through its transform, window and level.

    Args:
        volume: ``vtkMRMLScalarVolumeNode`` under linear transforms or none.
        view: ``vtkMRMLSliceNode``.

    Returns:
        (height, width) gray, the lowest row first as VTK counts; 0 outside the volume.
    """
    width, height = view.GetDimensions()[:2]
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(volume.GetImageData())
    reslice.SetResliceAxes(to_vtk(_world_to_ijk(volume) @ to_numpy(view.GetXYToRAS())))
    reslice.SetOutputSpacing(1.0, 1.0, 1.0)
    reslice.SetOutputOrigin(0.0, 0.0, 0.0)
    reslice.SetOutputExtent(0, width - 1, 0, height - 1, 0, 0)
    reslice.SetInterpolationModeToLinear()
    reslice.SetOutputScalarType(vtk.VTK_FLOAT)
    reslice.SetBackgroundLevel(_OUTSIDE)
    reslice.Update()
    values = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars()).reshape(height, width)
    display = display_of(volume)
    share = (values - display.GetLevel()) / max(display.GetWindow(), 1e-6) + 0.5
    gray: Gray = (255.0 * np.clip(share, 0.0, 1.0) + 0.5).astype(np.uint8)
    return gray


def shows_mr(view: Any, pattern: Pattern) -> NDArray[np.bool_]:
    """Where a pattern shows the MR: (height, width), the lowest row first."""
    width, height = view.GetDimensions()[:2]
    to_ras = to_numpy(view.GetXYToRAS())
    pixel_mm = np.linalg.norm(to_ras[:3, :2], axis=0)
    axes = to_ras[:3, :2] / pixel_mm
    start = axes.T @ to_ras[:3, 3]  # of the first pixel along both axes, from the middle of the patient's space
    x = start[0] + pixel_mm[0] * np.arange(width)
    y = start[1] + pixel_mm[1] * np.arange(height)
    if isinstance(pattern, Checkerboard):
        column, row = (np.floor(places / pattern.edge_mm).astype(int) for places in (x, y))
        odd: NDArray[np.bool_] = (column[None, :] + row[:, None]) % 2 == 1
        return odd
    middle = axes.T @ np.array(pattern.center_ras_mm)
    inside: NDArray[np.bool_] = np.hypot(x[None, :] - middle[0], y[:, None] - middle[1]) <= pattern.radius_mm
    return inside


def _world_to_ijk(volume: Any) -> Matrix:
    to_ijk, to_world = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(to_ijk)
    parent = volume.GetParentTransformNode()
    if parent is None:
        return to_numpy(to_ijk)
    parent.GetMatrixTransformToWorld(to_world)
    result: Matrix = to_numpy(to_ijk) @ np.linalg.inv(to_numpy(to_world))
    return result


def node_of(review: ReviewNodes, view: Any) -> Any:
    """The volume that holds the picture of a view; it is made again when needed and never saved."""
    role = f"mixed_{view.GetLayoutName()}"
    node = review.get(role)
    if node is not None:
        return node
    node = review.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"CT and MR, {view.GetLayoutName()}")
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(255.0, 127.5)
    display.SetInterpolate(False)
    review.set(role, node)
    return node
