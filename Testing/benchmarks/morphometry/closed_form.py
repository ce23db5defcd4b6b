"""What is known of the phantoms exactly. Lengths in mm; keys are those of the catalogue."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr


def plates(t: float, p: float) -> dict[str, float]:
    """Parallel plates of thickness ``t``, one per ``p``."""
    return _derived(t / p, 2 / p, 0.0) | {
        "tb_th_mm": t, "tb_sp_mm": p - t, "tb_n_per_mm": 1 / p, "conn_d_per_mm3": 0.0, "da_norm": 1.0,
    }  # fmt: skip


def rods(d: float, p: float) -> dict[str, float]:
    """Parallel rods of diameter ``d`` in a square array of period ``p``."""
    r = d / 2
    return _derived(math.pi * r**2 / p**2, 2 * math.pi * r / p**2, 2 * math.pi / p**2) | {
        "tb_th_mm": d, "conn_d_per_mm3": 0.0, "da_norm": 1.0,
    }  # fmt: skip


def lattice(d: float, p: float) -> dict[str, float]:
    """Rods along three axes: inclusion and exclusion of the solids that two and three cylinders share.

    The surface is the derivative of the volume with respect to the radius, since the parallel body of the union is
    the union of thicker rods.
    """
    r, both, all_three = d / 2, 16 / 3, 8 * (2 - math.sqrt(2))
    per_r3 = all_three - 3 * both
    volume = 3 * math.pi * r**2 * p + per_r3 * r**3
    surface = 6 * math.pi * r * p + 3 * per_r3 * r**2
    change = 6 * math.pi * p + 6 * per_r3 * r
    return _derived(*(v / p**3 for v in (volume, surface, change))) | {"conn_d_per_mm3": 2 / p**3, "da_norm": 0.0}


def spheres(d: float, p: float) -> dict[str, float]:
    """Spheres in a cubic array."""
    r = d / 2
    return _derived(*(4 * math.pi * v / p**3 for v in (r**3 / 3, r**2, 2 * r))) | {
        "tb_th_mm": d, "conn_d_per_mm3": -1 / p**3, "da_norm": 0.0,
    }  # fmt: skip


def shells(outer: float, t: float, p: float) -> dict[str, float]:
    """Hollow spheres of outer diameter ``outer`` in a cubic array; each has Euler characteristic 2."""
    a, b = outer / 2, outer / 2 - t
    return _derived(*(4 * math.pi * v / p**3 for v in ((a**3 - b**3) / 3, a**2 + b**2, 2 * (a - b)))) | {
        "tb_th_mm": t, "conn_d_per_mm3": -2 / p**3, "da_norm": 0.0,
    }  # fmt: skip


def minimal_surface(p: float) -> dict[str, float]:
    """A labyrinth of the gyroid, or the sheet around the Schwarz P surface: Euler characteristic -4 per cell, cubic."""
    return {"conn_d_per_mm3": 4 / p**3, "da_norm": 0.0}


def random_field(wave_vectors: NDArray[np.float64], level: float) -> dict[str, float]:
    """Excursion set of a Gaussian field of unit variance (Rice; Adler 1981), for the spectrum that was drawn.

    With L the covariance of the gradient: crossings per length along w are sqrt(w L w) exp(-u^2/2) / (2 pi) upward, so
    the ellipsoid of mean intercept lengths has the matrix L; the Euler density is
    sqrt(det L) (u^2 - 1) exp(-u^2/2) / (2 pi)^2; the surface changes under a parallel shift by
    E[tr L - g L g / g^2] u phi(u), because the mean Hessian at level u is -u L.
    """
    gradient = wave_vectors.T @ wave_vectors / len(wave_vectors)
    eigenvalues = np.linalg.eigvalsh(gradient)
    density = math.exp(-(level**2) / 2) / math.sqrt(2 * math.pi)
    w = directions(20_000)
    # E over the gradient g = sqrt(L) w |n|, with n standard normal.
    squares = w**2 @ eigenvalues
    length = 2 * math.sqrt(2 / math.pi) * np.sqrt(squares).mean()
    lost = (w**2 @ eigenvalues**2 / squares).mean()
    euler = math.sqrt(eigenvalues.prod()) * (level**2 - 1) * math.exp(-(level**2) / 2) / (2 * math.pi) ** 2
    change = density * level * (eigenvalues.sum() - lost)
    # Surface tensor E[g g / |g|] along the axes, up to a factor.
    tensor = (w**2 / np.sqrt(squares)[:, None]).mean(axis=0) * eigenvalues
    return _derived(float(ndtr(-level)), density * length, change) | {
        "conn_d_per_mm3": -euler,
        "da": math.sqrt(eigenvalues[-1] / eigenvalues[0]),
        "da_norm": 1 - eigenvalues[0] / eigenvalues[-1],
        "da_surface": 1 - tensor.min() / tensor.max(),
    }


def _derived(volume: float, surface: float, change: float) -> dict[str, float]:
    """What follows from the volume, the surface and its change per mm of parallel shift, all per volume."""
    return {
        "bv_tv": volume, "bs_tv_per_mm": surface, "bs_bv_per_mm": surface / volume,
        "tb_th_plate_mm": 2 * volume / surface, "tb_sp_plate_mm": 2 * (1 - volume) / surface,
        "tb_n_plate_per_mm": surface / 2, "tb_n_mil_per_mm": surface / 4,
        "tb_pf_per_mm": change / surface, "smi": 6 * volume * change / surface**2,
    }  # fmt: skip


def directions(count: int) -> NDArray[np.float64]:
    """(n, 3) unit vectors, evenly spread on the sphere (Fibonacci)."""
    i = np.arange(count) + 0.5
    z, angle = 1 - 2 * i / count, math.pi * (1 + math.sqrt(5)) * i
    return np.stack([z, np.sqrt(1 - z**2) * np.sin(angle), np.sqrt(1 - z**2) * np.cos(angle)], axis=1)


def ellipsoid_of_intercepts(among: NDArray[np.float64], intercepts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) matrix M with 1 / intercept^2 = w M w for the directions w, by least squares (Harrigan and Mann 1984)."""
    z, y, x = among.T
    terms = np.stack([z * z, y * y, x * x, 2 * z * y, 2 * z * x, 2 * y * x], axis=1)
    a, b, c, d, e, f = np.linalg.lstsq(terms, intercepts**-2.0, rcond=None)[0]
    return np.array([[a, d, e], [d, b, f], [e, f, c]])
