"""The bones of a knee on one lattice of knee space, and the points soft tissue is attached to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import FEMUR, FIBULA, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import FRAME_OF, KneeShape, Placement
from CTSMALib.virtual.field import Field

FAR_MM = 8.0  # stands for any larger distance
HALF_WIDTH_MM = 33.0  # of the tibia that the tables of muscles and ligaments describe
# Where those tables expect the middle of the femoral shaft (lateral, anterior) 60 to 75 mm above the joint.
USUAL_SHAFT_MM = (0.5, 24.5)

Array = NDArray[np.float64]
Values = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class KneeSpace:
    """Bones in knee space.

    Attributes:
        lattice: depth below the surface of the nearest bone (mm), down to ``-FAR_MM``.
        depths: the same for each bone by itself.
        scale: size relative to the knee of the tables.
        shaft_offset_mm: (2,) of the femoral shaft from where the tables expect it.
        patella_mm: (3, 2) smallest and largest position of the patella.
        tubercle_mm: (3,) the most anterior point of the tibial tubercle.
        fibula_head_mm: (3,) the top of the fibula.
        notch_mm: lateral position of the middle of the intercondylar notch.
    """

    lattice: Field
    depths: dict[str, Values]
    scale: float
    shaft_offset_mm: Array
    patella_mm: Array
    tubercle_mm: Array
    fibula_head_mm: Array
    notch_mm: float

    def box(self, low_mm: tuple[float, float, float], high_mm: tuple[float, float, float]) -> Box:
        """The part of the lattice between two points, given as (lateral, anterior, proximal)."""
        z, y, x = (
            slice(*np.searchsorted(axis, (a, b)))
            for axis, a, b in zip(self.lattice.axes_mm, low_mm[::-1], high_mm[::-1], strict=True)
        )
        return z, y, x

    def grid(self, box: Box) -> tuple[Array, Array, Array]:
        """(z, y, x) positions in a box, to be broadcast."""
        z, y, x = (axis[part] for axis, part in zip(self.lattice.axes_mm, box, strict=True))
        return z[:, None, None], y[None, :, None], x[None, None, :]


def knee_space(knee: KneeShape, spacing_mm: float, low_mm: Array, high_mm: Array) -> KneeSpace:
    """Put the bones on a lattice.

    Args:
        knee: bones and where they stand, extended.
        spacing_mm: of the lattice.
        low_mm: (2,) its smallest (lateral, anterior) positions.
        high_mm: (2,) its largest.
    """
    scale = scale_of(knee)
    bottom = knee.bones[TIBIA.name].depth.first_mm[0]
    z_femur = knee.bones[FEMUR.name].depth.axes_mm[0][-1]
    top = float(knee.reference[FEMUR.name].apply(np.array([0.0, 0.0, z_femur]))[2])
    first = np.array([bottom, low_mm[1], low_mm[0]])
    shape = np.ceil((np.array([top, high_mm[1], high_mm[0]]) - first) / spacing_mm).astype(int) + 1
    empty = Field(np.zeros(tuple(shape), np.float32), (float(first[0]), float(first[1]), float(first[2])), spacing_mm)
    depths = {
        name: resampled(bone.depth, knee.reference[FRAME_OF[name]], empty, -FAR_MM) for name, bone in knee.bones.items()
    }
    nearest = np.maximum.reduce(list(depths.values()))
    patella = _bounds(empty, depths[PATELLA.name])
    fibula = _points(empty, depths[FIBULA.name])
    return KneeSpace(
        empty.like(nearest),
        depths,
        scale,
        _shaft_offset(empty, depths[FEMUR.name], scale),
        patella,
        _tubercle(empty, depths[TIBIA.name], scale),
        fibula[fibula[:, 2] > fibula[:, 2].max() - 4.0].mean(axis=0) + [0.0, 0.0, 2.0],
        _notch(empty, depths[FEMUR.name], scale),
    )


def scale_of(knee: KneeShape) -> float:
    """Size of a knee relative to that of the tables."""
    return knee.extents[TIBIA.name].half[0] / HALF_WIDTH_MM


def resampled(field: Field, placement: Placement, lattice: Field, outside: float, box: Box | None = None) -> Values:
    """A field of a bone's frame at the points of knee space.

    Args:
        field: to sample, linearly; its outermost values go on along the leg.
        placement: of its frame.
        lattice: of knee space.
        outside: value far from the field's lattice.
        box: the part of the lattice wanted.
    """
    box = box or tuple(slice(0, n) for n in lattice.values.shape)  # type: ignore[assignment]
    assert box is not None
    start = np.array([part.start for part in box])
    shape = tuple(part.stop - part.start for part in box)
    turn = placement.rotation.T[::-1, ::-1]
    first = np.array(lattice.first_mm) + lattice.spacing_mm * start
    matrix = turn * lattice.spacing_mm / field.spacing_mm
    offset = (turn @ (first - placement.offset_mm[::-1]) - field.first_mm) / field.spacing_mm
    inner = _reach(matrix, offset, field.values.shape, shape)
    result = np.full(shape, outside, np.float32)
    values = ndimage.affine_transform(
        field.values,
        matrix,
        offset + matrix @ np.array([part.start for part in inner]),
        tuple(part.stop - part.start for part in inner),
        np.float32,
        order=1,
        mode="nearest",
    )
    result[inner] = np.maximum(values, outside)
    return result


def _reach(matrix: Array, offset: Array, source: tuple[int, ...], shape: tuple[int, ...]) -> Box:
    """The box of the target that the source's lattice covers, and some more along the leg."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in source], indexing="ij"), -1).reshape(-1, 3)
    index = np.linalg.solve(matrix, (corners - offset).T).T
    low = np.clip(np.floor(index.min(axis=0)), 0, shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low, shape).astype(int)
    low[0] = 0 if low[0] < 15 else low[0]
    high[0] = shape[0] if high[0] > shape[0] - 15 else high[0]
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def _points(lattice: Field, depth: Values) -> Array:
    """(n, 3) positions inside a bone."""
    index = np.argwhere(depth > 0)[:, ::-1]
    return index * lattice.spacing_mm + np.array(lattice.first_mm[::-1])


