"""Looking at a result: quantities, rows, clicks, layouts, saved scenes, reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from Testing.panels.reading.test_analysis import enabled, text, tip

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


def red(bench: Any) -> Any:
    import slicer

    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()


def slice_at(node: Any) -> np.ndarray:
    return np.array([node.GetSliceToRAS().GetElement(k, 3) for k in range(3)])


def click(bench: Any, view: Any, x: int, y: int) -> None:
    view.forceRender()  # a view that was never drawn cannot be clicked
    bench.click(view, x, y)


def pixel_in_3d(view: Any, world_ras_mm: np.ndarray) -> tuple[int, int]:
    """Where a 3D view shows a place, from its lower left corner."""
    renderer = view.renderWindow().GetRenderers().GetFirstRenderer()
    renderer.SetWorldPoint(*world_ras_mm.tolist(), 1.0)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    return round(x), round(y)


def neighbors(patches: Any, label: int) -> list[int]:
    """A patch and those beside it in its compartment and layer."""
    cell, own = patches.cells[label - 1], label - 1
    near = np.abs(patches.cells - cell).max(axis=1) <= 1
    near &= (patches.compartments == patches.compartments[own]) & (patches.layers == patches.layers[own])
    return (np.flatnonzero(near) + 1).tolist()


def slice_pixel(view: Any, world_ras_mm: np.ndarray) -> tuple[int, int]:
    import vtk

    to_view = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(view.mrmlSliceNode().GetXYToRAS(), to_view)
    x, y, _, _ = to_view.MultiplyPoint((*world_ras_mm.tolist(), 1.0))
    return round(x), round(y)


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


def test_rows_can_be_sorted_and_still_select_their_patch(a_reading_panel: Any) -> None:
    import qt

    table = a_reading_panel.patches.ui.patchTable
    table.sortItems(2, qt.Qt.DescendingOrder)
    values = [table.item(row, 2).data(qt.Qt.DisplayRole) for row in range(48)]
    numbers = [value for value in values if isinstance(value, float)]
    assert numbers == sorted(numbers, reverse=True)
    table.selectRow(values.index(numbers[0]))
    label = a_reading_panel.state.patch
    expected = a_reading_panel.result.patches.values_of(a_reading_panel.state.quantity)[label - 1]
    assert abs(numbers[0] - expected) < 1e-3


def test_a_click_into_a_slice_selects_the_row(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of, label_at

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    result = a_reading_panel.result
    own_center = [label for label in range(1, 97) if label_at(result, center_of(result, label)) == label]
    assert len(own_center) > 60
    for label in own_center[::20]:
        a_reading_panel.change(patch=label)  # moves the slice there
        a_reading_panel.change(patch=0)
        click(bench, view, *slice_pixel(view, center_of(result, label)))
        assert a_reading_panel.state.patch == label
        assert a_reading_panel.patches.selected_label() == label


def test_a_drag_selects_nothing(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    a_reading_panel.change(patch=58)
    x, y = slice_pixel(view, center_of(a_reading_panel.result, 58))
    a_reading_panel.change(patch=3)
    view.forceRender()
    interactor = view.interactor()
    interactor.SetEventPosition(x - 30, y)
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent("LeftButtonPressEvent")
    interactor.SetEventPosition(x, y)
    interactor.InvokeEvent("LeftButtonReleaseEvent")
    assert a_reading_panel.state.patch == 3


def test_a_click_beside_the_patches_keeps_the_selection(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    a_reading_panel.change(patch=3)
    click(bench, slicer.app.layoutManager().sliceWidget("Red").sliceView(), 1, 1)
    assert a_reading_panel.state.patch == 3


def test_a_click_on_a_bone_selects_the_patch_beneath(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.enface import surface_points

    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    a_reading_panel.change(bones="tibia")
    view.forceRender()
    result = a_reading_panel.result
    places = surface_points(result.patches)
    hits = 0
    for label in range(1, 97):
        patches = result.patches
        if patches.bones[label - 1] != "tibia" or patches.layers[label - 1] != 1:
            continue
        a_reading_panel.change(patch=0)
        click(bench, view, *pixel_in_3d(view, places[label - 1]))
        # At the rim the plate is steep, and the click meets the bone beside the box.
        hits += a_reading_panel.state.patch == label
        assert a_reading_panel.state.patch in (0, *neighbors(patches, label))
    assert hits >= 18


def test_clicks_of_other_tools_and_modules_select_nothing(bench: Any, a_reading_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.selection import center_of

    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    a_reading_panel.change(patch=58)
    place = slice_pixel(view, center_of(a_reading_panel.result, 58))
    a_reading_panel.change(patch=0)
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    interaction.SetCurrentInteractionMode(interaction.Place)
    click(bench, view, *place)
    assert a_reading_panel.state.patch == 0
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    a_reading_panel.exit()
    click(bench, view, *place)
    assert a_reading_panel.state.patch == 0
    a_reading_panel.enter()
    click(bench, view, *place)
    assert a_reading_panel.state.patch != 0


def test_a_report_of_another_knee_is_not_replaced_unasked(bench: Any, a_reading_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_text("of another knee")
    a_reading_panel.report.ui.folderEdit.setCurrentPath(str(tmp_path))
    bench.dialogs.answer(False)
    a_reading_panel.report.ui.exportButton.click()
    assert not a_reading_panel.jobs.runner.is_busy()
    assert any("report.pdf" in question for question in bench.dialogs.texts("confirm"))
    bench.dialogs.answer(True)
    a_reading_panel.report.ui.exportButton.click()
    assert "--overwrite" in a_reading_panel.jobs.runner.arguments


def test_the_result_follows_its_ct(a_reading_panel: Any, a_ct: Any) -> None:
    transform = a_reading_panel.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    a_ct.SetAndObserveTransformNodeID(transform.GetID())
    assert a_reading_panel.result.get("surface_femur").GetTransformNodeID() == transform.GetID()
    assert "moved" not in text(a_reading_panel.results.ui.summaryLabel)
    a_reading_panel.scene.RemoveNode(a_ct)
    a_reading_panel.node_removed(a_ct)
    assert "moved, cut or deleted" in text(a_reading_panel.results.ui.summaryLabel)


def test_closing_the_panel_leaves_the_saved_state_and_the_views(a_reading_panel: Any, a_ct: Any) -> None:
    from CTSMALib.scene.panel_state import MODULE, PanelState
    from CTSMALib.scene.state import load_state, state_node

    result = a_reading_panel.result
    a_reading_panel.close()
    saved = load_state(state_node(a_reading_panel.scene, MODULE), PanelState)
    assert saved.result == result.node.GetID()
    assert saved.ct == a_ct.GetID()
    assert result.get("surface_femur").GetDisplayNode().GetVisibility()


def test_files_of_the_session_go_with_the_scene(a_reading_panel: Any) -> None:
    folder = a_reading_panel.jobs._folders[a_reading_panel.result.node.GetID()]
    assert folder.is_dir()
    a_reading_panel.scene_closing()
    assert not folder.exists()


def test_a_hidden_bone_stays_hidden_when_the_module_is_opened_again(a_reading_panel: Any) -> None:
    femur = a_reading_panel.result.get("surface_femur").GetDisplayNode()
    femur.SetVisibility(False)
    a_reading_panel.exit()
    a_reading_panel.enter()
    assert not femur.GetVisibility()


def test_a_damaged_result_in_the_scene_is_told_and_left_out(bench: Any, a_reading_panel: Any) -> None:
    a_reading_panel.result.node.SetText("{")
    a_reading_panel.read_scene()
    assert a_reading_panel.result is None
    assert any("damaged" in shown for shown in bench.dialogs.texts("error"))


def test_choosing_a_damaged_result_keeps_the_shown_one(
    bench: Any, a_reading_panel: Any, analyzed: Analyzed
) -> None:
    from CTSMALib.scene.add_result import add_result

    shown = a_reading_panel.result
    other = add_result(a_reading_panel.scene, analyzed("plain")[0])
    other.node.SetText("{")
    a_reading_panel.change(patch=20)
    a_reading_panel.results.ui.resultSelector.setCurrentNode(other.node)
    assert a_reading_panel.result is shown
    assert any("damaged" in text for text in bench.dialogs.texts("error"))
    a_reading_panel.change(quantity="ct_hu_mean")
    assert a_reading_panel.state.quantity == "ct_hu_mean"


def test_the_table_view_shows_the_patches_of_the_chosen_result(a_reading_panel: Any, analyzed: Analyzed) -> None:
    from CTSMALib.scene.add_result import add_result

    other = add_result(a_reading_panel.scene, analyzed("mirrored")[0])
    view = a_reading_panel.scene.GetFirstNodeByClass("vtkMRMLTableViewNode")
    assert view.GetTableNode() is a_reading_panel.result.get("patch_table")
    a_reading_panel.results.ui.resultSelector.setCurrentNode(other.node)
    assert view.GetTableNode() is other.get("patch_table")


def test_deleting_the_folder_of_a_result_deletes_all_of_it(bench: Any, a_reading_panel: Any) -> None:
    from CTSMALib.scene.result_nodes import results_in

    own = [node.GetID() for node in a_reading_panel.result.own_nodes()]
    assert len(own) > 20
    for role in ("patch_labels", "surface_femur", "map_ct_bvf", "patch_table"):
        node = a_reading_panel.result.get(role)
        a_reading_panel.scene.RemoveNode(node)
        a_reading_panel.node_removed(node)
    bench.process_events(50)
    assert a_reading_panel.result is None
    assert list(results_in(a_reading_panel.scene)) == []
    assert [name for name in own if a_reading_panel.scene.GetNodeByID(name) is not None] == []


def test_a_ct_that_was_moved_during_the_analysis_is_noticed(a_panel: Any, a_ct: Any, analyzed: Analyzed) -> None:
    from CTSMALib.scene.state import NodeId

    a_panel.change(ct=NodeId(a_ct.GetID()))
    a_panel.scan.ui.applyButton.click()
    a_ct.SetOrigin(a_ct.GetOrigin()[0] + 25.0, *a_ct.GetOrigin()[1:])
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    assert "moved" in text(a_panel.results.ui.summaryLabel)


def test_a_folder_that_cannot_be_is_told(bench: Any, a_reading_panel: Any) -> None:
    a_reading_panel.report.ui.folderEdit.setCurrentPath("~nobody-of-that-name/reports")
    a_reading_panel.report.ui.exportButton.click()
    assert any("unknown" in shown for shown in bench.dialogs.texts("error"))
    assert not a_reading_panel.jobs.runner.is_busy()


def test_an_imported_result_does_not_show_beside_the_chosen_one(
    bench: Any, a_reading_panel: Any, analyzed: Analyzed
) -> None:
    from CTSMALib.scene.add_result import add_result

    other = add_result(a_reading_panel.scene, analyzed("mirrored")[0])
    a_reading_panel.read_scene()
    assert a_reading_panel.result.get("surface_femur").GetDisplayNode().GetVisibility()
    assert not other.get("surface_femur").GetDisplayNode().GetVisibility()


def test_overlay_opacity_and_models_follow_the_panel(a_reading_panel: Any) -> None:
    from CTSMALib.scene.overlay import slice_composites

    ui, result = a_reading_panel.view.ui, a_reading_panel.result
    ui.overlayComboBox.setCurrentIndex(ui.overlayComboBox.findData("map"))
    ui.opacitySlider.setValue(0.35)
    composites = list(slice_composites(a_reading_panel.scene))
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


def test_a_saved_scene_opens_as_it_was(bench: Any, a_reading_panel: Any, tmp_path: Path) -> None:
    a_reading_panel.change(quantity="ct_hu_mean", layer=2, overlay="map", opacity=0.25, bones="none", patch=60)
    state, title = a_reading_panel.state, a_reading_panel.result.title
    scene = a_reading_panel.scene
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    a_reading_panel.scene_closing()
    scene.Clear()
    a_reading_panel.read_scene()
    assert a_reading_panel.result is None
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    a_reading_panel.read_scene()
    restored = a_reading_panel.state
    assert (restored.quantity, restored.layer, restored.overlay, restored.opacity, restored.bones, restored.patch) == (
        state.quantity, state.layer, state.overlay, state.opacity, state.bones, state.patch,
    )  # fmt: skip
    assert a_reading_panel.result.title == title
    assert a_reading_panel.result.get("ct").GetName() == "Knee CT"
    assert a_reading_panel.patches.selected_label() == 60


def test_a_result_folder_can_be_opened(bench: Any, a_panel: Any, analyzed: Analyzed) -> None:
    bench.dialogs.choose_path(analyzed("mirrored")[0])
    a_panel.results.ui.openButton.click()
    assert a_panel.result.title == "CTSMA left knee"
    assert a_panel.result.owns_ct


def test_a_folder_that_is_no_result_is_refused(bench: Any, a_panel: Any, tmp_path: Path) -> None:
    bench.dialogs.choose_path(tmp_path)
    a_panel.results.ui.openButton.click()
    assert a_panel.result is None
    assert any("not a CTSMA result" in shown for shown in bench.dialogs.texts("error"))


def test_a_result_is_removed_after_a_question(bench: Any, a_reading_panel: Any, a_ct: Any) -> None:
    bench.dialogs.answer(False)
    a_reading_panel.results.ui.removeButton.click()
    assert a_reading_panel.result is not None
    bench.dialogs.answer(True)
    a_reading_panel.results.ui.removeButton.click()
    assert a_reading_panel.result is None
    assert a_ct.GetScene() is a_reading_panel.scene
    assert not enabled(a_reading_panel.results.ui.removeButton)
    assert a_reading_panel.patches.ui.patchTable.property("rowCount") == 0


def test_a_result_that_was_removed_elsewhere_is_forgotten(a_reading_panel: Any) -> None:
    node = a_reading_panel.result.node
    a_reading_panel.scene.RemoveNode(node)
    a_reading_panel.node_removed(node)
    assert a_reading_panel.result is None


def test_what_is_disabled_says_why(a_panel: Any, bench: Any) -> None:
    import qt

    for control in a_panel.widget.findChildren(qt.QAbstractButton):
        if not control.property("enabled") and control.property("objectName").endswith(("Button", "CheckBox")):
            assert tip(control).endswith("."), control.property("objectName")
            assert not tip(control).startswith(("Arrange", "Write", "Stop", "Find", "Copy", "Show")), tip(control)


def test_the_report_of_the_session_is_exported_from_its_folder(a_reading_panel: Any, tmp_path: Path) -> None:
    ui = a_reading_panel.report.ui
    assert "Choose a folder" in tip(ui.exportButton)
    ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    assert enabled(ui.exportButton)
    ui.pdfCheckBox.setChecked(False)
    ui.pseudonymiseCheckBox.setChecked(True)
    ui.exportButton.click()
    arguments = a_reading_panel.jobs.runner.arguments
    assert arguments[0] == "report"
    assert (Path(arguments[1]) / "analysis.json").is_file()
    assert arguments[arguments.index("--format") + 1] == "html,csv"
    assert "--pseudonymise" in arguments
    assert a_reading_panel.jobs.runner.out == tmp_path / "out"
    assert not enabled(ui.openReportButton)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("<html>")
    a_reading_panel.jobs.runner.say(event="result", path=str(tmp_path / "out"))
    a_reading_panel.jobs.runner.end()
    assert enabled(ui.openReportButton)


def test_the_report_of_a_saved_scene_is_exported_from_its_nodes(a_reading_panel: Any, tmp_path: Path) -> None:
    from CTSMALib.analysis.folder import load_analysis

    a_reading_panel.jobs._folders.clear()
    a_reading_panel.report.ui.folderEdit.setCurrentPath(str(tmp_path / "out"))
    a_reading_panel.report.ui.exportButton.click()
    folder = Path(a_reading_panel.jobs.runner.arguments[1])
    assert load_analysis(folder).side.side == "right"
    a_reading_panel.jobs.runner.fail_with("The disk is full.", "Free some space first.", kind="output")
    assert not folder.exists()


def test_no_format_is_no_report(a_reading_panel: Any, tmp_path: Path) -> None:
    ui = a_reading_panel.report.ui
    ui.folderEdit.setCurrentPath(str(tmp_path))
    for check in (ui.htmlCheckBox, ui.pdfCheckBox, ui.csvCheckBox):
        check.setChecked(False)
    assert not enabled(ui.exportButton)
    assert "format" in tip(ui.exportButton)
