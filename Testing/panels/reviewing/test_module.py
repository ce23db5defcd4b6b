"""The module CTSMARegistration as the application loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "CTSMARegistration" / "CTSMARegistration.py"


@pytest.fixture()
def a_module(bench: Any, scene: Any) -> Any:
    """The module, set up, on an empty scene."""
    return bench.load_module(SCRIPT)


def test_the_module_says_what_it_is(a_module: Any) -> None:
    parent = a_module.module.parent
    assert parent.title == "CTSMA Registration"
    assert list(parent.categories) == ["Registration"]
    assert "not a medical device" in parent.helpText


def test_its_own_tests_pass(a_module: Any) -> None:
    a_module.run_tests()


def test_a_script_opens_a_registration(a_module: Any, scans: tuple[Any, Any], a_folder: Path) -> None:
    session = a_module.source.CTSMARegistrationLogic().open(a_folder, *scans, reviewer="Reader A")
    session.decide("tibia", "accepted")
    assert session.status == "in part"


def test_a_scene_is_closed_and_opened_again(
    bench: Any, a_module: Any, scans: tuple[Any, Any], a_folder: Path, tmp_path: Path
) -> None:
    """By the events of the scene alone, as the application does it."""
    import slicer

    panel, scene = a_module.widget.panel, slicer.mrmlScene
    panel.dependencies.missing = []
    a_module.enter()
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(a_folder))
    panel.scans.ui.openButton.click()
    panel.change(subject="tibia", mode="blend", opacity=0.25, step=0.1)
    panel.correct.ui.moveUpButton.click()
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(False)
    assert panel.session is None
    assert not panel.correct.ui.moveUpButton.property("enabled")
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    assert panel.session is not None
    assert panel.session.folder == a_folder
    assert (panel.state.subject, panel.state.mode, panel.state.opacity, panel.state.step) == (
        "tibia",
        "blend",
        0.25,
        0.1,
    )
    np.testing.assert_allclose(panel.session.corrections.user["tibia"][:3, 3], (0, 0, 0.1))
    panel.correct.ui.moveUpButton.click()
    assert panel.session.undo_name
    bench.process_events(600)


def test_it_can_be_loaded_again(bench: Any, a_module: Any, scans: tuple[Any, Any], a_folder: Path) -> None:
    a_module.enter()
    panel = a_module.widget.panel
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(a_folder))
    panel.scans.ui.openButton.click()
    a_module.close()
    again = bench.load_module(SCRIPT)
    again.enter()
    assert again.widget.panel.session is not None
    again.widget.panel.correct.ui.moveUpButton.click()
    again.exit()


def test_an_added_scene_leaves_the_open_review_open(
    bench: Any, a_module: Any, scans: tuple[Any, Any], a_folder: Path, tmp_path: Path
) -> None:
    """By the events of the scene alone; the added one was saved with another state of the panel and a review."""
    import shutil

    import slicer

    panel, scene = a_module.widget.panel, slicer.mrmlScene
    panel.dependencies.missing = []
    a_module.enter()
    panel.scans.ui.ctSelector.setCurrentNode(scans[0])
    panel.scans.ui.mrSelector.setCurrentNode(scans[1])
    panel.scans.ui.folderEdit.setCurrentPath(str(a_folder))
    panel.scans.ui.openButton.click()
    panel.change(subject="tibia", step=0.1)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    panel.scans.ui.folderEdit.setCurrentPath(str(shutil.copytree(a_folder, tmp_path / "second")))
    panel.scans.ui.openButton.click()
    panel.change(subject="patella", step=0.5)
    panel.correct.ui.moveUpButton.click()
    session, state = panel.session, panel.state
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    assert panel.session is session and panel.state == state
    assert session.nodes.mr is scans[1] and scans[1].GetParentTransformNode() is session.nodes.auto("patella")
    assert session.undo_name
    panel.judging.ui.reviewerEdit.setText("Reader A")
    panel.judging.ui.acceptButton.click()
    assert session.decision("patella").decision == "accepted"
    bench.process_events(600)
