"""How far the surface may lie from where it was found, and what that does to every value.

One length stands behind all uncertainties: the standard uncertainty of the surface position. Its parts were set on the
analytic phantoms of Testing/benchmarks/morphometry, whose coverage table says how often the truth lies within two
standard uncertainties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import BINARY, GRAY, BoneImage

OF_VOXEL = 0.05  # of the voxel edge, gray surface
OF_VOXEL_BINARY = 0.12  # of the voxel edge, surface of a segmentation
CURVED = 0.1  # of edge^2 times curvature: averaging over voxels moves a curved surface
OF_NOISE = 0.25  # of the noise over the gradient of the fraction
SPHERE = 0.01  # relative, of a mean sphere diameter, besides the surface
SAMPLE = 96  # voxels along each axis that edges are looked at in


@dataclass(frozen=True)
class Edges:
    """How bone and marrow meet in an image.

    Attributes:
        gradient_per_mm: mean gradient of the fraction at the surface.
        imbalance: how far the surface's level, one half, lies from the middle between the phases' median fractions. The
            more, the farther blur moves the surface; 0 where fractions are partial volumes.
    """

    gradient_per_mm: float
    imbalance: float


def edges_of(image: BoneImage) -> Edges:
    """Look at the edges in the middle of an image with cubic voxels."""
    z, y, x = (slice(max(0, (n - SAMPLE) // 2), max(0, (n - SAMPLE) // 2) + SAMPLE) for n in image.fraction.shape)
    fraction, mask = image.fraction[z, y, x], image.mask[z, y, x]
    bone = fraction > 0.5
    steepest = 1.0 / image.spacing_mm[0]
    gradients = [
        np.gradient(fraction, axis=axis) / image.spacing_mm[axis] for axis in range(3) if fraction.shape[axis] > 1
    ]
    near = mask & (ndimage.maximum_filter(bone, 3) != ndimage.minimum_filter(bone, 3))
    if not gradients or not near.any():
        return Edges(steepest, 0.0)
    gradient = float(np.mean(np.sqrt(sum(part[near] ** 2 for part in gradients))))
    imbalance = 0.0
    if image.kind == GRAY and (mask & bone).any() and (mask & ~bone).any():
        imbalance = abs(float(np.median(fraction[mask & bone]) + np.median(fraction[mask & ~bone])) / 2.0 - 0.5)
    return Edges(min(max(gradient, 0.1 * steepest), steepest), imbalance)


def surface_uncertainty(
    spacing_mm: tuple[float, float, float], kind: str, noise: float, edges: Edges, thickness_mm: float | None
) -> float:
    """Standard uncertainty of the surface position, mm.

    Args:
        spacing_mm: (z, y, x) of the image.
        kind: of the image.
        noise: relative to the contrast, before any cleaning.
        edges: of the image.
        thickness_mm: of the structures, whose curvature is of the order of two by this; ``None`` if not known.
    """
    edge = float(np.sqrt(np.mean(np.square(spacing_mm))))
    of_voxel = edge * (OF_VOXEL_BINARY if kind == BINARY else OF_VOXEL)
    curved = CURVED * edge * edge * 2.0 / thickness_mm if thickness_mm else 0.0
    of_level = np.hypot(OF_NOISE * noise, edges.imbalance) / edges.gradient_per_mm
    return float(np.sqrt(of_voxel**2 + min(curved, edge / 2.0) ** 2 + of_level**2))


def of_diameter(diameter_mm: float, surface_mm: float) -> float:
    """Standard uncertainty of a mean sphere diameter between two surfaces, mm."""
    return float(np.hypot(2.0 * surface_mm, SPHERE * diameter_mm))


def of_axis_distance(distance_mm: float, surface_mm: float) -> float:
    """Standard uncertainty of a mean distance between mid-axes, mm: both surfaces of a strut move its axis."""
    return float(np.hypot(surface_mm, 2.0 * SPHERE * distance_mm))
