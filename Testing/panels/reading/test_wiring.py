"""Sections of other panels in the module: a diagnosis and DICOM objects of the shown result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.jobs.monitor import JobState
from Testing.panels.reading.test_analysis import enabled, text, tip
from Testing.panels.reading.test_diagnosis import a_bundle, a_folder, a_library, research

__all__ = ["a_bundle", "a_folder", "a_library"]  # fixtures


@pytest.fixture()
def a_diagnosable_panel(bench: Any, a_library: str, a_panel: Any, a_folder: Path) -> Any:
    """The panel with a result that a model can diagnose."""
    bench.dialogs.choose_path(a_folder)
    a_panel.open_folder()
    a_panel.enter()
    return a_panel


def answered(panel: Any) -> None:
    """Let the played worker leave a diagnosis of the values that it was given."""
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.analysis.patient_tokens import patient_tokens
    from CTSMALib.diagnosis.record import write_diagnosis
    from Testing.scene.test_diagnosis_nodes import SAID

    folder = Path(panel.diagnosing.runner.arguments[1])
    digest = patient_tokens(load_analysis(folder)).digest
    write_diagnosis(replace(SAID, values_sha256=digest), research(), folder)
    panel.diagnosing.runner.say(event="result", path=str(folder))
    panel.diagnosing.runner.end()


def test_a_diagnosis_reaches_the_inspector_and_its_patches_are_selected(
    a_diagnosable_panel: Any, a_library: str
) -> None:
    panel = a_diagnosable_panel
    box = panel.diagnosis.ui.modelComboBox
    box.setCurrentIndex(box.findData(a_library))
    panel.diagnosis.ui.researchCheckBox.setChecked(True)
    panel.diagnosis.ui.diagnoseButton.click()
    assert panel.diagnosing.runner.is_busy() and "running" in tip(panel.report.ui.exportButton)
    assert "running" in tip(panel.scan.ui.applyButton) and enabled(panel.run_bar.ui.cancelButton)
    answered(panel)
    assert panel.diagnosis.contributions
    panel.diagnosis.ui.strongestTable.selectRow(0)
    assert panel.state.patch > 0
    name = panel.result.patches.ids[panel.state.patch - 1]
    part = panel.diagnosis.contributions[name]
    assert f"{part:+.3f} to the log odds" in text(panel.inspector.ui.remarksLabel)
    panel.diagnosis.ui.researchCheckBox.setChecked(False)
    assert "log odds" not in text(panel.inspector.ui.remarksLabel)
    panel.diagnosis.ui.researchCheckBox.setChecked(True)
    assert "log odds" in text(panel.inspector.ui.remarksLabel)


def test_the_inspector_says_that_patches_have_changed_since_the_diagnosis(
    a_diagnosable_panel: Any, a_library: str
) -> None:
    panel = a_diagnosable_panel
    panel.diagnosis.ui.researchCheckBox.setChecked(True)
    panel.diagnosis.ui.diagnoseButton.click()
    answered(panel)
    panel.acting.select(1 + int(np.flatnonzero(np.isfinite(panel.result.patches.values["app_bv_tv"]))[0]))
    assert "diagnose again" not in text(panel.inspector.ui.remarksLabel)
    panel.acting.exclude("It was moved.", "A reader")
    assert "diagnose again" in text(panel.inspector.ui.remarksLabel)
    panel.acting.undo()
    assert "diagnose again" not in text(panel.inspector.ui.remarksLabel)


def test_a_running_diagnosis_is_cancelled_with_the_same_button(a_diagnosable_panel: Any, a_library: str) -> None:
    panel = a_diagnosable_panel
    panel.diagnose()
    panel.run_bar.ui.cancelButton.click()
    assert panel.diagnosing.runner.state is JobState.CANCELLING
    panel.scene_closing()
    assert not panel.is_busy()


def test_dicom_objects_are_asked_for_and_listed(bench: Any, a_diagnosable_panel: Any, tmp_path: Path) -> None:
    import json

    panel = a_diagnosable_panel
    ui = panel.dicom.ui
    assert not enabled(ui.dicomExportButton) and tip(ui.dicomExportButton)
    (tmp_path / "series").mkdir()
    panel.result.facts["header"]["series_uid"] = "1.2.3"
    panel.result.facts["identity"]["sha256"] = "abc"
    ui.seriesEdit.setCurrentPath(str(tmp_path / "series"))
    ui.dicomFolderEdit.setCurrentPath(str(tmp_path / "out"))
    ui.previewButton.click()
    arguments = panel.jobs.runner.arguments
    assert arguments[0] == "dicom-preview" and str(tmp_path / "series") in arguments
    out = panel.jobs.runner.out
    out.mkdir(parents=True)
    listed = {
        "patient": {"name": "A", "id": "1"}, "study": {"description": "Knee", "uid": "1.2", "date": ""},
        "virtual": False, "remarks": [], "objects": [{"file": "x.dcm", "title": "SEG", "frames": 3, "size": 100}],
    }  # fmt: skip
    (out / "preview.json").write_text(json.dumps(listed))
    panel.jobs.runner.say(event="result", path=str(out))
    panel.jobs.runner.end()
    assert bench.dialogs.texts("error") == []
    assert ui.previewTable.property("rowCount") == 1 and not out.exists()
    ui.dicomExportButton.click()
    assert panel.jobs.runner.arguments[0] == "dicom" and panel.jobs.runner.out == tmp_path / "out"
    (tmp_path / "out").mkdir()
    panel.jobs.runner.say(event="result", path=str(tmp_path / "out"))
    panel.jobs.runner.end()
    assert enabled(ui.openDicomButton)
