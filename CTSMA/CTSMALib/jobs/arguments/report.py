"""The arguments that say what is written about a result, and how."""

from __future__ import annotations

import argparse

from CTSMALib.jobs.arguments.values import given_names, given_path
from CTSMALib.jobs.request import FORMATS, PAPERS, SCENE_FORMAT, ExportRequest


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
        type=lambda text: given_names(text, possible),
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
    add_paper(parser)


def add_paper(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the paper that a PDF is made for."""
    about = f"of the PDF (default: {PAPERS[0]})"
    parser.add_argument("--paper", "--page", dest="paper", choices=PAPERS, default=PAPERS[0], help=about)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`export_request` reads."""
    parser.add_argument("result", metavar="RESULT", type=given_path, help="a result folder")
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the reports to")
    about = "leave name, identifiers and exact dates out of the reports (the year of study stays)"
    add_report_arguments(parser, about, scene=False)
    parser.add_argument("--overwrite", action="store_true", help="replace reports that are in DIR")


def export_request(options: argparse.Namespace) -> ExportRequest:
    """The request that the parsed arguments describe."""
    return ExportRequest(
        result=options.result,
        out=options.out,
        formats=options.formats,
        pseudonymise=options.pseudonymise,
        overwrite=options.overwrite,
        paper=options.paper,
    )
