"""Scans that are not those of the registration are opened only after asking; what fails leaves nothing half open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.registration.record_folder import load_record
from Testing.core.made_up_pair import MadeUpPair
from Testing.panels.reviewing.conftest import write_registration


def volume(scene: Any, name: str, image: sitk.Image) -> Any:
    from CTSMALib.scene.geometry import fill_volume

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    fill_volume(node, image)
    node.CreateDefaultDisplayNodes()
    return node


def open_with(panel: Any, ct: Any, mr: Any, folder: Path) -> None:
    panel.scans.ui.ctSelector.setCurrentNode(ct)
    panel.scans.ui.mrSelector.setCurrentNode(mr)
    panel.scans.ui.folderEdit.setCurrentPath(str(folder))
    panel.scans.ui.openButton.click()


def test_another_mr_is_opened_only_after_asking(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], a_folder: Path, a_pair: MadeUpPair
) -> None:
    other = volume(a_panel.scene, "Other MR", a_pair.mr * 0.5)
    bench.dialogs.answer(False)
    open_with(a_panel, scans[0], other, a_folder)
    (asked,) = bench.dialogs.texts("confirm")
    assert "'Other MR'" in asked and "'mr.nrrd'" in asked and "CT '" not in asked
    assert a_panel.session is None and other.GetParentTransformNode() is None
    bench.dialogs.answer(True)
    a_panel.scans.ui.openButton.click()
    assert a_panel.session.nodes.mr is other


def test_an_altered_ct_is_asked_about_too(
    bench: Any, a_panel: Any, scans: tuple[Any, Any], a_folder: Path, a_pair: MadeUpPair
) -> None:
    bench.dialogs.answer(False)
    open_with(a_panel, volume(a_panel.scene, "Altered CT", a_pair.ct + 5.0), scans[1], a_folder)
    (asked,) = bench.dialogs.texts("confirm")
    assert "'Altered CT'" in asked and "MR '" not in asked
    assert a_panel.session is None


def test_the_scans_themselves_and_the_practice_pair_raise_no_question(bench: Any, an_open_panel: Any) -> None:
    an_open_panel.scans.ui.practiceButton.click()
    assert an_open_panel.session.folder.name == "registration"
    assert bench.dialogs.shown == []


def test_a_refusal_leaves_the_open_review_open(bench: Any, an_open_panel: Any, a_pair: MadeUpPair) -> None:
    session = an_open_panel.session
    an_open_panel.scans.ui.mrSelector.setCurrentNode(volume(an_open_panel.scene, "Other MR", a_pair.mr * 0.5))
    bench.dialogs.answer(False)
    an_open_panel.scans.ui.openButton.click()
    assert an_open_panel.session is session
    assert session.nodes.mr.GetParentTransformNode() is session.nodes.auto("femur")


def test_a_folder_that_cannot_be_opened_leaves_the_open_review_open(
    bench: Any, an_open_panel: Any, tmp_path: Path
) -> None:
    session, ui = an_open_panel.session, an_open_panel.judging.ui
    (tmp_path / "nothing").mkdir()
    an_open_panel.scans.ui.folderEdit.setCurrentPath(str(tmp_path / "nothing"))
    an_open_panel.scans.ui.openButton.click()
    assert len(bench.dialogs.texts("error")) == 1
    assert an_open_panel.session is session
    ui.reviewerEdit.setText("Reader A")
    ui.acceptButton.click()
    assert load_record(session.folder).reviews[-1].bone == "femur"
    assert not list(tmp_path.glob("nothing/*"))


def test_a_failure_after_the_open_review_was_left_shows_that_none_is_open(
    bench: Any, an_open_panel: Any, a_pair: MadeUpPair, tmp_path: Path
) -> None:
    scene = an_open_panel.scene
    mr = volume(scene, "Moved MR", a_pair.mr)
    mr.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "mine").GetID())
    an_open_panel.judging.ui.reviewerEdit.setText("Reader A")
    open_with(an_open_panel, scene.GetFirstNodeByName("CT"), mr, write_registration(a_pair, tmp_path / "second"))
    (told,) = bench.dialogs.texts("error")
    assert "'Moved MR' is under a transform" in told and "arden" not in told
    assert an_open_panel.session is None
    for button in (an_open_panel.judging.ui.acceptButton, an_open_panel.correct.ui.moveUpButton):
        assert button.property("toolTip") == "No registration is open."
    assert "Open a registration" in an_open_panel.scans.ui.summaryLabel.property("text")


@pytest.fixture()
def a_moved_folder(an_open_panel: Any, a_folder: Path, tmp_path: Path) -> Path:
    """Of a review that was saved in the scene and corrected by half a millimeter, at a new place; the panel is gone."""
    an_open_panel.correct.ui.moveUpButton.click()
    an_open_panel.session.settle()
    an_open_panel.close()
    return a_folder.rename(tmp_path / "new place")


def test_a_review_whose_folder_was_moved_is_opened_from_its_new_place(
    bench: Any, scans: tuple[Any, Any], a_moved_folder: Path, scene: Any
) -> None:
    from CTSMALib.scene.registration.review_nodes import reviews_in
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reviewing.review_panel import ReviewPanel
    from Testing.panels.reading.fake_runner import FakeRunner

    panel = ReviewPanel(scene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list))
    assert panel.session is None and scans[1].GetParentTransformNode() is not None
    open_with(panel, *scans, a_moved_folder)
    assert bench.dialogs.texts("error") == []
    assert panel.session.nodes.ct is scans[0] and panel.session.nodes.mr is scans[1]
    np.testing.assert_allclose(panel.session.corrections.user["femur"][:3, 3], (0.0, 0.0, 0.5))
    assert len(list(reviews_in(scene))) == 1
    panel.close()


def test_a_review_in_the_scene_is_opened_once_packages_have_come(
    bench: Any, an_open_panel: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels import dependencies
    from CTSMAPanels.reviewing.review_panel import ReviewPanel
    from Testing.panels.reading.fake_runner import FakeRunner

    an_open_panel.close()
    missing = ["msgspec"]
    monkeypatch.setattr(dependencies, "_pip_install", lambda _names: missing.clear())
    bar = dependencies.DependencyBar
    for install in (True, False):  # here, or in another module
        missing[:] = ["msgspec"]
        panel = ReviewPanel(scene, FakeRunner, lambda on_change: bar(on_change, missing=lambda: list(missing)))
        assert panel.session is None
        if install:
            bench.dialogs.answer(True)
            panel.dependencies.install()
        else:
            missing.clear()
            panel.enter()
        assert panel.session is not None
        panel.close()
