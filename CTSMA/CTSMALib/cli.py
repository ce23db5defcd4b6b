"""The ``ctsma`` command.

Everything is imported inside functions: Ctrl-C ends in a sentence only once :func:`main` runs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any, TextIO

    from CTSMALib.analysis.result import KneeAnalysis
    from CTSMALib.jobs.reporters import Reporter
    from CTSMALib.jobs.request import AnalyzeRequest
    from CTSMALib.progress import Progress

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SAMPLE = "SampleData/knee_ct_sts047.nii.gz"
RESEARCH_USE = "Research use only: not a medical device."
SHOWN_NOTICES = (
    *("side-conflict", "side-uncertain", "side-by-user", "metal"),
    *("not-resolvable", "motion", "bones-by-simple-method"),
)  # too grave to be read only in the report

_EXAMPLES = """\
examples:
  ctsma demo --out demo-report                    analyze the CT that comes with CTSMA
  ctsma info scans/knee                           list what a DICOM folder holds
  ctsma analyze knee.nii.gz --out result          analyze a knee CT
  ctsma analyze scans/knee --out result --series 4 --side left
  ctsma analyze legs.nrrd --out result --side both --format pdf,csv
  ctsma analyze-mr bffe.nii.gz --out result       read apparent parameters off a high-resolution MR
  ctsma report result --format pdf --pseudonymise write the reports again
  ctsma morphometry bvf.nii.gz --mask regions.nii.gz --out result
                                                  measure trabecular structure in each region
  ctsma register knee.nii.gz bffe.nii.gz --out registration
                                                  register an MR to a CT, bone by bone
  ctsma registration-report registration          write the quality report of a registration
  ctsma synthesize bffe.nii.gz --out synthetic    make a CT to register with, and bone labels, of an MR
  ctsma train synthesis --out training            train the network that does so, or go on with it
  ctsma patches cohort --out patches              make paired patches of CT and MR to learn from
  ctsma evaluate patches predictions --out found  compare predictions of students with MR and truth
  ctsma models verify                             check that the models are whole
  ctsma train diagnosis --patches patches --predictions student.csv --out training
                                                  train what diagnoses a knee from its patches
  ctsma diagnose result --model training/bundle   diagnose the knees of a result
  ctsma virtual make --knees 20 --out cohort      make virtual knees: CT and MR scans with exact truth

exit codes: 0 done, 2 the input or the output is at fault (the message says what to do; for info: it
holds nothing that can be analyzed), 1 unexpected problem, 130 stopped with Ctrl-C, 143 stopped by SIGTERM.

