"""The outer surface of one bone on MR: the surface of a fitted atlas, pulled to where bright marrow ends.

Along the normal of each point of the surface, marrow ends where the signal falls. First the whole bone is stretched to
suit all points, then neighboring points move together, so that single ones cannot run away. Cortex gives no signal and
is as dark as tendon next to it, so its usual thickness is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

STEP_MM = 0.5  # along profiles
DEEPER_MM = 3.0  # a profile starts this far inside the deepest place the surface may go to
# Largest displacement of a point inward and outward each time the whole bone is stretched.
STRETCHES_MM = ((10.0, 8.0), (10.0, 8.0), (8.0, 6.0), (8.0, 6.0))
OUTLIER_MM = 2.5  # from the stretched bone
# The same each time it is bent, and the steps over which neighbors are averaged.
ROUNDS = (((5.0, 4.0), 20), ((4.0, 3.0), 10), ((2.5, 2.0), 5))
BRIGHT = 0.65  # share of the marrow's signal above which a voxel may be marrow
DARK_COST, MOST_DARK_COST = 0.6, 1.2  # of each mm of dark tissue that a surface would enclose
CREVICE_MM, CREVICE = 7.0, 0.25  # widest dark sheet between bright tissue; how much darker than that it is
CREVICE_COST = 1.5  # of each mm of such a sheet
STIFFNESS = 0.12  # cost of 1 mm² of deviation from the neighbors
PULL = 0.004  # cost of 1 mm² of displacement
CLEAR_FALL, NEAR_MM = 0.15, 1.0  # fall of the signal, as a share of marrow, that shows an edge as near as this
CLEAR_MARROW = 0.25  # cost of dark tissue under it
# Cortex beyond the end of the marrow, by the distance from the joint: median of three virtual knees (seed 41).
FROM_JOINT_MM = (10.0, 18.0, 32.0, 47.0, 65.0)
CORTEX_MM = (0.4, 0.7, 0.9, 1.2, 1.9)
BAND_MM = 2.5  # beyond the largest displacement, depth does not matter

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Surface:
    """A found surface.

    Attributes:
        depth: (z, y, x) about the distance (mm) to the surface, positive inside.
        clear: share of the judged points under which there is bright marrow that ends there.
    """

    depth: Field
    clear: float


@dataclass(frozen=True, eq=False)
class _Mesh:
    """Points (n, 3) and outward normals (n, 3) in voxels (z, y, x), and a matrix that averages over neighbors."""

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    average: sparse.csr_matrix

    def pooled(self, values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
        """Values (n, ...) averaged over neighbors, and theirs, and so on."""
        for _ in range(steps):
            values = self.average @ values
        return values


def marrow_surface(share: Field, depth: Field, judged: NDArray[np.bool_], spacing_mm: float) -> Surface:
    """Pull a surface to the end of the marrow.

    Args:
        share: (z, y, x) signal, 1 in marrow.
        depth: (z, y, x) distance (mm) to the surface to start from, positive inside.
        judged: (z, y, x) where the surface is to be clear.
        spacing_mm: isotropic spacing.
    """
    smooth = ndimage.gaussian_filter(share, 0.5 / spacing_mm)
    width = 2 * round(CREVICE_MM / 2 / spacing_mm) + 1
    crevice = np.maximum(ndimage.grey_closing(smooth, size=(width,) * 3) - smooth - CREVICE, 0.0)
    signals = (smooth, crevice)
    for reach in STRETCHES_MM:
        mesh = _mesh_of(depth, spacing_mm, 3)
        offsets, cost, fall = _edges(signals, mesh, reach, spacing_mm)
        depth = _displaced(depth, mesh, _stretch(mesh, offsets, mesh.pooled(cost, 4), fall), spacing_mm)
    signals = (smooth, np.zeros_like(smooth))  # marrow has dark spots of its own, which matter to single points
    for reach, steps in ROUNDS:
        mesh = _mesh_of(depth, spacing_mm, 2)
        offsets, cost, fall = _edges(signals, mesh, reach, spacing_mm)
        moved = _settled(cost, offsets, mesh, steps)
        depth = _displaced(depth, mesh, moved, spacing_mm)
    inside = np.clip(np.rint(mesh.points).astype(int), 0, np.array(judged.shape) - 1)
    clear = _clear(offsets, cost, fall, moved)[judged[tuple(inside.T)]]
    return Surface(depth, float(clear.mean()) if len(clear) else 0.0)


def _clear(
    offsets: NDArray[np.float64], cost: NDArray[np.float64], fall: NDArray[np.float64], moved: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Points (n,) under which there is bright marrow that ends there."""
    near = np.abs(offsets[None, :] - moved[:, None]) <= NEAR_MM
    crossed = np.min(np.where(near, cost + fall - PULL * offsets**2, np.inf), axis=1)
    return (np.max(np.where(near, fall, 0.0), axis=1) > CLEAR_FALL) & (crossed < CLEAR_MARROW)


def with_cortex(surface: Surface, from_joint_mm: Field) -> Surface:
    """Add the cortex to the surface of marrow.

    Args:
        surface: from :func:`marrow_surface`.
        from_joint_mm: (z, y, x) distance along the shaft from the joint.
    """
    cortex = np.interp(from_joint_mm, FROM_JOINT_MM, CORTEX_MM).astype(np.float32)
    return Surface(surface.depth + cortex, surface.clear)