def _bounds(lattice: Field, depth: Values) -> Array:
    points = _points(lattice, depth)
    return np.stack([points.min(axis=0), points.max(axis=0)], axis=1)


def _shaft_offset(lattice: Field, depth: Values, scale: float) -> Array:
    points = _points(lattice, depth)
    shaft = points[(points[:, 2] > 60 * scale) & (points[:, 2] < 75 * scale)]
    if len(shaft) == 0:
        return np.zeros(2)
    middle = (shaft.min(axis=0) + shaft.max(axis=0))[:2] / 2
    return np.asarray(middle - np.array(USUAL_SHAFT_MM) * scale)


def _notch(lattice: Field, depth: Values, scale: float) -> float:
    """Middle of the widest opening between the condyles, a little above them."""
    z, y, x = lattice.axes_mm
    layers = depth[(z > 10 * scale) & (z < 18 * scale)][:, (y > -10 * scale) & (y < 2 * scale)]
    middle = np.abs(x) < 18 * scale
    distance = -layers[:, :, middle].max(axis=(0, 1))
    return float(np.average(x[middle], weights=np.maximum(distance - distance.max() + 2.0, 1e-6)))


def _tubercle(lattice: Field, depth: Values, scale: float) -> Array:
    points = _points(lattice, depth)
    near = points[(points[:, 2] > -46 * scale) & (points[:, 2] < -30 * scale)]
    front = near[near[:, 1] > near[:, 1].max() - 1.5]
    return np.array([front[:, 0].mean(), near[:, 1].max(), front[:, 2].mean()])
