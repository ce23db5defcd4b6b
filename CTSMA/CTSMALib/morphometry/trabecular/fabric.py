"""Anisotropy: mean intercept lengths by direction, from the orientation of the bone surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.compiled import compiled

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.surface import BoneSurface

Floats = NDArray[np.float64]

DIRECTIONS = 200  # over the half sphere
BINS = 40  # along the edge of a face of the cube of normals: 3 degrees at most
GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
ROUNDING = 1e-5  # of the largest eigenvalue: what is 300 times as long as it is wide has no end
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # entries of a symmetric matrix


@dataclass(frozen=True)
class Fabric:
    """The ellipsoid of mean intercept lengths.

    Attributes:
        mil_zyx: (3, 3) its axes as rows, unit vectors, the longest first.
        mil_mm: (3,) mean intercept lengths along them, mm of test line per entry into bone, descending; infinite along
            plates and rods without an end.
        da: longest by shortest, the degree of anisotropy of Bouxsein and others (2010); infinite where the longest is.
        da_norm: 1 - (shortest / longest)^2, from 0 (isotropic) to 1.
        principal_zyx: (3,) the first axis, turned so that its largest component is positive; ``None`` where there is no
            surface, as where all numbers are NaN.
        entries_per_mm: entries into bone per mm of test line, mean over all directions; the surface per volume by four.
    """

    mil_zyx: Floats
    mil_mm: Floats
    da: float
    da_norm: float
    principal_zyx: tuple[float, float, float] | None
    entries_per_mm: float


def fabric(surface: BoneSurface, total_mm3: float) -> Fabric:
    """Fit an ellipsoid to the mean intercept lengths of a region.

    A test line of direction u crosses the surface (1 / V) sum |a . u| times per mm, a being the area vectors
    (Cauchy-Crofton), so no line needs to be cast and no chance is involved. Half of the crossings, N(u), enter bone,
    and the mean intercept length is 1 / N(u). Following Harrigan and Mann (1984), u' M u = 1 / MIL(u)^2 is fitted by
    least squares over directions that are spread evenly; the eigenvectors of M are the axes.

    Args:
        surface: the bone surface of the region.
        total_mm3: volume of the region.
    """
    vectors = binned(surface.area_vectors_zyx)
    entries = np.zeros(len(vectors))
    directions = half_sphere()
    if total_mm3 > 0:
        entries = 0.5 * np.abs(directions @ vectors.T).sum(axis=1) / total_mm3
    if not entries.any():
        nothing = np.full(3, np.nan)
        mean = 0.0 if total_mm3 > 0 else float("nan")
        return Fabric(np.full((3, 3), np.nan), nothing, float("nan"), float("nan"), None, mean)
    values, axes = np.linalg.eigh(_fitted_matrix(directions, entries**2))
    # Along a perfect plate an eigenvalue is 0 but for rounding and the fit.
    values = np.where(values > ROUNDING * values[2], values, 0.0)
    with np.errstate(divide="ignore"):
        lengths = 1.0 / np.sqrt(values)
    axes = axes.T * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)).T
    z, y, x = axes[0].tolist()
    return Fabric(
        axes,
        lengths,
        float(lengths[0] / lengths[2]),
        float(1.0 - values[0] / values[2]),
        (z, y, x),
        float(entries.mean()),
    )


def binned(vectors: NDArray[np.floating]) -> Floats:
    """Sums of vectors (n, 3) of nearly the same axis; opposite ones are turned to one side first.

    Only vectors perpendicular to a direction u within the width of a bin change |a . u|, and those count little there.

    Returns:
        (m, 3), m at most 4800.
    """
    sums = np.zeros((3 * BINS**2, 3))
    _add_to_bins(vectors, sums)
    return sums[sums.any(axis=1)]


@compiled
def _add_to_bins(vectors: Any, sums: Any) -> None:
    """Add vectors (n, 3) to the sums of their bins, on the three faces of a cube around the origin."""
    for n in range(len(vectors)):
        face = 0
        for axis in (1, 2):
            if abs(vectors[n, axis]) > abs(vectors[n, face]):
                face = axis
        largest = vectors[n, face]
        if largest == 0.0 or not np.isfinite(vectors[n]).all():  # no bin, and no index beyond the last
            continue
        index = face
        for shift in (1, 2):
            slope = vectors[n, (face + shift) % 3] / largest
            index = index * BINS + min(int((slope + 1.0) * (BINS / 2)), BINS - 1)
        sign = 1.0 if largest > 0.0 else -1.0
        for axis in range(3):
            sums[index, axis] += sign * vectors[n, axis]


def half_sphere(count: int = DIRECTIONS) -> Floats:
    """(count, 3) unit vectors spread evenly over half a sphere, on a Fibonacci spiral."""
    height = (np.arange(count) + 0.5) / count
    angle = GOLDEN_ANGLE * np.arange(count)
    radius = np.sqrt(1.0 - height**2)
    return np.stack([height, radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _fitted_matrix(directions: Floats, squares: Floats) -> Floats:
    """The symmetric M (3, 3) for which u' M u comes nearest to the squares (n,) over directions u (n, 3)."""
    design = np.stack([directions[:, i] * directions[:, j] * (1.0 if i == j else 2.0) for i, j in PAIRS], axis=1)
    entries, *_ = np.linalg.lstsq(design, squares, rcond=None)
    matrix = np.empty((3, 3))
    for (i, j), value in zip(PAIRS, entries, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix
