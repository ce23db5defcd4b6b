"""Trabecular morphometry of an image: every quantity for every region, and maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular import resolvability
from CTSMALib.morphometry.trabecular.bone_image import FRACTION, BoneImage
from CTSMALib.morphometry.trabecular.cleaning import QUIET, clean, noise_sd
from CTSMALib.morphometry.trabecular.isotropic import (
    IsotropicGrid,
    isotropic_grid,
    nearest_voxels,
    to_isotropic,
)
from CTSMALib.morphometry.trabecular.local_thickness import (
    BONE,
    MARROW,
    Structure,
    inscribe,
    mid_axis_radius,
    phase_map,
)
from CTSMALib.morphometry.trabecular.region_values import Spheres, histogram, sphere_values, surface_values
from CTSMALib.morphometry.trabecular.regions import (
    Box,
    OrientedBox,
    Region,
    regions_of_boxes,
    regions_of_labels,
    whole,
)
from CTSMALib.morphometry.trabecular.result import Estimate, Flag, Histogram, Morphometry, RegionMorphometry
from CTSMALib.morphometry.trabecular.uncertainty import Edges, edges_of, surface_uncertainty
from CTSMALib.progress import Progress, part_of, silent

__all__ = [
    "Estimate",
    "Flag",
    "Histogram",
    "MeasureOptions",
    "Morphometry",
    "OrientedBox",
    "Region",
    "RegionMorphometry",
    "measure",
    "regions_of_boxes",
    "regions_of_labels",
]

CONTEXT = 4  # voxels around a region that its surface and connections are continued by


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure.

    Attributes:
        denoise: smooth the image first; with ``None`` only if its noise asks for it. Segmentations are smoothed always.
        islands: leave out separate pieces of bone, and holes, too small to be structure.
        number: measure distances between mid-axes (Tb.N), which takes as long as thickness and spacing together.
        maps: make maps of thickness and spacing.
    """

    denoise: bool | None = None
    islands: bool = True
    number: bool = True
    maps: bool = True


@dataclass(frozen=True)
class _Measured:
    """The image on its cubic grid, with the spheres inscribed in it (radii in voxels)."""

    image: BoneImage
    given: BoneImage
    grid: IsotropicGrid
    structure: Structure
    axis_radius: NDArray[np.float32] | None
    noise: float
    denoised: bool
    edges: Edges


def measure(
    image: BoneImage,
    regions: Iterable[Region] | None = None,
    options: MeasureOptions = MeasureOptions(),
    progress: Progress = silent,
) -> Morphometry:
    """Measure the trabecular structure of every region.

    Spheres are inscribed in the image as a whole, so that they may reach across the border of a region; each region
    takes the mean over its own voxels.

    Args:
        image: what to measure. Voxels outside its mask are context.
        regions: parts to measure separately, which may overlap; the image's mask as one region, ``"all"``, without
            them. Only voxels of the image's mask count.
        options: how to measure.
        progress: told of every step; may cancel.

    Returns:
        The values of every region and, unless left out, the maps.
    """
    progress("Cleaning the image", 0.0)
    measured = _inscribed(image, options, part_of(progress, 0.05, 0.75))
    maps = _maps(measured) if options.maps else {}
    parts = [whole(image.mask)] if regions is None else list(regions)
    results = []
    for index, region in enumerate(parts):
        progress("Measuring regions", 0.75 + 0.25 * index / max(len(parts), 1), region.name)
        results.append(_measure_region(measured, region))
    progress("Measuring regions", 1.0)
    return Morphometry(tuple(results), maps, measured.noise, measured.denoised)


def _inscribed(image: BoneImage, options: MeasureOptions, progress: Progress) -> _Measured:
    noise = noise_sd(image)
    denoised = noise > QUIET if options.denoise is None else options.denoise
    cleaned = clean(image, denoised, options.islands)
    grid = isotropic_grid(image)
    cubic = to_isotropic(cleaned, grid)
    structure = inscribe(cubic, progress=part_of(progress, 0.0, 0.6))
    radius = mid_axis_radius(structure, part_of(progress, 0.6, 1.0)) if options.number else None
    return _Measured(cubic, image, grid, structure, radius, noise, denoised, edges_of(cubic))


def _maps(measured: _Measured) -> dict[str, NDArray[np.float32]]:
    """Diameters in mm on the grid of the given image, NaN outside the phase and the mask."""
    diameters = measured.structure.radius * np.float32(2.0 * measured.image.spacing_mm[0])
    maps = {
        "tb_th_mm": phase_map(diameters, measured.image, measured.grid, BONE),
        "tb_sp_mm": phase_map(diameters, measured.image, measured.grid, MARROW),
    }
    for values in maps.values():
        values[~measured.given.mask] = np.nan
    return maps


