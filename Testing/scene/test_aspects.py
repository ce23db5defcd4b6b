"""Values, widths of intervals and flags as colors of the same patches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.catalogue import quantity
from CTSMALib.palette import colors_of
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.aspects import FLAGS, INTERVAL, VALUE, aspects_of, shown_quantity
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.overlay import show_overlay, slice_composites
from CTSMALib.scene.result_nodes import ResultNodes
from Testing.made_up_apparent import KEY, with_apparent
from Testing.scene.test_coloring import painted, table_colors

SKY_BLUE, VERMILION = (86, 180, 233), (213, 94, 0)


@pytest.fixture()
def a_read_result(a_scene: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]], tmp_path: Path) -> ResultNodes:
    """A result with apparent parameters in a scene."""
    return add_result(a_scene, with_apparent(analyzed("plain")[0], tmp_path / "read"))


def test_only_what_is_known_can_be_shown(a_read_result: ResultNodes) -> None:
    assert aspects_of(a_read_result.patches, KEY) == (VALUE, INTERVAL, FLAGS)
    assert INTERVAL not in aspects_of(a_read_result.patches, "ct_bvf")


def test_widths_have_a_fixed_range_of_their_own(a_read_result: ResultNodes) -> None:
    low, high = quantity(KEY).display_range
    entry = shown_quantity(KEY, INTERVAL)
    assert entry.display_range == (0.0, (high - low) / 2) and entry.unit == quantity(KEY).unit
    color_by(a_read_result, KEY, 1, INTERVAL)
    expected = colors_of(entry, a_read_result.patches.widths_of(KEY))
    np.testing.assert_array_equal(table_colors(a_read_result), expected)
    for bone in ("femur", "tibia"):
        values, _ = painted(a_read_result, f"surface_{bone}")
        assert 0.02 < np.isfinite(values).mean() < 0.6 and np.nanmax(values) < 0.2
    display = a_read_result.get("color_key").GetDisplayNode()
    assert display.GetScalarRange() == entry.display_range


def test_flags_are_two_colors_that_everybody_can_tell(a_read_result: ResultNodes) -> None:
    color_by(a_read_result, KEY, 1, FLAGS)
    known = np.isfinite(a_read_result.patches.values_of(KEY))
    colors = {tuple(row) for row in table_colors(a_read_result)[known].tolist()}
    assert colors == {SKY_BLUE, VERMILION}
    flagged = a_read_result.patches.flagged
    assert (table_colors(a_read_result)[flagged] == VERMILION).all()
    values, colors_on_bone = painted(a_read_result, "surface_tibia")
    assert {*values[np.isfinite(values)].tolist()} == {0.0, 1.0}
    assert {tuple(row) for row in colors_on_bone[np.isfinite(values)].tolist()} == {SKY_BLUE, VERMILION}


def test_what_is_no_value_is_shown_by_patches(a_read_result: ResultNodes) -> None:
    show_overlay(a_read_result, "map", "ct_bvf", 0.5, VALUE)
    assert all(each.GetForegroundVolumeID() for each in slice_composites(a_read_result.scene))
    show_overlay(a_read_result, "map", "ct_bvf", 0.5, FLAGS)
    for each in slice_composites(a_read_result.scene):
        assert not each.GetForegroundVolumeID()
        assert each.GetLabelVolumeID() == a_read_result.get("patch_labels").GetID()


def test_the_table_says_widths_and_flags(a_read_result: ResultNodes) -> None:
    table = a_read_result.get("patch_table").GetTable()
    assert table.GetColumnByName("app. BV/TV width").GetValue(0) == pytest.approx(2 * 1.96 * 0.02)
    assert "trained on" in table.GetColumnByName("flags").GetValue(0)


def test_flags_without_a_word_keep_their_name() -> None:
    from CTSMALib.analysis.student_reading import UNLIKE
    from CTSMALib.morphometry.apparent.quality import FLAGS as OF_MR
    from CTSMALib.scene.aspects import FLAG_WORDS, flag_text

    assert set(FLAG_WORDS) == {UNLIKE, *OF_MR}
    assert flag_text("something unlike-training").startswith("something; looks unlike")
