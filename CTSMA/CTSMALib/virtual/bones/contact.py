"""How far apart two bones are, and where the femur must stand for a wanted joint space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape, Placement
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.spec import KneeSpec

Points = NDArray[np.float64]

STEP_MM = 1.5
SEARCH_MM = (14.0, -24.0)  # along proximal, where the plateau is looked for
FINE_STEP_MM = 0.25
CLOSEST = 6  # the gap is the mean over this many closest points, which single bumps sway less
ROUNDS = 12
CLOSE_ENOUGH_MM = 0.02
MOST_TILT_DEG = 10.0
BEARING = ((0.25, 0.8), (0.2, 0.75))  # shares of a plateau's width, from the eminence, and length, from the front
RIM_SHARE = 1.3  # of the half extents, which osteophytes overhang
WEAR_BAND_MM = 25.0  # above and below the joint
LEAST_GAP_MM = 0.15  # between bones anywhere: they touch, and do not enter each other
PATELLA_GAP_MM = 4.5  # cartilage of patella and trochlea together; from memory


def plateau_points(knee: KneeShape, compartment: str) -> Points:
    """Points on the middle of a tibial plateau, on which the femur stands.

    Args:
        knee: its bones.
        compartment: ``"TM"`` or ``"TL"``.

    Returns:
        (n, 3) in the frame of the tibia, mm.
    """
    outline, extent = OUTLINES[compartment], knee.extents[TIBIA.name]
    x, y = _columns(extent, 1.0)
    share_x, share_y = extent.normalized(x, y)
    inner, outer = outline.limits_at(share_y)
    own = share_x if compartment == "TL" else -share_x
    across = (own - inner) / (outer - inner)
    along = (outline.anterior - share_y) / (outline.anterior - outline.posterior)
    (low_x, high_x), (low_y, high_y) = BEARING
    within = (across >= low_x) & (across <= high_x) & (along >= low_y) & (along <= high_y)
    return _tops(knee, np.column_stack([x[within], y[within]]))


def top_points(knee: KneeShape) -> Points:
    """Points on all of the tibia that faces the femur: plateaus, eminence and rim with its osteophytes.

    Returns:
        (n, 3) in the frame of the tibia, mm.
    """
    return _tops(knee, np.column_stack(_columns(knee.extents[TIBIA.name], RIM_SHARE)))


def _columns(extent: Extent, share: float) -> tuple[Points, Points]:
    """Lateral and anterior positions, (n,) each, over a share of the half extents."""
    x, y = (
        np.arange(-share * half, share * half, STEP_MM) + center
        for half, center in zip(extent.half, extent.center, strict=True)
    )
    lateral, anterior = np.meshgrid(x, y)
    return lateral.ravel(), anterior.ravel()


def _tops(knee: KneeShape, columns: Points) -> Points:
    """Where columns (n, 2) first meet the tibia, coming from above; columns that miss it are left out."""
    z = np.arange(SEARCH_MM[0], SEARCH_MM[1], -FINE_STEP_MM)
    points = np.concatenate(
        [np.repeat(columns[:, None], len(z), axis=1), np.broadcast_to(z[:, None], (len(columns), len(z), 1))], axis=2
    )
    depth = knee.bones[TIBIA.name].depth.at(points)
    solid = depth > 0.0
    first = np.argmax(solid, axis=1)
    met = solid.any(axis=1) & (first > 0)
    rows, first = np.flatnonzero(met), first[met]
    after, before = depth[rows, first], depth[rows, first - 1]
    height = z[first] + FINE_STEP_MM * after / (after - before)
    return np.column_stack([columns[rows], height])


def gap_mm(knee: KneeShape, points_mm: Points, femur: Placement) -> float:
    """Smallest distance of points in knee space, (n, 3), from the femur; negative where they lie inside it."""
    depth = knee.bones[FEMUR.name].depth.at(femur.invert(points_mm))
    return float(-np.sort(depth)[-CLOSEST:].mean())


def cleft_mm(knee: KneeShape, cartilage_mm: Mapping[str, Field], points_mm: Points, femur: Placement) -> float:
    """Smallest distance of the cartilages of femur and tibia over points of the tibia, (n, 3); negative: they overlap.

    Args:
        knee: its bones.
        cartilage_mm: thickness by bone name, see :class:`~CTSMALib.virtual.soft_tissue.soft_tissue.SoftTissue`.
        points_mm: on the surface of the tibia, in its frame.
        femur: where the femur stands.
    """
    local = femur.invert(points_mm)
    thick = cartilage_mm[FEMUR.name].at(local) + cartilage_mm[TIBIA.name].at(points_mm)
    return float(np.sort(-knee.bones[FEMUR.name].depth.at(local) - thick)[:CLOSEST].mean())


def seat_femur(
    knee: KneeShape,
    start: Placement,
    wanted_mm: tuple[float, float],
    points: tuple[Points, Points] | None = None,
    distance: Callable[[Points, Placement], float] | None = None,
) -> Placement:
    """Raise, lower and tilt the femur until both compartments have the wanted joint space.

    Args:
        knee: its bones.
        start: where the femur stands.
        wanted_mm: smallest distance, medial and lateral.
        points: of the (medial, lateral) plateau, to spare looking for them again.
        distance: between points of the plateau and the femur; that of the bones without.

    Returns:
        A placement that differs from ``start`` by a shift along the tibia and a rotation about the antero-posterior
        axis of at most :data:`MOST_TILT_DEG`; where that is not enough, the larger gap stays larger.
    """
    medial, lateral = points or (plateau_points(knee, "TM"), plateau_points(knee, "TL"))
    distance = distance or partial(gap_mm, knee)
    width = float(lateral[:, 0].mean() - medial[:, 0].mean())
    placement, tilt = start, 0.0
    for _ in range(ROUNDS):
        short = np.array(wanted_mm) - [distance(medial, placement), distance(lateral, placement)]
        if np.abs(short).max() < CLOSE_ENOUGH_MM:
            break
        # seen from the front, raising the medial side turns the femur about the anterior axis
        turn = np.degrees((short[0] - short[1]) / width)
        turn = float(np.clip(tilt + turn, -MOST_TILT_DEG, MOST_TILT_DEG)) - tilt
        lift = short.mean() if abs(tilt + turn) < MOST_TILT_DEG else short.max()
        tilt += turn
        placement = _turned(placement, turn, 0.5 * (medial.mean(axis=0) + lateral.mean(axis=0)), float(lift))
    return placement


def kept_apart(knee: KneeShape, start: Placement) -> Placement:
    """Raise the femur until no bone of the joint enters the other, as at an osteophyte in flexion."""
    everywhere, placement = top_points(knee), start
    for _ in range(ROUNDS):
        inside = LEAST_GAP_MM - gap_mm(knee, everywhere, placement)
        if inside <= CLOSE_ENOUGH_MM:
            break
        placement = Placement(placement.rotation, placement.offset_mm + [0.0, 0.0, inside])
    return placement


def _turned(placement: Placement, turn_deg: float, about_mm: Points, lift_mm: float) -> Placement:
    """A turn about the anterior axis through a point, positive raises the medial side, and a lift."""
    rotation = Rotation.from_euler("y", turn_deg, degrees=True).as_matrix()
    offset = about_mm - rotation @ about_mm + [0.0, 0.0, lift_mm]
    return Placement(rotation, offset).after(placement)


def seat_patella(knee: KneeShape, femur: Placement, start: Placement, gap: float = PATELLA_GAP_MM) -> Placement:
    """Move the patella forward or backward until it is the wanted distance from the femur.

    Args:
        knee: its bones.
        femur: where the femur stands.
        start: where the patella stands.
        gap: between the bones, mm.
    """
    depth = knee.bones[PATELLA.name].depth
    near = np.abs(depth.values) < 0.6 * depth.spacing_mm
    surface = depth.points_mm()[near]
    placement = start
    for _ in range(ROUNDS):
        short = gap - gap_mm(knee, placement.apply(surface), femur)
        if abs(short) < CLOSE_ENOUGH_MM:
            break
        placement = Placement(placement.rotation, placement.offset_mm + [0.0, float(np.clip(short, -4.0, 4.0)), 0.0])
    return placement


def seated(knee: KneeShape, spec: KneeSpec) -> KneeShape:
    """The knee with its joint spaces as wanted, extended.

    Where the bones would enter each other beside the bearing surfaces, as at osteophytes and the eminence, both are
    worn down to where they meet.

    Args:
        knee: bones, roughly in place.
        spec: whose joint space is wanted.
    """
    femur = seat_femur(knee, knee.reference[FEMUR.name], spec.joint_space_mm)
    worn = {
        FEMUR.name: _worn(knee, FEMUR.name, TIBIA.name, femur),
        TIBIA.name: _worn(knee, TIBIA.name, FEMUR.name, femur),
    }
    knee = replace(knee, bones={**knee.bones, **worn})
    patella = seat_patella(knee, femur, knee.reference[PATELLA.name])
    return replace(knee, reference={**knee.reference, FEMUR.name: femur, PATELLA.name: patella})


def _worn(knee: KneeShape, name: str, against: str, femur: Placement) -> BoneShape:
    """A bone up to the middle of where it and another would both be."""
    shape, other = knee.bones[name], knee.bones[against].depth
    depth = shape.depth
    z = depth.axes_mm[0]
    band = np.flatnonzero(np.abs(z) < WEAR_BAND_MM)
    near = slice(int(band[0]), int(band[-1]) + 1)
    points = depth.points_mm()[near]
    there = other.at(femur.apply(points) if name == FEMUR.name else femur.invert(points))
    values = depth.values.copy()
    values[near] = np.minimum(values[near], 0.5 * (values[near] - there) - 0.5 * LEAST_GAP_MM)
    return replace(shape, depth=depth.like(values))
