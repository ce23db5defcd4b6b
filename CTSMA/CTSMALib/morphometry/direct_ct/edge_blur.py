"""The blur of skin and cortex edges in an image, each with the tilt of its surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.edge_fit import (
    INNER,
    LAYER,
    LOG_SIGMA,
    LOG_SIGMA_LIMITS,
    OFFSET,
    OUTER,
    THICKNESS,
    TILT_U,
    TILT_V,
    EdgeFits,
    LayeredEdge,
    Neighborhoods,
    fit_edges,
    signed_distance,
)
from CTSMALib.morphometry.direct_ct.edge_positions import EdgePositions, gather, locate, surface_voxels, tangents

Floats = NDArray[np.float64]

FWHM_PER_SIGMA = float(2.0 * np.sqrt(2.0 * np.log(2.0)))
SKIN = LayeredEdge(
    "skin", (-1000.0, 30.0), (40.0, 60.0), (-80.0, 80.0), (1.6, 0.5), reach_out_mm=4.0, tolerance_hu=40.0
)
# A bone under the skin has little flesh before it, hence the short reach.
CORTEX = LayeredEdge(
    "cortex", (20.0, 80.0), (1400.0, 250.0), (200.0, 300.0), (2.0, 1.5), reach_out_mm=2.5, tolerance_hu=60.0
)
SKIN_THRESHOLD_HU = -500

# sin^2 of the angle between the normal and the slice plane
IN_PLANE = float(np.sin(np.radians(20.0)) ** 2)
TILTED = float(np.sin(np.radians(30.0)) ** 2)
THROUGH_PLANE = float(np.cos(np.radians(30.0)) ** 2)
TILT_RANGES = ((0.0, IN_PLANE), (TILTED, THROUGH_PLANE), (THROUGH_PLANE, 1.01))

SURFACE_VOXELS = 8000  # looked at
SCREENED_POSITIONS = 900  # in each range of tilt
FITTED_POSITIONS = 300  # in each range of tilt
FEWEST_ON_SLOPE = 6  # voxels


@dataclass(frozen=True)
class EdgeBlur:
    """Accepted edges of one kind.

    Attributes:
        variance_mm2: (B,) variance of the Gaussian blur along the normal.
        tilt: (B,) sin^2 of the angle between normal and slice plane, 0 to 1.
    """

    variance_mm2: Floats
    tilt: Floats


def skin_blur(hu: NDArray[np.int16], spacing_mm: Floats, across: int) -> EdgeBlur:
    """Edges between air and skin.

    Args:
        hu: image (z, y, x).
        spacing_mm: (3,) in array order.
        across: array axis across the slices.
    """
    return _blur(hu, hu > SKIN_THRESHOLD_HU, hu, (-1000.0, 0.0), SKIN, spacing_mm, across)


def cortex_blur(hu: NDArray[np.int16], bone: NDArray[np.bool_], spacing_mm: Floats, across: int) -> EdgeBlur:
    """Edges between soft tissue and cortical bone, at the surface of the mask ``bone``."""
    return _blur(hu, bone, bone, (0.0, 1.0), CORTEX, spacing_mm, across)


def _blur(
    hu: NDArray[np.int16],
    inside: NDArray[np.bool_],
    surface: NDArray[Any],
    limits: tuple[float, float],
    kind: LayeredEdge,
    spacing_mm: Floats,
    across: int,
) -> EdgeBlur:
    index = surface_voxels(inside, SURFACE_VOXELS, np.random.default_rng(0))
    positions = locate(hu, surface, limits, index, spacing_mm)
    tilt = positions.normal[:, across] ** 2
    parts = []
    for low, high in TILT_RANGES:
        some = positions.chosen(np.flatnonzero((tilt >= low) & (tilt < high))[:SCREENED_POSITIONS])
        parts.append(_fitted(hu, some, kind, spacing_mm, across))
    return EdgeBlur(
        np.concatenate([part.variance_mm2 for part in parts]), np.concatenate([part.tilt for part in parts])
    )


def _fitted(
    hu: NDArray[np.int16], positions: EdgePositions, kind: LayeredEdge, spacing_mm: Floats, across: int
) -> EdgeBlur:
    if len(positions.index) == 0:
        return EdgeBlur(np.empty(0), np.empty(0))
    hoods = gather(hu, positions, spacing_mm, kind.reach_out_mm)
    plausible = np.flatnonzero(_plausible(hoods, kind))[:FITTED_POSITIONS]
    hoods = hoods.chosen(plausible)
    fits = fit_edges(hoods, kind, start_sigma_mm=0.5 * float(spacing_mm.mean()))
    normal, stretch = _refined_normals(positions.chosen(plausible), fits.parameters)
    sigma = fits.sigma_mm / stretch
    good = _accepted(fits, kind) & _sampled(hoods, fits)
    return EdgeBlur(sigma[good] ** 2, normal[good, across] ** 2)


def _plausible(hoods: Neighborhoods, kind: LayeredEdge) -> NDArray[np.bool_]:
    """Whether the media before and behind the edge are what they should be (no couch, no cushion, no other bone)."""
    along = hoods.along * hoods.weight
    outer = _mean(hoods.hu, hoods.weight * (along < 0.7 * along.min(axis=1, keepdims=True)))
    inner = _mean(hoods.hu, hoods.weight * (along > 0.5 * along.max(axis=1, keepdims=True)))
    if kind is SKIN:
        return (outer < -900.0) & (np.abs(inner) < 200.0)
    peak = np.max(np.where(hoods.weight > 0, hoods.hu, -np.inf), axis=1)
    return (np.abs(outer) < 200.0) & (peak > 700.0)


def _mean(values: Floats, weight: Floats) -> Floats:
    total = weight.sum(axis=1)
    return np.where(total > 0, np.sum(values * weight, axis=1) / np.maximum(total, 1.0), np.nan)


def _refined_normals(positions: EdgePositions, parameters: Floats) -> tuple[Floats, Floats]:
    """Normals after the fitted tilt, and the length by which the fitted distance must be divided."""
    first, second = tangents(positions.normal)
    normal = positions.normal - parameters[:, TILT_U, None] * first - parameters[:, TILT_V, None] * second
    stretch = np.linalg.norm(normal, axis=1)
    return normal / stretch[:, None], stretch


def _accepted(fits: EdgeFits, kind: LayeredEdge) -> NDArray[np.bool_]:
    """Fits whose width is determined by the image rather than by the prior or by something else nearby."""
    if len(fits.residual_hu) == 0:
        return np.empty(0, dtype=bool)
    table = fits.parameters
    quiet = float(np.percentile(fits.residual_hu, 25))
    good = fits.residual_hu <= 2.0 * quiet
    good &= (table[:, LOG_SIGMA] > LOG_SIGMA_LIMITS[0] + 0.01) & (table[:, LOG_SIGMA] < LOG_SIGMA_LIMITS[1] - 0.01)
    good &= np.hypot(table[:, TILT_U], table[:, TILT_V]) < 0.35
    good &= np.abs(table[:, OFFSET]) < 2.0
    if kind is SKIN:
        return good & (np.abs(table[:, OUTER] + 1000.0) < 60.0) & (np.abs(table[:, INNER]) < 200.0)
    # A layer thinner than the blur only shows its product with its own density.
    thick = table[:, THICKNESS] >= 0.8 * FWHM_PER_SIGMA * fits.sigma_mm
    return good & thick & (table[:, LAYER] - table[:, OUTER] > 600.0) & (table[:, LAYER] > table[:, INNER] + 300.0)


def _sampled(hoods: Neighborhoods, fits: EdgeFits) -> NDArray[np.bool_]:
    """Edges with voxels on the slope itself: between two coarse slices any width would fit."""
    half_width = 0.5 * FWHM_PER_SIGMA * fits.sigma_mm[:, None]
    on_slope = (np.abs(signed_distance(hoods, fits.parameters)) <= half_width) & (hoods.weight > 0)
    return on_slope.sum(axis=1) >= FEWEST_ON_SLOPE
