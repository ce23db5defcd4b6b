"""The surface of a bone from its voxels, for a label map of any orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from CTSMALib.anatomy.labels import BONES
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.model_nodes import add_model, with_normals

if TYPE_CHECKING:
    from CTSMALib.scene.registration.review_nodes import ReviewNodes

CONTOUR_RGB = {  # Okabe and Ito; unlike each other and unlike gray
    "femur": (230, 159, 0),
    "tibia": (86, 180, 233),
    "patella": (240, 228, 66),
    "fibula": (204, 121, 167),
}
CONTOUR_PIXELS = 2
MOST_TRIANGLES = 40_000
SMOOTHING_ITERATIONS, PASS_BAND = 25, 0.06  # removes the steps of voxels, keeps the outline where it is
_MARGIN = 2  # voxels


def add_surfaces(review: ReviewNodes, labels: Any) -> None:
    """Add a model of every bone of a review that has voxels; slice views show its outline.

    Args:
        review: the nodes.
        labels: bone labels of the CT, a SimpleITK image (LPS) or ``vtkMRMLLabelMapVolumeNode``, which is only read.
    """
    node = labels
    if isinstance(labels, sitk.Image):
        node = review.scene.CreateNodeByClass("vtkMRMLLabelMapVolumeNode")
        node.UnRegister(None)
        fill_volume(node, labels)
    for bone in BONES:
        surface = surface_of(node, bone.label) if bone.name in review.bones else None
        if surface is None:
            continue
        model = add_model(review.scene, f"{bone.name} of the CT", with_normals(surface), CONTOUR_RGB[bone.name])
        model.GetDisplayNode().SetVisibility2D(True)
        model.GetDisplayNode().SetSliceIntersectionThickness(CONTOUR_PIXELS)
        review.set(f"surface_{bone.name}", model)


def surface_of(labels: Any, label: int) -> Any:
    """Triangulate one bone.

    Args:
        labels: ``vtkMRMLLabelMapVolumeNode`` that holds voxels.
        label: which bone.

    Returns:
        Smooth ``vtkPolyData`` in RAS, mm, of at most :data:`MOST_TRIANGLES`; ``None`` where the bone is absent.
    """
    data = labels.GetImageData()
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    solid = voxels == label
    if not solid.any():
        return None
    box, first = _box(solid)
    to_ras = vtk.vtkMatrix4x4()
    labels.GetIJKToRASMatrix(to_ras)
    return _moved(_reduced(_triangles(np.pad(solid[box], _MARGIN), first - _MARGIN)), to_ras)


def _box(solid: NDArray[np.bool_]) -> tuple[tuple[slice, ...], NDArray[np.int64]]:
    """What holds all voxels of a bone, and its first voxel as (i, j, k)."""
    cuts = []
    for axis in range(3):
        filled = np.flatnonzero(solid.any(axis=tuple(a for a in range(3) if a != axis)))
        cuts.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return tuple(cuts), np.array([cut.start for cut in cuts[::-1]])


def _triangles(solid: NDArray[np.bool_], first: NDArray[np.int64]) -> Any:
    """A smooth surface in voxel coordinates."""
    image = vtk.vtkImageData()
    image.SetDimensions(*solid.shape[::-1])
    image.SetOrigin(*first.tolist())
    image.GetPointData().SetScalars(numpy_to_vtk(solid.ravel().astype(np.uint8), deep=True))
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.5)
    contour.ComputeNormalsOff()
    contour.ComputeScalarsOff()
    smooth = vtk.vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(contour.GetOutputPort())
    smooth.SetNumberOfIterations(SMOOTHING_ITERATIONS)
    smooth.SetPassBand(PASS_BAND)
    smooth.NormalizeCoordinatesOn()
    smooth.Update()
    return smooth.GetOutput()


def _reduced(surface: Any) -> Any:
    count = surface.GetNumberOfPolys()
    if count <= MOST_TRIANGLES:
        return surface
    fewer = vtk.vtkQuadricDecimation()
    fewer.SetInputData(surface)
    fewer.SetTargetReduction(1.0 - 0.99 * MOST_TRIANGLES / count)
    fewer.Update()
    return fewer.GetOutput()


def _moved(surface: Any, matrix: Any) -> Any:
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix)
    moved = vtk.vtkTransformPolyDataFilter()
    moved.SetInputData(surface)
    moved.SetTransform(transform)
    moved.Update()
    return moved.GetOutput()
