"""The result of a mirrored, oblique or anisotropic CT is shown in the right place.

The places come from the result folder's table, in LPS, and what must be seen there from its values:
nothing of the conversion under test is used.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.catalogue import quantity
from CTSMALib.palette import colors_of
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.overlay import show_overlay
from CTSMALib.scene.result_nodes import ResultNodes
from Testing.conftest import VARIANTS
from Testing.scene.slice_picture import SliceView

Analyzed = Callable[[str], tuple[Path, sitk.Image]]
KEY = "ct_bvf"
WINDOW, LEVEL = 1600.0, 300.0


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "patches.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lps_of(row: dict[str, str]) -> np.ndarray:
    return np.array([float(row[f"{axis}_lps_mm"]) for axis in "xyz"])


@pytest.fixture(params=VARIANTS)
def shown(request: pytest.FixtureRequest, a_scene: Any, analyzed: Analyzed) -> tuple[ResultNodes, Path, sitk.Image]:
    """A result beside the CT of its variant, with the patches over it."""
    folder, image = analyzed(request.param)
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    fill_volume(ct, image)
    ct.CreateDefaultDisplayNodes()
    ct.GetDisplayNode().SetAutoWindowLevel(False)
    ct.GetDisplayNode().SetWindowLevel(WINDOW, LEVEL)
    ct.GetDisplayNode().SetInterpolate(False)
    result = add_result(a_scene, folder, ct)
    color_by(result, KEY)
    return result, folder, image


def at(view: SliceView, lps: np.ndarray) -> np.ndarray:
    """The color that a slice through a place shows there."""
    ras = lps * (-1.0, -1.0, 1.0)
    view.node.JumpSliceByCentering(*ras.tolist())
    row, column = view.pixel_of(ras)
    return view.picture()[row, column].astype(int)


@pytest.mark.parametrize("name", ["Red", "Yellow", "Green"])
def test_the_ct_is_bright_where_it_is(shown: tuple[ResultNodes, Path, sitk.Image], name: str) -> None:
    result, folder, image = shown
    show_overlay(result, "none", KEY, 1.0)
    view = SliceView(result.scene, name)
    view.node.SetFieldOfView(60.0, 60.0, 1.0)
    for row in rows_of(folder)[::19]:
        # The middle of the voxel next to the patch's center, so that rounding to a voxel cannot matter.
        index = image.TransformPhysicalPointToIndex(lps_of(row).tolist())
        lps = np.array(image.TransformIndexToPhysicalPoint(index))
        gray = np.clip((image[index] - LEVEL) / WINDOW + 0.5, 0, 1) * 255
        assert np.abs(at(view, lps) - gray).max() <= 2, row["id"]


@pytest.mark.parametrize("name", ["Red", "Yellow", "Green"])
def test_patches_show_their_value_where_they_are(shown: tuple[ResultNodes, Path, sitk.Image], name: str) -> None:
    result, folder, _ = shown
    show_overlay(result, "patches", KEY, 1.0)
    view = SliceView(result.scene, name)
    view.node.SetFieldOfView(60.0, 60.0, 1.0)
    measured = [row for row in rows_of(folder) if row[KEY] and float(row["valid_fraction"]) > 0.9]
    assert len(measured) > 30
    seen, expected = [], []
    for row in measured[::3]:
        seen.append(at(view, lps_of(row)))
        expected.append(colors_of(quantity(KEY), np.array([float(row[KEY])]))[0].astype(int))
    right = np.abs(np.array(seen) - np.array(expected)).max(axis=1) <= 2
    assert right.all(), [row["id"] for row, good in zip(measured[::3], right, strict=True) if not good]


def test_maps_show_their_value_where_they_are(shown: tuple[ResultNodes, Path, sitk.Image]) -> None:
    result, folder, _ = shown
    show_overlay(result, "map", KEY, 1.0)
    view = SliceView(result.scene, "Green")
    view.node.SetFieldOfView(60.0, 60.0, 1.0)
    parameter_map = sitk.ReadImage(str(folder / "maps" / f"{KEY}.nii.gz"))
    compared = 0
    for row in rows_of(folder)[::5]:
        index = parameter_map.TransformPhysicalPointToIndex(lps_of(row).tolist())
        if not np.isfinite(parameter_map[index]):
            continue
        lps = np.array(parameter_map.TransformIndexToPhysicalPoint(index))
        expected = colors_of(quantity(KEY), np.array([parameter_map[index]]))[0].astype(int)
        assert np.abs(at(view, lps) - expected).max() <= 3, row["id"]
        compared += 1
    assert compared > 8


def test_what_a_map_does_not_know_is_transparent(shown: tuple[ResultNodes, Path, sitk.Image]) -> None:
    result, folder, _ = shown
    view = SliceView(result.scene, "Green")
    view.node.SetFieldOfView(60.0, 60.0, 1.0)
    between = np.mean([lps_of(row) for row in rows_of(folder)], axis=0)  # the joint space
    show_overlay(result, "none", KEY, 1.0)
    without = at(view, between)
    show_overlay(result, "map", KEY, 1.0)
    np.testing.assert_array_equal(at(view, between), without)


def test_medial_and_lateral_are_where_they_belong(shown: tuple[ResultNodes, Path, sitk.Image]) -> None:
    """In a right knee lateral is towards the patient's right, in its mirror image towards the left."""
    result, folder, _ = shown
    left = result.facts["side"]["side"] == "left"
    assert left == ("mirrored" in folder.name)
    patches = result.patches
    right_of = {key: patches.centers_ras_mm[patches.compartments == key, 0].mean() for key in ("TM", "TL", "FM", "FL")}
    sign = -1.0 if left else 1.0
    assert sign * (right_of["TL"] - right_of["TM"]) > 20.0
    assert sign * (right_of["FL"] - right_of["FM"]) > 20.0
