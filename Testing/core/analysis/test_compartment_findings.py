"""What compartments say of their patches: how many values a mean is taken over, and how much these differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.analysis.compartment_findings import compartment_findings, is_of_places, left_finding
from CTSMALib.analysis.result import CompartmentFinding, PatchMeasurement
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch import Patch

PLATE, BONE = "ct_plate_thickness_mm", "ct_bvf"
THICKNESS = np.random.default_rng(3).normal(1.5, 0.3, (3, 4))


def a_patch(compartment: str, row: int, column: int, layer: int) -> PatchMeasurement:
    name = f"{compartment}-r{row}-c{column}-d{layer}"
    patch = Patch(name, "tibia", compartment, row, column, layer, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0)
    return PatchMeasurement(patch, {PLATE: float(THICKNESS[row - 1, column - 1]), BONE: 0.3 + 0.1 * layer})


@pytest.fixture
def some_patches() -> list[PatchMeasurement]:
    return [
        a_patch(compartment.key, row, column, layer)
        for compartment in COMPARTMENTS
        for column in range(1, 5)
        for row in range(1, 4)
        for layer in (1, 2)
    ]


def of_tibia(patches: list[PatchMeasurement]) -> CompartmentFinding:
    return next(finding for finding in compartment_findings(patches, {}) if finding.key == "TM")


def test_thickness_of_the_plate_counts_once_for_both_patches_of_a_place(some_patches: list[PatchMeasurement]) -> None:
    finding = of_tibia(some_patches)
    plate, bone = finding.values[PLATE], finding.values[BONE]
    assert (plate.n, bone.n, finding.patches_valid) == (12, 24, 24)
    assert plate.mean == pytest.approx(THICKNESS.mean()) and plate.sd == pytest.approx(THICKNESS.std(ddof=1))
    assert bone.sd == pytest.approx(np.std([0.4, 0.5] * 12, ddof=1))
    own = [item for item in some_patches if item.patch.compartment == "TM"]
    assert is_of_places(finding, PLATE, own) and not is_of_places(finding, BONE, own)
    older = replace(finding, values={PLATE: replace(plate, n=24)})  # as stored before
    assert not is_of_places(older, PLATE, own)


def test_a_place_counts_where_one_of_its_patches_does(some_patches: list[PatchMeasurement]) -> None:
    def without(item: PatchMeasurement) -> PatchMeasurement:
        lower, first = item.patch.layer == 2, (item.patch.row, item.patch.column) == (1, 1)
        return replace(item, values={}) if (lower and item.patch.column == 2) or first else item

    finding = of_tibia([without(item) for item in some_patches])
    known = np.delete(THICKNESS.ravel(), 0)
    assert finding.values[PLATE].n == 11 and finding.values[BONE].n == finding.patches_valid == 19
    assert finding.values[PLATE].mean == pytest.approx(known.mean())


def test_what_differs_between_both_patches_is_averaged(some_patches: list[PatchMeasurement]) -> None:
    shifted = [
        replace(item, values={PLATE: item.values[PLATE] + 0.2 * (item.patch.layer - 1.5)}) for item in some_patches
    ]
    plate = of_tibia(shifted).values[PLATE]
    assert (plate.mean, plate.sd) == pytest.approx((THICKNESS.mean(), THICKNESS.std(ddof=1)))


def test_what_a_reader_leaves_counts_by_place_too(some_patches: list[PatchMeasurement]) -> None:
    finding = of_tibia(some_patches)
    left = [
        ((item.patch.row, item.patch.column), item.values)
        for item in some_patches
        if item.patch.compartment == "TM" and not (item.patch.row == 1 and item.patch.layer == 1)
    ]
    after = left_finding(finding, left, 4)
    assert (after.patches_valid, after.values[BONE].n, after.values[PLATE].n) == (20, 20, 12)
    assert after.values[PLATE].sd == pytest.approx(finding.values[PLATE].sd)
