"""Find positions on a surface in an image and gather the voxels around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.edge_fit import Neighborhoods

Floats = NDArray[np.float64]

VOXELS_PER_NORMAL = 200
VOXELS_AROUND = 600
VOXELS_PER_FIT = 220  # enough for eleven parameters; more only costs time
REACH_MM = 4.0  # along the normal, inward
ACROSS_MM = 2.0  # beside the normal: further out the surface is no longer a simple one
LOWEST_HU, HIGHEST_HU = -1200, 2900  # padding outside the reconstruction circle, metal


@dataclass(frozen=True)
class EdgePositions:
    """Surface voxels with their normals; arrays follow the array order (z, y, x).

    Attributes:
        index: (B, 3) voxel indices.
        normal: (B, 3) unit vectors in mm along the array axes, pointing inward.
    """

    index: NDArray[np.int64]
    normal: Floats

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> EdgePositions:
        """Some of the positions."""
        return EdgePositions(self.index[which], self.normal[which])


def surface_voxels(inside: NDArray[np.bool_], limit: int, random: np.random.Generator) -> NDArray[np.int64]:
    """At most ``limit`` random voxels (B, 3) of a mask that touch its outside within the image."""
    edge = np.zeros_like(inside)
    for axis in range(3):
        near, far = [slice(None)] * 3, [slice(None)] * 3
        near[axis], far[axis] = slice(None, -1), slice(1, None)
        differs = inside[tuple(near)] != inside[tuple(far)]
        edge[tuple(near)] |= differs
        edge[tuple(far)] |= differs
    edge &= inside
    found = np.flatnonzero(edge)
    found = random.choice(found, min(limit, len(found)), replace=False)
    return np.stack(np.unravel_index(found, inside.shape), axis=1)


def locate(
    hu: NDArray[np.int16],
    surface: NDArray[Any],
    limits: tuple[float, float],
    index: NDArray[np.int64],
    spacing_mm: Floats,
) -> EdgePositions:
    """Estimate the inward normal at each index by a linear fit to ``surface`` around it.

    Args:
        hu: image (z, y, x); positions next to padding, metal or the image border are dropped.
        surface: array that rises from outside to inside, for example a mask.
        limits: ``surface`` is clipped to these values.
        index: (B, 3) surface voxels.
        spacing_mm: (3,) in array order.
    """
    offsets = _ball(spacing_mm, VOXELS_PER_NORMAL)
    coordinates = offsets * spacing_mm
    inside, flat = _flat_indices(index, offsets, hu.shape)
    values = hu.reshape(-1)[flat]
    usable = inside.all(axis=1) & (values.min(axis=1) > LOWEST_HU) & (values.max(axis=1) < HIGHEST_HU)
    level = np.clip(surface.reshape(-1)[flat[usable]].astype(float), *limits)
    centerd = coordinates - coordinates.mean(axis=0)
    gradient = level @ centerd @ np.linalg.inv(centerd.T @ centerd)
    length = np.linalg.norm(gradient, axis=1)
    found = length > 0
    return EdgePositions(index[usable][found], gradient[found] / length[found, None])


def gather(hu: NDArray[np.int16], positions: EdgePositions, spacing_mm: Floats, reach_out_mm: float) -> Neighborhoods:
    """The voxels in a short cylinder along the normal of every position.

    Args:
        hu: image (z, y, x).
        positions: B positions.
        spacing_mm: (3,) in array order.
        reach_out_mm: how far the cylinder goes outward; more where voxels are coarse.
    """
    offsets = _ball(spacing_mm, VOXELS_AROUND)
    coordinates = offsets * spacing_mm
    inside, flat = _flat_indices(positions.index, offsets, hu.shape)
    tangent_u, tangent_v = tangents(positions.normal)
    along, across_u, across_v = (vectors @ coordinates.T for vectors in (positions.normal, tangent_u, tangent_v))
    step = np.linalg.norm(positions.normal * spacing_mm, axis=1)[:, None]
    beside = np.hypot(across_u, across_v)
    counted = inside & (beside <= _across(spacing_mm))
    counted &= (along >= -np.maximum(reach_out_mm, 2.0 * step)) & (along <= np.maximum(REACH_MM, 2.5 * step))
    kept = np.argsort(~counted, axis=1, kind="stable")[:, :VOXELS_PER_FIT]
    hu_around = hu.reshape(-1)[flat]
    columns = (np.take_along_axis(each, kept, axis=1) for each in (along, across_u, across_v, hu_around, counted))
    return Neighborhoods(*(column.astype(float) for column in columns))


def _across(spacing_mm: Floats) -> float:
    return max(ACROSS_MM, 2.0 * float(spacing_mm.min()))


def _ball(spacing_mm: Floats, limit: int) -> NDArray[np.int64]:
    """Voxel offsets (N, 3) inside an ellipsoid that spans a few voxels along every axis."""
    reach = np.maximum(REACH_MM, 2.5 * spacing_mm)
    count = np.floor(reach / spacing_mm).astype(int)
    offsets = np.stack(np.meshgrid(*(np.arange(-c, c + 1) for c in count), indexing="ij"), axis=-1).reshape(-1, 3)
    offsets = offsets[np.sum((offsets * spacing_mm / reach) ** 2, axis=1) <= 1.0]
    if len(offsets) > limit:
        offsets = np.random.default_rng(0).permutation(offsets)[:limit]
    return offsets


def _flat_indices(
    index: NDArray[np.int64], offsets: NDArray[np.int64], shape: tuple[int, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Flat voxel indices (B, N), and which of them lie inside the image (the others are clamped)."""
    size = np.asarray(shape)
    wanted = index[:, None, :] + offsets
    inside = np.all((wanted >= 0) & (wanted < size), axis=-1)
    clamped = np.clip(wanted, 0, size - 1)
    return inside, np.ravel_multi_index(tuple(np.moveaxis(clamped, -1, 0)), shape)


def tangents(normal: Floats) -> tuple[Floats, Floats]:
    """Two unit vectors (B, 3) each that complete every normal to a right angle frame."""
    smallest = np.eye(3)[np.argmin(np.abs(normal), axis=1)]
    first = np.cross(normal, smallest)
    first /= np.linalg.norm(first, axis=1)[:, None]
    return first, np.cross(normal, first)
