"""The arguments of the jobs, the same for the ``ctsma`` command and for worker processes."""

from __future__ import annotations

import argparse
from pathlib import Path

from CTSMALib.jobs.request import FORMATS, SIDES, AnalyzeRequest


def add_analyze_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`analyze_request` reads."""
    parser.add_argument("ct", metavar="CT", type=given_path, help="DICOM folder or file, NIfTI, NRRD or MetaImage file")
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    parser.add_argument(
        "--side", choices=SIDES, default="auto", help="which knee; 'auto' takes every complete one (default)"
    )
    parser.add_argument("--series", metavar="X", help="DICOM series: its number or UID as listed by 'ctsma info'")
    add_report_arguments(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how reports look."""
    parser.add_argument(
        "--format",
        dest="formats",
        metavar="LIST",
        type=_formats,
        default=FORMATS,
        help=f"report formats, separated by commas, of {', '.join(FORMATS)} (default: all)",
    )
    parser.add_argument(
        "--pseudonymise",
        "--pseudonymize",
        dest="pseudonymise",
        action="store_true",
        help="leave name, identifiers and exact dates out of the whole result folder (the year of study stays)",
    )


def given_path(text: str) -> Path:
    """A path as an argument; an empty one, such as an unset variable of a script, is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def analyze_request(options: argparse.Namespace) -> AnalyzeRequest:
    """The request that the parsed arguments describe."""
    return AnalyzeRequest(
        input_path=options.ct,
        out=options.out,
        side=options.side,
        series=options.series,
        formats=options.formats,
        pseudonymise=options.pseudonymise,
        overwrite=options.overwrite,
    )


def _formats(text: str) -> tuple[str, ...]:
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(wanted))
