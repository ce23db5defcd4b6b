"""Command lines say what the request says."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

import CTSMALib
from CTSMALib.errors import InputError
from CTSMALib.jobs.__main__ import _parser
from CTSMALib.jobs.arguments.analyze import analyze_request
from CTSMALib.jobs.arguments.register import register_request
from CTSMALib.jobs.arguments.report import export_request
from CTSMALib.jobs.commands import (
    THREAD_VARIABLES,
    analyze_arguments,
    output_of,
    register_arguments,
    report_arguments,
    worker_command,
    worker_environment,
    worker_program,
)
from CTSMALib.jobs.request import (
    FORMATS,
    PAPERS,
    SIDES,
    AnalyzeRequest,
    DiagnosisOrder,
    ExportRequest,
    RegisterRequest,
)

PATHS = [
    "knee.nii.gz",
    "/data/a b/knee.nrrd",
    "-x",
    "--out",
    "-",
    "sub/-y",
    "~/ct",
    "ünï ☃",
    "--",
    "a=b",
    "..",
    "@file",
]


@pytest.mark.parametrize("path", PATHS)
def test_any_path_survives(path: str) -> None:
    analysis = AnalyzeRequest(Path(path), Path(path), header_from=Path(path))
    export = ExportRequest(Path(path), Path(path))
    assert analyze_request(_parser().parse_args(analyze_arguments(analysis))) == analysis
    assert export_request(_parser().parse_args(["--attached", *report_arguments(export)])) == export
    it = Path(path)
    pair = RegisterRequest(it, it, it, "left", it, it, "bones", "greedy", local=True, images=False, bones=("tibia",))
    assert register_request(_parser().parse_args(register_arguments(pair))) == pair
    assert output_of(analyze_arguments(analysis)) == output_of(report_arguments(export)) == Path(path)


@pytest.mark.parametrize("text", ["4", "-1", "--out", "1.2.840.1", "Knee CT, left", "ü ☃", "a=b", "'\"$(x)"])
def test_any_text_survives(text: str) -> None:
    pair = RegisterRequest(Path("a"), Path("b"), Path("c"), ct_series=text, mr_series=text, overwrite=True)
    assert register_request(_parser().parse_args(register_arguments(pair))) == pair
    request = AnalyzeRequest(Path("a"), Path("b"), series=text, name=text)
    assert analyze_request(_parser().parse_args(analyze_arguments(request))) == request


def test_every_option_survives() -> None:
    formats = [FORMATS, ("csv",), ("pdf", "html")]
    for side, chosen, hidden, over, header in product(SIDES, formats, *[(False, True)] * 2, (None, Path("h.dcm"))):
        request = AnalyzeRequest(Path("a"), Path("b"), side, None, chosen, hidden, over, header)
        assert analyze_request(_parser().parse_args(analyze_arguments(request))) == request
    for chosen, hidden, over in product(formats, *[(False, True)] * 2):
        export = ExportRequest(Path("a"), Path("b"), chosen, hidden, over)
        assert export_request(_parser().parse_args(report_arguments(export))) == export


def test_no_format_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least one"):
        analyze_arguments(AnalyzeRequest(Path("a"), Path("b"), formats=()))
    with pytest.raises(ValueError, match="at least one"):
        report_arguments(ExportRequest(Path("a"), Path("b"), formats=()))


def test_where_a_job_writes_to() -> None:
    assert output_of(["analyze", "x", "--out=there"]) == Path("there")
    assert output_of(["other", "x"]) is None
    assert output_of(["other", "--out"]) is None


def test_a_python_runs_its_own_workers() -> None:
    assert worker_program() == sys.executable
    assert worker_program("/opt/Slicer/bin/PythonSlicer") == "/opt/Slicer/bin/PythonSlicer"


@pytest.mark.parametrize("running", ["bin/SlicerApp-real", "MacOS/Slicer", "bin/Slicer.exe"])
def test_inside_slicer_its_python_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: str) -> None:
    application = tmp_path / running
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert worker_program(str(application)) == "PythonSlicer", "the system then says what it cannot start"
    python = tmp_path / "bin" / "PythonSlicer"
    python.parent.mkdir()
    python.touch(mode=0o755)
    assert worker_program(str(application)) == str(python)
    other = tmp_path / "path" / "PythonSlicer"
    other.parent.mkdir()
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert worker_program(str(application)) == str(other)


def test_the_command_is_attached() -> None:
    assert worker_command(["report", "a"], "python") == [
        *("python", "-P", "-m", "CTSMALib.jobs", "--attached"),
        *("report", "a"),
    ]


def test_the_worker_finds_this_package_first() -> None:
    own = str(Path(CTSMALib.__file__).resolve().parents[1])
    environment = worker_environment({"PYTHONPATH": "other", "HOME": "x"})
    assert environment["PYTHONPATH"] == own + os.pathsep + "other"
    assert environment["HOME"] == "x"
    assert environment["PYTHONIOENCODING"] == "utf-8"
    assert worker_environment({})["PYTHONPATH"] == own
    assert not set(THREAD_VARIABLES) & set(environment)


def test_a_worker_keeps_to_its_threads() -> None:
    told = "import SimpleITK as s; print(s.ProcessObject.GetGlobalDefaultNumberOfThreads())"
    environment = worker_environment({**os.environ, "OMP_NUM_THREADS": "8"}, threads=1)
    assert {environment[name] for name in THREAD_VARIABLES} == {"1"}
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1"
    assert os.environ.get("PYTHONPATH") != environment["PYTHONPATH"]


def test_files_of_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')")
    command = [word for word in worker_command(["--help"]) if word != "--attached"]
    done = subprocess.run(command, cwd=tmp_path, env=worker_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--attached" in done.stdout


@pytest.mark.parametrize("order", [DiagnosisOrder(), DiagnosisOrder(Path("-m"), "transformer", research=True)])
def test_a_diagnosis_and_the_paper_survive(order: DiagnosisOrder) -> None:
    request = AnalyzeRequest(Path("a"), Path("b"), diagnosis=order, paper="letter")
    assert analyze_request(_parser().parse_args(analyze_arguments(request))) == request
    export = ExportRequest(Path("a"), Path("b"), paper="letter")
    assert export_request(_parser().parse_args(report_arguments(export))) == export
    assert not {"--research", "--diagnose", "--paper=a4"} & set(analyze_arguments(AnalyzeRequest(Path("a"), Path("b"))))


def test_research_without_a_diagnosis_is_refused() -> None:
    parsed = _parser().parse_args(["analyze", "a", "--out", "b", "--research"])
    with pytest.raises(InputError, match="No diagnosis is asked for"):
        analyze_request(parsed)
    parsed = _parser().parse_args(["analyze", "a", "--out", "b", "--diagnose", "--model", "none"])
    with pytest.raises(InputError, match="made from apparent parameters"):
        analyze_request(parsed)


def test_the_structure_is_asked_for_and_needs_a_model() -> None:
    request = AnalyzeRequest(Path("a"), Path("b"), structure=True, kvp=100.0)
    arguments = analyze_arguments(request)
    assert "--vcal" in arguments and analyze_request(_parser().parse_args(arguments)) == request
    parsed = _parser().parse_args(["analyze", "a", "--out", "b", "--vcal", "--model", "none"])
    with pytest.raises(InputError, match="no vcal_"):
        analyze_request(parsed)


def test_the_papers_are_those_of_the_reports() -> None:
    from CTSMALib.report.model import PAPERS as OF_REPORTS
    from CTSMALib.report.pdf import PAGES

    assert PAPERS == OF_REPORTS == tuple(PAGES)
