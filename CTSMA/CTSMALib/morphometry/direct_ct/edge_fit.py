"""Fit a blurred layered edge to many small neighborhoods at once.

Skin and cortical bone are the same thing to an edge fit: an outer medium, a layer of some
thickness, an inner medium, seen through a Gaussian point spread function. Voxels enter with their
own distance to the edge, so nothing is interpolated and the width is not widened by resampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

# Columns of the parameter table; the width is kept as a logarithm so that it stays positive.
(
    OFFSET,
    TILT_U,
    TILT_V,
    CURVE_U,
    CURVE_UV,
    CURVE_V,
    LOG_SIGMA,
    OUTER,
    LAYER,
    INNER,
    THICKNESS,
) = range(11)
# How far an edge departs from the voxel and the plane it was found by.
OFFSET_SD_MM, TILT_SD, CURVATURE_SD, LOG_SIGMA_SD = 1.0, 0.2, 0.05, 1.5  # curvature in 1/mm
ITERATIONS = 20
THICKNESS_LIMITS_MM = (0.3, 8.0)
LOG_SIGMA_LIMITS = (np.log(0.05), np.log(5.0))


@dataclass(frozen=True)
class LayeredEdge:
    """What is known beforehand about a kind of edge; a mean and a standard deviation each.

    Attributes:
        name: ``"skin"`` or ``"cortex"``.
        outer_hu, layer_hu, inner_hu: CT numbers from outside to inside.
        thickness_mm: of the layer.
        reach_out_mm: how far the outer medium can be relied on.
        tolerance_hu: scatter of a voxel about the model (noise and what the model leaves out).
    """

    name: str
    outer_hu: tuple[float, float]
    layer_hu: tuple[float, float]
    inner_hu: tuple[float, float]
    thickness_mm: tuple[float, float]
    reach_out_mm: float
    tolerance_hu: float


@dataclass(frozen=True)
class Neighborhoods:
    """Voxels around B edge positions.

    Attributes:
        along, across_u, across_v: (B, N) coordinates in mm along the inward normal and two tangents.
        hu: (B, N) CT numbers.
        weight: (B, N) 0 or 1.
    """

    along: Floats
    across_u: Floats
    across_v: Floats
    hu: Floats
    weight: Floats

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Neighborhoods:
        """Some of the positions."""
        return Neighborhoods(
            self.along[which], self.across_u[which], self.across_v[which], self.hu[which], self.weight[which]
        )


@dataclass(frozen=True)
class EdgeFits:
    """Fitted edges.

    Attributes:
        parameters: (B, 11) table, columns as the constants of this module.
        residual_hu: (B,) root mean square deviation of the voxels from the model.
    """

    parameters: Floats
    residual_hu: Floats

    @property
    def sigma_mm(self) -> Floats:
        """(B,) standard deviation of the Gaussian blur along the normal, mm."""
        return np.exp(self.parameters[:, LOG_SIGMA])


def fit_edges(hoods: Neighborhoods, kind: LayeredEdge, start_sigma_mm: float) -> EdgeFits:
    """Levenberg-Marquardt fits with Gaussian priors, all positions in step.

    The blurred edge is ``o + (l - o) Phi(d / s) + (i - l) Phi((d - t) / s)`` with the signed
    distance d, the normal distribution function Phi, and the levels o, l, i.

    Args:
        hoods: voxels around B positions.
        kind: the prior.
        start_sigma_mm: where the search for the width begins.
    """
    mean, precision = _prior(kind, start_sigma_mm)
    parameters = np.tile(mean, (len(hoods.hu), 1))
    damping = np.full(len(parameters), 1e-2)
    scale = hoods.weight / kind.tolerance_hu**2
    model, slopes = _model(hoods, parameters)
    cost = _cost(hoods.hu - model, scale, parameters - mean, precision)
    for _ in range(ITERATIONS):
        gradient = np.einsum("bn,bnk->bk", scale * (hoods.hu - model), slopes) - precision * (parameters - mean)
        hessian = np.swapaxes(slopes * scale[..., None], 1, 2) @ slopes
        diagonal = np.einsum("bkk->bk", hessian)
        diagonal += precision
        diagonal *= 1.0 + damping[:, None]
        trial = _limited(parameters + np.linalg.solve(hessian, gradient[..., None])[..., 0])
        trial_model, trial_slopes = _model(hoods, trial)
        trial_cost = _cost(hoods.hu - trial_model, scale, trial - mean, precision)
        better = trial_cost < cost
        damping = np.where(better, damping * 0.3, damping * 5.0)
        parameters[better], cost[better] = trial[better], trial_cost[better]
        model[better], slopes[better] = trial_model[better], trial_slopes[better]
    square = np.sum(hoods.weight * (hoods.hu - model) ** 2, axis=1)
    return EdgeFits(parameters, np.sqrt(square / np.maximum(hoods.weight.sum(axis=1), 1.0)))


def _prior(kind: LayeredEdge, start_sigma_mm: float) -> tuple[Floats, Floats]:
    levels = (kind.outer_hu, kind.layer_hu, kind.inner_hu, kind.thickness_mm)
    mean = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.log(start_sigma_mm)] + [level[0] for level in levels])
    shape = [OFFSET_SD_MM, TILT_SD, TILT_SD, CURVATURE_SD, CURVATURE_SD, CURVATURE_SD, LOG_SIGMA_SD]
    deviation = np.array(shape + [level[1] for level in levels])
    return mean, deviation**-2.0


def _limited(parameters: Floats) -> Floats:
    parameters[:, LOG_SIGMA] = np.clip(parameters[:, LOG_SIGMA], *LOG_SIGMA_LIMITS)
    parameters[:, THICKNESS] = np.clip(parameters[:, THICKNESS], *THICKNESS_LIMITS_MM)
    return parameters


def _cost(residual: Floats, scale: Floats, deviation: Floats, precision: Floats) -> Floats:
    return np.sum(scale * residual**2, axis=1) + np.sum(precision * deviation**2, axis=1)


def _model(hoods: Neighborhoods, parameters: Floats) -> tuple[Floats, Floats]:
    """The blurred edge (B, N) and its derivatives (B, N, 11)."""
    column = [parameters[:, k, None] for k in range(parameters.shape[1])]
    sigma = np.exp(column[LOG_SIGMA])
    shape = _shape_terms(hoods)
    distance = signed_distance(hoods, parameters)
    first, second = distance / sigma, (distance - column[THICKNESS]) / sigma
    inside_first, inside_second = ndtr(first), ndtr(second)
    rise, fall = column[LAYER] - column[OUTER], column[INNER] - column[LAYER]
    bell_first = rise * np.exp(-0.5 * first**2) / np.sqrt(2.0 * np.pi)
    bell_second = fall * np.exp(-0.5 * second**2) / np.sqrt(2.0 * np.pi)
    along = (bell_first + bell_second) / sigma
    slopes = np.stack(
        [
            *(-along * term for term in shape),
            -(bell_first * first + bell_second * second),
            1.0 - inside_first,
            inside_first - inside_second,
            inside_second,
            -bell_second / sigma,
        ],
        axis=-1,
    )
    return column[OUTER] + rise * inside_first + fall * inside_second, slopes


def signed_distance(hoods: Neighborhoods, parameters: Floats) -> Floats:
    """(B, N) distance of every voxel to the fitted edge in mm, positive inside."""
    return hoods.along - sum(parameters[:, k, None] * term for k, term in enumerate(_shape_terms(hoods)))


def _shape_terms(hoods: Neighborhoods) -> list[Floats]:
    """What the first six parameters multiply: the surface as a quadratic function of the tangents."""
    u, v = hoods.across_u, hoods.across_v
    return [np.ones_like(u), u, v, 0.5 * u**2, u * v, 0.5 * v**2]
