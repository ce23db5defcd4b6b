"""A scene for 3D Slicer beside the reports."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk

from CTSMALib.analysis.exclusions import write_exclusions
from CTSMALib.analysis.result import Exclusion
from CTSMALib.cli import main
from CTSMALib.errors import MissingDependencyError, OutputError
from CTSMALib.jobs import rerender as rerender_module
from CTSMALib.jobs import scene_file
from CTSMALib.jobs.analyze import run
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.jobs.rerender import rerender
from CTSMALib.jobs.scene_file import OUTDATED_SCENE_FILE, SCENE_FILE, scene_is_outdated, write_scene

EXCLUSION = Exclusion("TM-r1-c1-d1", "made-up reason", "A. Reader", "2026-11-29T10:00:00+00:00")
Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture()
def a_result_folder(analyzed: Analyzed, tmp_path: Path) -> Path:
    return shutil.copytree(analyzed("plain")[0], tmp_path / "result")


def contents(scene: Path) -> bytes:
    with zipfile.ZipFile(scene) as archive:
        return b"".join(archive.read(name) for name in archive.namelist() if name.endswith((".mrml", ".txt")))


def test_the_command_writes_a_scene(a_result_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(a_result_folder), "--format", "mrb"]) == 0
    assert f"Scene        {a_result_folder / SCENE_FILE}" in capsys.readouterr().out
    assert b"plain.nii.gz" in contents(a_result_folder / SCENE_FILE)
    assert not (a_result_folder / "report.html").exists()


def test_a_scene_is_made_anew_with_the_reports_once_other_patches_count(a_result_folder: Path) -> None:
    write_scene(a_result_folder)
    before = (a_result_folder / SCENE_FILE).read_bytes()
    rerender(a_result_folder, ["csv"])
    assert (a_result_folder / SCENE_FILE).read_bytes() == before  # it says what the folder says
    write_exclusions([EXCLUSION], a_result_folder)
    assert scene_is_outdated(a_result_folder)
    rerender(a_result_folder, ["csv"])
    assert b"made-up reason" in contents(a_result_folder / SCENE_FILE) and not scene_is_outdated(a_result_folder)
    write_exclusions([], a_result_folder)
    assert scene_is_outdated(a_result_folder)  # it was taken back


def test_an_outdated_scene_that_cannot_be_made_anew_does_not_look_current(
    a_result_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(a_result_folder / SCENE_FILE, "w") as archive:
        archive.writestr("scene.mrml", "<MRML>of an earlier version, which did not tell what it was made from</MRML>")
    monkeypatch.setattr(scene_file, "find_spec", lambda name: None)
    assert main(["report", str(a_result_folder), "--format", "csv"]) == 0
    told = capsys.readouterr().out
    assert not (a_result_folder / SCENE_FILE).exists() and "Scene  " not in told
    assert f"Outdated     {a_result_folder / OUTDATED_SCENE_FILE} shows the result as it was before" in told
    rerender(a_result_folder, ["csv"], pseudonymise=True)
    assert not list(a_result_folder.glob("*.mrb"))  # it held who the patient is


def test_a_new_scene_takes_the_place_of_the_outdated_one(a_result_folder: Path) -> None:
    (a_result_folder / OUTDATED_SCENE_FILE).write_bytes(b"old")
    write_scene(a_result_folder)
    assert [path.name for path in a_result_folder.glob("*.mrb")] == [SCENE_FILE]


def test_pseudonymising_reaches_a_scene_that_is_there(a_result_folder: Path) -> None:
    write_scene(a_result_folder)
    rerender(a_result_folder, ["csv"], pseudonymise=True)
    assert b"plain.nii.gz" not in contents(a_result_folder / SCENE_FILE)
    assert not list(a_result_folder.glob(".scene*"))


def test_a_scene_that_could_not_be_pseudonymised_is_gone_and_comes_again(
    a_result_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scene(a_result_folder)
    (a_result_folder / ".scene-killed").mkdir()

    def failing(folder: Path) -> None:
        raise OutputError("The disk is full.", "Free some space first.")

    with monkeypatch.context() as patch, pytest.raises(OutputError):
        patch.setattr(rerender_module, "write_scene", failing)
        rerender(a_result_folder, ["csv"], pseudonymise=True)
    assert not (a_result_folder / SCENE_FILE).exists()
    assert not list(a_result_folder.glob(".scene*"))
    rerender(a_result_folder, ["mrb"], pseudonymise=True)
    assert b"plain.nii.gz" not in contents(a_result_folder / SCENE_FILE)


def test_a_missing_package_is_told_before_the_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_file, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="slicer-core"):
        run(AnalyzeRequest(Path(__file__), tmp_path / "out", formats=("mrb",)))
    assert not (tmp_path / "out").exists()


def test_a_failure_keeps_the_scene_that_was_there(a_result_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_scene(a_result_folder)
    before = (a_result_folder / SCENE_FILE).read_bytes()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scene_file.os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_scene(a_result_folder)
    assert (a_result_folder / SCENE_FILE).read_bytes() == before
    assert not list(a_result_folder.glob(".scene*"))


def test_a_scene_is_no_report_to_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from CTSMALib.jobs.__main__ import main as worker

    with pytest.raises(SystemExit) as stopped:
        worker(["report", str(tmp_path), "--out", str(tmp_path / "out"), "--format", "mrb"])
    assert stopped.value.code == 2
