"""A scan whose voxels come without a header gets one from the DICOM file they came from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from CTSMALib.cli import main
from CTSMALib.errors import InputError
from CTSMALib.jobs.analyze import Steps, run
from CTSMALib.jobs.header import read_header
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader
from Testing.core.made_up_knee import made_up_knee
from Testing.core.volumes.dicom_writer import write_series


def a_dicom_file(folder: Path, **changes: str) -> Path:
    def edit(dataset: Dataset, index: int) -> None:
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)

    write_series(folder, np.zeros((3, 8, 8), dtype=np.int16), edit=edit)
    return sorted(folder.rglob("*.dcm"))[0]


def steps(seen: list[Scan]) -> Steps:
    """Steps that read a scan without a header and keep what is to be analyzed."""

    def analyze(scan: Scan, side: str, progress: object) -> list:
        seen.append(scan)
        return [made_up_knee()]

    scan = Scan(None, ScanHeader(), InputIdentity("ct.nrrd", "NRRD", "0" * 64))  # type: ignore[arg-type]
    return Steps(
        read_scan=lambda path, series, progress: scan,
        analyze_scan=analyze,
        write_folder=lambda knee, folder, progress: None,
        write_reports=lambda analysis, folder, formats, pseudonymise: None,
        without_identifiers=lambda analysis: analysis,
    )


def test_the_header_says_what_reading_the_series_says(tmp_path: Path) -> None:
    header = read_header(a_dicom_file(tmp_path))
    assert (header.patient_id, header.laterality, header.kvp, header.convolution_kernel) == ("P1", "L", 120.0, "BONE")
    assert header.study_date == "20240102"


def test_header_and_name_reach_the_analysis(tmp_path: Path) -> None:
    seen: list[Scan] = []
    request = AnalyzeRequest(tmp_path / "ct.nrrd", tmp_path / "plain")
    run(request, steps=steps(seen))
    assert seen[0].header == ScanHeader()
    assert seen[0].identity.name == "ct.nrrd"
    file = a_dicom_file(tmp_path / "dicom")
    run(replace(request, out=tmp_path / "named", header_from=file, name="Knee, left"), steps=steps(seen))
    assert seen[1].header == read_header(file)
    assert seen[1].identity == InputIdentity("Knee, left", "NRRD", "0" * 64)


def test_a_file_that_is_no_ct_is_told_before_the_scan_is_read(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("hello")
    (tmp_path / "half.dcm").write_bytes(a_dicom_file(tmp_path / "whole").read_bytes()[:140])
    (tmp_path / "folder").mkdir()
    cases = {
        tmp_path / "absent.dcm": "does not exist",
        tmp_path / "folder": "is not a DICOM file",
        tmp_path / "text.dcm": "is not a DICOM file",
        tmp_path / "half.dcm": "describes no image|is damaged",
        a_dicom_file(tmp_path / "mr", Modality="MR"): "is not of a CT, but of type MR",
    }
    for path, words in cases.items():
        seen: list[Scan] = []
        with pytest.raises(InputError, match=words) as caught:
            run(AnalyzeRequest(tmp_path / "ct.nrrd", tmp_path / "out", header_from=path), steps=steps(seen))
        assert caught.value.remedy
        assert seen == []
        assert not (tmp_path / "out").exists()


def test_a_scan_is_blamed_by_the_name_that_the_user_knows(tmp_path: Path) -> None:
    (tmp_path / "ct.nrrd").touch()
    real = replace(steps([]), read_scan=read_scan)
    with pytest.raises(InputError, match="'Knee, left' is empty"):
        run(AnalyzeRequest(tmp_path / "ct.nrrd", tmp_path / "out", name="Knee, left"), steps=real)


def test_the_described_scan_is_not_deleted(tmp_path: Path) -> None:
    out = tmp_path / "result"
    out.mkdir()
    (out / "analysis.json").touch()
    file = a_dicom_file(out / "dicom")
    with pytest.raises(Exception, match="The scan lies in the folder"):
        run(AnalyzeRequest(tmp_path / "ct.nrrd", out, overwrite=True, header_from=file), steps=steps([]))
    assert file.exists()


def test_a_tube_voltage_is_taken_where_the_scan_states_none(tmp_path: Path) -> None:
    seen: list[Scan] = []
    request = AnalyzeRequest(tmp_path / "ct.nrrd", tmp_path / "out", kvp=100.0)
    run(request, steps=steps(seen))
    assert seen[0].header == ScanHeader(kvp=100.0)
    stated = replace(request, out=tmp_path / "other", header_from=a_dicom_file(tmp_path / "dicom"))  # 120 kV
    with pytest.raises(InputError, match="taken at 120 kV, as it states, and not at 100 kV"):
        run(stated, steps=steps(seen))
    run(replace(stated, kvp=120.0), steps=steps(seen))
    assert seen[-1].header.kvp == 120.0


@pytest.mark.parametrize("given", ["20", "1000", "x", "nan"])
def test_a_voltage_that_no_ct_has_is_refused(given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["analyze", str(tmp_path / "ct.nrrd"), "--out", str(tmp_path / "out"), "--kvp", given])
    assert "--kvp" in capsys.readouterr().err
