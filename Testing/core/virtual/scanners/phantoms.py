"""Tissue whose image is known: half spaces, balls, sheets, uniform tissue, random structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.virtual.scanners import (
    AXIAL,
    CTProtocol,
    MRProtocol,
    Tissue,
    TissueVolume,
    centered_grid,
    scan_ct,
    scan_mr,
    tissue_volume,
)
from CTSMALib.volumes.grid import Grid

SUBSAMPLES = 4
STEP_MM = 0.05  # of edge profiles
PER_MM = np.linspace(0.02, 2.5, 500)  # frequencies of MTFs
OBLIQUE = tuple(float(v) for v in Rotation.from_euler("zyx", (20.0, 12.0, -9.0), degrees=True).as_matrix().ravel())


def points_of(grid: Grid) -> NDArray[np.float64]:
    """(z, y, x, 3) voxel centers, LPS."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.size[::-1]), indexing="ij")[::-1], axis=-1)
    return (index * grid.spacing_mm) @ np.reshape(grid.direction, (3, 3)).T + grid.origin_mm


def a_half_space(
    normal: ArrayLike,
    extent_mm: tuple[float, float, float],
    fine_mm: float = 0.1,
    label: Tissue = Tissue.MARROW,
    at_mm: float = 0.0,
) -> TissueVolume:
    """Bone beyond a plane at a distance from the origin along its normal (LPS), as true partial volumes."""
    unit = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    grid = centered_grid((0, 0, 0), extent_mm, (fine_mm,) * 3)
    distance = points_of(grid) @ unit - at_mm
    small = fine_mm / SUBSAMPLES
    offsets = (np.arange(SUBSAMPLES) - 0.5 * (SUBSAMPLES - 1)) * small
    widest = small * np.abs(unit).max()
    bone = np.zeros(distance.shape)
    for shift in np.stack(np.meshgrid(offsets, offsets, offsets), axis=-1).reshape(-1, 3) @ unit:
        bone += np.clip(0.5 + (distance + shift) / widest, 0.0, 1.0)
    return tissue_volume(bone / SUBSAMPLES**3, np.full(bone.shape, label), grid)


def a_ball(center_mm: ArrayLike, radius_mm: float, extent_mm: float, fine_mm: float = 0.1) -> TissueVolume:
    """A ball of bone in marrow."""
    grid = centered_grid((0, 0, 0), (extent_mm,) * 3, (fine_mm,) * 3)
    distance = np.linalg.norm(points_of(grid) - np.asarray(center_mm), axis=-1)
    bone = np.clip(0.5 + (radius_mm - distance) / fine_mm, 0.0, 1.0)
    return tissue_volume(bone, np.full(bone.shape, Tissue.MARROW), grid)


def a_plate(thickness_mm: float, normal: ArrayLike, extent_mm: float, fine_mm: float = 0.1) -> TissueVolume:
    """A plate of bone in marrow through the origin."""
    unit = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    grid = centered_grid((0, 0, 0), (extent_mm,) * 3, (fine_mm,) * 3)
    distance = np.abs(points_of(grid) @ unit)
    bone = np.clip(0.5 + (0.5 * thickness_mm - distance) / fine_mm, 0.0, 1.0)
    return tissue_volume(bone, np.full(bone.shape, Tissue.MARROW), grid)


def uniform(label: Tissue, bone: float = 0.0) -> TissueVolume:
    """A few voxels of one tissue, which repeat beyond their grid."""
    grid = centered_grid((0, 0, 0), (0.3, 0.3, 0.3), (0.1, 0.1, 0.1))
    return tissue_volume(np.full((3, 3, 3), bone), np.full((3, 3, 3), label), grid)


