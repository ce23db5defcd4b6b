"""DICOM objects of a result: told before they are written, all of them or none, and nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from CTSMALib import cli
from CTSMALib.errors import CancelledError, InputError, MissingDependencyError, OutputError
from CTSMALib.jobs import dicom_export, dicom_names
from CTSMALib.jobs.commands import dicom_arguments
from CTSMALib.jobs.dicom_export import PREVIEW_FILE, DicomRequest, preview, preview_lines, run
from CTSMALib.jobs.dicom_names import file_names
from CTSMALib.jobs.runner import JobRunner
from CTSMALib.report.diagnosis.stored import OUTDATED
from CTSMALib.report.dicom import names
from Testing.core.report.dicom.dicom_knee import MAPS, DicomKnee, made_volumes, store, written_knee

QUICK = ("seg", "pm")
NAMES = ["pm-ct_bvf.dcm", "pm-ct_hu_mean.dcm", "seg.dcm"]
DIAGNOSIS = {
    "schema": "ctsma-diagnosis", "schema_version": 1, "shown": True, "aggregator": "logistic", "model": "made up 1",
    "probability": 0.7234567890123, "low": 0.61, "high": 0.83, "grades": [0.1, 0.2, 0.3, 0.25, 0.15],
    "statement": "A statement.", "notes": ["A note."], "checked": [], "virtual": False, "simulated": True,
    "research": True, "created": "2026", "counts": {"TM": 1}, "abstained": None, "usual_probability": 0.4,
    "patches": {"TM-r1-c1-d1": 0.3}, "compartments": {"TM": 0.3},
}  # fmt: skip
OF_ANOTHER_RESULT = "ab" * 32


@pytest.fixture(scope="module")
def a_knee(tmp_path_factory: pytest.TempPathFactory) -> DicomKnee:
    """Do not write into its folders."""
    return written_knee(tmp_path_factory.mktemp("knee"), "siemens", made_volumes(oblique=False))


@pytest.fixture()
def a_request(a_knee: DicomKnee, tmp_path: Path) -> DicomRequest:
    return DicomRequest(a_knee.result, a_knee.series, tmp_path / "out", QUICK)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_told_is_written(a_request: DicomRequest) -> None:
    request = replace(a_request, kinds=("seg", "pm", "sr", "pdf"))
    told = preview(request)
    assert not request.out.exists()
    seen: list[float] = []
    before = contents(request.result), contents(request.series)
    assert run(request, lambda stage, fraction, message="": seen.append(fraction)) == request.out
    assert (contents(request.result), contents(request.series)) == before
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert sorted(one["file"] for one in told["objects"]) == sorted(os.listdir(request.out))
    assert file_names(dicom_names.KINDS, MAPS) == [one["file"] for one in told["objects"]]
    for one in told["objects"]:
        path = request.out / one["file"]
        made = pydicom.dcmread(path)
        assert one["frames"] == int(made.get("NumberOfFrames", 0))
        assert one["description"] == made.SeriesDescription
        assert (told["patient"]["name"], told["study"]["uid"]) == (str(made.PatientName), made.StudyInstanceUID)
        if one["kind"] != "pdf":  # of a report that is not there yet nobody knows the size
            assert one["size"] == pytest.approx(path.stat().st_size, rel=0.25)
    assert told["remarks"] == ["StudyID has 22 characters in the series and was cut to 16."]
    assert preview(request)["objects"][0]["exists"]
    lines = "\n".join(preview_lines(told))
    assert "Żółć^Łukasz (ID KH-004711)" in lines and "seg.dcm" in lines and "frames, about" in lines


def test_only_what_was_written_is_listed(a_request: DicomRequest, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = ["pm-ct_of_another_result.dcm", "seg-left.dcm", "sr.dcm", "report.dcm"]
    a_request.out.mkdir()
    for name in earlier:
        (a_request.out / name).write_text("old")
    told = ["dicom", str(a_request.result), "--series", str(a_request.series), "--out", str(a_request.out)]
    assert cli.main([*told, "--only", ",".join(QUICK)]) == 0
    lines = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("DICOM")]
    assert sorted(lines) == [str(a_request.out / name) for name in NAMES]
    assert sorted(os.listdir(a_request.out)) == sorted([*NAMES, *earlier])


def test_both_rooms_call_the_kinds_the_same() -> None:
    assert dicom_names.KINDS == names.KINDS == tuple(dicom_names.TITLES)


def test_files_that_are_there_are_replaced_only_if_told(a_request: DicomRequest) -> None:
    a_request.out.mkdir()
    (a_request.out / "seg.dcm").write_text("old")
    (a_request.out / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"already holds a file seg\.dcm") as caught:
        run(a_request)
    assert "--overwrite" in caught.value.remedy
    assert contents(a_request.out) == {"seg.dcm": b"old", "letter.txt": b"mine"}
    run(replace(a_request, overwrite=True))
    assert sorted(os.listdir(a_request.out)) == ["letter.txt", *NAMES]


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.3, 0.6])
def test_cancelling_leaves_nothing(a_request: DicomRequest, fraction: float) -> None:
    def progress(stage: str, done: float, message: str = "") -> None:
        if done >= fraction:
            raise CancelledError

    with pytest.raises(CancelledError):
        run(a_request, progress)
    assert os.listdir(a_request.out.parent) == []


def test_an_object_that_fails_leaves_nothing(a_request: DicomRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    from CTSMALib.report.dicom import objects

    def fail(*_args: object) -> None:
        raise InputError("The map is damaged.", "Analyze again.")

    monkeypatch.setattr(objects, "parametric_map", fail)
    with pytest.raises(InputError, match="damaged"):
        run(a_request)
    assert os.listdir(a_request.out.parent) == []


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_the_series_itself_stays_as_it_is(a_request: DicomRequest, tmp_path: Path, inside: str) -> None:
    shutil.copytree(a_request.series, tmp_path / "series")
    before = contents(tmp_path / "series")
    with pytest.raises(OutputError, match="holds the series itself"):
        run(replace(a_request, series=tmp_path / "series", out=tmp_path / "series" / inside, overwrite=True))
    assert contents(tmp_path / "series") == before


def test_a_result_stays_as_it_is(a_request: DicomRequest) -> None:
    with pytest.raises(OutputError, match="belongs to the result itself"):
        run(replace(a_request, out=a_request.result / "dicom"))
    assert not (a_request.result / "dicom").exists()


def test_both_knees_have_objects_of_their_own(a_knee: DicomKnee, tmp_path: Path) -> None:
    for side in ("left", "right"):
        shutil.copytree(a_knee.result, tmp_path / "knees" / side)
        store(replace(a_knee.analysis, side=replace(a_knee.analysis.side, side=side)), tmp_path / "knees" / side)
    run(DicomRequest(tmp_path / "knees", a_knee.series, tmp_path / "out", ("seg",)))
    made = {path.name: pydicom.dcmread(path) for path in (tmp_path / "out").iterdir()}
    assert sorted(made) == ["seg-left.dcm", "seg-right.dcm"]
    assert [made[f"seg-{side}.dcm"].SeriesNumber for side in ("right", "left")] == [3001, 3101]
    run(DicomRequest(tmp_path / "knees" / "left", a_knee.series, tmp_path / "one", ("seg",)))
    assert pydicom.dcmread(tmp_path / "one" / "seg.dcm").SeriesNumber == 3101
    assert [made[f"seg-{side}.dcm"].SegmentSequence[0].TrackingID for side in ("left", "right")] == [
        "left femur", "right femur",
    ]  # fmt: skip


def test_a_diagnosis_that_is_shown_is_in_the_report(a_knee: DicomKnee, tmp_path: Path) -> None:
    import highdicom as hd

    shutil.copytree(a_knee.result, tmp_path / "result")
    store(replace(a_knee.analysis, patches=a_knee.analysis.patches[:2]), tmp_path / "result")
    cases = {
        "shown": {"shown": True}, "withheld": {"shown": False},
        "outdated": {"shown": True, "values_sha256": OF_ANOTHER_RESULT},
    }  # fmt: skip
    for name, changes in cases.items():
        found, shown = DIAGNOSIS | changes, name == "shown"
        (tmp_path / "result" / "diagnosis.json").write_text(json.dumps(found))
        request = DicomRequest(tmp_path / "result", a_knee.series, tmp_path / name, ("sr",))
        told = any("made before patches were excluded" in remark for remark in preview(request)["remarks"])
        assert told == (name == "outdated")
        run(request)
        report = hd.sr.srread(tmp_path / name / "sr.dcm")
        comments = [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
        statement = f"{OUTDATED} A statement." if name == "outdated" else "A statement."
        assert {statement, "A note."} <= set(comments)
        groups = [g for g in report.content.get_image_measurement_groups() if g.tracking_identifier == "diagnosis"]
        assert len(groups) == shown
        if shown:
            assert groups[0].finding_type is None  # a probability is no finding
            assert [one.value for one in groups[0].get_measurements()] == [
                0.7234567890123,
                0.61,
                0.83,
                *found["grades"],
            ]


def test_without_highdicom_it_is_said(a_request: DicomRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "highdicom", raising=False)
    monkeypatch.setattr(dicom_export, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="highdicom") as caught:
        run(a_request)
    assert "pip install highdicom" in caught.value.remedy


def test_a_folder_that_is_no_result_is_refused(a_request: DicomRequest, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(replace(a_request, result=tmp_path))
    with pytest.raises(InputError):
        run(replace(a_request, series=tmp_path / "absent"))


def test_the_worker_writes_and_tells(a_request: DicomRequest, tmp_path: Path) -> None:
    request = replace(a_request, kinds=("seg",))
    outcome = JobRunner(sys.executable).run(dicom_arguments(request))
    assert outcome.path == request.out, outcome
    assert os.listdir(request.out) == ["seg.dcm"]
    told = replace(request, out=tmp_path / "told", pseudonymise=True)
    outcome = JobRunner(sys.executable).run(dicom_arguments(told, preview=True))
    assert outcome.path == tmp_path / "told", outcome
    found = json.loads((tmp_path / "told" / PREVIEW_FILE).read_text(encoding="utf-8"))
    assert found["pseudonymised"] and found["patient"]["id"].startswith("K-")
    assert [one["file"] for one in found["objects"]] == ["seg.dcm"]


def test_the_command(a_request: DicomRequest, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["dicom", str(a_request.result), "--series", str(a_request.series), "--only", "seg"]
    assert cli.main([*told, "--preview"]) == 0
    assert "about" in capsys.readouterr().out
    assert cli.main([*told, "--preview", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objects"][0]["file"] == "seg.dcm"
    assert cli.main([*told]) == 2
    assert "--out" in capsys.readouterr().err
    assert cli.main([*told, "--out", str(a_request.out)]) == 0
    assert "seg.dcm" in capsys.readouterr().out
    assert cli.main([*told, "--out", str(a_request.out)]) == 2
    assert "already holds" in capsys.readouterr().err
