"""The selected patch looked at closely, excluded and taken back; plots and a second scan beside the first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.exclusions import read_exclusions
from Testing.made_up_apparent import KEY, with_apparent
from Testing.panels.reading.test_analysis import enabled, text, tip

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture()
def a_read_panel(bench: Any, a_panel: Any, analyzed: Analyzed, tmp_path: Path) -> Any:
    """The panel with a result that holds apparent parameters."""
    bench.dialogs.choose_path(with_apparent(analyzed("plain")[0], tmp_path / "read"))
    a_panel.open_folder()
    a_panel.change(quantity=KEY, patch=11)
    a_panel.view.ui.layoutButton.click()
    return a_panel


def an_mr_of(folder: Path, target: Path) -> Path:
    """A result of an MR: that of a CT, told to be one of an MR, with slightly other values."""
    made = with_apparent(folder, target, shift=0.02)
    path = made / "analysis.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"ct": "ct.nii.gz"', '"mr": "ct.nii.gz"'), encoding="utf-8"
    )
    return made


def values(panel: Any) -> dict[str, tuple[str, str]]:
    table = panel.inspector.ui.valueTable
    rows = range(table.property("rowCount"))
    return {table.item(r, 0).text(): (table.item(r, 1).text(), table.item(r, 2).text()) for r in rows}


def mean_of_plot(panel: Any) -> float:
    """Of the compartment of patch 11, which is the first."""
    return float(next(one for one in panel.views.plot.series if one.name == "Mean").y[0])


def exclude(panel: Any, reason: str = "cyst") -> None:
    panel.inspector.ui.readerEdit.setText("A. B.")
    panel.inspector.ui.reasonComboBox.setEditText(reason)
    panel.inspector.ui.excludeButton.click()


def test_it_shows_values_with_intervals_and_place(a_read_panel: Any) -> None:
    patches = a_read_panel.result.patches
    value = patches.values_of(KEY)[10]
    shown, interval = values(a_read_panel)["app. BV/TV"]
    assert shown == f"{value:.3f}"
    half = 1.96 * patches.uncertainties[KEY][10]
    assert interval == f"{value - half:.3f} – {value + half:.3f}"
    assert values(a_read_panel)["HU mean (HU)"][1] == ""
    about = text(a_read_panel.inspector.ui.patchLabel)
    assert patches.ids[10] in about and "under the plate" in about and "%" in about
    assert "trained on" in text(a_read_panel.inspector.ui.remarksLabel)  # number 10 is flagged


def test_its_picture_follows_the_patch(a_read_panel: Any) -> None:
    from CTSMALib.scene.patch_cuts import SIZE_PX, patch_cuts

    first = patch_cuts(a_read_panel.result, 11)
    second = patch_cuts(a_read_panel.result, 60)
    assert first.shape == second.shape and first.shape[0] == SIZE_PX
    assert np.abs(first.astype(int) - second).mean() > 3 and first[10:50, 10:50].std() > 3
    pixmap = a_read_panel.inspector.ui.cutsLabel.property("pixmap")
    assert (pixmap.width(), pixmap.height()) == (first.shape[1], first.shape[0])
    ct = a_read_panel.result.get("ct")
    ct.GetDisplayNode().SetWindowLevel(100, 5000)
    assert (patch_cuts(a_read_panel.result, 11)[40, 40] == 0).all()
    a_read_panel.scene.RemoveNode(ct)
    assert patch_cuts(a_read_panel.result, 11) is None
    a_read_panel.change(patch=12)


def test_the_picture_shows_the_place_of_the_patch(a_read_panel: Any) -> None:
    """A voxel that is made bright in the middle of the patch is bright in the middle of every cut."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    from CTSMALib.scene.patch_cuts import GAP_PX, SIZE_PX, patch_cuts

    result = a_read_panel.result
    ct, center = result.get("ct"), result.patches.centers_ras_mm[10]
    to_ijk = vtk.vtkMatrix4x4()
    ct.GetRASToIJKMatrix(to_ijk)
    i, j, k = (round(value) for value in to_ijk.MultiplyPoint((*center.tolist(), 1.0))[:3])
    data = ct.GetImageData()
    voxels = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(data.GetDimensions()[::-1])
    voxels[...] = -500
    voxels[k - 1 : k + 2, j - 2 : j + 3, i - 2 : i + 3] = 1300
    picture = patch_cuts(result, 11)
    for number in range(3):
        left = number * (SIZE_PX + GAP_PX)
        middle = picture[:, left : left + SIZE_PX, 0]
        assert middle[SIZE_PX // 2, SIZE_PX // 2] > 200 and middle[5, 5] < 50


def test_contributions_are_told_where_a_diagnosis_is_shown(a_read_panel: Any) -> None:
    name = a_read_panel.result.patches.ids[10]
    shown = a_read_panel.inspector.show
    shown(a_read_panel.state, a_read_panel.result, {name: 0.25})
    assert "+0.250" in text(a_read_panel.inspector.ui.remarksLabel)
    assert "towards osteoarthritis" in text(a_read_panel.inspector.ui.remarksLabel)
    shown(a_read_panel.state, a_read_panel.result, None)
    assert "0.250" not in text(a_read_panel.inspector.ui.remarksLabel)


def test_buttons_say_what_is_missing(a_read_panel: Any) -> None:
    ui = a_read_panel.inspector.ui
    ui.readerEdit.setText("")
    assert not enabled(ui.excludeButton) and "reason" in tip(ui.excludeButton)
    ui.reasonComboBox.setEditText("cyst")
    assert "name" in tip(ui.excludeButton)
    ui.readerEdit.setText("A. B.")
    assert enabled(ui.excludeButton) and "Key: X" in tip(ui.excludeButton)
    assert not enabled(ui.undoButton) and not enabled(ui.includeButton)
    a_read_panel.change(patch=0)
    assert "No patch" in tip(ui.excludeButton)


def test_the_key_tells_what_is_missing(bench: Any, a_read_panel: Any) -> None:
    """A button that is disabled says it in its tooltip; a key has none."""
    inspector, told = a_read_panel.inspector, bench.dialogs.status_messages
    inspector.ui.readerEdit.setText("")
    inspector.toggle()
    assert told[-1] == "Enter a reason first."
    inspector.ui.reasonComboBox.setEditText("cyst")
    inspector.toggle()
    assert told[-1] == "Enter your name or initials first."
    exclude(a_read_panel)
    inspector.ui.readerEdit.setText("")
    told.clear()
    inspector.toggle()
    assert told == ["Enter your name or initials first."] and "1 excluded" in text(a_read_panel.results.ui.summaryLabel)
    inspector.ui.readerEdit.setText("A. B.")
    inspector.toggle()
    assert len(told) == 1 and "excluded" not in text(a_read_panel.results.ui.summaryLabel)
    a_read_panel.change(patch=0)
    inspector.toggle()
    assert told[-1] == "No patch is selected."


def test_an_excluded_patch_does_not_count_anywhere(a_read_panel: Any) -> None:
    before = text(a_read_panel.plots.ui.noteLabel)
    mean = mean_of_plot(a_read_panel)
    exclude(a_read_panel)
    patches = a_read_panel.result.patches
    left = (patches.compartments == patches.compartments[10]) & (np.arange(96) != 10)
    assert mean_of_plot(a_read_panel) == pytest.approx(np.nanmean(patches.values_of(KEY)[left])) != mean
    assert "1 excluded" in text(a_read_panel.results.ui.summaryLabel)
    assert "Excluded by A. B." in text(a_read_panel.inspector.ui.remarksLabel)
    table = a_read_panel.patches.ui.patchTable
    row = next(
        r for r in range(table.property("rowCount")) if table.item(r, 0).text() == a_read_panel.result.patches.ids[10]
    )
    assert "cyst" in table.item(row, 4).text() and table.item(row, 2).text() == ""
    assert a_read_panel.result.get("excluded_boxes").GetPolyData().GetNumberOfCells() != 0
    a_read_panel.inspector.ui.undoButton.click()
    assert text(a_read_panel.plots.ui.noteLabel) == before
    a_read_panel.change(patch=70)
    a_read_panel.inspector.ui.redoButton.click()
    assert a_read_panel.state.patch == 11  # the patch it was about
    a_read_panel.inspector.ui.includeButton.click()
    assert text(a_read_panel.plots.ui.noteLabel) == before


def test_keys_do_the_same_while_the_module_is_open(a_read_panel: Any) -> None:
    from CTSMALib.scene.exclusions import excluded

    keys = a_read_panel.keys.shortcuts
    a_read_panel.inspector.ui.readerEdit.setText("A. B.")
    a_read_panel.inspector.ui.reasonComboBox.setEditText("vessel")
    keys["X"].activated.emit()
    assert len(excluded(a_read_panel.result)) == 1
    keys["Z"].activated.emit()
    assert not excluded(a_read_panel.result)
    keys["Shift+Z"].activated.emit()
    keys["X"].activated.emit()
    assert not excluded(a_read_panel.result)
    a_read_panel.exit()
    assert not any(key.property("enabled") for key in keys.values())


def test_a_report_is_made_without_them(a_read_panel: Any, tmp_path: Path) -> None:
    exclude(a_read_panel, "implant")
    a_read_panel.report.ui.folderEdit.setCurrentPath(str(tmp_path / "report"))
    a_read_panel.report.ui.exportButton.click()
    source = Path(a_read_panel.jobs.runner.arguments[1])
    (record,) = read_exclusions(source)
    assert (record.patch, record.reason) == (a_read_panel.result.patches.ids[10], "implant")
    a_read_panel.jobs.runner.close()


def test_they_come_back_with_the_scene(bench: Any, a_read_panel: Any, tmp_path: Path) -> None:
    import slicer

    exclude(a_read_panel)
    a_read_panel.change(aspect="interval", plot="depth", patch=30)
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    a_read_panel.scene_closing()
    a_read_panel.scene.Clear(0)
    a_read_panel.read_scene()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    a_read_panel.read_scene()
    state = a_read_panel.state
    assert (state.aspect, state.plot, state.patch) == ("interval", "depth", 30)
    assert "1 excluded" in text(a_read_panel.results.ui.summaryLabel)
    a_read_panel.inspector.ui.undoButton.click()
    assert "excluded" not in text(a_read_panel.results.ui.summaryLabel)


def test_damaged_exclusions_are_told_and_the_result_is_not_shown(bench: Any, a_read_panel: Any) -> None:
    exclude(a_read_panel)
    a_read_panel.result.get("exclusions").SetText("nonsense")
    a_read_panel.read_scene()
    assert any("exclusions" in shown for shown in bench.dialogs.texts("error"))
    assert a_read_panel.result is None


def test_a_point_of_the_plot_selects_its_patch(bench: Any, a_read_panel: Any) -> None:
    import slicer

    from CTSMALib.scene.plot_nodes import CHART, label_of_point

    widget = slicer.app.layoutManager().plotWidget(0)
    series = a_read_panel.result.get(CHART).GetNthPlotSeriesNode(2)
    bench.select_points(widget, series.GetID(), [5])
    label = label_of_point(a_read_panel.result, series.GetID(), 5, a_read_panel.state.layer)
    assert a_read_panel.state.patch == label != 11
    assert a_read_panel.patches.selected_label() == label
    assert a_read_panel.result.patches.ids[label - 1] in text(a_read_panel.inspector.ui.patchLabel)
    bench.select_points(widget, series.GetID(), [])
    assert a_read_panel.state.patch == label
    a_read_panel.exit()
    bench.select_points(widget, series.GetID(), [1])
    assert a_read_panel.state.patch == label


def test_colors_of_widths_and_flags_can_be_chosen(a_read_panel: Any) -> None:
    box = a_read_panel.view.ui.aspectComboBox
    assert [box.itemData(k) for k in range(box.property("count"))] == ["value", "interval", "flags"]
    box.setCurrentIndex(2)
    assert a_read_panel.state.aspect == "flags" and text(a_read_panel.view.ui.highLabel) == "flagged"
    quantities = a_read_panel.view.ui.quantityComboBox
    quantities.setCurrentIndex(quantities.findData("ct_bvf"))
    assert box.property("currentData") in ("flags", "value")


def test_an_mr_is_compared_with_the_ct(bench: Any, a_read_panel: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    import slicer

    from CTSMALib.scene.state import NodeId

    assert not enabled(a_read_panel.plots.ui.compareButton)
    assert "no result of the same knee" in tip(a_read_panel.plots.ui.compareButton)
    ct = a_read_panel.result
    bench.dialogs.choose_path(an_mr_of(analyzed("plain")[0], tmp_path / "mr"))
    a_read_panel.open_folder()
    mr = a_read_panel.result
    a_read_panel.change(result=NodeId(ct.node.GetID()), patch=11)
    other = a_read_panel.plots.ui.otherComboBox
    other.setCurrentIndex(other.findData(mr.node.GetID()))
    kinds = a_read_panel.plots.ui.plotComboBox
    kinds.setCurrentIndex(kinds.findData("bland-altman"))
    assert "mean difference -0.020" in text(a_read_panel.plots.ui.noteLabel)
    a_read_panel.plots.ui.compareButton.click()
    manager = slicer.app.layoutManager()
    beside, own = manager.sliceWidget("CTSMAOtherRed"), manager.sliceWidget("Red")
    assert beside.mrmlSliceCompositeNode().GetBackgroundVolumeID() == mr.get("ct").GetID()
    assert own.mrmlSliceCompositeNode().GetBackgroundVolumeID() == ct.get("ct").GetID()
    assert beside.mrmlSliceCompositeNode().GetLabelVolumeID() == mr.get("patch_labels").GetID()
    a_read_panel.change(patch=60)
    height = a_read_panel.result.patches.centers_ras_mm[59][2]
    assert beside.mrmlSliceNode().GetSliceOffset() == pytest.approx(height, abs=1e-3)
    seen = ct.get("selection").GetDisplayNode().GetViewNodeIDs()
    assert beside.mrmlSliceNode().GetID() not in seen and own.mrmlSliceNode().GetID() in seen
    a_read_panel.acting.slice_clicked(mr.patches.centers_ras_mm[20], "CTSMAOtherRed")
    assert a_read_panel.state.patch == 21 or a_read_panel.result.patches.compartments[a_read_panel.state.patch - 1]
    other.setCurrentIndex(0)
    assert ct.get("selection").GetDisplayNode().GetViewNodeIDs() in (None, ())
    assert not mr.get("selection").GetDisplayNode().GetVisibility()
    other.setCurrentIndex(other.findData(mr.node.GetID()))
    a_read_panel.scene.RemoveNode(mr.node)
    a_read_panel.node_removed(mr.node)  # as the module tells it
    assert a_read_panel.state.other == "" and a_read_panel.other is None
    assert ct.get("selection").GetDisplayNode().GetViewNodeIDs() in (None, ())
    a_read_panel.change(patch=3)


def a_scan(
    scene: Any, modality: str, patient: str = "", name: str = "", file: str = "", pseudonymised: bool = False
) -> Any:
    """What a list of results to compare with looks at."""
    from CTSMALib.scene.result_nodes import ResultNodes

    result = ResultNodes(scene.AddNewNodeByClass("vtkMRMLTextNode", "CTSMA left knee"))
    result.facts = {
        "files": {modality: "scan"}, "side": {"side": "left"},
        "header": {"patient_id": patient, "patient_name": name},
        "identity": {"name": file, "sha256": "" if pseudonymised else "ab"},
    }  # fmt: skip
    result.patches = None  # type: ignore[assignment]
    return result


def test_scans_of_two_patients_are_not_compared(bench: Any, scene: Any) -> None:
    from CTSMAPanels.reading.plot_panel import comparable

    ct = a_scan(scene, "ct", "4711")
    same, unknown = a_scan(scene, "mr", "4711 "), a_scan(scene, "mr")
    hidden, another = a_scan(scene, "mr", "ab12", pseudonymised=True), a_scan(scene, "mr", "4712")
    assert comparable(ct, [ct, same, another, unknown, hidden]) == [same, unknown, hidden]
    assert comparable(a_scan(scene, "ct"), [another]) == [another]


def test_the_list_says_whose_a_scan_is(bench: Any, scene: Any) -> None:
    from CTSMALib.scene.panel_state import PanelState
    from CTSMAPanels.reading.plot_panel import PlotPanel

    panel = PlotPanel(lambda **_fields: None, lambda: None, lambda: None)
    scans = [
        a_scan(scene, "mr", "4711", "Doe^Jane"), a_scan(scene, "mr", "4711"), a_scan(scene, "mr", file="knee.nrrd"),
        a_scan(scene, "mr"),
    ]  # fmt: skip
    panel.show(PanelState(), a_scan(scene, "ct"), None, scans, "")
    box = panel.ui.otherComboBox
    told = [str(box.itemText(index)).removeprefix("CTSMA left knee") for index in range(1, 5)]
    assert told == [" – Doe, Jane", " – 4711", " – knee.nrrd", ""]
