"""Truth of the piece of a phantom that a volume holds, where that can be told apart from the whole shape.

A volume of a few periods, turned at random, holds a little more or less bone than the shape does on average. Errors are
told against the piece where it is known: BV/TV from the partial volumes; the surface in proportion to it, or for the
wavy shapes from a mesh of the analytic level; for the random fields also the orientation of that mesh, and the Euler
number as the integral of the Gaussian curvature over it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from Testing.benchmarks.morphometry.closed_form import directions, ellipsoid_of_intercepts
from Testing.benchmarks.morphometry.phantoms import Phantom, Spacing, pose
from Testing.benchmarks.morphometry.shapes import Solid, Waves

REALIZED = ("bv_tv", "bs_tv_per_mm", "bs_bv_per_mm")  # of every piece
MESH_MM = 0.05
Floats = NDArray[np.float64]


def realized_truth(
    phantom: Phantom, fraction: NDArray[np.float32], spacing_mm: Spacing, seed: int, rotated: bool
) -> dict[str, float]:
    """Catalogue key to value, for what :meth:`Phantom.fraction` returned for the same arguments."""
    rotation, offset = pose(seed, rotated)
    shape = phantom.shape(seed)
    volume = float(fraction.mean())
    if isinstance(shape, Solid):
        ratio = phantom.known(seed)["bs_bv_per_mm"]
        return {"bv_tv": volume, "bs_tv_per_mm": ratio * volume, "bs_bv_per_mm": ratio}
    size = np.asarray(fraction.shape) * spacing_mm
    cells = 2 * np.ceil(size / (2 * MESH_MM)).astype(int)
    axes = tuple(np.linspace(0, length, n + 1) for length, n in zip(size, cells, strict=True))
    level = shape.sample(axes, rotation, offset).astype(np.float32)
    corners, vectors = _mesh(level, size / cells)
    areas = np.linalg.norm(vectors, axis=1)
    coarse = np.linalg.norm(_mesh(level[::2, ::2, ::2], 2 * size / cells)[1], axis=1)
    # The area that facets cut off falls with the square of their size.
    surface = float((4 * areas.sum() - coarse.sum()) / (3 * size.prod()))
    found = {"bv_tv": volume, "bs_tv_per_mm": surface, "bs_bv_per_mm": surface / volume}
    if not phantom.random:
        return found
    normals = vectors / np.maximum(areas, 1e-12)[:, None]
    found |= _fabric(normals, areas)
    points = corners.mean(axis=1) @ rotation.T + offset
    mean, gaussian = _curvatures(shape, points)
    change = float((areas * mean).sum() / size.prod())
    return found | {
        "conn_d_per_mm3": -float((areas * gaussian).sum() / (4 * np.pi * size.prod())),
        "smi": 6 * volume * change / surface**2, "tb_pf_per_mm": change / surface,
    }  # fmt: skip


def _mesh(level: NDArray[np.float32], spacing_mm: Floats) -> tuple[Floats, Floats]:
    """(n, 3, 3) corners of the triangles of the surface, and their (n, 3) area vectors."""
    vertices, faces, _, _ = marching_cubes(level, 0.0, spacing=tuple(spacing_mm))
    corners = vertices.astype(np.float64)[faces]
    return corners, 0.5 * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _fabric(normals: Floats, areas: Floats) -> dict[str, float]:
    """Degree of anisotropy of the mean intercept length, and of the surface tensor."""
    eigenvalues = np.linalg.eigvalsh((normals * areas[:, None]).T @ normals)
    among = directions(400)
    crossings = np.array([(areas * np.abs(normals @ w)).sum() for w in among])
    matrix = np.linalg.eigvalsh(ellipsoid_of_intercepts(among, 1 / crossings))
    return {
        "da_norm": float(1 - matrix[0] / matrix[-1]), "da": float(np.sqrt(matrix[-1] / matrix[0])),
        "da_surface": float(1 - eigenvalues[0] / eigenvalues[-1]),
    }  # fmt: skip


def _curvatures(shape: Waves, points: Floats) -> tuple[Floats, Floats]:
    """Twice the mean curvature (positive where bone bulges) and the Gaussian curvature of a level at points."""
    gradient, hessian = shape.derivatives(points)
    square = (gradient**2).sum(axis=1)
    along = np.einsum("ni,nij,nj->n", gradient, hessian, gradient)
    mean = (along - np.trace(hessian, axis1=1, axis2=2) * square) / square**1.5
    # Gaussian curvature: g adj(H) g / g^4 (Goldman 2005).
    pairs = ((1, 2), (2, 0), (0, 1))
    adjugate = np.stack(
        [np.stack([hessian[:, a, c] * hessian[:, b, d] - hessian[:, a, d] * hessian[:, b, c] for c, d in pairs], axis=1)
         for a, b in pairs], axis=1,
    )  # fmt: skip
    return mean, np.einsum("ni,nij,nj->n", gradient, adjugate, gradient) / square**2
