"""Another module was open meanwhile: its views are left alone, and the panel takes them back when it is its turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from Testing.panels.reading.test_analysis import choose_ct
from Testing.panels.reading.test_inspecting import an_mr_of

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


def views_now() -> tuple[Any, ...]:
    """What every view shows, and from where."""
    import slicer

    from CTSMALib.scene.overlay import slice_composites
    from CTSMALib.scene.views import slice_views

    scene, layout = slicer.mrmlScene, slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    camera = scene.GetFirstNodeByClass("vtkMRMLCameraNode")
    layers = {c.GetLayoutName(): (c.GetBackgroundVolumeID(), c.GetForegroundVolumeID(), c.GetLabelVolumeID())
              for c in slice_composites(scene)}  # fmt: skip
    slices = [(view.GetSliceOffset(), view.GetFieldOfView()) for view in slice_views(scene)]
    return layout.GetViewArrangement(), layers, slices, camera.GetPosition() if camera is not None else None


def three_views(scene: Any) -> tuple[Any, Any, Any]:
    """The composite nodes of Red, Yellow and Green; other tests may have left more views in the application."""
    from CTSMALib.scene.overlay import slice_composites

    by_name = {composite.GetLayoutName(): composite for composite in slice_composites(scene)}
    return by_name["Red"], by_name["Yellow"], by_name["Green"]


def visible(result: Any) -> bool:
    return bool(result.get("surface_femur").GetDisplayNode().GetVisibility())


def test_an_analysis_that_ends_under_another_module_changes_no_view(
    bench: Any, a_panel: Any, a_ct: Any, analyzed: Analyzed
) -> None:
    from CTSMALib.scene.result_nodes import results_in

    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.exit()
    before = views_now()
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    (result,) = results_in(a_panel.scene)
    assert views_now() == before and not visible(result) and a_panel.result is None
    assert "CTSMA right knee has been analyzed" in bench.dialogs.status_messages[-1]
    a_panel.enter()
    assert a_panel.result.node is result.node and visible(result)
    assert views_now()[0] == 4771 and views_now()[1]["Red"][2] == result.get("patch_labels").GetID()
    a_panel.exit()
    a_panel.results.ui.resultSelector.setCurrentNode(None)
    a_panel.enter()
    assert a_panel.result is None  # it is shown once


def test_several_scans_under_another_module_show_the_first(
    bench: Any, a_panel: Any, a_ct: Any, analyzed: Analyzed
) -> None:
    choose_ct(a_panel, a_ct)
    for _ in range(2):
        a_panel.batch.ui.addCtButton.click()
    a_panel.batch.ui.startButton.click()
    a_panel.exit()
    for name in ("plain", "mirrored"):
        a_panel.jobs.runner.finish_with(analyzed(name)[0])
        bench.process_events(20)
    assert a_panel.result is None
    first, second = (item.results[0] for item in a_panel.work.batch.items)
    a_panel.enter()
    assert a_panel.state.result == first != second


@pytest.mark.parametrize("gone", ["removed", "closed"])
def test_a_result_that_waited_and_is_gone_is_not_shown(
    bench: Any, a_panel: Any, a_ct: Any, analyzed: Analyzed, gone: str
) -> None:
    from CTSMALib.scene.remove_result import remove_result
    from CTSMALib.scene.result_nodes import results_in

    choose_ct(a_panel, a_ct)
    a_panel.scan.ui.applyButton.click()
    a_panel.exit()
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    if gone == "removed":
        remove_result(next(results_in(a_panel.scene)))
    else:
        a_panel.scene_closing()
        a_panel.scene.Clear(False)
        a_panel.read_scene()
    a_panel.enter()
    assert a_panel.result is None and bench.dialogs.texts("error") == []


def test_slices_show_the_result_again_after_a_review(a_reading_panel: Any, a_ct: Any) -> None:
    """As the module CTSMARegistration leaves them: the MR over the CT, in red and cyan."""
    from CTSMALib.scene.registration.modes import RED_CYAN
    from CTSMALib.scene.registration.review_nodes import open_review
    from CTSMALib.scene.registration.seeing import show_mode
    from Testing.core.made_up_pair import made_up_pair
    from Testing.scene.registration.pair_record import true_record

    pair, before = made_up_pair(), views_now()
    a_reading_panel.exit()
    mr = a_reading_panel.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR")
    mr.CopyContent(a_ct)
    mr.CreateDefaultDisplayNodes()
    show_mode(open_review(a_reading_panel.scene, true_record(pair), a_ct, mr, pair.labels), RED_CYAN)
    assert views_now()[1] != before[1] and "Red" in a_ct.GetDisplayNode().GetColorNodeID()
    a_reading_panel.enter()
    assert views_now()[:3] == before[:3] and "Grey" in a_ct.GetDisplayNode().GetColorNodeID()


def open_a_review(panel: Any, ct: Any) -> Any:
    """As the module CTSMARegistration opens one, with the MR as its own volume."""
    from CTSMALib.scene.registration.review_nodes import open_review
    from Testing.core.made_up_pair import made_up_pair
    from Testing.scene.registration.pair_record import true_record

    pair = made_up_pair()
    mr = panel.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR")
    mr.CopyContent(ct)
    mr.CreateDefaultDisplayNodes()
    return open_review(panel.scene, true_record(pair), ct, mr, pair.labels)


@pytest.mark.parametrize("with_review", [False, True])
def test_what_the_user_has_chosen_in_views_stays(a_reading_panel: Any, a_ct: Any, with_review: bool) -> None:
    """Also where a review is open that these views do not show."""
    if with_review:
        open_a_review(a_reading_panel, a_ct)
        a_reading_panel.enter()
    a_reading_panel.exit()
    own = a_reading_panel.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "of the user")
    own.CopyContent(a_ct)
    red, yellow, green = three_views(a_reading_panel.scene)
    red.SetBackgroundVolumeID(own.GetID())
    yellow.SetLabelVolumeID(None)
    green.SetForegroundVolumeID(own.GetID())
    green.SetCompositing(green.Add)
    a_reading_panel.result.get("surface_femur").GetDisplayNode().SetVisibility(False)
    before = views_now()
    a_reading_panel.enter()
    assert views_now() == before and green.GetCompositing() == green.Add and not visible(a_reading_panel.result)


def test_only_views_that_a_review_has_left_are_repaired(a_reading_panel: Any, a_ct: Any) -> None:
    a_reading_panel.exit()
    review, before = open_a_review(a_reading_panel, a_ct), views_now()[1]
    red, yellow, green = three_views(a_reading_panel.scene)
    red.SetBackgroundVolumeID(review.mr.GetID())
    red.SetLabelVolumeID(None)
    yellow.SetForegroundVolumeID(review.mr.GetID())
    yellow.SetCompositing(yellow.Add)
    green.SetLabelVolumeID(None)
    a_reading_panel.enter()
    assert views_now()[1] == {**before, "Green": (*before["Green"][:2], None)}
    assert yellow.GetCompositing() == yellow.Alpha


def test_models_are_those_that_were_chosen_after_a_review(
    bench: Any, a_reading_panel: Any, a_ct: Any, analyzed: Analyzed
) -> None:
    """A review shows again what it has hidden, and the user may have chosen something else meanwhile."""
    from CTSMALib.scene.registration.results_aside import bring_back, put_aside
    from CTSMALib.scene.registration.review_nodes import reviews_in

    first = a_reading_panel.result
    a_reading_panel.exit()
    open_a_review(a_reading_panel, a_ct)
    (review,) = reviews_in(a_reading_panel.scene)
    put_aside(review)
    a_reading_panel.enter()
    assert visible(first)
    bench.dialogs.choose_path(analyzed("mirrored")[0])
    a_reading_panel.open_folder()
    a_reading_panel.change(bones="tibia")
    second = a_reading_panel.result
    assert second.node is not first.node and not visible(first) and not visible(second)
    a_reading_panel.exit()
    labels = views_now()[1]
    bring_back(review)
    assert visible(first)
    a_reading_panel.enter()
    assert not visible(first) and not visible(second) and views_now()[1] == labels


def test_a_scene_that_is_loaded_under_another_module_changes_no_view_until_its_turn(
    a_reading_panel: Any, a_ct: Any
) -> None:
    """The state is taken at once: scripts and other panels ask for it."""
    from CTSMALib.scene.overlay import hide

    a_reading_panel.exit()
    result = a_reading_panel.result
    hide(result)
    before = views_now()
    a_reading_panel.read_scene()
    assert a_reading_panel.result.node is result.node
    a_reading_panel.nodes_settled()
    a_reading_panel.change(opacity=0.3)
    assert views_now() == before and not visible(result)
    a_reading_panel.enter()
    assert visible(result) and views_now()[1]["Red"][2] == result.get("patch_labels").GetID()
    assert a_reading_panel.state.opacity == 0.3


@pytest.fixture()
def a_comparison(bench: Any, a_reading_panel: Any, analyzed: Analyzed, tmp_path: Path) -> tuple[Any, Any, Any]:
    """The panel with a CT and an MR side by side, and both results."""
    from CTSMALib.scene.state import NodeId

    ct = a_reading_panel.result
    bench.dialogs.choose_path(an_mr_of(analyzed("plain")[0], tmp_path / "mr"))
    a_reading_panel.open_folder()
    mr = a_reading_panel.result
    a_reading_panel.change(result=NodeId(ct.node.GetID()))
    a_reading_panel.change(other=NodeId(mr.node.GetID()))
    a_reading_panel.plots.ui.compareButton.click()
    return a_reading_panel, ct, mr


def views_of(result: Any) -> set[str]:
    display = result.get("surface_tibia").GetDisplayNode()
    return {str(display.GetScene().GetNodeByID(view).GetLayoutName()) for view in display.GetViewNodeIDs() or ()}


def test_views_that_come_later_show_outlines_too(bench: Any, a_comparison: tuple[Any, Any, Any]) -> None:
    """As with an arrangement of six slice views."""
    import slicer

    from CTSMALib.scene.overlay import slice_composites

    _panel, ct, mr = a_comparison
    assert views_of(mr) == {"CTSMAOtherRed", "CTSMAOtherGreen", "CTSMAOtherYellow"}
    others = list(slice_composites(_panel.scene, beside=True))
    others[0].SetLabelVolumeID(None)  # the user's choice
    assert "Slice4" not in views_of(ct)
    layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    layout.AddLayoutDescription(
        599, '<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Slice4"/></item></layout>'
    )
    layout.SetViewArrangement(599)
    bench.process_events(20)
    assert "Slice4" in views_of(ct) and "Slice4" not in views_of(mr)
    assert [bool(each.GetLabelVolumeID()) for each in others] == [False, True, True]


def test_an_import_ends_the_comparison_for_both(a_comparison: tuple[Any, Any, Any]) -> None:
    """The state that comes with it may show another result, or the same alone."""
    from CTSMALib.scene.panel_state import MODULE
    from CTSMALib.scene.state import state_node

    panel, ct, mr = a_comparison
    state_node(panel.scene, MODULE).SetNodeReferenceID("other", None)
    panel.read_scene()
    assert panel.other is None and views_of(ct) == views_of(mr) == set()
    assert visible(panel.result) and not visible(mr)
