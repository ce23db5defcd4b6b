"""The bone surface as triangles, with the rate at which each grows when the surface moves outward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.bone_image import BoneImage

Floats = NDArray[np.float32]
Bounds = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

VOXELS_AT_ONCE = 1_500_000
MARGIN = 3  # voxels around a slab, so that all neighbors' neighbors of its triangles are there
ROUNDS = 3  # by which curvatures are carried to the end of a surface
TINY = 1e-20

# The level one half of box averages, joined by straight lines, lies inside of a convex surface by LAG h^2 (k1 + k2),
# h being the voxel edge and k1, k2 the principal curvatures: averaging contributes 1/24, linear interpolation about
# 1/48, and chords the rest. Measured on spheres and rods of 4 to 10 voxels in random poses: 0.11 to 0.13.
LAG = 1.0 / 8.0
# Times the second difference, taken from the fraction along the long axis of a voxel: 1/24 takes back what averaging
# over a voxel does; as much again, by measurement, what interpolation between such voxels does.
SHARPENING = 1.0 / 12.0
MOST_STEPS = 8
MOST_CURVED = 1.0  # |k1 + k2| h up to which the series above holds (a sphere of four voxels); more is noise


@dataclass(frozen=True)
class BoneSurface:
    """Triangles of the surface between bone and marrow, or a part of it.

    Attributes:
        positions_zyx: (n, 3) mm, centers; the center of the image's first voxel is the origin.
        area_vectors_zyx: (n, 3) mm^2, normals pointing out of the bone, as long as the area of the surface there.
        area_rate: (n,) mm, change of a triangle's area per mm by which the surface is moved outward.
        shortfall_mm: (n,) mm, how far the triangles lie inside of the surface they stand for. The area vectors
            already allow for it; the area of a triangle itself is ``areas_mm2 - shortfall_mm * area_rate``.
    """

    positions_zyx: Floats
    area_vectors_zyx: Floats
    area_rate: Floats
    shortfall_mm: Floats

    @property
    def areas_mm2(self) -> Floats:
        """(n,) areas."""
        return _lengths(self.area_vectors_zyx)

    @property
    def area_mm2(self) -> float:
        """Area of the bone surface, BS."""
        return float(self.areas_mm2.sum(dtype=np.float64))

    @property
    def area_rate_mm(self) -> float:
        """Change of the area per mm by which the surface is moved outward: the integral of its curvatures' sum."""
        return float(self.area_rate.sum(dtype=np.float64))

    def chosen(self, which: NDArray[Any]) -> BoneSurface:
        """Some of the triangles, by index or by a boolean (n,)."""
        return BoneSurface(
            self.positions_zyx[which], self.area_vectors_zyx[which], self.area_rate[which], self.shortfall_mm[which]
        )


def bone_surface(image: BoneImage) -> BoneSurface:
    """The level one half of the bone fraction within the mask.

    A triangle counts if its center lies in a voxel of the mask. The outer half of voxels at the border of the image has
    no surface; the inner half stands for it, with twice the weight.

    The rate of a triangle's area is its derivative for vertices that move along their normals (area-weighted means of
    the triangles around), the tilt of a normal against the triangle being taken as an angle, which makes the sum
    exact around a prism; rates are then averaged around vertices. Normals from the gradient of the image were tried:
    on rods and spheres they lose half a percent to one percent more.

    Args:
        image: what to look at; voxels outside its mask give the surface a continuation.
    """
    parts = list(surface_slabs(image))
    if not parts:
        nothing = np.zeros((0, 3), np.float32)
        return BoneSurface(nothing, nothing, nothing[:, 0], nothing[:, 0])
    return BoneSurface(
        np.concatenate([part.positions_zyx for part in parts]),
        np.concatenate([part.area_vectors_zyx for part in parts]),
        np.concatenate([part.area_rate for part in parts]),
        np.concatenate([part.shortfall_mm for part in parts]),
    )


