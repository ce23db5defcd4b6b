"""Bones of the source anatomies as level functions on a lattice, for ``build_knee_sources.py``."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import vtk
from numpy.typing import NDArray
from scipy import ndimage
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.virtual.field import Field

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int64]]  # (n, 3) LPS mm and (m, 3) corners

FINE_MM = 0.5
LABEL_SMOOTHING_MM = 0.9  # hides the steps of slices 0.7 mm apart
MESH_SMOOTHING_MM = 1.1  # rounds what subdivision leaves of facets about 5 mm wide
MARGIN_MM = 8.0
WELD_MM = 0.05
COMPONENTS = {"SCALAR": 1, "VEC3": 3}
NUMBERS = {5123: "<u2", 5125: "<u4", 5126: "<f4"}


def level_of_label(labels: sitk.Image, label: int, frame: JointFrame, low: Array, high: Array) -> tuple[Field, float]:
    """A label's smooth level function in a frame, which encloses the volume of the label's voxels.

    Where the bone leaves the image it goes on for some millimeters as wide as there.

    Returns:
        Level between two corners of the frame, positive inside; by what share a level of 0.5 would change the volume.
    """
    mask = _largest(sitk.GetArrayFromImage(labels == label) > 0)
    pad = 24
    image = sitk.GetImageFromArray(np.pad(mask, pad, mode="edge").astype(np.float32))
    image.SetSpacing(labels.GetSpacing())
    image.SetDirection(labels.GetDirection())
    image.SetOrigin(labels.TransformContinuousIndexToPhysicalPoint([-float(pad)] * 3))
    smooth = sitk.SmoothingRecursiveGaussian(image, LABEL_SMOOTHING_MM)
    inner = sitk.GetArrayViewFromImage(smooth)[pad:-pad, pad:-pad, pad:-pad]
    level, change = _level(inner, mask.sum())
    size = [int(n) for n in np.ceil((high - low) / FINE_MM)]
    direction = frame.axes.T.ravel().tolist()
    on_lattice = sitk.Resample(
        smooth, size, sitk.Transform(), sitk.sitkBSpline, frame.to_lps(low), [FINE_MM] * 3, direction, 0.0
    )
    return _field(_largest_part(sitk.GetArrayFromImage(on_lattice) - level), low), change


def level_of_mesh(mesh: Mesh, frame: JointFrame, low: Array, high: Array) -> tuple[Field, float]:
    """A closed mesh's smooth level function in a frame, which encloses the volume of the mesh. Returns as above."""
    size = [int(n) for n in np.ceil((high - low) / FINE_MM)]
    local = frame.to_anatomical(mesh[0]), mesh[1]
    flat, round_ = (_filled(_polydata(local), low, size), _filled(_subdivided(_polydata(local)), low, size))
    smooth = ndimage.gaussian_filter(round_.astype(np.float32), MESH_SMOOTHING_MM / FINE_MM, mode="nearest")
    level, change = _level(smooth, flat.sum())
    return _field(_largest_part(smooth - level), low), change


def read_glb(path: Path) -> dict[str, Mesh]:
    """The meshes of a GLB file by name, in LPS mm: glTF has meters, x to the left, y up, z forward."""
    content = path.read_bytes()
    length = struct.unpack("<I", content[12:16])[0]
    document, binary = json.loads(content[20 : 20 + length]), content[28 + length :]
    assert not any({"matrix", "rotation", "translation", "scale"} & set(node) for node in document["nodes"])

    def numbers(which: int) -> NDArray:
        accessor = document["accessors"][which]
        view = document["bufferViews"][accessor["bufferView"]]
        width = COMPONENTS[accessor["type"]]
        first = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        kind = NUMBERS[accessor["componentType"]]
        return np.frombuffer(binary, kind, accessor["count"] * width, first).reshape(-1, width)

    found = {}
    for entry in document["meshes"]:
        (part,) = entry["primitives"]
        x, y, z = numbers(part["attributes"]["POSITION"]).T.astype(float) * 1000
        found[entry["name"]] = np.stack([x, -z, y], axis=1), numbers(part["indices"]).reshape(-1, 3).astype(np.int64)
    return found


def joined(parts: list[Mesh]) -> Mesh:
    """Patches of one surface as one closed surface: corners at the same place become one.

    Raises:
        ValueError: there are gaps between the patches.
    """
    starts = np.cumsum([0] + [len(points) for points, _ in parts])
    points = np.vstack([points for points, _ in parts])
    faces = np.vstack([faces + start for (_, faces), start in zip(parts, starts, strict=False)])
    _, first, number = np.unique(np.rint(points / WELD_MM), axis=0, return_index=True, return_inverse=True)
    faces = number.ravel()[faces]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    edges = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    if (np.unique(edges, axis=0, return_counts=True)[1] != 2).any():
        raise ValueError("the surface is not closed")
    return points[first], faces