def structure(extent_mm: float, fine_mm: float = 0.2, seed: int = 0, direction: ArrayLike = AXIAL) -> TissueVolume:
    """Random bone and patches of random tissue."""
    rng = np.random.default_rng(seed)
    grid = centered_grid((0, 0, 0), (extent_mm,) * 3, (fine_mm,) * 3, np.asarray(direction, dtype=float))
    shape = grid.size[::-1]
    label = rng.integers(0, Tissue.METAL, [(n + 7) // 8 for n in shape])
    label = label.repeat(8, 0).repeat(8, 1).repeat(8, 2)[: shape[0], : shape[1], : shape[2]]
    return tissue_volume((rng.random(shape) > 0.7).astype(np.float32), label, grid)


def edge_profile(values: NDArray, distance_mm: NDArray, step_mm: float, reach_mm: float) -> NDArray[np.float64]:
    """Mean of the values by distance, in steps from -reach to reach."""
    bins = np.round((distance_mm + reach_mm) / step_mm).astype(int).ravel()
    count = round(2 * reach_mm / step_mm) + 1
    within = (bins >= 0) & (bins < count)
    total = np.bincount(bins[within], values.ravel()[within].astype(float), count)
    return total / np.bincount(bins[within], minlength=count)


def mtf_of_edge(profile: NDArray[np.float64], step_mm: float, per_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """MTF from an edge profile, at frequencies in cycles per mm; made up for differences and bins."""
    spread = np.diff(profile)
    place = (np.arange(len(spread)) - 0.5 * (len(spread) - 1)) * step_mm
    found = np.abs(np.exp(-2j * np.pi * np.outer(per_mm, place)) @ spread) / abs(spread.sum())
    return found / np.sinc(per_mm * step_mm) ** 2


def frequency_at(mtf: NDArray[np.float64], per_mm: NDArray[np.float64], level: float) -> float:
    """Where an MTF finally falls below a level."""
    last = int(np.flatnonzero(mtf >= level)[-1])
    return float(np.interp(-level, -mtf[last : last + 2], per_mm[last : last + 2]))


def ct_mtf(protocol: CTProtocol, direction: Sequence[float] = AXIAL) -> tuple[float, float]:
    """Frequencies at which the MTF of a CT is 0.5 and 0.1, from a slanted edge."""
    protocol = replace(protocol, noise_hu=0.0, pixel_mm=0.1)  # fine pixels only sample the edge more densely
    normal = np.array([np.cos(0.09), np.sin(0.09), 0.0])
    grid = protocol.grid((0, 0, 0), (9.0, 9.0, 0.4), direction)
    image = scan_ct(a_half_space(normal, (16.0, 22.0, 1.0)), protocol, grid, 0)
    mtf = mtf_of_edge(edge_profile(image, points_of(grid) @ normal, STEP_MM, 3.0), STEP_MM, PER_MM)
    return frequency_at(mtf, PER_MM, 0.5), frequency_at(mtf, PER_MM, 0.1)


def mr_mtf(protocol: MRProtocol, direction: Sequence[float] = AXIAL) -> tuple[float, float]:
    """The same of an MR along the image's x; half as much bone, as a magnitude image would fold an overshoot."""
    protocol = replace(protocol, snr=1000.0, bias_range=0.0, broadening_mm=0.0, pixel_mm=0.1, slice_mm=0.5)
    along = np.reshape(direction, (3, 3))
    normal = along[:, 0] + 0.09 * along[:, 1]
    normal /= np.linalg.norm(normal)
    tissue = a_half_space(normal, (22.0, 22.0, 1.0))
    grid = protocol.grid((0, 0, 0), (10.0, 9.0, 0.7), direction)
    image = scan_mr(replace(tissue, bone=0.5 * tissue.bone), protocol, grid, 0)
    mtf = mtf_of_edge(edge_profile(image, points_of(grid) @ normal, STEP_MM, 4.0), STEP_MM, PER_MM)
    passed = 0.55 / protocol.acquired_mm > PER_MM  # beyond, there is noise only
    return frequency_at(mtf[passed], PER_MM[passed], 0.5), frequency_at(mtf[passed], PER_MM[passed], 0.1)


def ct_noise(protocol: CTProtocol, slices: int, seed: int = 3, pixels: int = 128) -> NDArray[np.float64]:
    """The noise of a CT, HU."""
    extent = (pixels * protocol.pixel_mm, pixels * protocol.pixel_mm, slices * protocol.increment_mm)
    return scan_ct(uniform(Tissue.FLUID), protocol, protocol.grid((0, 0, 0), extent), seed) - 10.0


def mr_image(protocol: MRProtocol, tissue: Tissue, seed: int = 2) -> NDArray[np.float64]:
    """One tissue under an even coil."""
    grid = protocol.grid((0, 0, 0), (100 * protocol.pixel_mm, 100 * protocol.pixel_mm, 30 * protocol.increment_mm))
    return scan_mr(uniform(tissue), replace(protocol, bias_range=0.0), grid, seed).astype(float)
