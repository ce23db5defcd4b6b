"""Where on a bone: compartments, articular surface, and how far from it a place lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.compartments import OUTLINES, compartments_of
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, Bone
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.lattice import coarser, onto

Floats = NDArray[np.float32]

COARSE_MM = 1.8
SOFT_MM = 3.0  # a compartment fades over this distance beyond its outline
RIM_MM = 5.0  # the articular surface reaches this far beyond the compartments' outlines
FEMUR_FRONT, FEMUR_SIDE, FEMUR_TOP_MM = 1.05, 0.92, 26.0  # trochlea: shares of the half length and width, height


@dataclass(frozen=True, eq=False)
class Regions:
    """A bone's regions.

    Attributes:
        compartments: key to how much a (y, x) column of the lattice belongs to it, 0 to 1, soft at the borders.
        centrality: key to 1 in the middle of the compartment's outline, falling to 0 at its border, (y, x).
        articular: (z, y, x) 1 where the nearest surface is articular, 0 where it is not, soft between.
        below_mm: (z, y, x) distance from the articular surface; at least the depth.
    """

    compartments: dict[str, Floats]
    centrality: dict[str, Floats]
    articular: Floats
    below_mm: Floats


def regions_of(bone: Bone, depth: Field, extent: Extent) -> Regions:
    """The regions of femur or tibia.

    Args:
        bone: which.
        depth: below its surface (mm).
        extent: of its articular end.
    """
    compartments, centrality = {}, {}
    for compartment in compartments_of(bone):
        inside = _inside_mm(compartment.key, compartment.lateral, depth, extent)
        compartments[compartment.key] = _step(inside, SOFT_MM)
        centrality[compartment.key] = np.clip(inside / _half_width_mm(compartment.key, extent), 0, 1).astype(np.float32)
    coarse = coarser(depth, COARSE_MM)
    articular, excess = _articular(bone, coarse, extent)
    below = np.maximum(depth.values, 0.0) + onto(excess, coarse, depth)
    return Regions(compartments, centrality, onto(articular, coarse, depth), below)


def _half_width_mm(key: str, extent: Extent) -> float:
    outline = OUTLINES[key]
    return float(np.mean(outline.outer) - np.mean(outline.inner)) / 2 * extent.half[0]


def _inside_mm(key: str, lateral_side: bool, lattice: Field, extent: Extent) -> Floats:
    """(y, x) distance from the outline of a compartment, positive inside; its corners are taken as sharp."""
    outline = OUTLINES[key]
    _, y_mm, x_mm = lattice.axes_mm
    lateral, anterior = extent.normalized(x_mm, y_mm)
    own = (lateral if lateral_side else -lateral)[None, :]
    inner, outer = (limit[:, None] for limit in outline.limits_at(anterior))
    across = np.minimum(own - inner, outer - own) * extent.half[0]
    along = np.minimum(anterior - outline.posterior, outline.anterior - anterior)[:, None] * extent.half[1]
    return np.minimum(across, along).astype(np.float32)


def _step(values: NDArray, half_width: float) -> Floats:
    """0 below ``-half_width``, 1 above ``half_width``, smooth between."""
    t = np.clip(values / (2.0 * half_width) + 0.5, 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)


def _articular(bone: Bone, depth: Field, extent: Extent) -> tuple[Floats, Floats]:
    """On a coarse lattice: whether the nearest surface is articular, and by how much that surface is farther."""
    normal = [-g for g in np.gradient(depth.values, depth.spacing_mm)]
    length = np.sqrt(sum(n * n for n in normal)) + 1e-6
    up, _, side = (n / length for n in normal)
    surface = np.abs(depth.values) < 0.75 * depth.spacing_mm
    joint = surface & (_femoral(depth, extent, up, side) if bone == FEMUR else _tibial(bone, depth, extent, up))
    spacing = depth.spacing_mm
    distance, index = ndimage.distance_transform_edt(~joint, spacing, return_indices=True)
    distance += np.sign(depth.values) * depth.values[tuple(index)]  # from the surface itself, beside the points
    excess = np.maximum(distance - np.abs(depth.values) - 0.5 * spacing, 0.0).astype(np.float32)
    excess = ndimage.gaussian_filter(excess, 1.0, output=np.float32)
    return 1.0 - _step(excess - 1.5, 1.5), excess


def _tibial(bone: Bone, depth: Field, extent: Extent, up: Floats) -> NDArray[np.bool_]:
    near = [_inside_mm(c.key, c.lateral, depth, extent) > -RIM_MM for c in compartments_of(bone)]
    top = depth.axes_mm[0] > -0.6 * extent.half[1]
    return (up > 0.55) & np.logical_or.reduce(near)[None] & top[:, None, None]


def _femoral(depth: Field, extent: Extent, up: Floats, side: Floats) -> NDArray[np.bool_]:
    z_mm, y_mm, x_mm = depth.axes_mm
    lateral, anterior = extent.normalized(x_mm, y_mm)
    across, along = np.abs(lateral)[None, :], anterior[:, None]
    notch = (across < 0.2) & (along < 0.1)
    spread = (across < FEMUR_SIDE) & (along < FEMUR_FRONT) & ~notch
    below = z_mm < FEMUR_TOP_MM
    return (up < 0.35) & (np.abs(side) < 0.8) & spread[None] & below[:, None, None]
