"""The files of a quality report: ``registration-report.html`` and ``registration-report.pdf``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.outputs import replace_file
from CTSMALib.progress import Progress, silent
from CTSMALib.report.registration_qa.sources import ReviewedRegistration

HTML_FILE, PDF_FILE = FILES = ("registration-report.html", "registration-report.pdf")
PAGES = ("a4", "letter")
_DRAWN, _HTML = 0.75, 0.8  # parts of the whole work


def write_registration_report(
    sources: ReviewedRegistration, out: Path, page: str = PAGES[0], progress: Progress = silent
) -> tuple[Path, ...]:
    """Write the report as HTML and as PDF; see :func:`report_steps`.

    Args:
        sources: record and images.
        out: folder, made if it is missing; files of the same names are replaced, each completely or not at all.
        page: one of :data:`PAGES`.
        progress: told of every step.

    Returns:
        The files.
    """
    for text, done in report_steps(sources, out, page):
        progress(text, done)
    return tuple(out / name for name in FILES)


def report_steps(sources: ReviewedRegistration, out: Path, page: str = PAGES[0]) -> Iterator[tuple[str, float]]:
    """Write the report step by step, for a caller that has something else to do in between.

    Args:
        sources, out, page: as of :func:`write_registration_report`.

    Yields:
        What comes next, and how much is done: 0 to 1.

    Raises:
        InputError: there is no such page.
        MissingDependencyError: a package is not installed.
        OutputError: a file cannot be written.
    """
    if page not in PAGES:
        raise InputError(f"There is no page “{page}”.", f"Choose from {', '.join(PAGES)}.")
    yield "Loading", 0.0  # what follows imports a lot
    try:
        from CTSMALib.report.html import render_html
        from CTSMALib.report.pdf import render_pdf
        from CTSMALib.report.registration_qa.builder import build_registration_report
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        raise MissingDependencyError(
            f"Reports need the Python package {package}.", f"Install it with: pip install {package}"
        ) from error
    steps = build_registration_report(sources)
    try:
        while True:
            text, done = next(steps)
            yield text, _DRAWN * done
    except StopIteration as finished:
        model = finished.value
    aside = out / f".{PDF_FILE}.part-{os.getpid()}"
    try:
        yield "Writing the HTML report", _DRAWN
        out.mkdir(parents=True, exist_ok=True)
        replace_file(out / HTML_FILE, render_html(model).encode("utf-8", "replace"))
        yield "Writing the PDF report", _HTML
        render_pdf(model, aside, page)
        os.replace(aside, out / PDF_FILE)
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"The report cannot be written to {out}: {why}.", "Choose another folder.") from error
    finally:
        with suppress(OSError):  # what went wrong before is what the user must know
            aside.unlink(missing_ok=True)
    yield "Finished", 1.0
