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
from CTSMALib.morphometry.trabecular.sample_box import sample_box

OF_VOXEL = 0.05  # of the voxel edge, gray surface
OF_VOXEL_BINARY = 0.2  # of the voxel edge, surface of a segmentation
CURVED = 0.1  # of edge^2 times curvature: averaging over voxels moves a curved surface
OF_NOISE = 0.25  # of the noise over the gradient of the fraction
SPHERE = 0.02  # relative, of a mean sphere diameter, besides the surface: centers are a sample of the medial axis
BORDER = 0.25  # relative, of spheres that the border of the image cuts


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
    """Look at the edges of an image with cubic voxels, where most of its mask is."""
    seen = _edges_in(image.crop(sample_box(image.mask))) or _edges_in(image)
    return seen or Edges(1.0 / image.spacing_mm[0], 0.0)  # no edge: nothing that an uncertainty could be given for


def _edges_in(image: BoneImage) -> Edges | None:
    fraction, mask, bone = image.fraction, image.mask, image.bone
    near = mask & (ndimage.maximum_filter(bone, 3) != ndimage.minimum_filter(bone, 3))
    axes = [axis for axis in range(3) if fraction.shape[axis] > 1]
    if not axes or not near.any():
        return None
    squares = sum((np.gradient(fraction, axis=axis)[near] / image.spacing_mm[axis]) ** 2 for axis in axes)
    gradient = float(np.mean(np.sqrt(squares)))
    imbalance = 0.0
    if image.kind == GRAY and (mask & bone).any() and (mask & ~bone).any():
        imbalance = abs(float(np.median(fraction[mask & bone]) + np.median(fraction[mask & ~bone])) / 2.0 - 0.5)
    steepest = 1.0 / image.spacing_mm[0]
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


def of_diameter(diameter_mm: float, surface_mm: float, cut: float) -> float:
    """Standard uncertainty of a mean sphere diameter between two surfaces, mm.

    Args:
        diameter_mm: the mean.
        surface_mm: standard uncertainty of the surface position.
        cut: share of the voxels near enough to the border of the image that it may cut their sphere.
    """
    return float(np.linalg.norm([2.0 * surface_mm, SPHERE * diameter_mm, BORDER * cut * diameter_mm]))


def of_axis_distance(distance_mm: float, surface_mm: float, cut: float) -> float:
    """Standard uncertainty of a mean distance between mid-axes, mm: both surfaces of a strut move its axis."""
    return float(np.linalg.norm([surface_mm, 2.0 * SPHERE * distance_mm, BORDER * cut * distance_mm]))
