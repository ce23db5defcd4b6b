"""``ctsma pairs``: from a folder to a manifest, and what stays when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib.cli import main
from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.monitor import JobState
from CTSMALib.jobs.pairs import PairsRequest, left_out_file, run
from CTSMALib.jobs.runner import JobRunner
from CTSMALib.learning.pairs.cohort_table import read_table
from Testing.core.learning.pairs.scans import dicom, image


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    """With one pair that is sure and one that is not."""
    folder = tmp_path / "scans"
    for subject, side in (("P1", "L"), ("P2", "")):
        dicom(folder / subject / "ct", "CT", subject, side)
        dicom(folder / subject / "mr", "MR", subject, side)
    return folder


def test_the_command_tells_what_was_found_and_what_to_do(a_folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "cohort" / "manifest.csv"
    assert main(["pairs", str(a_folder), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "Pairs        2 of 2 subjects" in told
    assert "row 2 (P2): The side is open. Write left or right." in told
    assert read_table(out).path(0, "ct") == out.parent / "../scans/P1/ct"
    assert "Left out" not in told and not left_out_file(out).exists()


def test_what_is_left_out_is_told_and_kept_beside_the_manifest(a_folder: Path, tmp_path: Path, capsys) -> None:
    (a_folder / "P3").mkdir()
    (a_folder / "P3" / "ct.nii.gz").write_bytes(b"")
    image(a_folder / "P1" / "femur_mask.nii.gz", 0)
    out = tmp_path / "manifest.csv"
    assert main(["pairs", str(a_folder), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert (
        "Left out     scans/P3/ct.nii.gz: " in told and "Left out     scans/P1/femur_mask.nii.gz: By its name" in told
    )
    assert len(left_out_file(out).read_text().splitlines()) == 3
    (a_folder / "P3" / "ct.nii.gz").unlink()
    (a_folder / "P1" / "femur_mask.nii.gz").unlink()
    run(PairsRequest(a_folder, out, overwrite=True))
    assert not left_out_file(out).exists()


def test_a_manifest_is_replaced_only_when_that_is_wanted_and_keeps_splits(a_folder: Path, tmp_path: Path) -> None:
    out = run(PairsRequest(a_folder, tmp_path / "m.csv"))
    out.write_text(out.read_text().replace("train", "test"))
    edited = read_table(out).rows
    with pytest.raises(CTSMAError, match="there already"):
        run(PairsRequest(a_folder, out))
    run(PairsRequest(a_folder, out, overwrite=True))
    assert [row["split"] for row in read_table(out).rows] == [row["split"] for row in edited]


@pytest.mark.parametrize("out", ["folder", "m.txt"])
def test_other_files_than_manifests_are_not_written(out: str, a_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CTSMAError, match="cannot be a manifest"):
        run(PairsRequest(a_folder, tmp_path / out))


def test_a_virtual_cohort_needs_no_search(tmp_path: Path) -> None:
    (tmp_path / "cohort.json").write_text('{"schema": "ctsma-virtual-cohort"}')
    with pytest.raises(CTSMAError, match="virtual cohort"):
        run(PairsRequest(tmp_path, tmp_path / "m.csv"))


def test_a_worker_finds_them_too(a_folder: Path, tmp_path: Path) -> None:
    outcome = JobRunner().run(["pairs", str(a_folder), "--out", str(tmp_path / "m.csv")])
    assert (outcome.state, outcome.path) == (JobState.FINISHED, tmp_path / "m.csv")
