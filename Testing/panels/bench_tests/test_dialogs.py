"""Windows are recorded, answered by the test, and never wait; so are calls that would change the computer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import qt
import slicer
import slicer.packaging

from Testing.panels.bench.dialogs import UnansweredError


def test_messages_are_recorded(bench: Any, scene: Any) -> None:
    slicer.util.errorDisplay("No CT.", detailedText="more")
    slicer.util.warningDisplay("Careful.", windowTitle="Attention")
    slicer.util.infoDisplay("Done.")
    slicer.util.showStatusMessage("Busy", 1000)
    assert bench.dialogs.texts() == ["No CT.", "Careful.", "Done."]
    assert bench.dialogs.texts("error") == ["No CT."]
    assert bench.dialogs.shown[0].details == {"detailedText": "more"}
    assert bench.dialogs.status_messages == ["Busy"]


def test_questions_take_their_answers_in_turn(bench: Any, scene: Any) -> None:
    bench.dialogs.answer(True, False)
    assert slicer.util.confirmYesNoDisplay("Remove?") is True
    assert slicer.util.confirmOkCancelDisplay("Overwrite?", "Title") is False
    with pytest.raises(UnansweredError, match="Install\\?"):
        slicer.util.confirmYesNoDisplay("Install?")
    assert bench.dialogs.texts("confirm") == ["Remove?", "Overwrite?", "Install?"]


def test_arguments_are_those_of_slicer(scene: Any) -> None:
    with pytest.raises(TypeError):
        slicer.util.errorDisplay()
    with pytest.raises(TypeError):
        slicer.util.showStatusMessage()


def test_file_dialogs_give_what_pythonqt_gives(bench: Any, scene: Any, tmp_path: Path) -> None:
    bench.dialogs.choose_path(tmp_path / "a.pdf", (tmp_path / "b", tmp_path / "c"), "")
    assert qt.QFileDialog.getSaveFileName(None, "Report", "", "*.pdf") == str(tmp_path / "a.pdf")
    assert qt.QFileDialog.getOpenFileNames(None, "Files") == (str(tmp_path / "b"), str(tmp_path / "c"))
    assert qt.QFileDialog.getExistingDirectory(None, "Folder") == ""
    with pytest.raises(UnansweredError, match="choose_path"):
        qt.QFileDialog.getOpenFileName(None, "One more")


def test_windows_that_would_block_are_refused(scene: Any) -> None:
    for block in (qt.QDialog().exec, qt.QDialog().exec_, qt.QMessageBox.question, qt.QInputDialog.getText):
        with pytest.raises(UnansweredError, match="would block"):
            block()


def test_an_exception_is_shown_with_try_with_error_display(bench: Any, scene: Any) -> None:
    with pytest.raises(ValueError), slicer.util.tryWithErrorDisplay("It failed.", waitCursor=True):
        raise ValueError("reason")
    assert "It failed." in bench.dialogs.texts("error")[0]


def test_addresses_are_not_opened(bench: Any, scene: Any) -> None:
    assert qt.QDesktopServices.openUrl(qt.QUrl("https://example.org/x"))
    assert bench.dialogs.opened_urls == ["https://example.org/x"]


def test_packages_are_not_installed(bench: Any, scene: Any, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# what we need\nnumpy>=1.26\nno-such-package>=1\n", encoding="utf-8")
    requirements = slicer.packaging.load_requirements(str(tmp_path / "requirements.txt"))
    assert [slicer.packaging.pip_check(requirement) for requirement in requirements] == [True, False]
    slicer.packaging.pip_ensure(requirements, requester="CTSMA", skip_packages=["torch"])
    assert bench.calls.of("pip_ensure")[0]["requester"] == "CTSMA"
    with pytest.raises(TypeError):
        slicer.packaging.pip_ensure(requirements, force=True)
    slicer.util.pip_install("x")
    assert bench.calls.of("pip_install") == [{"requirements": "x"}]


def test_settings_last_one_test(scene: Any) -> None:
    assert slicer.util.settingsValue("CTSMA/Folder", "none") == "none"
    qt.QSettings().setValue("CTSMA/Folder", "here")
    slicer.app.settings().setValue("CTSMA/Open", True)
    assert slicer.util.settingsValue("CTSMA/Folder", "none") == "here"
    assert slicer.util.settingsValue("CTSMA/Open", False, slicer.util.toBool) is True


def test_settings_are_forgotten(scene: Any) -> None:
    assert not slicer.app.userSettings().contains("CTSMA/Folder")


def test_dicom_files_are_known_by_series(bench: Any, scene: Any) -> None:
    bench.add_dicom_series("1.2", {"1.2.1": "/a.dcm", "1.2.2": "/b.dcm"})
    assert slicer.dicomDatabase.filesForSeries("1.2") == ("/a.dcm", "/b.dcm")
    assert slicer.dicomDatabase.fileForInstance("1.2.2") == "/b.dcm"
    assert slicer.dicomDatabase.fileForInstance("9") == ""


def test_temporary_folders_are_outside_the_users(scene: Any) -> None:
    folder = Path(slicer.util.tempDirectory("ctsma"))
    assert folder.is_dir()
    assert str(folder).startswith(slicer.app.temporaryPath)
    assert slicer.util.mainWindow() is None
    with slicer.util.WaitCursor():
        pass
