"""Models of a result: bones, plates, outlines of the patches, the selected patch, and the carrier of the color key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from CTSMALib.anatomy.patch import EDGE_MM

COLOR_ARRAY = "color"
PAINTED_ATTRIBUTE = "CTSMA.Painted"  # on models: the catalogue key whose values they show
SELECTED_RGB = (255, 40, 200)  # in no color map, and unlike bone
_CORNERS = np.array([(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], dtype=float)
_FACES = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])


def add_model(scene: Any, name: str, surface: Any, color: Sequence[int] = (220, 220, 220)) -> Any:
    """Add a model with a display node.

    Args:
        scene: where it goes.
        name: of the node.
        surface: ``vtkPolyData`` in RAS, mm.
        color: RGB, 0 to 255.

    Returns:
        ``vtkMRMLModelNode``.
    """
    node = scene.AddNewNodeByClass("vtkMRMLModelNode", name)
    node.SetAndObservePolyData(surface)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetColor(*(channel / 255 for channel in color))
    display.SetBackfaceCulling(False)
    return node


def with_normals(surface: Any) -> Any:
    """A surface that is shaded smoothly; its points and triangles stay as they are."""
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(surface)
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()


def bare_surface(node: Any) -> Any:
    """The surface of a model as the core made it: without normals and colors."""
    surface = vtk.vtkPolyData()
    surface.DeepCopy(node.GetPolyData())
    data = surface.GetPointData()
    for name in ("Normals", COLOR_ARRAY, value_array_name(node)):
        if name and data.HasArray(name):
            data.RemoveArray(name)
    return surface


def value_array_name(node: Any) -> str:
    """The name of the array that holds the values painted on a model: a catalogue key; empty for none."""
    return str(node.GetAttribute(PAINTED_ATTRIBUTE) or "")


def paint(node: Any, key: str, values: NDArray[np.float64], colors: NDArray[np.uint8]) -> None:
    """Color the points of a model, and keep the values in it for probing.

    Colors are stored as such, because a lookup table has no lasting color for "not measured".

    Args:
        node: ``vtkMRMLModelNode``.
        key: catalogue key of the values.
        values: (n,) one per point.
        colors: (n, 3) RGB.
    """
    data = node.GetPolyData().GetPointData()
    previous = value_array_name(node)
    if previous and previous != key:
        data.RemoveArray(previous)
    _set_array(data, key, values.astype(np.float32))
    _set_array(data, COLOR_ARRAY, colors)
    node.SetAttribute(PAINTED_ATTRIBUTE, key)
    display = node.GetDisplayNode()
    was_modifying = display.StartModify()
    try:
        display.SetActiveScalar(COLOR_ARRAY, vtk.vtkAssignAttribute.POINT_DATA)
        display.SetScalarRangeFlag(display.UseDirectMapping)
        display.SetScalarVisibility(True)
    finally:
        display.EndModify(was_modifying)
    node.GetPolyData().Modified()


def map_values(node: Any, key: str, values: NDArray[np.float64], colors: Any, limits: tuple[float, float]) -> None:
    """Color the points of a model by their values through a color table.

    Args:
        node: ``vtkMRMLModelNode``.
        key: catalogue key of the values.
        values: (n,) one per point, none of them NaN.
        colors: ``vtkMRMLColorTableNode``.
        limits: the values at the ends of the table.
    """
    _set_array(node.GetPolyData().GetPointData(), key, values.astype(np.float32))
    node.SetAttribute(PAINTED_ATTRIBUTE, key)
    display = node.GetDisplayNode()
    was_modifying = display.StartModify()
    try:
        display.SetAndObserveColorNodeID(colors.GetID())
        display.SetActiveScalar(key, vtk.vtkAssignAttribute.POINT_DATA)
        display.SetScalarRangeFlag(display.UseManualScalarRange)
        display.SetScalarRange(*limits)
        display.SetScalarVisibility(True)
    finally:
        display.EndModify(was_modifying)


def boxes(centers_ras_mm: NDArray[np.float64], axes: NDArray[np.float64]) -> Any:
    """Boxes of patches as quadrilaterals.

    Args:
        centers_ras_mm: (n, 3).
        axes: (n, 3, 3) rows are the axes of each box in RAS.

    Returns:
        ``vtkPolyData`` with eight points a box, RAS, mm.
    """
    corners = centers_ras_mm[:, None, :] + EDGE_MM / 2 * np.einsum("ck,nkd->ncd", _CORNERS, axes)
    faces = (np.arange(len(centers_ras_mm))[:, None, None] * 8 + _FACES).reshape(-1, 4)
    surface = vtk.vtkPolyData()
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(corners.reshape(-1, 3), deep=True))
    cells = vtk.vtkCellArray()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(np.insert(faces, 0, 4, axis=1).ravel(), deep=True))
    surface.SetPoints(points)
    surface.SetPolys(cells)
    return surface


def no_boxes() -> Any:
    """An empty ``vtkPolyData`` in the place of boxes."""
    return boxes(np.zeros((0, 3)), np.zeros((0, 3, 3)))


def style_outlines(node: Any, width: float) -> None:
    """Show boxes as lines, in 3D and where slices cut them."""
    display = node.GetDisplayNode()
    display.SetRepresentation(display.WireframeRepresentation)
    display.SetLighting(False)
    display.SetLineWidth(width)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(round(width))


def points_of(node: Any) -> NDArray[np.float64]:
    """(n, 3) points of a model, RAS, mm."""
    return vtk_to_numpy(node.GetPolyData().GetPoints().GetData()).astype(float)


def _set_array(data: Any, name: str, values: NDArray) -> None:
    array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
    array.SetName(name)
    data.AddArray(array)
