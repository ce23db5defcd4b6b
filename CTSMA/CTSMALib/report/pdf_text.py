"""Fonts, styles and escaping of the PDF report."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

INK = HexColor("#1d2733")
MUTED = HexColor("#5b6770")
LINE = HexColor("#d5dbe0")
TINT = HexColor("#f3f6f8")
REFUSED = HexColor("#a4262c")
REFUSED_TINT = HexColor("#fcf0f0")
CAUTION = HexColor("#8a5a00")
CAUTION_TINT = HexColor("#fdf6e7")

_RIGHT_TO_LEFT = ("R", "AL")


@functools.cache
def _glyphs() -> frozenset[int]:
    """Register the fonts that ship with matplotlib; returns the characters that both weights have."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [TTFont(name, str(folder / f"{name}.ttf")) for name in (REGULAR, BOLD)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def printable(text: str) -> str:
    """Text with a visible sign for every character that the font lacks.

    Right-to-left scripts are replaced too: without reordering they would read backwards.
    """
    glyphs = _glyphs()
    return "".join(
        c if ord(c) in glyphs and unicodedata.bidirectional(c) not in _RIGHT_TO_LEFT else REPLACEMENT for c in text
    )


def is_printable(text: str) -> bool:
    """Whether the font has every character of a text."""
    return printable(text) == text


@functools.cache
def style(name: str) -> ParagraphStyle:
    """A paragraph style by name."""
    _glyphs()
    base = ParagraphStyle(
        "base", fontName=REGULAR, fontSize=8.8, leading=12.6, textColor=INK, allowWidows=0, allowOrphans=0
    )
    own: dict[str, dict[str, object]] = {
        "body": {"spaceAfter": 4},
        "title": {"fontName": BOLD, "fontSize": 16, "leading": 20, "spaceAfter": 8},
        "h2": {
            "fontName": BOLD,
            "fontSize": 11.5,
            "leading": 15,
            "spaceBefore": 13,
            "spaceAfter": 5,
            "keepWithNext": 1,
        },
        "table-title": {"fontName": BOLD, "fontSize": 11.5, "leading": 15, "spaceBefore": 13, "spaceAfter": 5},
        "h3": {
            "fontName": BOLD,
            "fontSize": 9.3,
            "leading": 12.5,
            "spaceBefore": 5,
            "spaceAfter": 3,
            "keepWithNext": 1,
        },
        "bullet": {"leftIndent": 10, "bulletIndent": 1, "spaceAfter": 2.5},
        "label": {"fontSize": 8, "leading": 11, "textColor": MUTED},
        "value": {"fontSize": 8, "leading": 11},
        "cell": {"fontSize": 8, "leading": 10.5, "alignment": TA_RIGHT},
        "head": {"fontName": BOLD, "fontSize": 7.6, "leading": 9.8, "alignment": TA_RIGHT},
        "row-head": {"fontSize": 8, "leading": 10.5},
        "first-head": {"fontName": BOLD, "fontSize": 7.6, "leading": 9.8},
        "reason": {"fontSize": 8, "leading": 10.5, "textColor": REFUSED, "leftIndent": 7},
        "definition": {"fontSize": 8, "leading": 11, "spaceAfter": 4.5},
        "note": {"fontSize": 7.6, "leading": 10.2, "textColor": MUTED, "spaceBefore": 3, "spaceAfter": 3},
    }
    return ParagraphStyle(name, base, **own[name])


def plain(text: str) -> str:
    """Text as paragraph markup that shows exactly this text."""
    return escape(printable(text))


def paragraph(text: str, name: str = "body") -> Paragraph:
    """A paragraph of plain text."""
    return Paragraph(plain(text), style(name))


def bullet(text: str) -> Paragraph:
    """A list entry of plain text."""
    return Paragraph(plain(text), style("bullet"), bulletText="•")
