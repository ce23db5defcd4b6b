"""Bone surfaces from label maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

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