Research use only: not a medical device."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; ``None`` takes those of the process.

    Returns:
        The exit code: 0 done, 2 user error, 1 unexpected problem, 130 or 143 stopped.
    """
    try:
        from CTSMALib.errors import CTSMAError

        _make_streams_safe()
        try:
            return _run(arguments)
        except CTSMAError as error:
            print(f"Error: {error.message}\n{error.remedy}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as "head", has gone
        return 141


def _make_streams_safe() -> None:
    """Never fail on a character that the terminal lacks, nor on a stream that is closed."""
    import io
    import os

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _run(arguments: Sequence[str] | None) -> int:
    import logging
    import warnings

    try:
        options = _parser().parse_args(arguments)
    except SystemExit:  # after --help, for example
        _say("")
        raise
    if not options.debug:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _say(text: str, stream: TextIO | None = None) -> None:
    """Print to standard output, or to ``stream`` in its place.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputError: it cannot be written.
    """
    from CTSMALib.jobs.reporters import output_failure

    try:
        print(text, end="\n" if text else "", file=stream or sys.stdout, flush=True)
    except OSError as error:
        sys.stdout = None  # or Python would try again at exit
        if isinstance(error, BrokenPipeError):
            raise
        raise output_failure(error) from error


def _parser() -> argparse.ArgumentParser:
    import argparse

    from CTSMALib import __version__
    from CTSMALib.jobs.arguments import (
        add_analyze_arguments,
        add_analyze_mr_arguments,
        add_morphometry_arguments,
        add_report_arguments,
        add_virtual_arguments,
        given_path,
    )

    parser = argparse.ArgumentParser(
        prog="ctsma",
        description="Measures and reports subchondral bone from a routine knee CT.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ctsma {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    analyze = commands.add_parser("analyze", help="analyze a knee CT and write a result folder")
    add_analyze_arguments(analyze)
    _finish(analyze, _analyze)

    analyze_mr = commands.add_parser("analyze-mr", help="read apparent trabecular parameters off a high-resolution MR")
    add_analyze_mr_arguments(analyze_mr)
    _finish(analyze_mr, _analyze_mr)

    info = commands.add_parser("info", help="say what a CT file or folder holds")
    info.add_argument("ct", metavar="CT", type=given_path, help="DICOM folder or file, NIfTI, NRRD or MetaImage file")
    _finish(info, _info)

    report = commands.add_parser("report", help="write the reports of a result folder again")
    report.add_argument("result", metavar="DIR", type=given_path, help="a result folder")
    add_report_arguments(report)
    _finish(report, _report)

    morphometry = commands.add_parser("morphometry", help="measure trabecular structure in an image that shows it")
    add_morphometry_arguments(morphometry)
    _finish(morphometry, _morphometry)

    _add_registration(commands)
    _add_synthesis(commands)

    virtual = commands.add_parser("virtual", help="make virtual knees, whose truth is known")
    actions = virtual.add_subparsers(title="commands", metavar="COMMAND", required=True)
    make = actions.add_parser("make", help="make a cohort: CT and MR scans, labels, transforms, measured truth")
    add_virtual_arguments(make)
    _finish(make, _virtual_make)

    _add_patches(commands)
    _add_evaluation(commands)

    demo = commands.add_parser("demo", help="analyze the CT that comes with CTSMA")
    demo.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    demo.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")
    _finish(demo, _demo)
    return parser


def _add_registration(commands: Commands) -> None:
    from CTSMALib.jobs.arguments import add_register_arguments
    from CTSMALib.jobs.registration_report import add_registration_report_arguments

    register = commands.add_parser("register", help="register an MR to a CT of the same knee, bone by bone")
    add_register_arguments(register)
    _finish(register, _register)

    quality = commands.add_parser("registration-report", help="write the quality report of a registration")
    add_registration_report_arguments(quality)
    _finish(quality, _registration_report)


def _add_synthesis(commands: Commands) -> None:
    from CTSMALib.jobs.arguments import add_synthesize_arguments
    from CTSMALib.jobs.diagnosis_commands import add_diagnosis_commands
    from CTSMALib.jobs.train_synthesis import add_train_synthesis_arguments

    synthesize = commands.add_parser("synthesize", help="make a CT to register with, and bone labels, of an MR")
    add_synthesize_arguments(synthesize)
    _finish(synthesize, _synthesize)

    train = commands.add_parser("train", help="train a network")
    networks = train.add_subparsers(title="commands", metavar="COMMAND", required=True)
    synthesis = networks.add_parser("synthesis", help="train the network of 'ctsma synthesize', or go on with it")
    add_train_synthesis_arguments(synthesis)
    _finish(synthesis, _train_synthesis)
    add_diagnosis_commands(commands, networks, _finish, _execute, RESEARCH_USE)


def _add_patches(commands: Commands) -> None:
    from CTSMALib.jobs.patches import add_patches_arguments

    patches = commands.add_parser("patches", help="make paired patches of CT and MR to learn from, or check them")
    add_patches_arguments(patches)
    _finish(patches, _patches)


def _add_evaluation(commands: Commands) -> None:
    from CTSMALib.jobs.evaluation_commands import add_evaluation_commands

    add_evaluation_commands(commands, _finish, _execute, _say, RESEARCH_USE)


def _finish(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--json", action="store_true", help="write JSON to standard output, for programs")
    parser.add_argument("--debug", action="store_true", help="show warnings, and where a problem arose")
    parser.set_defaults(run=run)


def _analyze(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.arguments import analyze_request

    return _run_analysis(options, lambda: analyze_request(options))


def _analyze_mr(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze_mr import run
        from CTSMALib.jobs.arguments import analyze_mr_request

        return run(analyze_mr_request(options), progress)

    return _execute("analyze-mr", work, options)


def _demo(options: argparse.Namespace) -> int:
    def request() -> AnalyzeRequest:
        from CTSMALib.jobs.request import AnalyzeRequest
        from CTSMALib.resources import resource

        return AnalyzeRequest(resource(SAMPLE), options.out, overwrite=options.overwrite)

    return _run_analysis(options, request)


def _run_analysis(options: argparse.Namespace, request: Callable[[], AnalyzeRequest]) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze import run

        return run(request(), progress)

    return _execute("analyze", work, options)


def _report(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.rerender import rerender

        return rerender(options.result, options.formats, options.pseudonymise, progress)

    return _execute("report", work, options)


def _morphometry(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.arguments import morphometry_request
        from CTSMALib.jobs.morphometry import run

        return run(morphometry_request(options), progress)

    return _execute("morphometry", work, options, morphometry_summary)


def _register(options: argparse.Namespace) -> int:
    def work(progress: Progress) -> Path:
        from CTSMALib.jobs import register, register_cohort
        from CTSMALib.jobs.arguments import register_request
        from CTSMALib.jobs.request import RegisterCohortRequest

        request = register_request(options)
        if isinstance(request, RegisterCohortRequest):
            return register_cohort.run(request, progress)
        return register.run(request, progress)

    return _execute("register", work, options, registration_summary)


def _registration_report(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.registration_report import registration_report_summary

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.registration_report import registration_report_request, run

        return run(registration_report_request(options), progress)

    def summed_up(folder: Path) -> str:
        return "\n".join([*registration_report_summary(folder), RESEARCH_USE])

    return _execute("registration-report", work, options, summed_up)


def _synthesize(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.synthesize import synthesis_summary

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.arguments import synthesize_request
        from CTSMALib.jobs.synthesize import run

        return run(synthesize_request(options), progress)

    def summed_up(folder: Path) -> str:
        return "\n".join([*synthesis_summary(folder), RESEARCH_USE])

    return _execute("synthesize", work, options, summed_up)


def _train_synthesis(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.train_synthesis import KeepsTraining, training_summary

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.train_synthesis import run, train_synthesis_request

        return run(train_synthesis_request(options), progress)

    def summed_up(folder: Path) -> str:
        return "\n".join([*training_summary(folder), RESEARCH_USE])

    return _execute("train", work, options, summed_up, KeepsTraining)


def _patches(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.patches import patches_summary
    from CTSMALib.jobs.virtual import KeepsFinished

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.patches import patches_request, run

        return run(patches_request(options), progress)

    def summed_up(folder: Path) -> str:
        return "\n".join([*patches_summary(folder), RESEARCH_USE])

    return _execute("patches", work, options, summed_up, KeepsFinished)


def _virtual_make(options: argparse.Namespace) -> int:
    from CTSMALib.jobs.virtual import KeepsFinished, cohort_summary

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.arguments import virtual_request
        from CTSMALib.jobs.virtual import run

        return run(virtual_request(options), progress)

    def summed_up(folder: Path) -> str:
        return f"{cohort_summary(folder)}\n{RESEARCH_USE}"

    return _execute("virtual", work, options, summed_up, KeepsFinished)


def _execute(
    job: str,
    work: Callable[[Progress], Path],
    options: argparse.Namespace,
    summed_up: Callable[[Path], str] | None = None,
    told_by: Callable[[Reporter], Reporter] = lambda reporter: reporter,
) -> int:
    """Run a job; people are shown a summary of its result at the end. ``told_by`` may change what is told of it."""
    from CTSMALib.jobs.execute import execute
    from CTSMALib.jobs.reporters import JsonLines, protocol_stream, reporter_for_people

    result: list[Path] = []

    def kept(progress: Progress) -> Path:
        result.append(work(progress))
        return result[0]

    reporter: Reporter = JsonLines(protocol_stream()) if options.json else reporter_for_people()
    code = execute(job, kept, told_by(reporter), debug=options.debug)
    if code == 0 and not options.json:
        _say((summed_up or summary)(result[0]))
    return code


def summary(folder: Path) -> str:
    """What a result folder holds, in a few lines for a terminal."""
    from CTSMALib.analysis.folder import load_analysis
    from CTSMALib.jobs.knee_folders import knee_folders

    lines = [f"Result       {folder}"]
    for knee in knee_folders(folder):
        lines += _knee_lines(load_analysis(knee))
        lines += [f"Report       {path}" for path in sorted(knee.glob("report.*"))]
        lines += [f"Scene        {path}" for path in knee.glob("scene.mrb")]
    return "\n".join([*lines, RESEARCH_USE])


def morphometry_summary(folder: Path) -> str:
    """What a morphometry found, in a few lines for a terminal."""
    from CTSMALib.analysis.morphometry_folder import load_morphometry
    from CTSMALib.report.morphometry_text import morphometry_lines

    findings = load_morphometry(folder)
    table = folder / findings.files["table"]
    return "\n".join([f"Result       {folder}", *morphometry_lines(findings), f"Table        {table}", RESEARCH_USE])


def registration_summary(folder: Path) -> str:
    """What a registration, or that of a cohort, found, in a few lines for a terminal."""
    from CTSMALib.jobs import register, register_cohort
    from CTSMALib.registration.record_folder import holds_registration

    single = holds_registration(folder)
    lines = register.registration_summary(folder) if single else register_cohort.cohort_lines(folder)
    return "\n".join([*lines, RESEARCH_USE])


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


def _info(options: argparse.Namespace) -> int:
    import json
    from pathlib import Path

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

        _say(json.dumps(found) if options.json else "\n".join(description_lines(found)), stream)
        if not can_be_analyzed(found):
            raise InputError(f"'{options.ct}' holds nothing that can be analyzed.", "Give the CT of a knee.")
    return code


if __name__ == "__main__":
    sys.exit(main())
