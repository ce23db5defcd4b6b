"""How tests read reports back."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

from pypdf import PdfReader


class HtmlReader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._texts: list[str] = []
        self.feed(page)
        self.text = " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self._texts.append(data)


def pdf_pages(path: Path) -> list[str]:
    """The text of each page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


def csv_rows(text: str) -> list[dict[str, str]]:
    """The rows of a table with a header line."""
    return list(csv.DictReader(io.StringIO(text)))
