"""``python -m CTSMALib.jobs [--attached] analyze CT --out DIR``: the worker process that panels start.

Standard output carries the protocol of :mod:`CTSMALib.jobs.protocol` and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from CTSMALib.jobs.arguments.analyze import (
    add_analyze_arguments,
    add_analyze_mr_arguments,
    analyze_mr_request,
    analyze_request,
)
from CTSMALib.jobs.arguments.morphometry import add_morphometry_arguments, morphometry_request
from CTSMALib.jobs.arguments.register import (
    add_register_arguments,
    add_synthesize_arguments,
    register_request,
    synthesize_request,
)
from CTSMALib.jobs.arguments.report import add_export_arguments, export_request
from CTSMALib.jobs.attached import Attachment
from CTSMALib.jobs.diagnose import add_diagnose_arguments, diagnose_request
from CTSMALib.jobs.dicom_export import add_dicom_arguments, dicom_request
from CTSMALib.jobs.keeping import COHORT
from CTSMALib.jobs.learning_jobs import LEARNING_JOBS, add_learning_jobs
from CTSMALib.jobs.request import RegisterRequest
from CTSMALib.jobs.worker import Work, run_worker
from CTSMALib.progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job and return its exit code (see :func:`CTSMALib.jobs.execute.execute`)."""
    options = _parser().parse_args(arguments)
    attachment = Attachment() if options.attached else None
    return run_worker(options.job, _JOBS[options.job](options), attachment, _kept(options))


def _kept(options: argparse.Namespace) -> str:
    """What the table of what stays calls the job."""
    if options.job == "train":
        return f"train {options.training}"
    return COHORT if options.job == "register" and options.cohort is not None else str(options.job)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m CTSMALib.jobs", description="Run one job as a worker process.")
    parser.add_argument(
        "--attached", action="store_true", help="cancel the job when standard input ends; run in a process group"
    )
    jobs = parser.add_subparsers(dest="job", required=True)
    add_analyze_arguments(jobs.add_parser("analyze", help="analyze a knee CT"))
    add_analyze_mr_arguments(jobs.add_parser("analyze-mr", help="read apparent parameters off an MR"))
    add_export_arguments(jobs.add_parser("report", help="write the reports of a result to another folder"))
    add_morphometry_arguments(jobs.add_parser("morphometry", help="measure trabecular structure"))
    add_register_arguments(jobs.add_parser("register", help="register an MR to a CT"))
    add_synthesize_arguments(jobs.add_parser("synthesize", help="make a CT of an MR"))
    add_diagnose_arguments(jobs.add_parser("diagnose", help="diagnose the knees of a result"))
    add_dicom_arguments(jobs.add_parser("dicom", help="write a result as DICOM objects"))
    add_dicom_arguments(jobs.add_parser("dicom-preview", help="say what DICOM objects would be written"))
    add_learning_jobs(jobs)
    return parser


def _analyze(options: argparse.Namespace) -> Work:
    request = analyze_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze import run

        return run(request, progress)

    return work


def _analyze_mr(options: argparse.Namespace) -> Work:
    request = analyze_mr_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.analyze_mr import run

        return run(request, progress)

    return work


def _report(options: argparse.Namespace) -> Work:
    request = export_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.export import export_reports

        return export_reports(request, progress)

    return work


def _morphometry(options: argparse.Namespace) -> Work:
    request = morphometry_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.morphometry import run

        return run(request, progress)

    return work


def _register(options: argparse.Namespace) -> Work:
    request = register_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs import register, register_cohort

        if isinstance(request, RegisterRequest):
            return register.run(request, progress)
        return register_cohort.run(request, progress)

    return work


def _synthesize(options: argparse.Namespace) -> Work:
    request = synthesize_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.synthesize import run

        return run(request, progress)

    return work


def _diagnose(options: argparse.Namespace) -> Work:
    request = diagnose_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs.diagnose import run

        return run(request, progress)

    return work


def _dicom(options: argparse.Namespace) -> Work:
    request = dicom_request(options)

    def work(progress: Progress) -> Path:
        from CTSMALib.jobs import dicom_export

        act = dicom_export.run if options.job == "dicom" else dicom_export.write_preview
        return act(request, progress)

    return work


_JOBS: dict[str, Callable[[argparse.Namespace], Work]] = {
    "analyze": _analyze,
    "analyze-mr": _analyze_mr,
    "report": _report,
    "morphometry": _morphometry,
    "register": _register,
    "synthesize": _synthesize,
    "diagnose": _diagnose,
    "dicom": _dicom,
    "dicom-preview": _dicom,
    **LEARNING_JOBS,
}

if __name__ == "__main__":
    sys.exit(main())
