"""``ctsma registration-report``: the quality report of the folder of a registration."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib import cli
from CTSMALib.jobs import registration_report
from CTSMALib.jobs.protocol import Finished, decode
from CTSMALib.jobs.registration_report import RegistrationReportRequest, run
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import write_record
from CTSMALib.report import pdf
from CTSMALib.report.registration_qa import write
from CTSMALib.volumes import read_mr
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.core.report.readers import HtmlReader
from Testing.scene.registration.pair_record import true_record

NAMES = {"registration-report.html", "registration-report.pdf"}


@pytest.fixture(scope="module")
def an_mr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mr") / "mr.nrrd"
    sitk.WriteImage(made_up_pair().mr, str(path))
    return path


@pytest.fixture()
def a_folder(an_mr: Path, tmp_path: Path) -> Path:
    """Of a registration of that MR, without images."""
    return written(made_up_pair(), replace(true_record(made_up_pair()), moving=read_mr(an_mr).identity), tmp_path / "r")


def written(pair: MadeUpPair, record: RegistrationRecord, folder: Path) -> Path:
    folder.mkdir()
    write_record(record, folder)
    sitk.WriteImage(pair.labels, str(folder / "bones.nii.gz"))
    return folder


def page_of(folder: Path) -> HtmlReader:
    return HtmlReader((folder / "registration-report.html").read_text(encoding="utf-8"))


def test_the_command_writes_beside_the_registration(a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name for path in a_folder.iterdir()}
    assert cli.main(["registration-report", str(a_folder)]) == 0
    assert {path.name for path in a_folder.iterdir()} == before | NAMES
    assert capsys.readouterr().out.splitlines() == [
        *(f"Report       {a_folder / name}" for name in sorted(NAMES)),
        "Research use only: not a medical device.",
    ]
    assert "No picture: this report was given no MR" in page_of(a_folder).text


def test_with_the_mr_there_are_pictures(a_folder: Path, an_mr: Path, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "report"
    assert cli.main(["registration-report", str(a_folder), "--out", str(out), "--mr", str(an_mr)]) == 0
    assert page_of(out).tags.count("img") == 12
    assert {path.name for path in out.iterdir()} == NAMES


def test_the_resampled_mr_is_shown_only_where_it_has_the_present_motions(a_folder: Path, tmp_path: Path) -> None:
    record = true_record(made_up_pair())
    sitk.WriteImage(made_up_pair().ct, str(a_folder / "mr_on_ct.nii.gz"))  # any image on that grid

    def pictures(shift_mm: float) -> int:
        matrix = record.bone("femur").fixed_to_moving_lps.copy()
        matrix[0, 3] += shift_mm
        ids = [patch.id for patch in record.patches]
        np.savez(a_folder / "patches.npz", ids=ids, matrix=np.array([matrix] * len(ids)))
        return page_of(run(RegistrationReportRequest(a_folder, tmp_path / "out"))).tags.count("img")

    assert pictures(0.0) == 12
    assert pictures(0.5) == 0


def test_bones_outlined_in_the_mr_give_dice(a_folder: Path, tmp_path: Path) -> None:
    pair = made_up_pair()
    tibia = sitk.Resample(
        pair.labels == 2, pair.mr, sitk_inverse(pair), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8
    )  # fmt: skip
    labels = tmp_path / "mr_labels.nrrd"
    sitk.WriteImage(tibia * 2, str(labels))
    run(RegistrationReportRequest(a_folder, mr_labels=labels))
    text = page_of(a_folder).text
    assert "Dice femur not measured, tibia 0.9" in text


def sitk_inverse(pair: MadeUpPair) -> sitk.Transform:
    from CTSMALib.volumes.rigid import inverse, itk_transform

    return itk_transform(inverse(pair.matrices["tibia"]))


def test_another_mr_is_refused_and_nothing_written(
    a_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.nrrd"
    sitk.WriteImage(made_up_pair().mr * 2, str(other))
    out = tmp_path / "out"
    assert cli.main(["registration-report", str(a_folder), "--out", str(out), "--mr", str(other)]) == 2
    assert "not the one that was registered" in capsys.readouterr().err
    assert not out.exists()


def test_the_series_of_an_mr_can_be_chosen(
    a_folder: Path, an_mr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import CTSMALib.volumes

    asked: list[str | None] = []

    def reading(path: Path, series: str | None = None) -> object:
        asked.append(series)
        return read_mr(path)

    monkeypatch.setattr(CTSMALib.volumes, "read_mr", reading)
    arguments = ["registration-report", str(a_folder), "--out", str(tmp_path / "out"), "--mr-series", "4"]
    assert cli.main(arguments) == 2
    assert "but no MR" in capsys.readouterr().err and not asked
    assert cli.main([*arguments, "--mr", str(an_mr)]) == 0
    assert asked == ["4"]


def test_a_folder_without_a_registration_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["registration-report", str(tmp_path)]) == 2
    assert "holds no complete registration" in capsys.readouterr().err


def test_programs_read_json_lines(a_folder: Path) -> None:
    command = [sys.executable, "-m", "CTSMALib.cli", "registration-report", str(a_folder), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    last = decode(printed.splitlines()[-1])
    assert isinstance(last, Finished) and last.path == str(a_folder)


def test_letter_pages_are_wider(a_folder: Path) -> None:
    from pypdf import PdfReader

    widths = []
    for page in registration_report.PAGES:
        run(RegistrationReportRequest(a_folder, page=page))
        widths.append(float(PdfReader(a_folder / "registration-report.pdf").pages[0].mediabox.width))
    assert widths == pytest.approx([595.3, 612.0], abs=0.1)
    assert registration_report.PAGES == write.PAGES == tuple(pdf.PAGES)


def test_a_report_that_cannot_be_written_leaves_the_old_one(a_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from CTSMALib.errors import OutputError

    run(RegistrationReportRequest(a_folder))
    old = (a_folder / "registration-report.pdf").read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pdf, "render_pdf", full)
    with pytest.raises(OutputError, match="No space left"):
        run(RegistrationReportRequest(a_folder))
    assert (a_folder / "registration-report.pdf").read_bytes() == old
    assert not list(a_folder.glob(".*part*"))
