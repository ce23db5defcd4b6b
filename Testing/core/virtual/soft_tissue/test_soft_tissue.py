"""Soft tissue around a knee of simple solids: what covers what, what fits where, and what wears off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import BONES
from CTSMALib.virtual.bones.shape import BoneShape, KneeShape, Placement
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.soft_tissue.cartilage import cartilage_thickness, refined
from CTSMALib.virtual.soft_tissue.make_soft_tissue import make_soft_tissue
from CTSMALib.virtual.soft_tissue.soft_tissue import SoftTissue
from CTSMALib.virtual.spec import KneeSpec

BY_COMPARTMENT = {"FM": 0.3, "FL": 0.3, "TM": 0.3, "TL": 0.3}
SPEC = KneeSpec(
    7, "right", "F", 60.0, 0, "medial", "solids", 1.0, 0.0, (4.0, 4.0), 0.0,
    BY_COMPARTMENT, BY_COMPARTMENT, BY_COMPARTMENT, 0, 0, "field", 8.0,
)  # fmt: skip
STEP_MM = 1.2
Array = NDArray[np.float64]


def an_ellipsoid(points: Array, middle: tuple[float, ...], half: tuple[float, ...]) -> Array:
    scaled = (points - middle) / half
    radius = np.linalg.norm(scaled, axis=-1) + 1e-9
    return (1 - radius) * radius / (np.linalg.norm(scaled / half, axis=-1) + 1e-9)


def a_femur(points: Array) -> Array:
    medial = an_ellipsoid(points, (-20, 0, 25), (14, 25, 25))
    lateral = an_ellipsoid(points, (20, 0, 25), (14, 25, 25))
    trochlea = an_ellipsoid(points, (0, 10, 27), (28, 20, 20))
    shaft = np.minimum(15 - np.hypot(points[..., 0], points[..., 1] - 10), points[..., 2] - 30)
    return np.maximum.reduce([medial, lateral, trochlea, shaft])


def a_tibia(points: Array) -> Array:
    round_side = an_ellipsoid(points * (1, 1, 0), (0, 0, 0), (33, 23, 1))
    eminence = an_ellipsoid(points, (0, 0, 0), (5, 8, 6))
    return np.maximum(np.minimum(round_side, -points[..., 2]), eminence)


def a_patella(points: Array) -> Array:
    return an_ellipsoid(points, (0, 0, 0), (20, 9, 19))


def a_fibula(points: Array) -> Array:
    return np.minimum(6 - np.hypot(points[..., 0] - 36, points[..., 1] + 14), -12 - points[..., 2])


def a_knee(gap_mm: float = 4.0) -> KneeShape:
    boxes = ((-46, -36, -9), (46, 42, 70)), ((-42, -32, -60), (42, 32, 12)), ((-30, -19, -29), (30, 19, 29))
    boxes += (((20, -30, -60), (52, 2, -3)),)
    bones = {}
    for bone, solid, (low, high) in zip(BONES, (a_femur, a_tibia, a_patella, a_fibula), boxes, strict=True):
        shape = np.ceil((np.array(high) - low)[::-1] / STEP_MM).astype(int) + 1
        empty = Field(np.zeros(shape, np.float32), (low[2], low[1], low[0]), STEP_MM)
        depth = empty.like(solid(empty.points_mm()).astype(np.float32))
        bones[bone.name] = BoneShape(bone, depth, np.zeros((0, 3)), ())
    extents = {"femur": Extent((0.0, 2.0), (34.0, 26.0)), "tibia": Extent((0.0, 0.0), (33.0, 23.0))}
    up = Placement(np.eye(3), np.array([0.0, 0.0, gap_mm]))
    in_front = Placement(np.eye(3), np.array([0.0, 44.5, 38.0]))
    return KneeShape("solids", bones, extents, {"femur": up, "tibia": Placement.identity(), "patella": in_front})


@pytest.fixture(scope="module")
def knee() -> KneeShape:
    return a_knee()


@pytest.fixture(scope="module")
def tissue(knee: KneeShape) -> SoftTissue:
    return make_soft_tissue(knee, SPEC, 1.5)


def between_bones(knee: KneeShape, cartilage: dict[str, Field], lateral: float) -> tuple[float, float]:
    """Gap, and cartilage of both bones together, on the line where the condyle is lowest."""
    on_tibia = np.array([[lateral, 0.0, 0.0]])
    on_femur = knee.reference["femur"].invert(on_tibia)
    gap = -knee.bones["femur"].depth.at(on_femur)[0]
    return gap, float(cartilage["femur"].at(on_femur)[0] + cartilage["tibia"].at(on_tibia)[0])


def on_surface(knee: KneeShape, cartilage: dict[str, Field], bone: str) -> tuple[Array, Array]:
    """Points within half a voxel of a bone's surface, and the thickness there."""
    depth = knee.bones[bone].depth
    near = np.abs(depth.values) < STEP_MM / 2
    return depth.points_mm()[near], cartilage[bone].values[near]


