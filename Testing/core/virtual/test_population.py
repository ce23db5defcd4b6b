"""Specifications of virtual knees: reproducible, and distributed as published."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.virtual.population import SOURCES, draw_grade, draw_spec
from CTSMALib.virtual.spec import MEDIAL

COUNT = 600


def test_a_seed_gives_the_same_knee():
    assert draw_spec(7) == draw_spec(7)
    assert draw_spec(7) != draw_spec(8)
    assert draw_spec(7, side="left").bone_fraction == draw_spec(7, side="right").bone_fraction


def test_grades_are_those_of_people_with_a_ct():
    grades = np.array([draw_grade(seed) for seed in range(COUNT)])
    assert (grades >= 2).mean() == pytest.approx(238 / 753, abs=0.06)
    assert set(grades) == {0, 1, 2, 3, 4}
    assert draw_spec(11).grade == draw_grade(11)


@pytest.mark.parametrize(
    ("grade", "key", "mean", "sd"),
    [(0, "TM", 0.29, 0.06), (2, "TM", 0.28, 0.07), (4, "TM", 0.40, 0.07), (3, "TL", 0.21, 0.05), (3, "FM", 0.28, 0.07)],
)
def test_bone_is_as_published(grade: int, key: str, mean: float, sd: float):
    specs = [spec for seed in range(COUNT) if (spec := draw_spec(seed, grade)).worse == MEDIAL]
    drawn = np.array([spec.bone_fraction[key] for spec in specs])
    assert drawn.mean() == pytest.approx(mean, abs=0.25 * sd)
    assert drawn.std() == pytest.approx(sd, rel=0.15)
    numbers = [spec.number_per_mm[key] for spec in specs]
    assert np.corrcoef(drawn, numbers)[0, 1] == pytest.approx(0.5, abs=0.12)


def test_compartments_of_a_person_are_alike_and_bone_is_lost_with_age():
    specs = [draw_spec(seed, 1) for seed in range(COUNT)]
    medial, lateral = (np.array([s.bone_fraction[key] for s in specs]) for key in ("TM", "FL"))
    assert np.corrcoef(medial, lateral)[0, 1] == pytest.approx(0.65, abs=0.1)
    assert np.corrcoef(medial, [s.age_years for s in specs])[0, 1] < -0.05


def test_osteoarthritis_narrows_the_worse_compartment():
    specs = [draw_spec(seed, 4) for seed in range(COUNT)]
    worse = np.array([s.joint_space_mm[0 if s.worse == MEDIAL else 1] for s in specs])
    assert (worse == 0.0).mean() == pytest.approx(0.5, abs=0.06) and worse.max() <= 1.0
    assert np.mean([s.worse == MEDIAL for s in specs]) == pytest.approx(0.75, abs=0.05)
    bend = [s.varus_deg * (1 if s.worse == MEDIAL else -1) for s in specs]
    assert np.mean(bend) > 5.0
    assert draw_spec(0, 0).osteophyte_mm == 0.0 and draw_spec(0, 0).cysts == 0


def test_an_arthritic_source_serves_arthritic_knees_with_less_added_to_it():
    healthy = [draw_spec(seed, grade) for seed in range(150) for grade in (0, 1)]
    assert {spec.source for spec in healthy} == set(SOURCES) - {"knee2"}
    worst = [draw_spec(seed, 4) for seed in range(COUNT)]
    added = {own: [s.osteophyte_mm for s in worst if (s.source == "knee2") is own] for own in (True, False)}
    assert max(added[False]) <= 7.0 and max(added[True]) <= 3.5
    with pytest.raises(InputError):
        draw_spec(1, 0, sources=("knee2",))


def test_women_have_more_fat_around_the_knee():
    fat = {sex: [s.body_fat_mm for s in map(draw_spec, range(COUNT)) if s.sex == sex] for sex in "FM"}
    assert 9.0 < np.mean(fat["F"]) < 12.5 and 5.0 < np.mean(fat["M"]) < 7.0


def test_sources_may_be_restricted():
    assert {draw_spec(seed, sources=SOURCES[:1]).source for seed in range(5)} == {SOURCES[0]}


@pytest.mark.parametrize("wrong", [{"grade": 5}, {"side": "both"}, {"sources": ("knee9",)}, {"sources": ()}])
def test_what_does_not_exist_is_refused(wrong: dict):
    with pytest.raises(InputError):
        draw_spec(1, **wrong)
