"""Writing DICOM from the panel."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from Testing.panels.reading.test_analysis import enabled, tip

PREVIEW = {
    "patient": {"name": "Doe^Jane", "id": "4711"},
    "study": {"uid": "1.2.3", "date": "20200611", "description": "Knee"},
    "pseudonymised": False,
    "virtual": True,
    "remarks": ["StudyID has 22 characters in the series and was cut to 16."],
    "objects": [
        {"file": "seg.dcm", "title": "Segmentation", "kind": "seg", "description": "", "frames": 63, "size": 205_000},
        {"file": "sr.dcm", "title": "Comprehensive 3D SR", "kind": "sr", "description": "", "frames": 0, "size": 2e6},
    ],
}


class Asked(list[str]):
    """What the panel has asked for."""


@pytest.fixture()
def asked() -> Asked:
    return Asked()


@pytest.fixture()
def a_dicom_panel(scene: Any, asked: Asked) -> Any:
    """The part of the panel alone."""
    from CTSMAPanels.reading.dicom_panel import DicomPanel

    return DicomPanel(lambda: asked.append("export"), lambda: asked.append("preview"))


def a_result(ct: Any = None, series_uid: str = "1.2.3.4", sha256: str = "ab" * 32) -> Any:
    """What the panel looks at in a result."""
    facts = {
        "identity": {"name": "ct.nrrd", "sha256": sha256},
        "header": {"series_uid": series_uid},
        "maps": [{"key": "ct_bvf"}],
    }
    return SimpleNamespace(node=object(), facts=facts, get=lambda role: ct if role == "ct" else None)


def a_ct_of(bench: Any, scene: Any, folder: Path) -> Any:
    """A volume that was loaded from DICOM."""
    folder.mkdir()
    (folder / "1.dcm").touch()
    bench.add_dicom_series("1.2.3.4", {"1.2.3.4.1": str(folder / "1.dcm")})
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Knee CT")
    node.SetAttribute("DICOM.instanceUIDs", "1.2.3.4.1 1.2.3.4.2")
    return node


def test_a_disabled_button_says_why(a_dicom_panel: Any, tmp_path: Path) -> None:
    ui = a_dicom_panel.ui
    assert tip(ui.dicomExportButton) == tip(ui.previewButton) == "No result is shown."
    a_dicom_panel.show(a_result(), "The CT was moved.")
    assert tip(ui.dicomExportButton) == "The CT was moved."
    a_dicom_panel.show(a_result(series_uid=""), "")
    assert "belongs to no DICOM study" in tip(ui.previewButton)
    a_dicom_panel.show(a_result(sha256="", series_uid=""), "")
    assert "only be written under a pseudonym" in tip(ui.previewButton)
    ui.dicomPseudonymiseCheckBox.setChecked(True)
    assert "Choose the folder of the series" in tip(ui.previewButton)
    ui.seriesEdit.setCurrentPath(str(tmp_path))
    assert enabled(ui.previewButton)
    assert not enabled(ui.dicomExportButton) and "Choose a folder for" in tip(ui.dicomExportButton)
    ui.dicomFolderEdit.setCurrentPath(str(tmp_path / "out"))
    assert enabled(ui.dicomExportButton)
    for check in (ui.segCheckBox, ui.pmCheckBox, ui.srCheckBox, ui.encapsulatedCheckBox):
        check.setChecked(False)
    assert "at least one object" in tip(ui.dicomExportButton)
    assert "No objects were written yet" in tip(ui.openDicomButton)


def test_the_series_of_a_loaded_scan_is_known(bench: Any, scene: Any, a_dicom_panel: Any, tmp_path: Path) -> None:
    ct = a_ct_of(bench, scene, tmp_path / "series")
    a_dicom_panel.show(a_result(ct), "")
    assert a_dicom_panel.series == str(tmp_path / "series")
    a_dicom_panel.show(a_result(), "")
    assert a_dicom_panel.series == ""


def test_what_the_user_typed_stays_while_the_result_is_shown(a_dicom_panel: Any, tmp_path: Path) -> None:
    result = a_result()
    a_dicom_panel.show(result, "")
    a_dicom_panel.ui.seriesEdit.setCurrentPath(str(tmp_path))
    a_dicom_panel.show(result, "A job is running.")
    assert a_dicom_panel.series == str(tmp_path)


def test_buttons_ask_and_the_request_holds_the_choices(a_dicom_panel: Any, asked: Asked, tmp_path: Path) -> None:
    from CTSMALib.jobs.commands import dicom_arguments
    from CTSMAPanels.settings.store import write_settings

    write_settings(paper="a4")
    ui = a_dicom_panel.ui
    a_dicom_panel.show(a_result(), "")
    ui.seriesEdit.setCurrentPath(str(tmp_path / "series"))
    ui.dicomFolderEdit.setCurrentPath(str(tmp_path / "out"))
    ui.pmCheckBox.setChecked(False)
    ui.previewButton.click()
    ui.dicomExportButton.click()
    assert asked == ["preview", "export"]
    request = a_dicom_panel.request(tmp_path / "result", overwrite=True)
    assert request.kinds == ("seg", "sr", "pdf") and not request.pseudonymise
    assert dicom_arguments(request) == [
        "dicom", str(tmp_path / "result"), "--series", str(tmp_path / "series"), "--out", str(tmp_path / "out"),
        "--only=seg,sr,pdf", "--overwrite",
    ]  # fmt: skip
    write_settings(paper="letter")
    assert "--paper=letter" in dicom_arguments(a_dicom_panel.request(tmp_path / "result"))
    preview = a_dicom_panel.request(tmp_path / "result", tmp_path / "told")
    assert dicom_arguments(preview, preview=True)[0] == "dicom-preview"
    assert preview.out == tmp_path / "told"


def test_files_that_would_be_replaced_are_known(a_dicom_panel: Any, tmp_path: Path) -> None:
    a_dicom_panel.show(a_result(), "")
    a_dicom_panel.ui.dicomFolderEdit.setCurrentPath(str(tmp_path))
    assert a_dicom_panel.existing() == []
    for name in ("pm-ct_bvf.dcm", "report.dcm", "other.dcm"):
        (tmp_path / name).touch()
    assert a_dicom_panel.existing() == ["pm-ct_bvf.dcm", "report.dcm"]
    a_dicom_panel.ui.pmCheckBox.setChecked(False)
    assert a_dicom_panel.existing() == ["report.dcm"]


def test_a_preview_is_shown_until_a_choice_changes(bench: Any, a_dicom_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(json.dumps(PREVIEW), encoding="utf-8")
    a_dicom_panel.show(a_result(), "")
    a_dicom_panel.show_preview(tmp_path)
    table, text = a_dicom_panel.ui.previewTable, str(a_dicom_panel.ui.previewLabel.property("text"))
    assert "Doe^Jane (ID 4711)" in text and "Knee, 20200611" in text and "virtual" in text and "cut to 16" in text
    assert int(table.property("rowCount")) == 2
    cells = [[str(table.item(row, column).text()) for column in range(4)] for row in range(2)]
    assert cells == [["seg.dcm", "Segmentation", "63", "205 kB"], ["sr.dcm", "Comprehensive 3D SR", "–", "2.0 MB"]]
    a_dicom_panel.ui.srCheckBox.setChecked(False)
    assert int(table.property("rowCount")) == 0
    assert str(a_dicom_panel.ui.previewLabel.property("text")) == ""


def test_the_folder_of_the_last_export_can_be_opened(bench: Any, a_dicom_panel: Any, tmp_path: Path) -> None:
    from CTSMAPanels.reading.dicom_panel import DicomPanel

    a_dicom_panel.exported(tmp_path)
    assert enabled(a_dicom_panel.ui.openDicomButton)
    a_dicom_panel.ui.openDicomButton.click()
    assert any(str(tmp_path) in str(url) for url in bench.dialogs.opened_urls)
    assert DicomPanel(lambda: None, lambda: None).folder == str(tmp_path)


def test_the_panel_looks_like_this(bench: Any, a_dicom_panel: Any, tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(json.dumps(PREVIEW), encoding="utf-8")
    a_dicom_panel.show(a_result(), "")
    a_dicom_panel.show_preview(tmp_path)
    bench.widget_picture(a_dicom_panel.widget, tmp_path / "panel.png", size=(420, 420))
    assert (tmp_path / "panel.png").stat().st_size > 1000


def test_an_answer_that_comes_too_late_is_not_shown(a_dicom_panel: Any, tmp_path: Path) -> None:
    """It names another patient, or a pseudonym that would not be written."""
    from CTSMAPanels.reading.export_actions import ExportWork

    (tmp_path / "preview.json").write_text(json.dumps(PREVIEW), encoding="utf-8")
    answers: list[Any] = []
    jobs = SimpleNamespace(preview_dicom=lambda _result, _request, on_done: answers.append(on_done))
    work = ExportWork(SimpleNamespace(result=a_result(), jobs=jobs, dicom=a_dicom_panel))  # type: ignore[arg-type]
    table, box = a_dicom_panel.ui.previewTable, a_dicom_panel.ui.dicomPseudonymiseCheckBox
    a_dicom_panel.show(a_result(), "")

    def rows_after(change: Any) -> int:
        work.preview_dicom()
        change()
        answers[-1](tmp_path)
        return int(table.property("rowCount"))

    assert rows_after(lambda: box.setChecked(True)) == 0
    assert rows_after(lambda: a_dicom_panel.show(a_result(), "")) == 0
    assert str(a_dicom_panel.ui.previewLabel.property("text")) == ""
    assert rows_after(lambda: None) == 2