def _mesh_of(depth: Field, spacing_mm: float, step: int) -> _Mesh:
    smooth = ndimage.gaussian_filter(np.clip(depth, -6.0, 6.0), 0.7 / spacing_mm, mode="nearest")
    points, faces, _, _ = marching_cubes(smooth, 0.0, step_size=step)
    slope = [ndimage.map_coordinates(g, points.T, order=1, mode="nearest") for g in np.gradient(smooth)]
    normals = -np.stack(slope, axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(len(pairs), dtype=np.float64)
    links = sparse.coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2).tocsr()
    links = ((links + links.T) > 0).astype(np.float64) + sparse.eye(len(points))
    average = sparse.diags(1.0 / np.asarray(links.sum(axis=1)).ravel()) @ links
    return _Mesh(points.astype(np.float64), normals, average.tocsr())


def _edges(
    signals: tuple[Field, Field], mesh: _Mesh, reach: tuple[float, float], spacing_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Displacements (k,) within reach, their cost (n, k), and by how much the signal falls there (n, k).

    ``signals`` are the share of marrow's signal, and by how much it is less than that of tissue on both sides.
    """
    offsets = np.arange(-reach[0] - DEEPER_MM, reach[1] + 2.0 + STEP_MM / 2, STEP_MM)
    where = mesh.points[:, None, :] + mesh.normals[:, None, :] * (offsets / spacing_mm)[None, :, None]
    where = np.moveaxis(where, -1, 0)
    share, crevice = (ndimage.map_coordinates(s, where, order=1, mode="nearest").astype(np.float64) for s in signals)
    relative = np.clip(share, 0.0, 1.1)
    total = np.cumsum(np.pad(relative, ((0, 0), (1, 0))), axis=1)
    index = np.arange(len(offsets))

    def mean(start: int, stop: int) -> NDArray[np.float64]:
        low, high = np.clip(index + start, 0, len(index) - 1), np.clip(index + stop, 1, len(index))
        return (total[:, high] - total[:, low]) / np.maximum(high - low, 1)

    fall = mean(-4, 0) - mean(1, 3)  # 2 mm of marrow, 1 mm of cortex
    dark = STEP_MM * DARK_COST * np.maximum(BRIGHT - relative, 0.0) / BRIGHT
    crossed = STEP_MM * CREVICE_COST * crevice
    before = np.minimum(np.cumsum(dark, axis=1) - dark, MOST_DARK_COST) + np.cumsum(crossed, axis=1) - crossed
    allowed = (offsets >= -reach[0]) & (offsets <= reach[1])
    return offsets[allowed], (before - fall + PULL * offsets**2)[:, allowed], fall[:, allowed]


def _stretch(
    mesh: _Mesh, offsets: NDArray[np.float64], cost: NDArray[np.float64], fall: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Displacements (n,) along the normals by the affine map that suits most points."""
    best = np.argmin(cost, axis=1)
    wanted = offsets[best]
    sure = np.clip(fall[np.arange(len(best)), best] / 0.4, 0.0, 1.0)
    scaled = (mesh.points - mesh.points.mean(axis=0)) / mesh.points.std()
    columns = [mesh.normals[:, i] * f for i in range(3) for f in (np.ones(len(scaled)), *scaled.T)]
    matrix = np.stack(columns, axis=1)
    moved = np.zeros(len(wanted))
    for _ in range(8):
        weight = sure / (1.0 + ((wanted - moved) / OUTLIER_MM) ** 2) ** 2
        normal = (matrix * weight[:, None]).T @ matrix + 1e-3 * weight.sum() * np.eye(matrix.shape[1])
        moved = matrix @ np.linalg.solve(normal, matrix.T @ (weight * wanted))
    return np.clip(moved, offsets[0], offsets[-1])


def _settled(
    cost: NDArray[np.float64], offsets: NDArray[np.float64], mesh: _Mesh, steps: int
) -> NDArray[np.float64]:  # fmt: skip
    """Displacements (n,) of low cost that neighbors agree on."""
    moved = offsets[np.argmin(mesh.pooled(cost, steps // 3), axis=1)]
    for _ in range(6):
        wanted = mesh.pooled(moved, steps)
        total = cost + STIFFNESS * (offsets[None, :] - wanted[:, None]) ** 2
        moved = offsets[np.argmin(total, axis=1)]
    return mesh.pooled(moved, max(steps // 4, 2))


def _displaced(depth: Field, mesh: _Mesh, moved: NDArray[np.float64], spacing_mm: float) -> Field:
    """Depth of the surface after its points moved outward by ``moved`` mm."""
    band = np.abs(depth) < float(np.abs(moved).max()) + BAND_MM
    distance, nearest = cKDTree(mesh.points).query(np.argwhere(band), k=3)
    weight = 1.0 / (distance + 0.5)
    shift = (moved[nearest] * weight).sum(axis=1) / weight.sum(axis=1)
    result = depth.copy()
    result[band] += shift.astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(result, 0.5 / spacing_mm, mode="nearest"), dtype=np.float32)
