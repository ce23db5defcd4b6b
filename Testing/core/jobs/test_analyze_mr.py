"""``ctsma analyze-mr``: from files to a result folder, and what stops it."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import load_analysis
from CTSMALib.cli import main
from CTSMALib.errors import InputError
from CTSMALib.jobs.analyze_mr import run
from CTSMALib.jobs.request import AnalyzeMRRequest
from Testing.core.made_up_mr import made_up_mr


@pytest.fixture(scope="module")
def a_coarse_mr(tmp_path_factory) -> tuple[Path, Path]:
    """An MR that resolves no trabeculae, with the labels of its bones."""
    folder = tmp_path_factory.mktemp("mr")
    scan, labels = made_up_mr(pixel_mm=0.8, slice_mm=3.0)
    sitk.WriteImage(scan.image, str(folder / "mr.nii.gz"))
    sitk.WriteImage(labels, str(folder / "bones.nii.gz"))
    return folder / "mr.nii.gz", folder / "bones.nii.gz"


def test_a_coarse_mr_ends_well_and_says_what_it_cannot(a_coarse_mr, tmp_path: Path, capsys) -> None:
    scan, labels = map(str, a_coarse_mr)
    assert main(["analyze-mr", scan, "--labels", labels, "--out", str(tmp_path / "r"), "--format", "csv"]) == 0
    said = capsys.readouterr().out
    assert "too coarse" in said and "Research use only" in said
    analysis = load_analysis(tmp_path / "r")
    assert analysis.modality == "MR" and analysis.identity.name == "mr.nii.gz"
    assert (tmp_path / "r" / "mr.nii.gz").is_file() and (tmp_path / "r" / "report.csv").is_file()


def test_missing_labels_stop_before_anything_is_read(a_coarse_mr, tmp_path: Path) -> None:
    scan, _ = a_coarse_mr
    with pytest.raises(InputError, match=r"none\.nii\.gz"):
        run(AnalyzeMRRequest(scan, tmp_path / "r", labels=tmp_path / "none.nii.gz"))
    assert not (tmp_path / "r").exists()


def test_an_image_in_the_place_of_labels_is_refused(a_coarse_mr, tmp_path: Path) -> None:
    scan, _ = a_coarse_mr
    with pytest.raises(InputError, match="seems to be an image"):
        run(AnalyzeMRRequest(scan, tmp_path / "r", labels=scan))
    assert not (tmp_path / "r").exists()


def test_labels_of_another_place_are_refused(a_coarse_mr, tmp_path: Path) -> None:
    scan, labels = a_coarse_mr
    moved = sitk.ReadImage(str(labels))
    moved.SetOrigin((900.0, 0.0, 0.0))
    sitk.WriteImage(moved, str(tmp_path / "moved.nii.gz"))
    with pytest.raises(InputError, match="outside the MR"):
        run(AnalyzeMRRequest(scan, tmp_path / "r", labels=tmp_path / "moved.nii.gz"))
    assert not (tmp_path / "r").exists()


def test_labels_in_the_result_folder_are_not_written_over(a_coarse_mr, tmp_path: Path) -> None:
    scan, labels = a_coarse_mr
    with pytest.raises(Exception, match=r"(?i)input|result|folder"):
        run(AnalyzeMRRequest(scan, labels.parent, labels=labels, overwrite=True))
    assert labels.is_file() and scan.is_file()
