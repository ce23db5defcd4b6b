"""What fills a bone: as much as the specification says, where it says so, and the same for a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from CTSMALib.virtual.material import structure
from CTSMALib.virtual.material.bone_material import BoneMaterial
from CTSMALib.virtual.material.fill import CORE, SCAR_MM
from CTSMALib.virtual.material.make_material import bone_material
from CTSMALib.virtual.material.regions import Regions, regions_of
from CTSMALib.virtual.microstructure.structure import box_around
from CTSMALib.virtual.population import draw_spec
from CTSMALib.virtual.scanners.tissue import Tissue
from Testing.core.virtual.material.blocks import EXTENT, a_knee

KNEE = a_knee()
SPEC = replace(draw_spec(4, 2, sources=("knee1",)), scale=1.0, cysts=0, edema=0, family="field")
KEYS = {"femur": ("FM", "FL"), "tibia": ("TM", "TL")}


@pytest.fixture(scope="module", autouse=True)
def small_tiles():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "WAVELENGTHS", 8)
        yield


@pytest.fixture(scope="module")
def plain() -> dict[str, BoneMaterial]:
    return {name: bone_material(bone, KNEE, SPEC) for name, bone in KNEE.bones.items()}


def regions(name: str) -> Regions:
    return regions_of(KNEE.bones[name].bone, KNEE.bones[name].depth, EXTENT)


def top(name: str, key: str, made: BoneMaterial, first_mm: float = 0.0, last_mm: float = 5.0) -> np.ndarray:
    """Points of a compartment in a layer under the plate."""
    region = regions(name)
    below = region.below_mm - made.shell_mm.values
    inside = (KNEE.bones[name].depth.values > 0) & (region.articular > 0.5) & (region.centrality[key] > CORE)[None]
    return inside & (below > first_mm) & (below <= last_mm)


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, keys in KEYS.items() for key in keys])
def test_a_compartment_is_as_full_and_its_plate_as_thick_as_specified(plain, name: str, key: str):
    made = plain[name]
    assert made.fraction.values[top(name, key, made)].mean() == pytest.approx(SPEC.bone_fraction[key], rel=0.05)
    surface = (np.abs(KNEE.bones[name].depth.values) < 1.0) & (regions(name).articular > 0.5)
    plate = made.shell_mm.values[surface & (regions(name).centrality[key] > 0)[None]]
    assert plate.mean() == pytest.approx(SPEC.plate_mm[key], rel=0.05)
    assert 0.1 < plate.std() / plate.mean() < 0.35


def test_bone_becomes_sparse_with_depth_and_leaves_a_cavity(plain):
    made = plain["tibia"]
    layers = [made.fraction.values[top("tibia", "TM", made, d, d + 1.0)].mean() for d in (0.0, 5.0, 13.0)]
    assert layers[0] / layers[1] == pytest.approx(1.25 / 0.8, rel=0.25)
    assert layers[2] < 0.85 * layers[1]
    assert made.fraction.at([[0.0, 0.0, -66.0]])[0] < 0.08
    assert made.shell_mm.at([[0.0, 0.0, -66.0]])[0] > 2.5 * made.shell_mm.at([[37.0, 0.0, -15.0]])[0]


def test_the_distance_from_the_joint_is_that_from_the_plateau():
    below = regions("tibia").below_mm
    depth = KNEE.bones["tibia"].depth
    for height in (-3.0, -10.0, -20.0):
        assert depth.like(below).at([[12.0, -6.0, height]])[0] == pytest.approx(-height, abs=1.0)


def test_cysts_hold_fluid_and_no_bone():
    spec = replace(SPEC, grade=4, cysts=4, edema=3)
    found = 0
    for name in KEYS:
        made = bone_material(KNEE.bones[name], KNEE, spec)
        cyst = made.marrow.values == Tissue.FLUID
        found += cyst.sum()
        assert not cyst.any() or made.fraction.values[cyst].max() == 0.0
    assert found > 20


def test_red_marrow_lies_beyond_the_scar_and_fades():
    young = replace(SPEC, age_years=25.0)
    for name, sign in (("femur", 1.0), ("tibia", -1.0)):
        made = bone_material(KNEE.bones[name], KNEE, young)
        red = made.marrow.values == Tissue.RED_MARROW
        beyond = sign * (made.marrow.axes_mm[0] - SCAR_MM[name])
        assert red[beyond > 5.0].any() and not red[beyond < 0.0].any()
        near = ndimage.uniform_filter(red.astype(float), 5)[red]
        assert (near < 0.5).mean() > 0.2  # by itself among yellow marrow


def test_edema_fades():
    made = bone_material(KNEE.bones["tibia"], KNEE, replace(SPEC, edema=4))
    wet = made.marrow.values == Tissue.EDEMA
    near = ndimage.uniform_filter(wet.astype(float), 3)[wet]
    assert wet.sum() > 200 and near.min() < 0.3 and near.max() > 0.7


@pytest.mark.parametrize("family", ["field", "lhdl_3155"])
def test_where_no_bone_is_wanted_there_is_none(family: str):
    tibia = KNEE.bones["tibia"]
    nothing = tibia.depth.like(np.zeros_like(tibia.depth.values))
    made = structure.structure_of(tibia.bone, replace(SPEC, family=family), nothing, EXTENT)
    assert made.fraction(box_around((-12.0, 0.0, 22.0), 6.0, 0.12)).max() == 0.0


def test_a_seed_gives_the_same_bone_and_others_another():
    box = box_around((-4.0, 0.0, 18.0), 1.5, 0.06)
    first, again, other = (bone_material(KNEE.bones["tibia"], KNEE, s) for s in (SPEC, SPEC, replace(SPEC, seed=5)))
    for field in ("shell_mm", "fraction", "marrow"):
        assert np.array_equal(getattr(first, field).values, getattr(again, field).values)
    assert np.array_equal(first.structure.fraction(box), again.structure.fraction(box))
    assert not np.array_equal(first.fraction.values, other.fraction.values)


@pytest.mark.parametrize(("family", "wanted"), [("field", 0.2), ("lhdl_3155", 0.2), ("lhdl_3155", 0.35)])
def test_voxels_hold_as_much_bone_as_asked_for(family: str, wanted: float):
    tibia = KNEE.bones["tibia"]
    spec = replace(SPEC, family=family)
    constant = tibia.depth.like(np.full_like(tibia.depth.values, wanted))
    made = structure.structure_of(tibia.bone, spec, constant, EXTENT)
    unit = structure.unit_mm(spec, SPEC.number_per_mm["TL"], SPEC.bone_fraction["TL"])[0]
    periods = made.family.family.tiles[0].period if family == "field" else made.family.family.tile.period
    box = box_around((-12.0, 0.0, 22.0), periods[1] * unit, 0.12)
    # A specimen is not the same everywhere, and the box holds one period of it only about.
    assert made.fraction(box).mean() == pytest.approx(wanted, rel=0.03 if family == "field" else 0.05)


def test_the_patella_has_a_shell_and_bone(plain):
    made = plain["patella"]
    assert made.shell_mm.values.mean() == pytest.approx(1.0, abs=0.15)
    assert 0.1 < made.fraction.at([[0.0, 0.0, 0.0]])[0] < 0.6
