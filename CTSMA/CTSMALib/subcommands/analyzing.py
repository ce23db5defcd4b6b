"""Commands about one scan: analyze, analyze-mr, info, report, dicom, diagnose, morphometry, demo."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CTSMALib.jobs.arguments.analyze import add_analyze_arguments, add_analyze_mr_arguments
from CTSMALib.jobs.arguments.morphometry import add_morphometry_arguments
from CTSMALib.jobs.arguments.report import add_report_arguments
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.diagnose import add_diagnose_arguments
from CTSMALib.jobs.dicom_export import add_dicom_arguments
from CTSMALib.progress import Progress
from CTSMALib.subcommands.running import add_command, run_job, say

if TYPE_CHECKING:
    from CTSMALib.analysis.result import KneeAnalysis
    from CTSMALib.jobs.request import AnalyzeRequest
    from CTSMALib.subcommands.running import Commands

SAMPLE = "SampleData/knee_ct_sts047.nii.gz"
SHOWN_NOTICES = (
    *("side-conflict", "side-doubted", "side-uncertain", "side-by-user", "metal"),
    *("not-resolvable", "motion", "bones-by-simple-method", "bones-by-network"),
    *("mr-unlike-training", "mr-bones-misplaced"),
)  # too grave to be read only in the report


def add_analyzing(commands: Commands) -> None:
    """Add these commands."""
    add_analyze_arguments(add_command(commands, "analyze", "analyze a knee CT and write a result folder", _analyze))
    about = "read apparent trabecular parameters off a high-resolution MR"
    add_analyze_mr_arguments(add_command(commands, "analyze-mr", about, _analyze_mr))
    info = add_command(commands, "info", "say what a CT file or folder holds", _info)
    info.add_argument("ct", metavar="CT", type=given_path, help="DICOM folder or file, NIfTI, NRRD or MetaImage file")
    report = add_command(commands, "report", "write the reports of a result folder again", _report)
    report.add_argument("result", metavar="DIR", type=given_path, help="a result folder")
    add_report_arguments(report)
    about = "write a result as DICOM objects into the study of its series"
    add_dicom_arguments(add_command(commands, "dicom", about, _dicom), preview=True)
    about = "say how likely osteoarthritis is, from the patches of a result"
    add_diagnose_arguments(add_command(commands, "diagnose", about, _diagnose))
    about = "measure trabecular structure in an image that shows it"
    add_morphometry_arguments(add_command(commands, "morphometry", about, _morphometry))


def add_demo(commands: Commands) -> None:
    """Add the demonstration."""
    demo = add_command(commands, "demo", "analyze the CT that comes with CTSMA", _demo)
    demo.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    demo.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


def _analyze(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.arguments.analyze import analyze_request

    return _run_analysis(options, lambda: analyze_request(options))


def _demo(options: argparse.Namespace) -> int:
    def request() -> AnalyzeRequest:
        from CTSMALib.jobs.request import AnalyzeRequest
        from CTSMALib.resources import resource

        return AnalyzeRequest(resource(SAMPLE), options.out, overwrite=options.overwrite)

    return _run_analysis(options, request)


def _run_analysis(options: argparse.Namespace, request: Callable[[], AnalyzeRequest]) -> int:
    from CTSMALib.jobs import analyze

    return run_job("analyze", options, lambda progress: analyze.run(request(), progress), result_lines)


def _analyze_mr(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze_mr import run
        from CTSMALib.jobs.arguments.analyze import analyze_mr_request

        return run(analyze_mr_request(options), progress)

    return run_job("analyze-mr", options, work, result_lines)


def _report(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.rerender import rerender

        return rerender(options.result, options.formats, options.pseudonymise, progress, options.paper)

    return run_job("report", options, work, result_lines)


def _dicom(options: argparse.Namespace) -> int:
    from CTSMALib.jobs import dicom_export

    if options.preview:
        return _dicom_preview(options)

    written: list[Path] = []

    def work(progress: Progress) -> Path:
        written.extend(dicom_export.write_objects(dicom_export.dicom_request(options), progress))
        return written[0].parent

    return run_job("dicom", options, work, lambda _folder: dicom_export.written_lines(written))


def _dicom_preview(options: argparse.Namespace) -> int:
    from CTSMALib.jobs import dicom_export
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.reporters import JsonLines, OnlyFailures, PlainLines, protocol_stream

    stream = protocol_stream() if options.json else sys.stdout
    found: dict[str, Any] = {}

    def work(progress: Progress) -> Path:
        found.update(dicom_export.preview(dicom_export.dicom_request(options), progress))
        return Path(options.result)

    reporter = OnlyFailures(JsonLines(stream) if options.json else PlainLines(sys.stderr))
    code = execute("dicom", work, reporter, debug=options.debug)
    if code == 0:
        say(json.dumps(found) if options.json else "\n".join(dicom_export.preview_lines(found)), stream)
    return code


def _diagnose(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.diagnose import diagnose_request, diagnosis_summary, run

    return run_job("diagnose", options, lambda told: run(diagnose_request(options), told), diagnosis_summary)


def _morphometry(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.arguments.morphometry import morphometry_request
        from CTSMALib.jobs.morphometry import run

        return run(morphometry_request(options), progress)

    return run_job("morphometry", options, work, morphometry_lines)


def _info(options: argparse.Namespace) -> int:
    from CTSMALib.errors import InputError
    from CTSMALib.inputs import existing_path
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.reporters import JsonLines, OnlyFailures, PlainLines, protocol_stream

    stream = protocol_stream() if options.json else sys.stdout
    found: dict[str, Any] = {}

    def work(progress: Progress) -> Path:
        existing_path(options.ct)  # before the heavy imports
        from CTSMALib.jobs.describe import describe

        found.update(describe(options.ct))
        return Path(options.ct)

    reporter = OnlyFailures(JsonLines(stream) if options.json else PlainLines(sys.stderr))
    code = execute("info", work, reporter, debug=options.debug)
    if code == 0:
        from CTSMALib.jobs.describe import can_be_analyzed, description_lines

        say(json.dumps(found) if options.json else "\n".join(description_lines(found)), stream)
        if not can_be_analyzed(found):
            raise InputError(f"'{options.ct}' holds nothing that can be analyzed.", "Give the CT of a knee.")
    return code


def result_lines(folder: Path) -> list[str]:
    """What a result folder holds, in a few lines for a terminal."""
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.jobs.knee_folders import knee_folders

    lines = [f"Result       {folder}"]
    for knee in knee_folders(folder):
        analysis = load_analysis(knee)
        lines += [*_knee_lines(analysis), *_diagnosis_lines(knee, analysis)]
        lines += [f"Report       {path}" for path in sorted(knee.glob("report.*"))]
        lines += _scene_lines(knee)
    return lines


def _scene_lines(knee: Path) -> list[str]:
    from CTSMALib.jobs.scene_file import OUTDATED_SCENE_FILE, SCENE_FILE

    remedy = f"pip install slicer-core, then: ctsma report {knee} --format mrb"
    return [
        *(f"Scene        {path}" for path in knee.glob(SCENE_FILE)),
        *(
            f"Outdated     {path} shows the result as it was before. {remedy}"
            for path in knee.glob(OUTDATED_SCENE_FILE)
        ),
    ]


def _diagnosis_lines(knee: Path, analysis: KneeAnalysis) -> list[str]:
    from CTSMALib.diagnosis.record import FILE, read_diagnosis
    from CTSMALib.jobs.diagnose import answer_lines
    from CTSMALib.report.diagnosis.stored import OUTDATED, is_outdated

    if not (knee / FILE).is_file():
        return []
    found = read_diagnosis(knee)
    changed = is_outdated(str(found.get("values_sha256", "")), analysis)
    return [*([f"Outdated     {OUTDATED}"] if changed else []), *answer_lines(found)]


def morphometry_lines(folder: Path) -> list[str]:
    """What a morphometry found, in a few lines for a terminal."""
    from CTSMALib.analysis.morphometry_folder import load_morphometry
    from CTSMALib.report import morphometry_text

    findings = load_morphometry(folder)
    table = folder / findings.files["table"]
    return [f"Result       {folder}", *morphometry_text.morphometry_lines(findings), f"Table        {table}"]


def _knee_lines(analysis: KneeAnalysis) -> list[str]:
    side = analysis.side
    compartments = ", ".join(
        f"{c.key} {c.patches_valid}/{c.patches_total}" if c.reported else f"{c.key} not reported"
        for c in analysis.compartments
    )
    notices = len(analysis.notices)
    return [
        f"Side         {side.side} (from: {side.evidence})",
        f"Compartments {compartments} (valid patches)",
        f"Notices      {notices}{', see the report' if notices else ''}",
        *(f"Notice       {notice.text}" for notice in analysis.notices if notice.code in SHOWN_NOTICES),
    ]