@pytest.mark.parametrize("gap_mm", [4.5, 2.0, 0.0])
def test_cartilage_leaves_a_cleft(gap_mm: float) -> None:
    knee = a_knee(gap_mm)
    cartilage = cartilage_thickness(knee, SPEC)
    depth = knee.bones["tibia"].depth
    points, thickness = on_surface(knee, cartilage, "tibia")
    foot = points - depth.at(points)[:, None] * [0, 0, -1.0]
    foot, thickness = foot[np.abs(foot[:, 2]) < 0.01], thickness[np.abs(foot[:, 2]) < 0.01]
    on_femur = knee.reference["femur"].invert(foot)
    gap = -knee.bones["femur"].depth.at(on_femur)
    room = np.maximum(gap - 0.1, 0.0) - thickness - cartilage["femur"].at(on_femur)
    assert room[gap < 6].min() > -0.05
    assert np.median(room[gap < gap.min() + 0.5]) < 0.6  # and fills the rest


def test_cartilage_covers_the_articular_surfaces(knee: KneeShape, tissue: SoftTissue) -> None:
    points, thickness = on_surface(knee, tissue.cartilage_mm, "femur")
    below = (points[:, 2] < 1) & (np.abs(np.abs(points[:, 0]) - 20) < 6)
    behind = (points[:, 1] < -22) & (np.abs(np.abs(points[:, 0]) - 20) < 6) & (np.abs(points[:, 2] - 20) < 5)
    assert 1.4 < np.median(thickness[below]) < 2.6 and 1.5 < np.median(thickness[behind]) < 2.6
    assert thickness[(points[:, 2] > 45) | (np.abs(points[:, 0]) > 33)].max() == 0
    points, thickness = on_surface(knee, tissue.cartilage_mm, "patella")
    assert 2.0 < np.median(thickness[(points[:, 1] < -7) & (points[:, 2] > -3)]) < 3.6
    assert thickness[(points[:, 1] > 0) | (points[:, 2] < -12)].max() == 0


def test_worn_cartilage_lies_in_the_worse_compartment(knee: KneeShape) -> None:
    bare = cartilage_thickness(knee, replace(SPEC, grade=4, worse="lateral"))
    assert between_bones(knee, bare, 20.0)[1] < 0.6
    assert between_bones(knee, bare, -20.0)[1] > 2.0


def test_menisci_are_open_towards_the_eminence_and_overlap_nothing(knee: KneeShape, tissue: SoftTissue) -> None:
    field = tissue.meniscus_mm
    points = field.points_mm()[field.values > 0.3]
    assert np.all(np.abs(points[:, 0]) > 4) and np.all(np.abs(points[:, 0]) < 36)
    assert 4.0 < np.ptp(points[:, 2]) < 9.0
    for side in (-1, 1):
        assert 700 < (np.sign(points[:, 0]) == side).sum() * field.spacing_mm**3 < 4500
    for bone in ("femur", "tibia"):
        own = knee.reference[bone].invert(points)
        assert np.all(-knee.bones[bone].depth.at(own) - tissue.cartilage_mm[bone].at(own) > 0)
    outer = [field.values[(slice(None),) * a + ([0, -1],)].max() for a in range(3)]
    assert max(outer) < 0  # so that nothing goes on beyond the lattice


