"""Results that are opened, saved, changed, damaged or removed while the panel shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from Testing.panels.reading.test_analysis import enabled, text, tip

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


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


def test_files_of_a_removed_result_go_with_it(bench: Any, a_reading_panel: Any, analyzed: Analyzed) -> None:
    """They hold the patient's data; those of other results and those of the user stay."""
    panel = a_reading_panel
    work = panel.jobs._folders[panel.result.node.GetID()].parents[0]
    own = panel.jobs._kept[0]
    assert own.is_dir() and own in (work, work.parent)
    bench.dialogs.choose_path(analyzed("mirrored")[0])
    panel.results.ui.openButton.click()
    bench.dialogs.answer(True)
    panel.results.ui.removeButton.click()
    assert own.is_dir() and analyzed("mirrored")[0].is_dir()
    node = panel.scene.GetFirstNodeByClass("vtkMRMLTextNode")
    panel.results.ui.resultSelector.setCurrentNode(node)
    bench.dialogs.answer(True)
    panel.results.ui.removeButton.click()
    assert panel.result is None and not own.exists() and panel.jobs._kept == []


def test_files_of_two_knees_stay_until_both_are_removed(a_reading_panel: Any) -> None:
    """Also where a result is removed elsewhere, as in the module Data; not while a job may be reading them."""
    panel = a_reading_panel
    own = panel.jobs._kept[0]
    other = panel.scene.AddNewNodeByClass("vtkMRMLTextNode", "the left knee")
    panel.jobs._folders[other.GetID()] = own / "result" / "left"
    panel.scene.RemoveNode(panel.result.node)
    panel.nodes_settled()  # as the module tells it, where many nodes are removed at once
    assert panel.result is None and own.is_dir()
    panel.jobs.runner.start(["report"])
    panel.scene.RemoveNode(other)
    panel.nodes_settled()
    assert own.is_dir()
    panel.jobs.runner.fail_with("No.", "Mend it.")
    assert not own.exists()


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


def test_choosing_a_damaged_result_keeps_the_shown_one(bench: Any, a_reading_panel: Any, analyzed: Analyzed) -> None:
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


def test_an_imported_result_does_not_show_beside_the_chosen_one(
    bench: Any, a_reading_panel: Any, analyzed: Analyzed
) -> None:
    from CTSMALib.scene.add_result import add_result

    other = add_result(a_reading_panel.scene, analyzed("mirrored")[0])
    a_reading_panel.read_scene()
    assert a_reading_panel.result.get("surface_femur").GetDisplayNode().GetVisibility()
    assert not other.get("surface_femur").GetDisplayNode().GetVisibility()


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


def test_nothing_of_a_result_is_told_of_the_one_after_it(bench: Any, a_reading_panel: Any, analyzed: Analyzed) -> None:
    """In a scene that was closed, the next result gets the ID of the one before."""
    before, summary = a_reading_panel.result.node.GetID(), a_reading_panel.results.ui.summaryLabel
    assert text(summary).startswith("Right knee")
    a_reading_panel.scene_closing()
    a_reading_panel.scene.Clear()
    a_reading_panel.read_scene()
    assert text(summary) == "Analyze a CT, or open a result folder."
    bench.dialogs.choose_path(analyzed("mirrored")[0])
    a_reading_panel.results.ui.openButton.click()
    assert a_reading_panel.result.node.GetID() == before
    assert text(summary).startswith("Left knee")


def test_a_ct_that_another_result_needs_stays(bench: Any, a_panel: Any, analyzed: Analyzed) -> None:
    """An opened result whose bones were corrected: the next one stands on the CT that came with it."""
    from CTSMALib.scene.state import NodeId

    button = a_panel.results.ui.removeButton
    bench.dialogs.choose_path(analyzed("plain")[0])
    a_panel.results.ui.openButton.click()
    old, ct = a_panel.result, a_panel.result.get("ct")
    assert "with the CT that was loaded with it" in tip(button)
    a_panel.change(ct=NodeId(ct.GetID()))
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    new = a_panel.result
    assert new.get("ct") is ct and "Its CT stays" in tip(button)
    labels = old.get("patch_labels")  # deleted by the user, as in the module Data
    a_panel.scene.RemoveNode(labels)
    a_panel.node_removed(labels)
    bench.process_events(50)
    assert old.node.GetScene() is None and ct.GetScene() is a_panel.scene
    a_panel.refresh()
    assert new.owns_ct and "with the CT that was loaded with it" in tip(button)
    bench.dialogs.answer(True)
    button.click()
    assert ct.GetScene() is None
