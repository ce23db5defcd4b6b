"""The tables of compartments and patches in a scene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from CTSMALib.analysis.result import CompartmentFinding, Summary
from CTSMALib.scene.exclusions import counted_compartments, exclude
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.table_nodes import add_summary_table

PLATE = "ct_plate_thickness_mm"


def column(node: Any, name: str) -> list[Any]:
    array = node.GetTable().GetColumnByName(name)
    return [array.GetValue(row) for row in range(array.GetNumberOfValues())]


@pytest.fixture
def some_compartments() -> list[CompartmentFinding]:
    values = {"ct_bvf": Summary(0.3, 0.0, 1), "ct_hu_mean": Summary(200.0, 0.0, 2), PLATE: Summary(1.5, 0.2, 12)}
    return [
        CompartmentFinding("TM", "Medial tibial plateau", True, "", 24, 24, values),
        CompartmentFinding("TL", "Lateral tibial plateau", False, "Metal.", 0, 24),
    ]


def test_a_single_value_has_no_deviation(a_scene: Any, some_compartments: list[CompartmentFinding]) -> None:
    node = add_summary_table(a_scene, "table", some_compartments)
    sds = column(node, "SD")
    assert np.isnan(sds[0]) and sds[1:3] == [0.0, 0.2] and np.isnan(sds[3])
    assert column(node, "n") == [1, 2, 12, 0] and column(node, "mean")[:3] == [0.3, 200.0, 1.5]
    assert "places" in node.GetColumnDescription("n")


def test_excluded_patches_leave_the_number_of_places(a_result: ResultNodes) -> None:
    """The thickness of the plate of the bundled knee is not resolved; here it is made up."""
    patches = a_result.patches
    made_up = patches.cells[:, 0] + 0.1 * patches.cells[:, 1]
    thickness = np.where(np.isfinite(patches.values_of("ct_bvf")), made_up, np.nan)
    a_result.__dict__["patches"] = replace(patches, values={**patches.values, PLATE: thickness})
    of_tibia = np.flatnonzero(patches.compartments == "TM")
    upper = [row for row in of_tibia if patches.layers[row] == 1]
    for row in upper[:2]:
        exclude(a_result, int(row) + 1, "vessel", "A")
    found = next(f for f in counted_compartments(a_result) if f.key == "TM").values
    assert found["ct_bvf"].n == np.isfinite(patches.values_of("ct_bvf")[of_tibia]).sum() - 2
    assert found[PLATE].n == 12 and found[PLATE].mean == pytest.approx(2.0 + 0.25)
