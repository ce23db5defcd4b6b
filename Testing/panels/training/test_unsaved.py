"""Corrections of a manifest that nobody has saved when the panel goes: they are kept, and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from CTSMALib.learning.pairs.cohort_table import read_table
from Testing.panels.training.conftest import select
from Testing.panels.training.test_cohort import cells, corrected


def test_corrections_that_are_not_saved_at_the_end_come_back(
    bench: Any, scene: Any, make_panel: Any, scans: Path, tmp_path: Path
) -> None:
    """Nobody can be asked when the application closes, or the module is loaded again."""
    from Testing.panels.training.runs_here import RunsHere

    project = tmp_path / "project"
    kept = project / "manifest-unsaved.csv"
    panel = corrected(make_panel(RunsHere), scans, project)
    panel.close()
    assert len(read_table(kept).rows) == 5 and len(read_table(project / "manifest.csv").rows) == 6
    again = make_panel(RunsHere)
    assert again.desk.unsaved and len(cells(again)) == 5
    assert "not saved" in again.cohort.ui.kindLabel.property("text")
    assert "are here again" in bench.dialogs.status_messages[-1]
    again.cohort.ui.saveButton.click()
    assert len(read_table(project / "manifest.csv").rows) == 5 and not kept.exists()
    again.close()
    assert not kept.exists()


@pytest.mark.parametrize("how", ["left", "found anew", "written elsewhere", "damaged"])
def test_corrections_that_are_let_go_do_not_come_back(
    bench: Any, scene: Any, make_panel: Any, scans: Path, tmp_path: Path, how: str
) -> None:
    import os

    from Testing.panels.training.runs_here import RunsHere

    project = tmp_path / "project"
    corrected(make_panel(RunsHere), scans, project).close()
    kept = project / "manifest-unsaved.csv"
    if how == "written elsewhere":
        os.utime(kept, (1, 1))
    if how == "damaged":
        kept.write_text("something else\n")
    again = make_panel(RunsHere)
    if how == "left":
        bench.dialogs.answer(True)
        again.cohort.ui.projectEdit.setCurrentPath(str(tmp_path / "other"))
        again.cohort.ui.projectEdit.setCurrentPath(str(project))
    if how == "found anew":
        bench.dialogs.answer(True)
        again.cohort.ui.findButton.click()
    assert len(cells(again)) == 6 and not again.desk.unsaved and bench.dialogs.texts("error") == []


@pytest.mark.parametrize("how", ["written elsewhere", "damaged"])
def test_corrections_that_are_not_taken_up_are_told_and_stay(
    bench: Any, scene: Any, make_panel: Any, scans: Path, tmp_path: Path, how: str
) -> None:
    """Whatever is corrected afterwards, saved or not."""
    import os

    from Testing.panels.training.runs_here import RunsHere

    project = tmp_path / "project"
    kept, second = project / "manifest-unsaved.csv", project / "manifest-unsaved-2.csv"
    corrected(make_panel(RunsHere), scans, project).close()
    if how == "damaged":
        kept.write_text("something else\n")
    else:
        os.utime(kept, (1, 1))
    held = kept.read_text()
    again = make_panel(RunsHere)
    told = again.cohort.ui.kindLabel.property("text")
    why = "it cannot be read." if how == "damaged" else "the manifest was written after it."
    assert f"{kept} was not taken up: {why}" in told
    select(again.cohort.ui.kneeTable, 0)
    again.cohort.ui.removeButton.click()
    again.close()
    assert kept.read_text() == held and len(read_table(second).rows) == 5
    third = make_panel(RunsHere)
    assert third.desk.unsaved and cells(third)[0][1] == "P1"
    third.cohort.ui.saveButton.click()
    assert kept.read_text() == held and not second.exists()
    assert f"{kept} was not taken up" in third.cohort.ui.kindLabel.property("text")


def test_a_scene_keeps_its_own_training_while_corrections_are_not_saved(
    bench: Any, scene: Any, a_working_panel: Any, scans: Path, tmp_path: Path
) -> None:
    from CTSMALib.scene.state import load_state, save_state, state_node
    from CTSMALib.scene.training_state import MODULE, TrainingState

    panel, own = corrected(a_working_panel, scans, tmp_path / "project"), TrainingState("/cohort", "/other", steps=300)
    save_state(state_node(scene, MODULE), own)
    panel.read_scene()
    assert load_state(state_node(scene, MODULE), TrainingState) == own and len(cells(panel)) == 5
    assert f"before the manifest {tmp_path}/project/manifest.csv is saved" in bench.dialogs.status_messages[-1]
    panel.cohort.ui.saveButton.click()
    assert panel.state.project == "/other" and len(read_table(tmp_path / "project" / "manifest.csv").rows) == 5
    assert load_state(state_node(scene, MODULE), TrainingState) == own


def test_corrections_that_cannot_be_kept_do_not_stop_the_end(
    bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMALib.errors import OutputError
    from CTSMALib.jobs.training_cohort import CohortDesk

    def full(_desk: CohortDesk) -> Path:
        raise OutputError("The disk is full.", "Free some space.")

    panel = corrected(a_working_panel, scans, tmp_path / "project")
    monkeypatch.setattr(CohortDesk, "save", full)
    panel.close()
    assert panel.closed
