"""Reports of a result, written somewhere else: all of them or none, and the result stays as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from CTSMALib.analysis.folder import PATCH_TABLES, write_findings, write_folder
from CTSMALib.analysis.tables import measured_keys, write_table
from CTSMALib.errors import CancelledError, InputError, OutputError
from CTSMALib.jobs import export
from CTSMALib.jobs.commands import report_arguments, worker_command, worker_environment
from CTSMALib.jobs.export import export_reports
from CTSMALib.jobs.protocol import Failed, Finished, decode
from CTSMALib.jobs.request import ExportRequest
from CTSMALib.jobs.runner import JobRunner
from Testing.core.made_up_knee import made_up_knee
from Testing.core.report.synthetic_knee import analysis_of, synthetic_knee, write_volumes

CSV = ("csv",)


@pytest.fixture
def one_knee(tmp_path: Path) -> Path:
    folder = tmp_path / "knee"
    folder.mkdir()
    write_folder(made_up_knee(), folder)
    return folder


@pytest.fixture
def two_knees(tmp_path: Path) -> Path:
    for side in ("left", "right"):
        (tmp_path / "knees" / side).mkdir(parents=True)
        write_folder(made_up_knee(side), tmp_path / "knees" / side)
    return tmp_path / "knees"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports that hold little more than the name of the patient."""

    def render(analysis, knee, stem, formats, options, progress) -> None:  # type: ignore[no-untyped-def]
        for number, name in enumerate(formats):
            progress("Writing the reports", number / len(formats))
            who = "" if options.pseudonymise else analysis.header.patient_name
            stem.with_name(f"{stem.name}.{name}").write_text(f"{analysis.side.side} {who}")

    monkeypatch.setattr(export, "_render", render)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_formats_of_one_knee(tmp_path: Path) -> None:
    result = tmp_path / "result"
    result.mkdir()
    knee = synthetic_knee()
    write_volumes(knee, result)
    analysis = analysis_of(knee)
    for name, file in PATCH_TABLES.items():
        patches = getattr(analysis, name)
        write_table(result / file, patches, measured_keys(patches), labelled=name == "patches")
    write_findings(analysis, result)
    before, seen = contents(result), []

    def progress(stage: str, fraction: float, message: str = "") -> None:
        seen.append(fraction)

    out = tmp_path / "new" / "reports"
    assert export_reports(ExportRequest(result, out, pseudonymise=True), progress) == out
    assert sorted(os.listdir(out)) == ["report.csv", "report.html", "report.pdf"]
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert contents(result) == before
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert analysis.header.patient_id
    assert all(analysis.header.patient_id.encode() not in content for content in contents(out).values())


def test_both_knees_have_reports_of_their_own(tmp_path: Path, two_knees: Path, quick: None) -> None:
    export_reports(ExportRequest(two_knees, tmp_path / "out", ("csv", "html")))
    names = [f"report-{side}.{name}" for side in ("left", "right") for name in ("csv", "html")]
    assert sorted(os.listdir(tmp_path / "out")) == names
    for name in names:
        assert (tmp_path / "out" / name).read_text() == f"{name[7:].split('.')[0]} Doe^Jänë"


def test_one_of_both_knees(tmp_path: Path, two_knees: Path) -> None:
    export_reports(ExportRequest(two_knees / "left", tmp_path / "out", CSV))
    assert os.listdir(tmp_path / "out") == ["report.csv"]


def test_identifiers_are_left_out_if_asked(tmp_path: Path, one_knee: Path, quick: None) -> None:
    export_reports(ExportRequest(one_knee, tmp_path / "out", CSV, pseudonymise=True))
    assert (tmp_path / "out" / "report.csv").read_text() == "left "
    assert b"Doe" in (one_knee / "analysis.json").read_bytes()


def test_other_files_of_the_folder_stay(tmp_path: Path, one_knee: Path, quick: None) -> None:
    out = tmp_path / "desktop"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    export_reports(ExportRequest(one_knee, out))
    assert sorted(os.listdir(out)) == ["letter.txt", "report.csv", "report.html", "report.pdf"]


