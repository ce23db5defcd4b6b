"""The en-face map: what the patches beneath a bone's surface measure, painted on that surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import DEPTHS_MM, EDGE_MM
from CTSMALib.scene.patch_table import PatchTable

Array = NDArray[np.float64]

SIGMA_MM = 2.0
REACH_MM = 4.0  # from a vertex to the place on the surface over a display patch
NEIGHBORS = 8


def surface_points(table: PatchTable) -> Array:
    """Where the surface lies over each patch.

    Patches go deeper along the surface's normal, so the two layers of a place point back to it. A patch
    without a partner in the other layer stands for itself.

    Args:
        table: patches of one or several bones, both layers.

    Returns:
        (n, 3) RAS, mm.
    """
    points = table.centers_ras_mm.copy()
    places: dict[tuple[str, str, int, int], dict[int, int]] = {}
    for index, (bone, compartment, cell, layer) in enumerate(
        zip(table.bones, table.compartments, table.cells, table.layers, strict=True)
    ):
        places.setdefault((str(bone), str(compartment), int(cell[0]), int(cell[1])), {})[int(layer)] = index
    share = DEPTHS_MM[0] / (DEPTHS_MM[1] - DEPTHS_MM[0])
    for pair in places.values():
        if len(pair) == 2:
            first, second = table.centers_ras_mm[pair[1]], table.centers_ras_mm[pair[2]]
            points[list(pair.values())] = first - share * (second - first)
    return points


def smooth_values(vertices_ras_mm: Array, places_ras_mm: Array, values: Array) -> Array:
    """Values of the display grid at the vertices of a surface, by Gaussian weights of distance.

    Args:
        vertices_ras_mm: (m, 3).
        places_ras_mm: (n, 3) places on the surface over the patches.
        values: (n,), NaN where not measured.

    Returns:
        (m,), NaN further than :data:`REACH_MM` from every measured patch.
    """
    from scipy.spatial import cKDTree

    known = np.isfinite(values)
    if not known.any():
        return np.full(len(vertices_ras_mm), np.nan)
    count = min(NEIGHBORS, int(known.sum()))
    distance, index = cKDTree(places_ras_mm[known]).query(vertices_ras_mm, k=count, distance_upper_bound=REACH_MM)
    distance, index = distance.reshape(len(vertices_ras_mm), -1), index.reshape(len(vertices_ras_mm), -1)
    weight = np.where(np.isfinite(distance), np.exp(-0.5 * (distance / SIGMA_MM) ** 2), 0.0)
    total = weight.sum(axis=1)
    padded = np.append(values[known], 0.0)  # a missing neighbor has the index of the padding
    return np.divide((weight * padded[index]).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)


def nearest_patch(points_ras_mm: Array, places_ras_mm: Array, axes: Array) -> NDArray[np.int64]:
    """Which box of the learning grid lies beneath points of a surface.

    Args:
        points_ras_mm: (m, 3).
        places_ras_mm: (n, 3) places on the surface over the patches of one layer.
        axes: (3, 3) rows are the axes of the bone's frame in RAS.

    Returns:
        (m,) index into the places; -1 where a point lies over no box.
    """
    from scipy.spatial import cKDTree

    if len(places_ras_mm) == 0:
        return np.full(len(points_ras_mm), -1)
    tree = cKDTree(places_ras_mm @ axes.T)
    distance, index = tree.query(points_ras_mm @ axes.T, p=np.inf, distance_upper_bound=EDGE_MM / 2)
    return np.where(np.isfinite(distance), index, -1)


def stepped_values(vertices_ras_mm: Array, places_ras_mm: Array, axes: Array, values: Array) -> Array:
    """Values of the learning grid at the vertices of a surface: that of the box beneath, NaN over none.

    Arguments are those of :func:`nearest_patch`, and the (n,) values.
    """
    index = nearest_patch(vertices_ras_mm, places_ras_mm, axes)
    return np.append(values, np.nan)[index]
