"""Surfaces of bones, from label maps, and of their subchondral plates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.labels import BONES
from CTSMALib.anatomy.plate import Plate

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData

SMOOTHING_ITERATIONS = 20
PASS_BAND = 0.1
KEPT_TRIANGLES = 0.5


def bone_surface(labels: sitk.Image, label: int) -> vtkPolyData | None:
    """Triangulate one bone.

    Args:
        labels: bone labels on an axis-aligned grid.
        label: which bone.

    Returns:
        Surface in LPS, mm; ``None`` where the bone is absent.
    """
    # Imported here: VTK takes a second to load, and the result can be read without it.
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkQuadricDecimation, vtkWindowedSincPolyDataFilter

    solid = sitk.GetArrayViewFromImage(labels) == label
    if not solid.any():
        return None
    padded = np.pad(solid, 1).astype(np.uint8)
    image = vtkImageData()
    image.SetDimensions(*padded.shape[::-1])
    image.SetSpacing(*labels.GetSpacing())
    image.SetOrigin(*(o - s for o, s in zip(labels.GetOrigin(), labels.GetSpacing(), strict=True)))
    image.GetPointData().SetScalars(numpy_to_vtk(padded.ravel(), deep=True))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.5)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(SMOOTHING_ITERATIONS)
    smooth.SetPassBand(PASS_BAND)
    smooth.NormalizeCoordinatesOn()
    decimate = vtkQuadricDecimation()
    decimate.SetInputConnection(smooth.GetOutputPort())
    decimate.SetTargetReduction(1.0 - KEPT_TRIANGLES)
    decimate.Update()
    return decimate.GetOutput()


def plate_surface(plate: Plate, frame: JointFrame) -> vtkPolyData | None:
    """Triangulate the outer surface of a subchondral plate.

    Args:
        plate: the plate.
        frame: joint frame of its bone.

    Returns:
        Surface in LPS, mm, with the apparent thickness (mm, NaN where unknown) as the point array
        ``ct_plate_thickness_mm``; ``None`` where there is no plate.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    known = plate.known
    number = np.cumsum(known).reshape(known.shape) - 1
    corners = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1)
    whole = known[:-1, :-1] & known[1:, :-1] & known[1:, 1:] & known[:-1, 1:]
    quads = corners[whole]
    if len(quads) == 0:
        return None
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = vtkPoints()
    points.SetData(numpy_to_vtk(frame.to_lps(plate.points_mm[known]), deep=True))
    cells = vtkCellArray()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(np.insert(triangles, 0, 3, axis=1).ravel(), deep=True))
    surface = vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    thickness = numpy_to_vtk(plate.thickness_mm[known], deep=True)
    thickness.SetName("ct_plate_thickness_mm")
    surface.GetPointData().SetScalars(thickness)
    return surface


def result_surfaces(anatomy: KneeAnatomy, plate_resolved: bool) -> dict[str, Any]:
    """All surfaces of a knee: bones by their names, plates as ``plate_<bone>``.

    Args:
        anatomy: of the knee.
        plate_resolved: whether the thickness of the plate means something; else it is left out.
    """
    found: dict[str, Any] = {bone.name: bone_surface(anatomy.labels, bone.label) for bone in BONES}
    for name, plate in anatomy.plates.items():
        shown = plate if plate_resolved else replace(plate, thickness_mm=np.full_like(plate.thickness_mm, np.nan))
        found[f"plate_{name}"] = plate_surface(shown, anatomy.frames[name])
    return {name: surface for name, surface in found.items() if surface is not None}