def test_skin_encloses_all_and_has_air_around(knee: KneeShape, tissue: SoftTissue) -> None:
    skin = tissue.skin_mm
    deep = (tissue.tendon_mm.values > 0) | (tissue.muscle_mm.values > 0)
    assert skin.values[deep].min() > 2.0
    depth = knee.bones["patella"].depth
    at_patella = knee.reference["patella"].apply(depth.points_mm()[depth.values > 0])
    assert skin.at(at_patella).min() > 2.0
    edges = (skin.values[:, [0, -1]], skin.values[:, :, [0, -1]])
    assert max(e.max() for e in edges) < -10


def test_the_leg_has_the_size_of_a_leg(tissue: SoftTissue) -> None:
    skin, muscle = tissue.skin_mm, tissue.muscle_mm.values
    z = skin.axes_mm[0]
    for level, low, high in ((66, 105, 140), (-55, 90, 122)):
        inside = skin.values[np.abs(z - level).argmin()] > 0
        across = 2 * np.sqrt(inside.sum() / np.pi) * skin.spacing_mm
        assert low < across < high
        share = (muscle[np.abs(z - level).argmin()][inside] > 0).mean()
        assert (0.45 if level > 0 else 0.35) < share < 0.7


def test_more_fat_under_the_skin_goes_with_more_between_the_muscles(knee: KneeShape, tissue: SoftTissue) -> None:
    fat = make_soft_tissue(knee, replace(SPEC, body_fat_mm=16.0), 1.5)
    thigh = tissue.muscle_mm.axes_mm[0] > 50
    muscle, skin = ([(f.values[thigh] > 0).sum() for f in fields] for fields in (
        (tissue.muscle_mm, fat.muscle_mm), (tissue.skin_mm, fat.skin_mm)))  # fmt: skip
    assert muscle[1] < 0.92 * muscle[0] and skin[1] > 1.1 * skin[0]


def test_a_wide_cleft_holds_fluid() -> None:
    wide = a_knee(10.0)
    made = make_soft_tissue(wide, SPEC, 1.5)
    for lateral in (-20.0, 20.0):
        line = np.array([[lateral, 0.0, z] for z in np.arange(2.5, 7.5, 0.5)])
        assert made.fluid_mm.at(line).min() > 0


def test_effusion_widens_the_recess(knee: KneeShape, tissue: SoftTissue) -> None:
    swollen = make_soft_tissue(knee, replace(SPEC, grade=3), 1.5)
    above = tissue.fluid_mm.axes_mm[0] > 59
    volumes = [(t.fluid_mm.values[above] > 0).sum() * 1.5**3 for t in (tissue, swollen)]
    assert volumes[1] > 1200 and volumes[1] > 2 * volumes[0]


def test_a_seed_gives_the_same_bytes(knee: KneeShape) -> None:
    first, again, other = (make_soft_tissue(knee, replace(SPEC, seed=seed), 3.0) for seed in (1, 1, 2))
    for name in ("meniscus_mm", "fluid_mm", "tendon_mm", "muscle_mm", "skin_mm"):
        assert getattr(first, name).values.tobytes() == getattr(again, name).values.tobytes()
    assert not np.array_equal(first.muscle_mm.values, other.muscle_mm.values)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_refining_keeps_linear_fields(step: int) -> None:
    fine = np.add.outer(np.add.outer(np.arange(13.0), 2 * np.arange(10.0)), -np.arange(7.0)).astype(np.float32)
    inner = (slice(0, 12), slice(0, 9), slice(0, 6))
    assert refined(fine[::step, ::step, ::step], step, fine.shape)[inner] == pytest.approx(fine[inner], abs=1e-5)
