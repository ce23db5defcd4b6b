"""The two patch grids: the learning grid, the same 96 boxes in every knee, and the dense display grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import compartment_support, compartments_of
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import COMPARTMENTS, Compartment
from CTSMALib.anatomy.patch import DEPTHS_MM, EDGE_MM, Patch
from CTSMALib.anatomy.plate import Plate

ROWS, COLUMNS = 3, 4
STRIDE_MM = 3.0
NORMAL_SMOOTHING_MM = 4.0

Array = NDArray[np.float64]


def learning_grid(plates: dict[str, Plate], frames: dict[str, JointFrame]) -> list[Patch]:
    """The learning and report grid.

    Rows divide a compartment's local width and columns its antero-posterior extent into equal parts, so the
    same id means the same place in a large, small, left or right knee. Centers lie :data:`DEPTHS_MM` under the
    plate's outer surface, along its smoothed normal.

    Args:
        plates: bone name to plate.
        frames: bone name to joint frame.

    Returns:
        Up to 96 patches in grid order, ``valid_fraction`` not yet filled in (0). A compartment without a
        surface has none.
    """
    patches = []
    for compartment in COMPARTMENTS:
        plate = plates.get(compartment.bone.name)
        if plate is None:
            continue
        support = compartment_support(plate, compartment)
        if not support.any():
            continue
        for row, column, spot in _spots(plate, support, compartment):
            patches += [
                _patch(f"{compartment.key}-r{row}-c{column}-d{layer}", plate, frames[compartment.bone.name],
                       compartment.key, (row, column, layer), spot)
                for layer in (1, 2)
            ]  # fmt: skip
    return patches


def display_grid(plate: Plate, frame: JointFrame) -> list[Patch]:
    """The same box every :data:`STRIDE_MM` under both compartments of one bone, for maps only."""
    patches = []
    supports = [(c, compartment_support(plate, c)) for c in compartments_of(plate.bone)]
    step = round(STRIDE_MM / (plate.lateral_mm[1] - plate.lateral_mm[0]))
    for i in range(0, len(plate.lateral_mm), step):
        for j in range(len(plate.anterior_mm) - 1, -1, -step):
            inside = [c.key for c, support in supports if support[i, j]]
            if not inside:
                continue
            spot = np.array([plate.lateral_mm[i], plate.anterior_mm[j]])
            cell = (i // step, (len(plate.anterior_mm) - 1 - j) // step)
            for layer in (1, 2):
                name = f"{plate.bone.name}-i{cell[0]:03d}-j{cell[1]:03d}-d{layer}"
                patches.append(_patch(name, plate, frame, inside[0], (*cell, layer), spot))
    return patches


def _spots(plate: Plate, support: NDArray[np.bool_], compartment: Compartment) -> list[tuple[int, int, Array]]:
    """Row, column and (lateral, anterior) position of the boxes of one compartment."""
    i, j = np.nonzero(support)
    lateral, anterior = plate.lateral_mm[i], plate.anterior_mm[j]
    low, high = np.quantile(anterior, (0.02, 0.98))
    spots = []
    for column in range(1, COLUMNS + 1):
        at = high - (column - 0.5) / COLUMNS * (high - low)
        width = lateral[np.abs(anterior - at) <= EDGE_MM / 2]
        # A cut or ragged compartment may be empty there; its neighbors then give the width.
        width = width if width.size else lateral
        inner, outer = np.quantile(width, (0.02, 0.98))
        if not compartment.lateral:
            inner, outer = outer, inner
        for row in range(1, ROWS + 1):
            spots.append((row, column, np.array([inner + (row - 0.5) / ROWS * (outer - inner), at])))
    return spots


def _patch(
    name: str, plate: Plate, frame: JointFrame, compartment: str, cell: tuple[int, int, int], spot: Array
) -> Patch:
    surface, inward = _surface_at(plate, spot)
    center = surface + DEPTHS_MM[cell[2] - 1] * inward
    lps = frame.to_lps(center)
    return Patch(
        name, plate.bone.name, compartment, *cell,
        (float(lps[0]), float(lps[1]), float(lps[2])),
        (float(center[0]), float(center[1]), float(center[2])), 0.0,
    )  # fmt: skip


def _surface_at(plate: Plate, spot: Array) -> tuple[Array, Array]:
    """Plate surface and inward normal, fitted to the surface points within :data:`NORMAL_SMOOTHING_MM`."""
    i = np.abs(plate.lateral_mm - spot[0]) <= NORMAL_SMOOTHING_MM
    j = np.abs(plate.anterior_mm - spot[1]) <= NORMAL_SMOOTHING_MM
    points = plate.points_mm[np.ix_(i, j)].reshape(-1, 3)
    normals = plate.inward[np.ix_(i, j)].reshape(-1, 3)
    known = np.isfinite(points).all(axis=1) & np.isfinite(normals).all(axis=1)
    points, normals = points[known], normals[known]
    normal = normals.mean(axis=0)
    normal /= np.linalg.norm(normal)
    # A plane through the neighborhood is steadier than the one lattice point under the box.
    center = points.mean(axis=0)
    height = center[2] - (normal[:2] @ (spot - center[:2])) / normal[2]
    return np.array([spot[0], spot[1], height]), normal
