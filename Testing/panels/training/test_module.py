"""The module CTSMATraining as the application loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from CTSMALib.errors import CTSMAError
from Testing.panels.training.conftest import choose

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "CTSMATraining" / "CTSMATraining.py"


@pytest.fixture()
def a_module(bench: Any, scene: Any) -> Any:
    """The module, set up, on an empty scene."""
    return bench.load_module(SCRIPT)


def test_the_module_says_what_it_is(a_module: Any) -> None:
    parent = a_module.module.parent
    assert parent.title == "CTSMA Training"
    assert "not a medical device" in parent.helpText


def test_its_own_tests_pass(a_module: Any) -> None:
    a_module.run_tests()


def test_a_scene_is_closed_and_opened_again(a_module: Any, a_virtual_cohort: Path, tmp_path: Path) -> None:
    """By the events of the scene alone, as the application does it."""
    import slicer

    panel, scene = a_module.widget.panel, slicer.mrmlScene
    a_module.enter()
    choose(panel, a_virtual_cohort, tmp_path / "project")
    panel.change(step="teacher", steps=70, curve="icc")
    state = panel.state
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene.Clear(False)
    assert panel.state.cohort == ""
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    assert panel.state == state and panel.project is not None


def test_a_script_gets_the_command_of_a_step(a_module: Any, a_virtual_cohort: Path, tmp_path: Path) -> None:
    logic = a_module.source.CTSMATrainingLogic()
    told = logic.command("patches", a_virtual_cohort, tmp_path / "p", jobs=2)
    assert told == f"ctsma patches {a_virtual_cohort} --out {tmp_path}/p/patches --jobs 2"
    with pytest.raises(CTSMAError, match="does not exist"):
        logic.command("patches", tmp_path / "gone", tmp_path / "p")


def test_registrations_are_opened_in_the_other_module(bench: Any, a_module: Any, tmp_path: Path) -> None:
    """With the verdicts of the pairs shown before."""
    from Testing.core.made_up_pair import made_up_pair
    from Testing.panels.reviewing.conftest import write_registration

    pair, cohort = made_up_pair(), tmp_path / "project" / "registrations"
    write_registration(pair, cohort / "S1-right")
    for name in ("ct", "mr"):
        (tmp_path / name).write_text("no scan")
    rows = "S1,right,../../ct,../../mr,train,S1-right\nS2,left,../../ct,../../mr,train,\n"
    (cohort / "manifest.csv").write_text(f"subject,side,ct,mr,split,registration\n{rows}")
    (cohort / "status.csv").write_text("subject,side,folder,bone,verdict,estimated_error_mm,reasons\n")
    manifest = tmp_path / "m.csv"
    manifest.write_text("subject,side,ct,mr,split\nS1,right,ct,mr,train\nS2,left,ct,mr,train\n")
    review = bench.load_module(ROOT / "CTSMARegistration" / "CTSMARegistration.py")
    panel = a_module.widget.panel
    panel.dependencies.missing = []
    a_module.enter()
    choose(panel, manifest, tmp_path / "project")
    table = panel.registrations.ui.caseTable
    assert [table.item(row, 1).text() for row in (0, 1)] == ["S1-right", "S2-left"]
    assert "1 of 2 pairs are registered, 0 of them reviewed" in panel.registrations.ui.registrationsLabel.property(
        "text"
    )
    review.widget.panel.dependencies.missing = []
    panel.registrations.ui.reviewButton.click()
    assert bench.calls.of("selectModule")
    assert review.widget.panel.cohort is not None
    assert [case.name for case in review.widget.panel.cohort.cases] == ["S1-right", "S2-left"]
    assert any("could not be opened" in text for text in bench.dialogs.texts("error"))  # the scans are none
