"""The two patch grids: the learning grid, the same 96 boxes in every knee, and the dense display grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import OUTLINES, compartment_support, compartments_of
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import COMPARTMENTS, Compartment
from CTSMALib.anatomy.patch import DEPTHS_MM, Patch, as_point
from CTSMALib.anatomy.plate import Plate

ROWS, COLUMNS, LAYERS = 3, 4, (1, 2)
STRIDE_MM = 3.0
NORMAL_SMOOTHING_MM = 4.0
FEWEST_POINTS = 10

Array = NDArray[np.float64]


def learning_grid(plates: dict[str, Plate], frames: dict[str, JointFrame]) -> list[Patch]:
    """The learning and report grid.

    Rows divide a compartment's local width and columns its antero-posterior extent into equal parts, in shares of
    the bone's size, so the same id means the same place in a large, small, left or right knee. Centers lie
    :data:`DEPTHS_MM` under the plate's outer surface, along its smoothed normal.

    Args:
        plates: bone name to plate.
        frames: bone name to joint frame.

    Returns:
        Up to 96 patches in grid order, ``valid_fraction`` not yet filled in (0). Where no surface was found under
        a spot, its patch is missing.
    """
    patches = []
    for compartment in COMPARTMENTS:
        plate = plates.get(compartment.bone.name)
        if plate is None:
            continue
        for row, column, spot in _spots(plate, compartment):
            names = [f"{compartment.key}-r{row}-c{column}-d{layer}" for layer in LAYERS]
            patches += _patches_at(names, plate, frames[compartment.bone.name], compartment.key, (row, column), spot)
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
            names = [f"{plate.bone.name}-i{cell[0]:03d}-j{cell[1]:03d}-d{layer}" for layer in LAYERS]
            patches += _patches_at(names, plate, frame, inside[0], cell, spot)
    return patches


def _spots(plate: Plate, compartment: Compartment) -> list[tuple[int, int, Array]]:
    """Row, column and (lateral, anterior) position of the boxes of one compartment."""
    outline = OUTLINES[compartment.key]
    own_side = 1.0 if compartment.lateral else -1.0
    spots = []
    for column in range(1, COLUMNS + 1):
        anterior = outline.anterior - (column - 0.5) / COLUMNS * (outline.anterior - outline.posterior)
        inner, outer = outline.limits_at(np.array(anterior))
        for row in range(1, ROWS + 1):
            lateral = own_side * float(inner + (row - 0.5) / ROWS * (outer - inner))
            spots.append((row, column, plate.extent.position_mm(lateral, anterior)))
    return spots


def _patches_at(
    names: list[str], plate: Plate, frame: JointFrame, compartment: str, cell: tuple[int, int], spot: Array
) -> list[Patch]:
    """One patch per layer under a spot of the plate; none where the plate has no surface there."""
    found = _surface_at(plate, spot)
    if found is None:
        return []
    surface, inward = found
    patches = []
    for name, layer in zip(names, LAYERS, strict=True):
        local = surface + DEPTHS_MM[layer - 1] * inward
        lps = frame.to_lps(local)
        patches.append(
            Patch(name, plate.bone.name, compartment, *cell, layer, as_point(lps), as_point(local), valid_fraction=0.0)
        )
    return patches


def _surface_at(plate: Plate, spot: Array) -> tuple[Array, Array] | None:
    """Plate surface and inward normal, fitted to the surface points within :data:`NORMAL_SMOOTHING_MM`."""
    i = np.abs(plate.lateral_mm - spot[0]) <= NORMAL_SMOOTHING_MM
    j = np.abs(plate.anterior_mm - spot[1]) <= NORMAL_SMOOTHING_MM
    points = plate.points_mm[np.ix_(i, j)].reshape(-1, 3)
    normals = plate.inward[np.ix_(i, j)].reshape(-1, 3)
    known = np.isfinite(points).all(axis=1) & np.isfinite(normals).all(axis=1)
    if known.sum() < FEWEST_POINTS:
        return None
    points, normals = points[known], normals[known]
    normal = normals.mean(axis=0)
    normal /= np.linalg.norm(normal)
    # A plane through the neighborhood is steadier than the one lattice point under the box.
    center = points.mean(axis=0)
    height = center[2] - (normal[:2] @ (spot - center[:2])) / normal[2]
    return np.array([spot[0], spot[1], height]), normal
