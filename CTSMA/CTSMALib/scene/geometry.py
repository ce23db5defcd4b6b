"""Between images of the core (SimpleITK, LPS) and volume nodes of MRML (RAS), both in mm."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk, vtk_to_numpy

_FLIP = np.array([-1.0, -1.0, 1.0])  # between LPS and RAS


def flipped(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS points (..., 3) to RAS, or RAS points to LPS."""
    return np.asarray(points_mm, dtype=float) * _FLIP


def fill_volume(node: Any, image: sitk.Image) -> None:
    """Put an image into a volume node.

    Args:
        node: ``vtkMRMLScalarVolumeNode`` or ``vtkMRMLLabelMapVolumeNode``.
        image: any scalar image in LPS, mm.
    """
    voxels = sitk.GetArrayFromImage(image)
    data = vtk.vtkImageData()
    data.SetDimensions(*image.GetSize())
    scalars = numpy_to_vtk(voxels.ravel(), deep=True, array_type=get_vtk_array_type(voxels.dtype))
    data.GetPointData().SetScalars(scalars)
    node.SetAndObserveImageData(data)
    node.SetSpacing(image.GetSpacing())
    node.SetOrigin(flipped(np.array(image.GetOrigin())))
    axes = np.array(image.GetDirection()).reshape(3, 3) * _FLIP[:, None]
    node.SetIJKToRASDirections(axes.tolist())


def image_of(node: Any) -> sitk.Image:
    """The image in a volume node; a transform that the node is under is not applied.

    Args:
        node: ``vtkMRMLScalarVolumeNode`` or ``vtkMRMLLabelMapVolumeNode`` that holds voxels.

    Returns:
        The image in LPS, mm.
    """
    data = node.GetImageData()
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    axes = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(axes)
    matrix = np.array([[axes.GetElement(row, column) for column in range(3)] for row in range(3)])
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(node.GetSpacing())
    image.SetOrigin(flipped(np.array(node.GetOrigin())).tolist())
    image.SetDirection((matrix * _FLIP[:, None]).ravel().tolist())
    return image


def flipped_surface(surface: Any) -> Any:
    """A copy of a ``vtkPolyData`` taken from LPS to RAS, or back."""
    copy = vtk.vtkPolyData()
    copy.DeepCopy(surface)
    points = vtk_to_numpy(copy.GetPoints().GetData())
    turned = vtk.vtkPoints()
    turned.SetData(numpy_to_vtk(points * _FLIP.astype(points.dtype), deep=True))
    copy.SetPoints(turned)
    return copy


def to_world(node: Any, points_ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (..., 3) in the coordinates of a node to world RAS, through its transforms; a missing node has none."""
    return _transformed(_transform_of(node), None, points_ras_mm)


def from_world(node: Any, points_ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """World RAS points (..., 3) to the coordinates of a node."""
    return _transformed(None, _transform_of(node), points_ras_mm)


def _transform_of(node: Any | None) -> Any:
    return node.GetParentTransformNode() if node is not None else None


def _transformed(source: Any, target: Any, points_ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.asarray(points_ras_mm, dtype=float)
    if source is None and target is None:
        return points
    between = vtk.vtkGeneralTransform()
    (source or target).GetTransformBetweenNodes(source, target, between)
    moved = [between.TransformPoint(point) for point in points.reshape(-1, 3)]
    return np.array(moved, dtype=float).reshape(points.shape)
