"""A scene for 3D Slicer beside the reports."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk

from CTSMALib.cli import main
from CTSMALib.errors import MissingDependencyError, OutputError
from CTSMALib.jobs import rerender as rerender_module
from CTSMALib.jobs import scene_file
from CTSMALib.jobs.analyze import run
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.jobs.rerender import rerender
from CTSMALib.jobs.scene_file import SCENE_FILE, write_scene

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