def surface_points(level: Field) -> Array:
    """Points (n, 3) of the surface in the level's frame, about 1 mm apart."""
    from skimage.measure import marching_cubes

    corners, *_ = marching_cubes(level.values, 0.0, step_size=2)
    points: Array = (corners * level.spacing_mm + np.array(level.first_mm))[:, ::-1]
    return points


def dense_points(mesh: Mesh) -> Array:
    """Points (n, 3) of the rounded mesh, in its own space."""
    return vtk_to_numpy(_subdivided(_polydata(mesh)).GetPoints().GetData()).astype(float)


def similarity(moving: Array, fixed: Mesh, start: Array) -> tuple[float, Array, Array]:
    """Fit points to a mesh by rotation, translation and one scale.

    Args:
        moving: (n, 3).
        fixed: the mesh.
        start: (3,) to add to the moving points for a start.

    Returns:
        Scale, rotation (3, 3) and translation (3,).
    """
    points = vtk.vtkPolyData()
    points.SetPoints(vtk.vtkPoints())
    points.GetPoints().SetData(numpy_to_vtk(moving + start, deep=True))
    fit = vtk.vtkIterativeClosestPointTransform()
    fit.SetSource(points)
    fit.SetTarget(_polydata(fixed))
    fit.GetLandmarkTransform().SetModeToSimilarity()
    fit.SetMaximumNumberOfLandmarks(1500)
    fit.SetMaximumNumberOfIterations(100)
    fit.Update()
    matrix = np.array([[fit.GetMatrix().GetElement(i, j) for j in range(4)] for i in range(4)])
    scale = np.cbrt(np.linalg.det(matrix[:3, :3]))
    return float(scale), matrix[:3, :3] / scale, matrix[:3, :3] @ start + matrix[:3, 3]


def _field(values: NDArray, low: Array) -> Field:
    x, y, z = (float(v) for v in low)
    return Field(values.astype(np.float32), (z, y, x), FINE_MM)


def _level(smooth: NDArray, count: float) -> tuple[float, float]:
    """The level above which there are as many voxels as wanted, and by what share 0.5 would miss that."""
    change = float((smooth > 0.5).sum() / count - 1)
    low, high = 0.2, 0.8
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if (smooth > middle).sum() > count else (low, middle)
    return (low + high) / 2, change


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part, without cavities."""
    for kind in (True, False):
        parts, _ = ndimage.label(mask == kind)
        chosen = parts == np.bincount(parts.ravel())[1:].argmax() + 1
        mask = chosen if kind else ~chosen
    return mask


def _largest_part(level: NDArray) -> NDArray:
    """Without islands and cavities, which become clearly negative and positive."""
    whole = _largest(level > 0)
    islands = ndimage.binary_dilation((level > 0) & ~whole, iterations=3) & ~whole
    cavities = ndimage.binary_dilation((level <= 0) & whole, iterations=3) & whole
    level = np.where(islands, np.minimum(level, -0.25), level)
    return np.where(cavities, np.maximum(level, 0.25), level)


def _polydata(mesh: Mesh) -> vtk.vtkPolyData:
    points, faces = mesh
    data, cells = vtk.vtkPolyData(), vtk.vtkCellArray()
    data.SetPoints(vtk.vtkPoints())
    data.GetPoints().SetData(numpy_to_vtk(np.ascontiguousarray(points), deep=True))
    ids = np.hstack([np.full((len(faces), 1), 3), faces]).ravel()
    cells.SetCells(len(faces), numpy_to_vtkIdTypeArray(np.ascontiguousarray(ids, dtype=np.int64), deep=True))
    data.SetPolys(cells)
    return data


def _subdivided(data: vtk.vtkPolyData) -> vtk.vtkPolyData:
    loop = vtk.vtkLoopSubdivisionFilter()
    loop.SetInputData(data)
    loop.SetNumberOfSubdivisions(2)
    loop.Update()
    return loop.GetOutput()


def _filled(data: vtk.vtkPolyData, low: Array, size: list[int]) -> NDArray[np.bool_]:
    image = vtk.vtkImageData()
    image.SetDimensions(size)
    image.SetSpacing([FINE_MM] * 3)
    image.SetOrigin(low)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    stencil = vtk.vtkPolyDataToImageStencil()
    stencil.SetInputData(data)
    stencil.SetOutputSpacing(image.GetSpacing())
    stencil.SetOutputOrigin(image.GetOrigin())
    stencil.SetOutputWholeExtent(image.GetExtent())
    cut = vtk.vtkImageStencil()
    cut.SetInputData(image)
    cut.SetStencilConnection(stencil.GetOutputPort())
    cut.SetBackgroundValue(0)
    cut.Update()
    return vtk_to_numpy(cut.GetOutput().GetPointData().GetScalars()).reshape(size[::-1]) > 0
