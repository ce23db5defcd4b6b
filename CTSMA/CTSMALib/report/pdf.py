"""The report as a PDF."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFInfo, PDFString
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from CTSMALib.report.model import ReportModel
from CTSMALib.report.pdf_blocks import WIDTH, story
from CTSMALib.report.pdf_text import BOLD, INK, LINE, MUTED, REGULAR, printable

DEFAULT_PAGE = "a4"
PAGES = {DEFAULT_PAGE: A4, "letter": letter}
_TOP = 21 * mm
_BOTTOM = 20 * mm
_FURNITURE_PT = 7.5


def render_pdf(model: ReportModel, path: Path, page: str = DEFAULT_PAGE) -> None:
    """Write the report to ``path``, with a header and a footer on each page.

    The same report gives the same bytes: the file holds no date of its own.

    Args:
        model: the report.
        path: of the file.
        page: one of :data:`PAGES`.

    Raises:
        OSError: the file cannot be written.
    """
    width, height = PAGES[page]
    document = BaseDocTemplate(
        str(path),
        pagesize=(width, height),
        title=printable(model.title),
        author="CTSMA",
        subject=printable(model.disclaimer),
        creator="CTSMA",
        lang="en",
        invariant=1,
    )
    frame = Frame(
        (width - WIDTH) / 2, _BOTTOM, WIDTH, height - _TOP - _BOTTOM,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document.addPageTemplates([PageTemplate("page", [frame])])
    document.build(story(model), canvasmaker=functools.partial(_NumberedCanvas, model=model))


class _UndatedInformation(PDFInfo):
    """Title, author, subject and software; reportlab would add the date of writing."""

    def format(self, document: Any) -> Any:  # reportlab's name
        """The information dictionary as it stands in the file."""
        entries = {
            "Title": self.title,
            "Author": self.author,
            "Subject": self.subject,
            "Creator": self.creator,
            "Producer": self.producer,
        }
        return PDFDictionary({name: PDFString(text) for name, text in entries.items()}).format(document)


class _NumberedCanvas(Canvas):
    """Holds all pages back until their number is known, then adds header and footer."""

    def __init__(self, *args: Any, model: ReportModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._doc.info = _UndatedInformation()
        self._model = model
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # reportlab's name
        """Keep the page; it is written by :meth:`save`."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._furnish(number, len(self._pages))
            super().showPage()
        super().save()

    def _furnish(self, number: int, count: int) -> None:
        width, height = self._pagesize
        side = (width - WIDTH) / 2
        top, bottom, right = height - 13 * mm, 11 * mm, width - side
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(side, top - 2.5 * mm, right, top - 2.5 * mm)
        self.line(side, bottom + 3.6 * mm, right, bottom + 3.6 * mm)
        self.setFillColor(MUTED)
        self.setFont(REGULAR, _FURNITURE_PT)
        self.drawString(side, top, _fitting(self, self._model.identity_line, WIDTH * 0.55))
        self.drawRightString(right, top, _fitting(self, self._model.title, WIDTH * 0.43))
        self.drawRightString(right, bottom, f"Page {number} of {count}")
        self.drawString(side, bottom - 3.4 * mm, _fitting(self, self._model.footer, WIDTH))
        self.setFillColor(INK)
        self.setFont(BOLD, _FURNITURE_PT)
        self.drawString(side, bottom, printable(self._model.disclaimer))


def _fitting(canvas: Canvas, text: str, width: float) -> str:
    """The text, shortened to a width in points."""
    shown = printable(text)
    while shown and canvas.stringWidth(shown, REGULAR, _FURNITURE_PT) > width:
        shown = shown[:-2].rstrip() + "…"
    return shown
