"""Structure by place: the same bone in every box, at every voxel size, as full as asked for."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.trabecular.bone_image import from_fraction
from CTSMALib.morphometry.trabecular.measure import MeasureOptions, measure
from CTSMALib.virtual.microstructure.families import Family, field_family
from CTSMALib.virtual.microstructure.specimens import SPECIMENS, load_specimen, specimen_values
from CTSMALib.virtual.microstructure.structure import GridBox, Microstructure, box_around

DISTANCE_MM = 1.1


def a_structure(family: Family, bone_fraction: float = 0.25, distance_mm: float = DISTANCE_MM) -> Microstructure:
    def everywhere(axes):
        return np.full(tuple(len(values) for values in axes), bone_fraction, np.float32)

    return Microstructure(family, lambda axes: tuple(values / distance_mm for values in axes), everywhere)


@pytest.fixture(scope="module")
def plates_and_rods() -> Family:
    return field_family(seed=3, rodness=0.2, bandwidth=0.4, stretch=1.5)


def test_a_seed_gives_the_same_bone_again(plates_and_rods: Family):
    box = box_around((5, 6, 7), 3.0, 0.1)
    again = a_structure(field_family(seed=3, rodness=0.2, bandwidth=0.4, stretch=1.5)).fraction(box)
    other = a_structure(field_family(seed=4, rodness=0.2, bandwidth=0.4, stretch=1.5)).fraction(box)
    assert np.array_equal(a_structure(plates_and_rods).fraction(box), again)
    assert not np.array_equal(again, other)


def test_a_box_is_cut_from_the_same_bone(plates_and_rods: Family):
    structure = a_structure(plates_and_rods)
    whole = structure.fraction(GridBox((0.0, 0.0, 0.0), 0.1, (40, 40, 40)))
    part = structure.fraction(GridBox((1.0, 1.5, 2.0), 0.1, (20, 20, 20)))
    np.testing.assert_allclose(part, whole[10:30, 15:35, 20:40], atol=1e-3)


def test_coarse_voxels_are_means_of_fine_ones(plates_and_rods: Family):
    structure = a_structure(plates_and_rods)
    fine = structure.fraction(box_around((5, 5, 5), 4.0, 0.05))
    coarse = structure.fraction(box_around((5, 5, 5), 4.0, 0.1))
    np.testing.assert_allclose(coarse, fine.reshape(40, 2, 40, 2, 40, 2).mean((1, 3, 5)), atol=1e-4)


@pytest.mark.parametrize("wanted", [0.1, 0.25, 0.4])
def test_there_is_as_much_bone_as_asked_for(plates_and_rods: Family, wanted: float):
    box = GridBox((0.0, 0.0, 0.0), 0.12, (110, 110, 110))
    assert a_structure(plates_and_rods, wanted).fraction(box).mean() == pytest.approx(wanted, rel=0.1)


def test_bone_may_vary_with_place(plates_and_rods: Family):
    structure = Microstructure(
        plates_and_rods,
        lambda axes: axes,
        lambda axes: np.broadcast_to(np.where(axes[0] < 4, 0.4, 0.1)[:, None, None], tuple(map(len, axes))),
    )
    fraction = structure.fraction(box_around((4, 8, 8), 8.0, 0.1))
    assert fraction[:38].mean() > 2 * fraction[42:].mean()


def test_the_distance_between_trabeculae_scales(plates_and_rods: Family):
    numbers = []
    for distance in (0.9, 1.35):
        fraction = a_structure(plates_and_rods, distance_mm=distance).fraction(box_around((9, 9, 9), 6.0, 0.06))
        region = measure(from_fraction(fraction, 0.06), options=MeasureOptions(maps=False)).regions[0]
        numbers.append(region.values["tb_n_per_mm"].value)
    assert numbers[0] / numbers[1] == pytest.approx(1.5, rel=0.12)


def test_rodness_makes_rods_of_plates():
    shapes = []
    for rodness in (0.0, 0.6):
        fraction = a_structure(field_family(5, rodness, 0.3), 0.3, 1.5).fraction(box_around((9, 9, 9), 6.0, 0.06))
        region = measure(from_fraction(fraction, 0.06), options=MeasureOptions(number=False, maps=False)).regions[0]
        shapes.append(region.values["smi"].value)
    assert shapes[1] > shapes[0] + 0.7


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_specimen_comes_back_as_it_is(name: str):
    values, family = specimen_values(name), load_specimen(name)
    unit = 1.0 / values["tb_n_per_mm"]
    edges = [period * unit / 2 for period in family.tile.period]  # the tile holds its mirror image too
    step = 0.1
    box = GridBox((0.0, 0.0, 0.0), step, tuple(int(edge / step) for edge in edges))
    fraction = a_structure(family, values["bv_tv"], unit).fraction(box)
    assert fraction.mean() == pytest.approx(values["bv_tv"], rel=0.07)
    number = measure(from_fraction(fraction, step), options=MeasureOptions(maps=False)).regions[0].values["tb_n_per_mm"]
    assert number.value == pytest.approx(values["tb_n_per_mm"], rel=0.2)


def test_an_unknown_specimen_is_a_key_error():
    with pytest.raises(KeyError):
        load_specimen("elephant")