def test_reports_that_are_there_are_replaced_only_if_told(tmp_path: Path, one_knee: Path, quick: None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.pdf").write_text("old")
    with pytest.raises(OutputError, match=r"already holds a file report\.pdf") as caught:
        export_reports(ExportRequest(one_knee, out))
    assert "--overwrite" in caught.value.remedy
    assert contents(out) == {"report.pdf": b"old"}
    export_reports(ExportRequest(one_knee, out, overwrite=True))
    assert set(contents(out)) == {"report.csv", "report.html", "report.pdf"}
    assert b"old" not in contents(out).values()
    export_reports(ExportRequest(one_knee, out, ("csv",), overwrite=True, pseudonymise=True))
    assert b"Doe" in contents(out)["report.html"]
    assert b"Doe" not in contents(out)["report.csv"]


@pytest.mark.parametrize("place", ["knee", "knee/inside", "knee/report.csv/inside", "knee/deeper/inside"])
def test_the_result_itself_stays_as_it_is(tmp_path: Path, one_knee: Path, quick: None, place: str) -> None:
    before = contents(one_knee)
    with pytest.raises(OutputError, match="belongs to the result itself"):
        export_reports(ExportRequest(one_knee, tmp_path / place, overwrite=True))
    assert contents(one_knee) == before
    assert os.listdir(tmp_path) == ["knee"]


def test_another_result_keeps_its_own_reports(tmp_path: Path, one_knee: Path, two_knees: Path, quick: None) -> None:
    with pytest.raises(OutputError, match="holds another result"):
        export_reports(ExportRequest(one_knee, two_knees, overwrite=True))
    with pytest.raises(OutputError, match="holds another result"):
        export_reports(ExportRequest(two_knees, one_knee, overwrite=True))


def test_what_is_in_the_way_is_named(tmp_path: Path, one_knee: Path, quick: None) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "out" / "report.csv").mkdir(parents=True)
    for out in ("file", "file/inside"):
        with pytest.raises(OutputError, match="file is a file, not a folder"):
            export_reports(ExportRequest(one_knee, tmp_path / out, CSV))
    with pytest.raises(OutputError, match=r"There is a folder .*report\.csv"):
        export_reports(ExportRequest(one_knee, tmp_path / "out", CSV, overwrite=True))


def test_a_folder_that_is_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in ("empty", "absent"):
        with pytest.raises(InputError):
            export_reports(ExportRequest(tmp_path / source, tmp_path / "out"))
    assert os.listdir(tmp_path) == ["empty"]


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6, 0.9])
def test_cancelling_leaves_nothing(tmp_path: Path, two_knees: Path, quick: None, fraction: float) -> None:
    def progress(stage: str, done: float, message: str = "") -> None:
        if done >= fraction:
            raise CancelledError

    with pytest.raises(CancelledError):
        export_reports(ExportRequest(two_knees, tmp_path / "new" / "out"), progress)
    assert os.listdir(tmp_path) == ["knees"]
    out = tmp_path / "out"
    out.mkdir()
    (out / "report-left.pdf").write_text("old")
    with pytest.raises(CancelledError):
        export_reports(ExportRequest(two_knees, out, overwrite=True), progress)
    assert contents(out) == {"report-left.pdf": b"old"}
    assert os.listdir(out) == ["report-left.pdf"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failed_move_brings_everything_back(
    tmp_path: Path, one_knee: Path, quick: None, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("report.html", "report.csv"):
        (out / name).write_text("old")
    replace: Callable[..., None] = os.replace
    moves: list[str] = []

    def sometimes(source: Path, target: Path) -> None:
        if "previous" not in str(source):
            moves.append(str(source))
            if len(moves) == failing + 1:
                raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", sometimes)
    with pytest.raises(OutputError, match="The disk is full"):
        export_reports(ExportRequest(one_knee, out, overwrite=True))
    assert contents(out) == {"report.html": b"old", "report.csv": b"old"}
    assert sorted(os.listdir(out)) == ["report.csv", "report.html"]


def test_the_worker_exports(tmp_path: Path, one_knee: Path) -> None:
    arguments = report_arguments(ExportRequest(one_knee, tmp_path / "out", CSV))
    seen: list[float] = []
    outcome = JobRunner(sys.executable).run(arguments, lambda monitor: seen.append(monitor.fraction))
    assert outcome.path == tmp_path / "out", outcome
    assert seen == sorted(seen)
    again = JobRunner(sys.executable).run(arguments)
    assert (again.kind, again.exit_code) == ("output", 2)
    assert "already holds" in again.message


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_worker_that_is_killed_leaves_a_folder_that_the_next_one_clears(tmp_path: Path, two_knees: Path) -> None:
    out = tmp_path / "out"
    arguments = report_arguments(ExportRequest(two_knees, out, CSV))
    command = [word for word in worker_command(arguments, sys.executable) if word != "--attached"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=worker_environment()) as worker:
        assert worker.stdout is not None
        while '"progress"' not in worker.stdout.readline():
            pass
        worker.send_signal(signal.SIGKILL)
    if not (out / "report-right.csv").exists():
        assert [name for name in os.listdir(out) if not name.startswith(".report.partial-")] == []
    done = subprocess.run([*command, "--overwrite"], stdout=subprocess.PIPE, text=True, env=worker_environment())
    event = decode(done.stdout.splitlines()[-1])
    assert not isinstance(event, Failed), event
    assert event == Finished(str(out))
    assert sorted(os.listdir(out)) == ["report-left.csv", "report-right.csv"]
