"""The ``ctsma`` command: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib import __version__, cli
from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.errors import AnatomyError, InputError
from CTSMALib.jobs import analyze
from CTSMALib.jobs.analyze import Steps
from CTSMALib.jobs.arguments.analyze import analyze_request
from CTSMALib.jobs.protocol import Finished, Progressed, Started, decode
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress
from CTSMALib.subcommands.analyzing import result_lines
from Testing.core.made_up_knee import made_up_knee

ROOT = Path(__file__).parents[2]
SCAN = __file__  # exists, and is not read by the made-up steps


def made_up_steps(request: object = None, failing: Callable[[], object] = lambda: None) -> Steps:
    def analyze_scan(scan: object, side: str, progress: Progress) -> list:
        progress("Finding the bones", 0.5)
        failing()
        return [made_up_knee("left"), made_up_knee("right")] if side == "both" else [made_up_knee()]

    def without_identifiers(analysis):  # type: ignore[no-untyped-def]
        return replace(analysis, header=replace(analysis.header, patient_name="", patient_id="K-1"))

    return Steps(
        read_scan=lambda path, series, progress: None,
        analyze_scan=analyze_scan,
        write_folder=write_folder,
        write_reports=lambda analysis, folder, formats, hidden: [
            (folder / f"report.{name}").write_text("hidden" if hidden else analysis.header.patient_name)
            for name in formats
        ],
        without_identifiers=without_identifiers,
    )


@pytest.fixture(autouse=True)
def made_up_rooms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(analyze, "real_steps", made_up_steps)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    yield
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def failing_with(error: BaseException) -> Callable[[object], Steps]:
    def fail() -> None:
        raise error

    return lambda request: made_up_steps(request, fail)


def test_an_analysis_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "result"
    assert cli.main(["analyze", SCAN, "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"Result       {out}",
        "Side         left (from: fibula)",
        "Compartments FM 20/24, FL not reported, TM 20/24, TL 20/24 (valid patches)",
        "Notices      1, see the report",
        *(f"Report       {out / f'report.{name}'}" for name in ("csv", "html", "pdf")),
        "Research use only: not a medical device.",
    ]
    assert "[100%] Finishing" in printed.err
    assert load_analysis(out).side.side == "left"


def test_both_knees_have_their_own_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["analyze", SCAN, "--out", str(tmp_path / "result"), "--side", "both", "--format", "csv"]
    assert cli.main(arguments) == 0
    assert "Side         right" in capsys.readouterr().out
    for side in ("left", "right"):
        assert load_analysis(tmp_path / "result" / side).side.side == side
        assert (tmp_path / "result" / side / "report.csv").exists()
        assert not (tmp_path / "result" / side / "report.pdf").exists()


def test_pseudonymised_results_hold_no_name_anywhere(tmp_path: Path) -> None:
    out = tmp_path / "result"
    assert cli.main(["analyze", SCAN, "--out", str(out), "--pseudonymise"]) == 0
    assert load_analysis(out).header.patient_id == "K-1"
    assert (out / "report.html").read_text() == "hidden"
    assert not [path for path in out.rglob("*") if path.is_file() and b"Doe" in path.read_bytes()]


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("The file is empty.", "Choose another."), 2, "Error: The file is empty.\nChoose another.\n"),
        (AnatomyError("There is no knee.", "Scan one."), 2, "Error: There is no knee.\nScan one.\n"),
        (MemoryError(), 2, "not enough memory"),
        (ModuleNotFoundError("No", name="vtk"), 2, "The Python package vtk is not installed."),
        (KeyboardInterrupt(), 130, "Stopped: "),
        (ZeroDivisionError("division by\nzero"), 1, "ZeroDivisionError: division by zero."),
    ],
)
def test_failures_are_told_in_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    monkeypatch.setattr(analyze, "real_steps", failing_with(error))
    assert cli.main(["analyze", SCAN, "--out", str(tmp_path / "result")]) == code
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert os.listdir(tmp_path) == []


def test_debug_shows_where_a_problem_arose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(analyze, "real_steps", failing_with(ZeroDivisionError()))
    assert cli.main(["analyze", SCAN, "--out", str(tmp_path / "result"), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["analyze", "knee.nii.gz"],
        ["analyze", "knee.nii.gz", "--out", "x", "--side", "middle"],
        ["analyze", "knee.nii.gz", "--out", "x", "--format", "docx"],
        ["analyze", "knee.nii.gz", "--out", "x", "--format", ","],
        ["analyze", "", "--out", "x"],
        ["analyze", "knee.nii.gz", "--out", ""],
        ["info", ""],
        ["report", " "],
        ["demo", "--out", ""],
    ],
)
def test_wrong_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: ctsma" in capsys.readouterr().err


def test_help_has_examples_and_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, text in ((["--help"], "ctsma analyze knee.nii.gz --out result"), (["--version"], __version__)):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 0
        assert text in capsys.readouterr().out


def test_arguments_become_a_request() -> None:
    arguments = "analyze a --out b --side left --series 4 --format PDF,csv,pdf --pseudonymize --overwrite".split()
    request = analyze_request(cli._parser().parse_args(arguments))
    assert request == AnalyzeRequest(Path("a"), Path("b"), "left", "4", ("pdf", "csv"), True, True)


def run_python(
    *arguments: str, stdout: IO[str] | int = subprocess.PIPE, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join([str(ROOT / "CTSMA"), str(ROOT)])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, timeout=60)


@pytest.mark.parametrize("module", [["CTSMALib.cli", "analyze", "--json"], ["CTSMALib.jobs", "analyze"]])
def test_a_missing_scan_is_an_event_and_a_sentence(tmp_path: Path, module: list[str]) -> None:
    done = run_python("-m", *module, str(tmp_path / "absent"), "--out", str(tmp_path / "result"))
    assert done.returncode == 2
    start, *_, error = [decode(line) for line in done.stdout.splitlines()]
    assert isinstance(start, Started)
    assert error.kind == "input"
    assert "absent" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


_MADE_UP_COMMAND = """
import sys
from CTSMALib import cli
from CTSMALib.jobs import analyze
from Testing.core.test_cli import made_up_steps
analyze.real_steps = made_up_steps
sys.exit(cli.main(sys.argv[1:]))
"""


def test_json_lines_tell_of_an_analysis(tmp_path: Path) -> None:
    done = run_python("-c", _MADE_UP_COMMAND, "analyze", SCAN, "--out", str(tmp_path / "result"), "--json")
    assert done.returncode == 0, done.stderr
    events = [decode(line) for line in done.stdout.splitlines()]
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Progressed)
    assert events[-1] == Finished(str(tmp_path / "result"))


def test_help_is_quick() -> None:
    started = time.monotonic()
    done = run_python("-m", "CTSMALib.cli", "--help")
    elapsed = time.monotonic() - started
    assert done.returncode == 0
    assert elapsed < 2.0
    loaded = run_python("-m", "CTSMALib.cli", "--version")
    assert loaded.stdout.strip() == f"ctsma {__version__}"


def test_a_folder_that_is_no_result_has_no_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path)]) == 2
    assert "is not a CTSMA result" in capsys.readouterr().err


def test_info_of_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.nii").touch()
    assert cli.main(["info", str(tmp_path / "empty.nii")]) == 2
    assert "is empty" in capsys.readouterr().err


def test_info_for_programs(tmp_path: Path) -> None:
    done = run_python("-m", "CTSMALib.cli", "info", str(tmp_path), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["event"] == "error"


@pytest.fixture
def an_image(tmp_path: Path) -> str:
    """A file with the values of a leg, which ``info`` can describe."""
    hu = np.full((40, 56, 64), -1000, dtype=np.int16)
    hu[:, 10:45, 10:50] = 50
    hu[:, 20:30, 25:35] = 900
    image = sitk.GetImageFromArray(hu + np.random.default_rng(1).integers(-20, 20, hu.shape, dtype=np.int16))
    image.SetSpacing((0.8, 0.7, 1.5))
    sitk.WriteImage(image, str(tmp_path / "leg.nrrd"))
    return str(tmp_path / "leg.nrrd")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
@pytest.mark.parametrize("arguments", [["--help"], ["info", "IMAGE"], ["info", "IMAGE", "--json"]])
def test_output_that_cannot_be_written_is_told_in_words(an_image: str, arguments: list[str]) -> None:
    command = ["-m", "CTSMALib.cli", *(an_image if word == "IMAGE" else word for word in arguments)]
    with open("/dev/full", "w") as full:
        done = run_python(*command, stdout=full)
    assert (done.returncode, done.stderr.count("\n")) == (2, 2), done.stderr
    assert done.stderr.startswith("Error: Standard output cannot be written")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_an_analysis_whose_output_cannot_be_written(tmp_path: Path, flags: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = run_python("-c", _MADE_UP_COMMAND, "analyze", SCAN, "--out", str(tmp_path / "r"), *flags, stdout=full)
    assert done.returncode == 2
    assert "Standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_without_all_characters(an_image: str) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_python("-m", "CTSMALib.cli", "info", an_image, **plain)
    assert done.returncode == 0, done.stderr
    assert "64 ? 56 ? 40 voxels" in done.stdout


def test_closed_streams_do_no_harm(an_image: str) -> None:
    for flags in ("", "--json"):
        command = f'"$0" -m CTSMALib.cli info "$1" {flags} >&- 2>&-'
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "CTSMA")}
        done = subprocess.run(["sh", "-c", command, sys.executable, an_image], env=environment, timeout=60)
        assert done.returncode == 0


def test_the_command_itself_loads_nothing() -> None:
    code = "import __future__, sys, typing; old = set(sys.modules); import CTSMALib.cli; print(*set(sys.modules) - old)"
    loaded = run_python("-c", code).stdout.split()
    assert set(loaded) == {"CTSMALib", "CTSMALib.cli"}


@pytest.mark.parametrize("module", ["argparse", "CTSMALib.jobs.execute", "CTSMALib.errors"])
def test_an_interrupt_while_loading_ends_in_a_word(module: str) -> None:
    code = f"""
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from CTSMALib import cli
sys.exit(cli.main(["analyze", "absent", "--out", "absent"]))
"""
    done = run_python("-c", code)
    assert (done.returncode, done.stderr) == (130, "Stopped.\n")


def test_info_where_nothing_can_be_analyzed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    series = {"uid": "1.2", "number": "1", "choice": "1", "description": "T1", "modality": "MR", "kernel": "",
              "body_part": "", "n_images": 3, "spacing_mm": None, "slice_spacing_mm": None, "extent_mm": None,
              "usable": False, "reason": "Series 1 'T1' is an MR series, not a CT."}  # fmt: skip
    monkeypatch.setattr("CTSMALib.jobs.describe.describe", lambda path: {"input": str(path), "series": [series]})
    assert cli.main(["info", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "cannot be analyzed: it is an MR series" in printed.out
    assert "holds nothing that can be analyzed" in printed.err


@pytest.mark.parametrize("command", [["info", "absent"], ["analyze", "absent", "--out", "r"], ["report", "absent"]])
def test_a_missing_path_is_told_before_anything_heavy_is_loaded(command: list[str]) -> None:
    code = f"""
import sys
from CTSMALib import cli
code = cli.main({command!r})
print(sorted({{"numpy", "SimpleITK", "pydicom", "msgspec"}} & set(sys.modules)))
sys.exit(code)
"""
    done = run_python("-c", code)
    assert (done.returncode, done.stdout) == (2, "[]\n")
    assert "'absent' does not exist." in done.stderr


def test_grave_notices_are_shown_at_once(tmp_path: Path) -> None:
    knee = made_up_knee()
    grave = [Notice(code, f"Text of {code}.") for code in ("side-conflict", "side-uncertain", "side-by-user", "metal")]
    write_folder(replace(knee, analysis=replace(knee.analysis, notices=(*knee.analysis.notices, *grave))), tmp_path)
    shown = [line for line in result_lines(tmp_path) if line.startswith("Notice")]
    assert shown == ["Notices      5, see the report", *(f"Notice       {notice.text}" for notice in grave)]
