"""Looking at a result: quantities, the list of patches, overlays, the reading layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from Testing.panels.reading.test_analysis import text, tip


def red(bench: Any) -> Any:
    import slicer

    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()


def slice_at(node: Any) -> np.ndarray:
    return np.array([node.GetSliceToRAS().GetElement(k, 3) for k in range(3)])


def test_every_measured_quantity_can_be_chosen(a_reading_panel: Any) -> None:
    from CTSMALib.scene.coloring import keys_with_values

    box = a_reading_panel.view.ui.quantityComboBox
    offered = [box.itemData(index) for index in range(box.property("count"))]
    assert offered == keys_with_values(a_reading_panel.result)


def test_choosing_a_quantity_recolors_and_explains_it(a_reading_panel: Any) -> None:
    from CTSMALib.scene.model_nodes import PAINTED_ATTRIBUTE

    box = a_reading_panel.view.ui.quantityComboBox
    box.setCurrentIndex(box.findData("ct_hu_mean"))
    assert a_reading_panel.state.quantity == "ct_hu_mean"
    assert a_reading_panel.result.get("surface_femur").GetAttribute(PAINTED_ATTRIBUTE) == "ct_hu_mean"
    assert text(a_reading_panel.view.ui.lowLabel) == "0"
    assert text(a_reading_panel.view.ui.highLabel) == "600 HU"
    assert "Mean CT number" in text(a_reading_panel.view.ui.definitionLabel)
    head = a_reading_panel.patches.ui.patchTable.horizontalHeaderItem(2)
    assert head.text() == "HU mean (HU)"


def test_the_list_shows_the_patches_of_the_layer(a_reading_panel: Any) -> None:
    table = a_reading_panel.patches.ui.patchTable
    assert table.property("rowCount") == 48
    box = a_reading_panel.view.ui.layerComboBox
    box.setCurrentIndex(box.findData(2))
    names = {table.item(row, 0).text() for row in range(48)}
    assert all(name.endswith("-d2") for name in names)
    assert a_reading_panel.result.get("grid_tibia_2").GetDisplayNode().GetVisibility()
    assert not a_reading_panel.result.get("grid_tibia_1").GetDisplayNode().GetVisibility()


def test_a_row_moves_the_slices_to_its_patch(bench: Any, a_reading_panel: Any) -> None:
    from CTSMALib.scene.selection import center_of

    table = a_reading_panel.patches.ui.patchTable
    table.selectRow(20)
    label = a_reading_panel.patches.selected_label()
    assert a_reading_panel.state.patch == label
    center = center_of(a_reading_panel.result, label)
    assert abs(slice_at(red(bench))[2] - center[2]) < 1e-6
    assert a_reading_panel.result.get("selection").GetPolyData().GetNumberOfPoints() == 8
    assert a_reading_panel.result.patches.ids[label - 1] in text(a_reading_panel.patches.ui.selectedLabel)


def column(table: Any, number: int) -> list[str]:
    return [str(table.item(row, number).text()) for row in range(table.property("rowCount"))]


def test_rows_can_be_sorted_and_still_select_their_patch(a_reading_panel: Any) -> None:
    from PySide6 import QtCore, QtTest

    table = a_reading_panel.patches.ui.patchTable
    in_order, head = column(table, 0), table.horizontalHeader()
    a_reading_panel.change(quantity="ct_hu_mean", patch=5)  # 90 comes before 100
    place = QtCore.QPoint(head.sectionViewportPosition(2) + 8, 5)
    QtTest.QTest.mouseClick(head.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)
    values = [float(text) for text in column(table, 2) if text != "not measured"]
    assert values == sorted(values) and values[0] < 100 < values[-1]
    assert a_reading_panel.patches.selected_label() == 5  # it is another row now
    head.sectionClicked.emit(2)
    assert [float(text) for text in column(table, 2)[: len(values)]] == values[::-1]
    table.selectRow(0)
    label = a_reading_panel.state.patch
    assert abs(values[-1] - a_reading_panel.result.patches.values_of("ct_hu_mean")[label - 1]) <= 0.5
    a_reading_panel.change(layer=2)
    assert float(column(table, 2)[0]) >= float(column(table, 2)[40])  # the other layer is sorted likewise
    head.sectionClicked.emit(0)
    assert column(table, 0) == sorted(column(table, 0)) != in_order


def test_numbers_are_shown_alike_in_every_language_and_what_is_missing_stays_last(a_reading_panel: Any) -> None:
    """A number that is given to Qt would be 0,3 or 1.234,5 in German."""
    panel, table = a_reading_panel, a_reading_panel.patches.ui.patchTable
    patches = panel.result.patches
    first = np.flatnonzero(patches.layers == 1)[:3]
    patches.values["ct_bvf"][first] = 0.3, np.nan, 1234.5
    panel.change(quantity="ct_hu_mean")
    panel.change(quantity="ct_bvf")
    assert column(table, 2)[:3] == ["0.300", "not measured", "1234.500"]
    shares = [f"{100 * share:.0f} %" for share in patches.valid_fractions[patches.layers == 1]]
    assert column(table, 3) == shares
    for _ in range(2):
        table.horizontalHeader().sectionClicked.emit(2)
        assert column(table, 2)[-1] == "not measured"


def test_overlay_opacity_and_models_follow_the_panel(a_reading_panel: Any) -> None:
    from CTSMALib.scene.overlay import composites_of_results

    ui, result = a_reading_panel.view.ui, a_reading_panel.result
    ui.overlayComboBox.setCurrentIndex(ui.overlayComboBox.findData("map"))
    ui.opacitySlider.setValue(0.35)
    composites = list(composites_of_results(a_reading_panel.scene))
    assert {c.GetForegroundVolumeID() for c in composites} == {result.get("map_ct_bvf").GetID()}
    assert {round(c.GetForegroundOpacity(), 6) for c in composites} == {0.35}
    ui.bonesComboBox.setCurrentIndex(ui.bonesComboBox.findData("none"))
    ui.gridCheckBox.setChecked(False)
    assert not result.get("surface_tibia").GetDisplayNode().GetVisibility()
    assert not result.get("grid_tibia_1").GetDisplayNode().GetVisibility()
    box = ui.quantityComboBox
    box.setCurrentIndex(box.findData("ct_hu_entropy"))
    assert "no map" in text(ui.definitionLabel)


def test_the_reading_layout_shows_the_joint(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.layouts import READING
    from CTSMALib.scene.views import joint_center

    a_reading_panel.view.ui.layoutButton.click()
    assert slicer.app.layoutManager().property("layout") == READING
    tables = a_reading_panel.scene.GetNodesByClass("vtkMRMLTableViewNode")
    assert tables.GetNumberOfItems() == 1
    assert tables.GetItemAsObject(0).GetTableNode() is a_reading_panel.result.get("patch_table")
    assert np.linalg.norm(slice_at(red(bench)) - joint_center(a_reading_panel.result)) < 1e-3


def test_what_is_disabled_says_why(a_panel: Any, bench: Any) -> None:
    import qt

    for control in a_panel.widget.findChildren(qt.QAbstractButton):
        if not control.property("enabled") and control.property("objectName").endswith(("Button", "CheckBox")):
            assert tip(control).endswith("."), control.property("objectName")
            assert not tip(control).startswith(("Arrange", "Write", "Stop", "Find", "Copy", "Show")), tip(control)
