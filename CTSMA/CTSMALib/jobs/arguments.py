"""The arguments of the jobs, the same for the ``ctsma`` command and for worker processes."""

from __future__ import annotations

import argparse
from pathlib import Path

from CTSMALib.jobs.request import FORMATS, SCENE_FORMAT, SIDES, AnalyzeRequest, ExportRequest


def add_analyze_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`analyze_request` reads."""
    parser.add_argument("ct", metavar="CT", type=given_path, help="DICOM folder or file, NIfTI, NRRD or MetaImage file")
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    parser.add_argument(
        "--side", choices=SIDES, default="auto", help="which knee; 'auto' takes every complete one (default)"
    )
    parser.add_argument("--series", metavar="X", help="DICOM series: its number or UID as listed by 'ctsma info'")
    parser.add_argument(
        "--header-from",
        metavar="FILE",
        type=given_path,
        help="DICOM file that describes the scan, where CT has no header of its own",
    )
    parser.add_argument("--name", metavar="TEXT", default="", help="what to call the scan (default: its file name)")
    add_report_arguments(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`export_request` reads."""
    parser.add_argument("result", metavar="RESULT", type=given_path, help="a result folder")
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the reports to")
    about = "leave name, identifiers and exact dates out of the reports (the year of study stays)"
    add_report_arguments(parser, about, scene=False)
    parser.add_argument("--overwrite", action="store_true", help="replace reports that are in DIR")


def add_report_arguments(
    parser: argparse.ArgumentParser,
    pseudonymise_help: str = "leave name, identifiers and exact dates out of the whole result folder "
    "(the year of study stays)",
    scene: bool = True,
) -> None:
    """Add the options that say what is written, and how.

    Args:
        parser: where they go.
        pseudonymise_help: what that option does here.
        scene: whether a scene for 3D Slicer may be among the formats.
    """
    possible = (*FORMATS, SCENE_FORMAT) if scene else FORMATS
    parser.add_argument(
        "--format",
        dest="formats",
        metavar="LIST",
        type=lambda text: _formats(text, possible),
        default=FORMATS,
        help=f"what to write, separated by commas, of {', '.join(possible)} (default: {','.join(FORMATS)}"
        f"{'; mrb is a scene for 3D Slicer' if scene else ''})",
    )
    parser.add_argument(
        "--pseudonymise",
        "--pseudonymize",
        dest="pseudonymise",
        action="store_true",
        help=pseudonymise_help,
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
        header_from=options.header_from,
        name=options.name.strip(),
    )


def export_request(options: argparse.Namespace) -> ExportRequest:
    """The request that the parsed arguments describe."""
    return ExportRequest(
        result=options.result,
        out=options.out,
        formats=options.formats,
        pseudonymise=options.pseudonymise,
        overwrite=options.overwrite,
    )


def _formats(text: str, possible: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in possible]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(possible)}")
    return tuple(dict.fromkeys(wanted))
