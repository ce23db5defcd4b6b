"""Trabecular morphometry of an image: every quantity for every region, and maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular import resolvability
from CTSMALib.morphometry.trabecular.bone_image import FRACTION, BoneImage
from CTSMALib.morphometry.trabecular.cleaning import QUIET, clean, noise_sd
from CTSMALib.morphometry.trabecular.fabric import Fabric
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
from CTSMALib.morphometry.trabecular.region_values import (
    Spheres,
    bone_fraction_of,
    histogram,
    sphere_values,
    surface_values,
)
from CTSMALib.morphometry.trabecular.regions import (
    Box,
    OrientedBox,
    Region,
    checked,
    regions_of_boxes,
    regions_of_labels,
    whole,
)
from CTSMALib.morphometry.trabecular.result import Estimate, Flag, Histogram, Morphometry, RegionMorphometry
from CTSMALib.morphometry.trabecular.surface import bone_surface
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

CHANGED = 0.1  # relative change of the bone volume by cleaning that is told
LEAST_APART = 0.02  # relative difference of eigenvalues that makes a direction
Direction = tuple[float, float, float] | None
CONTEXT = 4  # voxels around a region that its surface and connections are continued by


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure.

    Attributes:
        denoise: smooth the image first; with ``None`` only if its noise asks for it. Segmentations are smoothed always.
        islands: leave out separate pieces of bone, and holes, too small to be structure.
        number: measure distances between mid-axes (Tb.N), which takes as long as thickness and spacing together.
        surface: measure area, direction, connections, shape and fractal dimension; without it only the bone volume
            fraction (its uncertainty unknown) and what comes from spheres.
        moved: find the uncertainty of direction, connections and shape, by measuring them twice more with the surface
            moved; unknown (NaN) without.
        maps: make maps of thickness and spacing.
    """

    denoise: bool | None = None
    islands: bool = True
    number: bool = True
    surface: bool = True
    moved: bool = True
    maps: bool = True


@dataclass(frozen=True)
class _Measured:
    """The image as given, cleaned, and on its cubic grid with the spheres inscribed in it (radii in voxels)."""

    image: BoneImage
    cleaned: BoneImage
    given: BoneImage
    grid: IsotropicGrid
    structure: Structure
    axis_radius: NDArray[np.float32] | None
    noise: float
    denoised: bool
    edges: Edges
    strut_centers: NDArray[np.intp]


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
        results.append(_measure_region(measured, region, options))
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
    centers = _strut_centers(structure)
    return _Measured(cubic, cleaned, image, grid, structure, radius, noise, denoised, edges_of(cubic), centers)


def _maps(measured: _Measured) -> dict[str, NDArray[np.float32]]:
    """Diameters in mm on the grid of the given image, NaN outside the phase and the mask."""
    diameters = measured.structure.radius * np.float32(2.0 * measured.grid.step_mm)
    maps = {
        "tb_th_mm": phase_map(diameters, measured.image, measured.grid, BONE),
        "tb_sp_mm": phase_map(diameters, measured.image, measured.grid, MARROW),
    }
    for values in maps.values():
        values[~measured.given.mask] = np.nan
    return maps


def _measure_region(measured: _Measured, region: Region, options: MeasureOptions) -> RegionMorphometry:
    region = checked(region, measured.given.mask.shape)
    region = replace(region, mask=region.mask & measured.given.mask[region.box])
    box, mask = _on_cubic_grid(measured.grid, region)
    if not (region.mask.any() and mask.any()):
        nothing = Histogram(np.zeros(1), np.zeros(0))
        flag = Flag("empty-region", "Empty region: it holds no voxel of the image.")
        return RegionMorphometry(region.name, {}, None, False, (flag,), nothing, nothing)
    spheres = _spheres(measured, box, mask)
    th = float(spheres.thickness.mean(dtype=np.float64)) if spheres.thickness.size else None
    given, edges = measured.given, measured.edges
    surface_mm = surface_uncertainty(given.spacing_mm, given.kind, measured.noise, edges, th)
    part = _with_context(measured.cleaned, region.box, region.mask)
    cleaned = float(np.mean(part.bone[part.mask]))
    original = given.fraction[region.box][region.mask]
    values, principal = _bone_values(measured, part, original, surface_mm, options)
    values |= sphere_values(spheres, surface_mm)
    flags = [*_cleaning_flags(measured, original, cleaned), *_flags(measured, box, mask, values, spheres)]
    resolvable = not any(flag.code in ("not-resolvable", "no-bone", "no-marrow") for flag in flags)
    step = measured.grid.step_mm
    return RegionMorphometry(
        region.name,
        values,
        principal,
        resolvable,
        tuple(flags),
        histogram(spheres.thickness, step),
        histogram(spheres.spacing, step),
    )


def _bone_values(
    measured: _Measured, part: BoneImage, original: NDArray[np.float32], surface_mm: float, options: MeasureOptions
) -> tuple[dict[str, Estimate], Direction]:
    """The bone volume fraction and what comes from the surface, with the main direction."""
    given, cleaned = measured.given, float(np.mean(part.bone[part.mask]))
    if not options.surface:
        return {"bv_tv": bone_fraction_of(original, given.kind, cleaned, np.nan, surface_mm, measured.noise)}, None
    surface = bone_surface(part)
    area_per_mm = surface.area_mm2 / part.total_mm3
    bone = bone_fraction_of(original, given.kind, cleaned, area_per_mm, surface_mm, measured.noise)
    gradient = measured.edges.gradient_per_mm if options.moved else None
    values, directions = surface_values(part, surface, bone, surface_mm, gradient)
    return values, _principal(directions, values)


