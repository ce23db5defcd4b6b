"""The job that writes the quality report of a registration."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import existing_path
from CTSMALib.jobs.arguments.values import given_path
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.staging import resolved
from CTSMALib.progress import Progress, part_of, silent

PAGES = ("a4", "letter")
_READ = 0.2  # part of the whole work


@dataclass(frozen=True)
class RegistrationReportRequest:
    """What to do.

    Attributes:
        folder: of a registration.
        out: where the report goes; ``None`` for the folder itself.
        mr: the MR, for pictures of bones that were moved since the resampled one was made.
        mr_labels: bones that were outlined in the MR.
        page: of the PDF, one of :data:`PAGES`.
        mr_series: of an MR that is DICOM, its number or UID.
    """

    folder: Path
    out: Path | None = None
    mr: Path | None = None
    mr_labels: Path | None = None
    page: str = PAGES[0]
    mr_series: str | None = None


def add_registration_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`registration_report_request` reads."""
    parser.add_argument("folder", metavar="FOLDER", type=given_path, help="the folder of a registration")
    parser.add_argument("--out", metavar="DIR", type=given_path, help="folder for the report (default: FOLDER)")
    about = "the MR that was registered; needed for pictures where bones were moved and not judged again"
    parser.add_argument("--mr", metavar="MR", type=given_path, help=about)
    parser.add_argument("--mr-series", metavar="X", help="DICOM series of the MR: its number or UID")
    about = "label map of the bones in the MR, for Dice and surface distance: 1 femur, 2 tibia, 3 patella, 4 fibula"
    about += "; without --mr it is not checked that they lie in it"
    parser.add_argument("--mr-labels", metavar="FILE", type=given_path, help=about)
    parser.add_argument("--page", choices=PAGES, default=PAGES[0], help="page of the PDF (default: a4)")


def registration_report_request(options: argparse.Namespace) -> RegistrationReportRequest:
    """The request that arguments stand for."""
    return RegistrationReportRequest(
        options.folder, options.out, options.mr, options.mr_labels, options.page, options.mr_series
    )


def run(request: RegistrationReportRequest, progress: Progress = silent) -> Path:
    """Write ``registration-report.html`` and ``registration-report.pdf``; files of these names are replaced.

    Args:
        request: what to do.
        progress: told of every step; may raise :class:`~CTSMALib.errors.CancelledError`.

    Returns:
        The folder with the report.

    Raises:
        CTSMAError: the folder is no registration, MR or labels are not those of it, or the report cannot be written.
    """
    if request.mr_series is not None and request.mr is None:
        raise InputError("A series of the MR was given, but no MR.", "Give the MR as well: --mr.")
    for source in (request.folder, request.mr, request.mr_labels):  # before the heavy imports
        if source is not None:
            existing_path(source)
    folder = resolved(request.folder)
    out = folder if request.out is None else resolved(request.out)
    progress("Reading the registration", 0.0)
    with held():
        from CTSMALib.report.registration_qa.sources import read_sources
        from CTSMALib.report.registration_qa.write import write_registration_report
    sources = read_sources(folder, request.mr, request.mr_labels, request.mr_series)
    write_registration_report(sources, out, request.page, part_of(progress, _READ, 1.0))
    return out


def registration_report_summary(folder: Path) -> list[str]:
    """Where the report is, in a few lines for a terminal."""
    from CTSMALib.report.registration_qa.write import FILES

    return [f"Report       {folder / name}" for name in FILES]