def _measure_region(measured: _Measured, region: Region) -> RegionMorphometry:
    region = replace(region, mask=region.mask & measured.given.mask[region.box])
    if not region.mask.any():
        nothing = Histogram(np.zeros(1), np.zeros(0))
        flag = Flag("empty-region", "Empty region: it holds no voxel of the image.")
        return RegionMorphometry(region.name, {}, None, False, (flag,), nothing, nothing)
    box, mask = _on_cubic_grid(measured.grid, region)
    spheres = _spheres(measured, box, mask)
    th = float(spheres.thickness.mean(dtype=np.float64)) if spheres.thickness.size else None
    given, edges = measured.given, measured.edges
    surface_mm = surface_uncertainty(given.spacing_mm, given.kind, measured.noise, edges, th)
    part = _with_context(measured.image, box, mask)
    original = measured.given.fraction[region.box][region.mask]
    values, directions = surface_values(part, surface_mm, measured.noise, edges.gradient_per_mm)
    values["bv_tv"] = replace(values["bv_tv"], value=_bone_fraction(measured.given, original, values["bv_tv"].value))
    values |= sphere_values(spheres, surface_mm)
    flags = _flags(measured, box, mask, values)
    resolvable = not any(flag.code in ("not-resolvable", "no-bone", "no-marrow") for flag in flags)
    step = measured.image.spacing_mm[0]
    return RegionMorphometry(
        region.name,
        values,
        directions.principal_zyx,
        resolvable,
        tuple(flags),
        histogram(spheres.thickness, step),
        histogram(spheres.spacing, step),
    )


def _bone_fraction(image: BoneImage, inside: NDArray[np.float32], counted: float) -> float:
    """Partial volumes are summed as they were given: cleaning and interpolation must not change them."""
    return float(np.clip(inside.mean(dtype=np.float64), 0.0, 1.0)) if image.kind == FRACTION else counted


def _on_cubic_grid(grid: IsotropicGrid, region: Region) -> tuple[Box, NDArray[np.bool_]]:
    if grid.is_image:
        return region.box, region.mask
    box, mask = [], region.mask
    for axis, part in enumerate(region.box):
        own = nearest_voxels(grid, axis)
        chosen = np.flatnonzero((own >= part.start) & (own < part.stop))
        first = int(chosen[0]) if chosen.size else 0
        box.append(slice(first, first + chosen.size))
        mask = np.take(mask, own[chosen] - part.start, axis=axis)
    return (box[0], box[1], box[2]), mask


def _spheres(measured: _Measured, box: Box, mask: NDArray[np.bool_]) -> Spheres:
    """The spheres of a region; none if it lacks one of the phases, as its spheres would span far beyond it."""
    diameter = np.float32(2.0 * measured.image.spacing_mm[0])
    radius = measured.structure.radius[box][mask]
    bone = measured.image.bone_in(box)[mask]
    if bone.all() or not bone.any():
        nothing = np.zeros(0, np.float32)
        return Spheres(nothing, nothing, nothing)
    known = radius > 0
    axis = measured.axis_radius
    distance = np.zeros(0, np.float32) if axis is None else axis[box][mask] * diameter
    return Spheres(radius[bone & known] * diameter, radius[~bone & known] * diameter, distance[distance > 0])


def _with_context(image: BoneImage, box: Box, mask: NDArray[np.bool_]) -> BoneImage:
    """The region and a rim around it; only the region itself counts."""
    wide = tuple(
        slice(max(part.start - CONTEXT, 0), min(part.stop + CONTEXT, size))
        for part, size in zip(box, image.mask.shape, strict=True)
    )
    inner = tuple(
        slice(part.start - outer.start, part.stop - outer.start) for part, outer in zip(box, wide, strict=True)
    )
    inside = np.zeros(tuple(part.stop - part.start for part in wide), bool)
    inside[inner] = mask
    return replace(image, fraction=image.fraction[wide], mask=inside)


def _flags(measured: _Measured, box: Box, mask: NDArray[np.bool_], values: dict[str, Estimate]) -> list[Flag]:
    flags = []
    if measured.noise > QUIET:
        smoothed = "the image was smoothed" if measured.denoised else "thickness reads too low, connections too many"
        flags.append(Flag("noisy", f"Noise of {measured.noise:.2f} of the contrast: {smoothed}."))
    th, sp = values.get("tb_th_mm"), values.get("tb_sp_mm")
    if th is None or sp is None:
        flags.append(resolvability.one_phase(values["bv_tv"].value, bool(measured.image.bone_in(box)[mask].any())))
        return flags
    flags += resolvability.unresolved(th.value, sp.value, _core_fraction(measured, box), measured.given.spacing_mm)
    number = values.get("tb_n_per_mm")
    distance = 1.0 / number.value if number else th.value + sp.value
    total = float(np.count_nonzero(mask)) * measured.image.voxel_mm3
    return flags + resolvability.small_region(total, distance)


def _core_fraction(measured: _Measured, box: Box) -> float | None:
    """Median bone fraction in the centers of the region's struts."""
    if measured.given.kind != FRACTION:
        return None
    low, high = np.array([[part.start, part.stop - 1] for part in box]).T
    voxels = np.rint(measured.structure.bone_spheres[:, :3]).astype(np.intp)
    voxels = voxels[np.all((voxels >= low) & (voxels <= high), axis=1)]
    return float(np.median(measured.image.fraction[tuple(voxels.T)])) if len(voxels) else None
