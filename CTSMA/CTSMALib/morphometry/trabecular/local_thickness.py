"""Thickness and spacing of structures: the diameter of the largest inscribed sphere around every point.

Hildebrand & Rueegsegger, J Microsc 185:67, 1997. The surface is found between voxel centers (``surface_sites``), the
centers of the spheres too (``inscribed_spheres``), so that neither is rounded to voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular.bone_image import BINARY, BoneImage
from CTSMALib.morphometry.trabecular.cleaning import smoothed
from CTSMALib.morphometry.trabecular.isotropic import IsotropicGrid, from_isotropic, isotropic_grid, to_isotropic
from CTSMALib.progress import Progress, part_of, silent

MARROW, BONE, EVERYWHERE = 0, 1, 2
SLAB = 8  # slices searched for spheres at a time
OPPOSITE = (
    -0.3
)  # cosine between the contacts of a sphere on the mid-axis of a structure; side branches have a larger one
OWN_SPHERE = 0.9  # and its radius relative to the largest sphere around its center


@dataclass(frozen=True)
class Structure:
    """Largest inscribed spheres of an image with cubic voxels.

    Attributes:
        radius: (z, y, x) float32, in voxels, of the largest sphere around each voxel within its phase; 0 where there is
            no surface to limit it, or where the phase was not asked for.
        bone_spheres: (n, 5) float32, centers (z, y, x) and radii in voxels, and the cosine between two contacts.
    """

    radius: NDArray[np.float32]
    bone_spheres: NDArray[np.float32]


def inscribe(image: BoneImage, phases: tuple[int, ...] = (BONE, MARROW), progress: Progress = silent) -> Structure:
    """Inscribe spheres in bone and marrow.

    Beyond its border the image is taken as mirrored there.

    Args:
        image: with cubic voxels; its mask plays no part.
        phases: :data:`BONE`, :data:`MARROW` or both.
        progress: told of every step.
    """
    from CTSMALib.morphometry.trabecular.nearest_sites import propagate
    from CTSMALib.morphometry.trabecular.surface_sites import count_sites, find_sites

    fraction = np.ascontiguousarray(image.fraction)
    progress("Finding the bone surface", 0.0)
    count = count_sites(fraction)
    radius = np.zeros(fraction.shape, np.float32)
    spheres = np.zeros((0, 5), np.float32)
    if count == 0:
        return Structure(radius, spheres)
    sites = np.empty((count, 4), np.float32)
    nearest, square = np.empty(fraction.shape, np.int32), np.empty(fraction.shape, np.float32)
    find_sites(fraction, nearest, sites)
    progress("Measuring distances", 0.1)
    propagate(nearest, square, sites)
    known = _Sites(nearest, square, sites)
    for index, phase in enumerate(sorted(phases)):  # marrow first: it is painted over bone, which is cleared then
        start = 0.3 + 0.7 * index / len(phases)
        own = part_of(progress, start, start + 0.7 / len(phases))
        found = _paint(fraction, phase, known, radius, own)
        spheres = found if phase == BONE else spheres
    return Structure(radius, spheres)


def mid_axis_radius(structure: Structure, progress: Progress = silent) -> NDArray[np.float32]:
    """Largest spheres that hold no mid-axis of the bone: their diameters are the distances between mid-axes.

    Mid-axes are the centers of inscribed spheres that touch the surface on opposite sides.

    Returns:
        (z, y, x) float32 radius in voxels of the largest such sphere around each voxel; 0 if there is no bone.
    """
    from CTSMALib.morphometry.trabecular.nearest_sites import propagate

    shape = structure.radius.shape
    radius = np.zeros(shape, np.float32)
    centers = _mid_axes(structure)
    if len(centers) == 0:
        return radius
    progress("Measuring distances between mid-axes", 0.0)
    nearest, square = np.full(shape, -1, np.int32), np.empty(shape, np.float32)
    voxels = np.clip(np.rint(centers), 0, np.asarray(shape) - 1).astype(np.intp)
    nearest[tuple(voxels.T)] = np.arange(len(centers), dtype=np.int32)
    centers = np.concatenate([centers, np.zeros((len(centers), 1), np.float32)], axis=1)
    propagate(nearest, square, centers)
    sites = _Sites(nearest, square, centers)
    _paint(structure.radius, EVERYWHERE, sites, radius, part_of(progress, 0.3, 1.0))
    return radius


def thickness_maps(
    image: BoneImage, phases: tuple[int, ...] = (BONE, MARROW), progress: Progress = silent
) -> tuple[NDArray[np.float32], ...]:
    """Maps of local thickness, for each phase asked for.

    Args:
        image: any voxels; binary images are smoothed first (:func:`~...cleaning.smoothed`).
        phases: :data:`BONE` for trabecular thickness, :data:`MARROW` for spacing.
        progress: told of every step.

    Returns:
        For each phase (z, y, x) float32 diameters in mm, NaN outside the phase and where no surface limits it.
    """
    grid = isotropic_grid(image)
    cubic = to_isotropic(smoothed(image) if image.kind == BINARY else image, grid)
    radius = inscribe(cubic, phases, progress).radius
    radius *= np.float32(2.0 * grid.step_mm)
    return tuple(phase_map(radius, cubic, grid, phase) for phase in phases)


def phase_map(
    diameter_mm: NDArray[np.float32], cubic: BoneImage, grid: IsotropicGrid, phase: int
) -> NDArray[np.float32]:
    """The diameters of one phase on the grid of the image; NaN outside the phase.

    Args:
        diameter_mm: (z, y, x) of both phases on the cubic grid; 0 where there is none.
        cubic: the image on the cubic grid.
        grid: the cubic grid within that of the image.
        phase: :data:`BONE` or :data:`MARROW`.
    """
    own = cubic.bone if phase == BONE else ~cubic.bone
    values = np.where(own, diameter_mm, np.float32(0))
    del own
    values = from_isotropic(values, grid)
    values[values <= 0] = np.nan
    return values


@dataclass(frozen=True)
class _Sites:
    nearest: NDArray[np.int32]
    square: NDArray[np.float32]
    sites: NDArray[np.float32]


def _paint(
    fraction: NDArray[np.float32], phase: int, sites: _Sites, radius: NDArray[np.float32], progress: Progress
) -> NDArray[np.float32]:
    """Paint the spheres of a phase into ``radius``; the spheres."""
    from CTSMALib.morphometry.trabecular.inscribed_spheres import center_spheres, collect_spheres
    from CTSMALib.morphometry.trabecular.sphere_painting import (
        clear_outside,
        fill_gaps,
        paint_spheres,
        paint_spheres_in_bone,
    )

    side = {BONE: 1.0, MARROW: -1.0, EVERYWHERE: 0.0}[phase]
    nz, ny, nx = fraction.shape
    cells = np.full((SLAB + 8, ny + 1, nx + 1), -1, np.int32)
    room = np.empty((SLAB * ny * nx, 5), np.float32)
    still_open = np.empty((nz, ny, nx // 64 + 1), np.uint64)
    kept = []
    for first in range(0, nz, SLAB):
        progress("Inscribing spheres", first / nz)
        count = collect_spheres(fraction, phase, sites.nearest, sites.square, sites.sites, side, first, cells, room)
        spheres = room[:count].copy()
        center_spheres(spheres, sites.nearest, sites.sites, side)
        if phase == BONE:
            paint_spheres_in_bone(spheres, fraction, radius)
        else:
            largest_first = spheres[np.argsort(-spheres[:, 3])]
            paint_spheres(largest_first, fraction, phase, still_open, radius)
        kept.append(spheres if phase == BONE else spheres[:0])
    progress("Inscribing spheres", 1.0)
    if phase == MARROW:
        clear_outside(fraction, MARROW, radius)
    fill_gaps(fraction, phase, sites.square, radius)
    return np.concatenate(kept)


def _mid_axes(structure: Structure) -> NDArray[np.float32]:
    """(n, 3) centers of the spheres that lie on the mid-axes of the bone."""
    spheres = structure.bone_spheres
    limit = np.asarray(structure.radius.shape) - 1
    voxels = np.clip(np.rint(spheres[:, :3]), 0, limit).astype(np.intp)
    around = structure.radius[tuple(voxels.T)]
    own = (spheres[:, 4] < OPPOSITE) & (spheres[:, 3] >= OWN_SPHERE * around)
    return np.ascontiguousarray(spheres[own, :3])
