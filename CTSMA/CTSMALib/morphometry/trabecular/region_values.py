"""The values of one region that come from its surface, and from the spheres inscribed around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular import uncertainty
from CTSMALib.morphometry.trabecular.bone_image import BINARY, FRACTION, BoneImage
from CTSMALib.morphometry.trabecular.connectivity import connectivity_density
from CTSMALib.morphometry.trabecular.fabric import Fabric, fabric
from CTSMALib.morphometry.trabecular.fractal import fractal_dimension
from CTSMALib.morphometry.trabecular.result import Estimate, Histogram
from CTSMALib.morphometry.trabecular.shape import pattern_factor, structure_model_index
from CTSMALib.morphometry.trabecular.surface import BoneSurface, bone_surface

BINS = 40
FEWEST_VOXELS = 512  # 8 x 8 x 8: in less, shape, direction and connections are those of single voxels
AREA = 0.015  # relative uncertainty of an area of triangles
NORMALS = 0.015  # of DA_norm, from the scatter of normals
MOST_SHIFT = 0.3  # of the fraction; more would lose the surface
SHAPE = 0.08  # of the structure model index


@dataclass(frozen=True)
class Spheres:
    """Diameters of the spheres in one region, mm.

    Attributes:
        thickness: (n,) of the bone's voxels.
        spacing: (m,) of the marrow's voxels.
        distance: (n + m,) between mid-axes, around every voxel; empty if not measured.
        cut: share of the voxels of bone, of marrow, and of both that lie so near to the border of the image that it may
            cut their spheres.
    """

    thickness: NDArray[np.float32]
    spacing: NDArray[np.float32]
    distance: NDArray[np.float32]
    cut: tuple[float, float, float] = (0.0, 0.0, 0.0)


def sphere_values(spheres: Spheres, surface_mm: float) -> dict[str, Estimate]:
    """Thickness, spacing and number, each with the spread of its local values.

    Args:
        spheres: of the region.
        surface_mm: standard uncertainty of the surface position.
    """
    values: dict[str, Estimate] = {}
    parts = (("tb_th", spheres.thickness, spheres.cut[0]), ("tb_sp", spheres.spacing, spheres.cut[1]))
    for key, diameters, cut in parts:
        if diameters.size:
            mean, spread = _mean_and_sd(diameters)
            values[f"{key}_mm"] = Estimate(mean, uncertainty.of_diameter(mean, surface_mm, cut))
            values[f"{key}_sd_mm"] = Estimate(spread, float(np.hypot(surface_mm, uncertainty.SPHERE * mean)))
    if spheres.distance.size:
        mean, spread = _mean_and_sd(spheres.distance)
        error = uncertainty.of_axis_distance(mean, surface_mm, spheres.cut[2])
        values["tb_n_per_mm"] = Estimate(1.0 / mean, error / mean**2)
        values["tb_n_sd_mm"] = Estimate(spread, error)
    return values


def surface_values(
    image: BoneImage, surface: BoneSurface, bone_fraction: Estimate, surface_mm: float, gradient_per_mm: float | None
) -> tuple[dict[str, Estimate], Fabric]:
    """Surface, direction, connections and shape, with the fabric that they include.

    What a shift of the surface does to shape, direction and connections is found by measuring again with the surface
    moved outward and inward by its uncertainty.

    Args:
        image: the region as the image's mask, with some context around it.
        surface: its bone surface.
        bone_fraction: bone volume fraction of the region.
        surface_mm: standard uncertainty of the surface position.
        gradient_per_mm: of the fraction at the surface; ``None`` leaves the surface where it is and the uncertainty of
            shape, direction and connections unknown (NaN).
    """
    total, area = image.total_mm3, surface.area_mm2
    volume = bone_fraction.value * total
    directions = fabric(surface, total)
    values = {"bv_tv": bone_fraction}
    if area > 0:
        values |= _area_values(volume, total, area, float(np.hypot(surface_mm * surface.area_rate_mm, AREA * area)))
    values |= _fractal_value(image)
    if np.count_nonzero(image.mask) >= FEWEST_VOXELS:
        plain = _structure(image, surface, volume, directions)
        shifts = () if gradient_per_mm is None else ((1, gradient_per_mm), (-1, gradient_per_mm))
        moved = [_moved_structure(image, volume, area, sign * surface_mm, gradient) for sign, gradient in shifts]
        for key, value in plain.items():
            base = {"da_norm": NORMALS, "smi": SHAPE, "da": NORMALS * abs(value), "conn_d_per_mm3": 1.0 / total}
            change = max((abs(other[key] - value) for other in moved), default=np.nan)
            uncertain = float(np.hypot(base.get(key, 0.0), change)) if np.isfinite(change) else np.nan
            values[key] = Estimate(value, uncertain)
    return {key: estimate for key, estimate in values.items() if np.isfinite(estimate.value)}, directions


def bone_fraction_of(
    given: NDArray[np.float32], kind: str, cleaned: float, area_per_mm: float, surface_mm: float, noise: float
) -> Estimate:
    """Bone volume fraction of a region.

    Fractions are summed as they were given, which no threshold disturbs; so are the voxels of a segmentation. Where
    only the surface has a meaning, voxels above it are counted after cleaning.

    Args:
        given: (n,) fractions of the region's voxels before cleaning.
        kind: of the image.
        cleaned: share of the region that is bone after cleaning.
        area_per_mm: bone surface per volume.
        surface_mm: standard uncertainty of the surface position.
        noise: relative to the contrast.
    """
    moved = area_per_mm * surface_mm
    if kind == FRACTION:
        value = float(np.clip(given.mean(dtype=np.float64), 0.0, 1.0))
        return Estimate(value, float(np.hypot(noise / np.sqrt(given.size), 0.25 * moved)))
    counted = float(np.mean(given > 0.5)) if kind == BINARY else cleaned
    return Estimate(counted, moved)


def shifted_by(image: BoneImage, surface_mm: float, gradient_per_mm: float) -> BoneImage:
    """The image with its surface moved outward, by way of the gradient of the fraction there."""
    shift = float(np.clip(surface_mm * gradient_per_mm, -MOST_SHIFT, MOST_SHIFT))
    return replace(image, fraction=image.fraction + np.float32(shift))


def histogram(diameters: NDArray[np.float32], step_mm: float) -> Histogram:
    """Distribution of diameters, in bins of a width that suits them but not finer than half a voxel allows."""
    if diameters.size == 0:
        return Histogram(np.zeros(1), np.zeros(0))
    top = float(diameters.max())
    width = max(top / BINS, step_mm / 4.0)
    edges = np.arange(int(np.ceil(top / width + 1e-6)) + 1, dtype=np.float64) * width
    counts, _ = np.histogram(diameters, edges)
    return Histogram(edges, counts / diameters.size)


def _mean_and_sd(values: NDArray[np.float32]) -> tuple[float, float]:
    return float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))


def _area_values(volume: float, total: float, area: float, area_error: float) -> dict[str, Estimate]:
    """Surface ratios and the plate model built on them."""
    relative = area_error / area
    values = {"bs_tv_per_mm": Estimate(area / total, area_error / total)}
    values["tb_n_plate_per_mm"] = Estimate(area / (2.0 * total), area_error / (2.0 * total))
    values["tb_n_mil_per_mm"] = Estimate(area / (4.0 * total), area_error / (4.0 * total))
    if volume > 0:
        values["bs_bv_per_mm"] = Estimate(area / volume, relative * area / volume)
        values["tb_th_plate_mm"] = Estimate(2.0 * volume / area, relative * 2.0 * volume / area)
    spacing = 2.0 * max(total - volume, 0.0) / area
    values["tb_sp_plate_mm"] = Estimate(spacing, relative * spacing)
    return values


def _moved_structure(
    image: BoneImage, volume: float, area: float, surface_mm: float, gradient_per_mm: float
) -> dict[str, float]:
    shifted = shifted_by(image, surface_mm, gradient_per_mm)
    surface = bone_surface(shifted)
    return _structure(shifted, surface, volume + area * surface_mm, fabric(surface, image.total_mm3))


def _structure(image: BoneImage, surface: BoneSurface, volume: float, directions: Fabric) -> dict[str, float]:
    """Shape, direction and connections; NaN where there is none."""
    return {
        "da": directions.da,
        "da_norm": directions.da_norm,
        "smi": structure_model_index(surface, volume),
        "tb_pf_per_mm": pattern_factor(surface),
        "conn_d_per_mm3": connectivity_density(image),
    }


def _fractal_value(image: BoneImage) -> dict[str, Estimate]:
    """The fractal dimension with the standard error of the slope that it is."""
    fit = fractal_dimension(image)
    freedom = len(fit.boxes_mm) - 2
    if not np.isfinite(fit.dimension):
        return {}
    error = fit.dimension * float(np.sqrt(max(1.0 / fit.r2 - 1.0, 0.0) / freedom)) if freedom > 0 else np.nan
    return {"fd": Estimate(fit.dimension, error)}