def surface_slabs(image: BoneImage) -> Iterator[BoneSurface]:
    """The same surface as :func:`bone_surface`, a slab of slices after the other, for volumes too large for one."""
    bounds = bounds_of(image.mask)
    if bounds is None:
        return
    (first, last), rows, columns = bounds
    steps = int(np.prod(_refinement(image.spacing_mm, image.mask.shape)))
    slices = max(1, VOXELS_AT_ONCE // steps // ((rows[1] - rows[0] + 2 * MARGIN) * (columns[1] - columns[0] + 2 * MARGIN)))
    for start in range(first, last, slices):
        part = _slab(image, ((start, min(start + slices, last)), rows, columns))
        if part is not None:
            yield part


def bounds_of(mask: NDArray[np.bool_]) -> Bounds | None:
    """First and past-the-last index of what is true along each axis of (z, y, x), ``None`` where nothing is."""
    plane = mask.any(axis=0)
    found = [np.flatnonzero(line) for line in (mask.any(axis=(1, 2)), plane.any(axis=1), plane.any(axis=0))]
    if len(found[0]) == 0:
        return None
    z, y, x = ((int(line[0]), int(line[-1]) + 1) for line in found)
    return z, y, x


def _slab(image: BoneImage, bounds: Bounds) -> BoneSurface | None:
    block, origin = _block(image.fraction, bounds)
    steps = _refinement(image.spacing_mm, block.shape)
    for axis, count in enumerate(steps):
        block = _refined(block, axis, count)
    vertices, triangles = _level_surface(block)
    inner = ((vertices > 0) & (vertices < np.array(block.shape, np.float32) - 1)).all(axis=1)
    vertices /= np.array(steps, np.float32)
    weight = np.zeros(len(triangles), np.float32)
    centers = np.empty((len(triangles), 3), np.float32)
    _weigh(vertices, triangles, origin, image.mask, np.array(bounds), centers, weight)
    counted = np.flatnonzero(weight)
    if len(counted) == 0:
        return None
    spacing = np.array(image.spacing_mm, np.float32)
    vertices *= spacing
    normals = np.zeros_like(vertices)
    _sum_normals(vertices, triangles, normals)
    growth, area = _grow(vertices, triangles, normals, inner)
    for _ in range(ROUNDS):
        if area.all():
            break
        _spread(triangles, growth, area)
    curvature = (growth / np.maximum(area, TINY)).astype(np.float32)
    vectors = np.empty((len(counted), 3), np.float32)
    rate, shortfall = np.empty(len(counted), np.float32), np.empty(len(counted), np.float32)
    triangles, weight = triangles[counted], weight[counted]
    squared_step = (spacing / np.array(steps, np.float32)) ** 2
    _describe(vertices, triangles, normals, curvature, weight, squared_step, vectors, rate, shortfall)
    return BoneSurface(centers[counted] * spacing, vectors, rate, shortfall)


def _block(fraction: Floats, bounds: Bounds) -> tuple[Floats, Floats]:
    """The voxels around a slab as far as the image reaches, and the index of the first.

    An image of a single slice goes on unchanged across it.
    """
    inside, missing, origin = [], [], []
    for (low, high), size in zip(bounds, fraction.shape, strict=True):
        repeated = MARGIN if size == 1 else 0
        inside.append(slice(max(low - MARGIN, 0), min(high + MARGIN, size)))
        missing.append((repeated, repeated))
        origin.append(max(low - MARGIN, 0) - repeated)
    block = np.pad(fraction[tuple(inside)], missing, mode="edge")
    return np.ascontiguousarray(block, dtype=np.float32), np.array(origin, np.float32)


def _refinement(spacing_mm: tuple[float, float, float], shape: tuple[int, ...]) -> list[int]:
    """Into how many steps each axis is divided so that voxels are nearly cubes."""
    ratios = np.round(np.array(spacing_mm) / min(spacing_mm))
    return [int(min(ratio, MOST_STEPS)) if size > 1 else 1 for ratio, size in zip(ratios, shape, strict=True)]


def _refined(block: Floats, axis: int, steps: int) -> Floats:
    """Sharpened and interpolated by Catmull-Rom splines along an axis.

    A long voxel averages over more, and straight lines between its centers cut off more, than across it; without this,
    structure seems to be aligned with the long axis (1 - (MIL ratio)^2 of 0.1 at twice the length).
    """
    if steps == 1:
        return block
    lines = np.moveaxis(block, axis, 0)
    lines = np.pad(lines, ((2, 2), (0, 0), (0, 0)), mode="reflect", reflect_type="odd")
    sharpening = np.float32(SHARPENING * (1.0 - 1.0 / steps**2))
    sharp = (1.0 + 2.0 * sharpening) * lines[1:-1] - sharpening * (lines[2:] + lines[:-2])
    count = len(sharp) - 2
    found = np.empty(((count - 1) * steps + 1, *sharp.shape[1:]), np.float32)
    for step in range(steps):
        t = step / steps
        weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
        rows = found[step::steps]
        rows[:] = sum(np.float32(0.5 * w) * sharp[i : i + len(rows)] for i, w in enumerate(weights) if w)
    return np.ascontiguousarray(np.moveaxis(found, 0, axis))


def _level_surface(block: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Vertices (v, 3) in voxels and triangles (t, 3) whose area vectors point to lower values."""
    # Imported here: VTK takes a second to load.
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    volume = vtkImageData()
    volume.SetDimensions(*block.shape[::-1])
    volume.GetPointData().SetScalars(numpy_to_vtk(block.ravel()))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(volume)
    contour.SetValue(0, 0.5)
    contour.ComputeScalarsOff()
    contour.ComputeNormalsOff()
    contour.Update()
    found = contour.GetOutput()
    if found.GetNumberOfCells() == 0:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64)
    vertices = vtk_to_numpy(found.GetPoints().GetData())
    triangles = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    # VTK's points are (x, y, z); in (z, y, x) its triangles turn the other way, so two of their vertices change places.
    return np.ascontiguousarray(vertices[:, ::-1]), np.ascontiguousarray(triangles[:, ::-1], dtype=np.int64)


@njit(cache=True, nogil=True)
def _weigh(vertices: Any, triangles: Any, origin: Any, mask: Any, bounds: Any, centers: Any, weight: Any) -> None:
    """Set the centers (t, 3) in voxels, and how many of its like a triangle stands for: (t,), 0 if it does not count."""
    voxel = np.zeros(3, np.int64)
    for t in range(len(triangles)):
        one = 1.0
        for axis in range(3):
            total = 0.0
            for corner in range(3):
                total += vertices[triangles[t, corner], axis]
            centers[t, axis] = total / 3.0 + origin[axis]
            voxel[axis] = int(np.floor(centers[t, axis] + 0.5))
            if voxel[axis] < bounds[axis, 0] or voxel[axis] >= bounds[axis, 1]:
                one = 0.0
            elif mask.shape[axis] > 1 and (voxel[axis] == 0 or voxel[axis] == mask.shape[axis] - 1):
                one *= 2.0
        if one > 0.0 and mask[voxel[0], voxel[1], voxel[2]]:
            weight[t] = one


@njit(cache=True, nogil=True)
def _area_vector(vertices: Any, a: int, b: int, c: int) -> tuple[float, float, float]:
    z1, y1, x1 = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
    z2, y2, x2 = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
    return 0.5 * (y1 * x2 - x1 * y2), 0.5 * (x1 * z2 - z1 * x2), 0.5 * (z1 * y2 - y1 * z2)


@njit(cache=True, nogil=True)
def _sum_normals(vertices: Any, triangles: Any, normals: Any) -> None:
    """Set the unit normals (v, 3) of vertices: the mean of the triangles around, by area."""
    for t in range(len(triangles)):
        z, y, x = _area_vector(vertices, triangles[t, 0], triangles[t, 1], triangles[t, 2])
        for corner in range(3):
            v = triangles[t, corner]
            normals[v, 0] += z
            normals[v, 1] += y
            normals[v, 2] += x
    for v in range(len(normals)):
        length = np.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        if length > 0.0:
            normals[v] /= length


@njit(cache=True, nogil=True)
def _angle_per_sine(cosine: float) -> float:
    squared = 1.0 - cosine * cosine
    if cosine > 0.8:  # nearly always; the series is right to 0.1 %, and fast
        return 1.0 + squared * (1.0 / 6.0 + squared * (3.0 / 40.0 + squared * (5.0 / 112.0)))
    return np.arccos(cosine) / max(np.sqrt(squared), 1e-3)


@njit(cache=True, nogil=True)
def _rate(vertices: Any, normals: Any, corners: Any, z: float, y: float, x: float) -> float:
    """Growth of a triangle with the unit normal (z, y, x) when each vertex moves along its own.

    An area grows by half its unit normal times the edge opposite a vertex, times the way of that vertex; of a vertex's
    normal only its tilt against the triangle counts, which is taken as an angle.
    """
    total = 0.0
    for corner in range(3):
        v, first, last = corners[corner], corners[(corner + 1) % 3], corners[(corner + 2) % 3]
        ez = vertices[last, 0] - vertices[first, 0]
        ey = vertices[last, 1] - vertices[first, 1]
        ex = vertices[last, 2] - vertices[first, 2]
        growth = (
            normals[v, 0] * (y * ex - x * ey) + normals[v, 1] * (x * ez - z * ex) + normals[v, 2] * (z * ey - y * ez)
        )
        straight = normals[v, 0] * z + normals[v, 1] * y + normals[v, 2] * x
        total += 0.5 * growth * _angle_per_sine(min(max(straight, -1.0), 1.0))
    return total


@njit(cache=True, nogil=True)
def _grow(vertices: Any, triangles: Any, normals: Any, inner: Any) -> tuple[Any, Any]:
    """Growth and area of the triangles around each vertex, (v,) both; their ratio is the curvature there.

    Vertices that are not ``inner`` lack triangles, so their normals are wrong and what touches them is left out. Where
    that is more than half of what is around a vertex, both are 0.
    """
    growth, area, missed = np.zeros(len(vertices)), np.zeros(len(vertices)), np.zeros(len(vertices))
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        z, y, x = _area_vector(vertices, a, b, c)
        one = np.sqrt(z * z + y * y + x * x)
        whole = inner[a] and inner[b] and inner[c]
        rate = _rate(vertices, normals, (a, b, c), z / one, y / one, x / one) if whole and one > 0.0 else 0.0
        for v in (a, b, c):
            growth[v] += rate
            if whole:
                area[v] += one
            else:
                missed[v] += one
    for v in range(len(vertices)):
        if missed[v] >= area[v]:
            growth[v] = 0.0
            area[v] = 0.0
    return growth, area


@njit(cache=True, nogil=True)
def _spread(triangles: Any, growth: Any, area: Any) -> None:
    """Give vertices that have neither growth nor area those of their neighbors: a surface ends as it is before."""
    more_growth, more_area = np.zeros(len(growth)), np.zeros(len(growth))
    for t in range(len(triangles)):
        for corner in range(3):
            v = triangles[t, corner]
            if area[v] == 0.0:
                for other in range(3):
                    more_growth[v] += growth[triangles[t, other]]
                    more_area[v] += area[triangles[t, other]]
    for v in range(len(growth)):
        if more_area[v] > 0.0:
            growth[v] = more_growth[v]
            area[v] = more_area[v]


@njit(cache=True, nogil=True)
def _describe(
    vertices: Any,
    triangles: Any,
    normals: Any,
    curvature: Any,
    weight: Any,
    squared_step: Any,
    vectors: Any,
    rate: Any,
    shortfall: Any,
) -> None:
    """Set what a BoneSurface holds, of triangles (n, 3) with their weights."""
    normal = np.zeros(3)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        bent = (curvature[a] + curvature[b] + curvature[c]) / 3.0
        z, y, x = _area_vector(vertices, a, b, c)
        normal[:] = normals[a] + normals[b] + normals[c]
        normal /= max(np.sqrt((normal**2).sum()), TINY)
        # Triangles waver about the surface; seen along their mean normal their area is that of the surface. They keep
        # their own normals, by which the anisotropy is best.
        one = max(np.sqrt(z * z + y * y + x * x), TINY)
        share = max(z * normal[0] + y * normal[1] + x * normal[2], 0.0) / one
        step2 = 0.5 * ((1.0 - normal**2) * squared_step).sum()  # of the voxel along the surface
        most = MOST_CURVED / np.sqrt(step2)
        plausible = min(max(bent, -most), most)
        shortfall[t] = LAG * step2 * plausible
        factor = weight[t] * share * (1.0 + shortfall[t] * plausible)
        vectors[t, 0], vectors[t, 1], vectors[t, 2] = factor * z, factor * y, factor * x
        rate[t] = weight[t] * one * bent


def _lengths(vectors: Floats) -> Floats:
    """Lengths of (n, 3)."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