def _principal(directions: Fabric, values: dict[str, Estimate]) -> Direction:
    """The main direction, where there is one: not if isotropic, nor if two directions share the longest length."""
    if "da_norm" not in values or directions.principal_zyx is None:
        return None
    with np.errstate(divide="ignore"):
        eigenvalues = np.asarray(directions.mil_mm, dtype=float) ** -2.0  # ascending: of the ellipsoid's matrix
    apart = (eigenvalues[1] - eigenvalues[0]) / eigenvalues[2]
    if not apart >= 2.0 * np.fmax(values["da_norm"].uncertainty, LEAST_APART):  # which may be unknown
        return None
    z, y, x = (part + 0.0 for part in directions.principal_zyx)  # no -0.0
    return z, y, x


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
    diameter = np.float32(2.0 * measured.grid.step_mm)
    radius = measured.structure.radius[box][mask]
    bone = measured.image.bone_in(box)[mask]
    if bone.all() or not bone.any():
        nothing = np.zeros(0, np.float32)
        return Spheres(nothing, nothing, nothing)
    known = radius > 0
    axis = measured.axis_radius
    distance = np.zeros(0, np.float32) if axis is None else axis[box][mask] * diameter
    to_border = _steps_to_border(measured.image.mask.shape, box)[mask]
    cut = [_share_cut(to_border, radius, phase & known) for phase in (bone, ~bone)]
    both = 0.0 if axis is None else _share_cut(to_border, axis[box][mask], known)
    return Spheres(
        radius[bone & known] * diameter,
        radius[~bone & known] * diameter,
        distance[distance > 0],
        (cut[0], cut[1], both),
    )


def _share_cut(to_border: NDArray[np.int32], radius: NDArray[np.float32], phase: NDArray[np.bool_]) -> float:
    """Share of a phase that is nearer to the border of the image than its mean radius."""
    if not phase.any():
        return 0.0
    return float(np.mean(to_border[phase] < radius[phase].mean(dtype=np.float64)))


def _steps_to_border(shape: tuple[int, ...], box: Box) -> NDArray[np.int32]:
    """Voxels between each voxel of a box and the nearest face of the image."""
    z, y, x = (
        np.minimum(np.arange(part.start, part.stop), size - 1 - np.arange(part.start, part.stop)).astype(np.int32)
        for size, part in zip(shape, box, strict=True)
    )
    return np.minimum(np.minimum(z[:, None, None], y[None, :, None]), x[None, None, :])


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


def _cleaning_flags(measured: _Measured, original: NDArray[np.float32], cleaned: float) -> list[Flag]:
    flags = []
    if measured.noise > QUIET:
        smoothed = "the image was smoothed" if measured.denoised else "thickness reads too low, connections too many"
        flags.append(Flag("noisy", f"Noise of {measured.noise:.2f} of the contrast: {smoothed}."))
    before = float(np.mean(original > 0.5))
    if abs(cleaned - before) > CHANGED * max(before, 1e-3):
        text = f"Cleaning and interpolation changed the bone from {before:.3f} to {cleaned:.3f} of the volume."
        flags.append(Flag("cleaning-changed-bone", text))
    return flags


def _flags(
    measured: _Measured, box: Box, mask: NDArray[np.bool_], values: dict[str, Estimate], spheres: Spheres
) -> list[Flag]:
    th, sp = values.get("tb_th_mm"), values.get("tb_sp_mm")
    if th is None or sp is None:
        has_bone = bool(measured.image.bone_in(box)[mask].any())
        return [resolvability.one_phase(values["bv_tv"].value, has_bone)]
    core = _core_fraction(measured, box, mask)
    flags = resolvability.unresolved(th.value, sp.value, core, measured.given.spacing_mm)
    number = values.get("tb_n_per_mm")
    distance = 1.0 / number.value if number else th.value + sp.value
    total = float(np.count_nonzero(mask)) * measured.image.voxel_mm3
    return [*flags, *resolvability.small_region(total, distance), *resolvability.at_border(*spheres.cut[:2])]


def _core_fraction(measured: _Measured, box: Box, mask: NDArray[np.bool_]) -> float | None:
    """Median bone fraction in the centers of the region's struts."""
    if measured.given.kind != FRACTION:
        return None
    centers = measured.strut_centers
    first, last = np.searchsorted(centers[:, 0], [box[0].start, box[0].stop])
    voxels = centers[first:last] - [part.start for part in box]
    voxels = voxels[np.all((voxels >= 0) & (voxels < mask.shape), axis=1)]
    voxels = voxels[mask[tuple(voxels.T)]]
    return float(np.median(measured.image.fraction[box][tuple(voxels.T)])) if len(voxels) else None


def _strut_centers(structure: Structure) -> NDArray[np.intp]:
    """(n, 3) voxels with the center of a sphere in bone, in the order of their slices."""
    voxels = np.rint(structure.bone_spheres[:, :3]).astype(np.intp)
    return voxels[np.argsort(voxels[:, 0], kind="stable")]
