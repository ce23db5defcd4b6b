"""Tables of the PDF whose cells hold much text, and text that its font lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.report.model import Column, ReportModel, Table
from CTSMALib.report.pdf import PAGES, render_pdf
from CTSMALib.report.pdf_text import REPLACEMENT
from Testing.core.report.readers import pdf_pages

WIDTHS = (0.16, 0.48, 0.16, 0.2)  # of the table of excluded patches


def words(count: int, first: int) -> str:
    return " ".join(f"w{first + number:04d}" for number in range(count))


def pages_of(model: ReportModel, tables: Sequence[Table], path: Path, page: str = "a4") -> list[str]:
    """The pages of a report with these tables and without pictures."""
    render_pdf(replace(model, figures=(), tables=tuple(tables)), path, page)
    return pdf_pages(path)


@pytest.mark.parametrize("page", sorted(PAGES))
@pytest.mark.parametrize(("rows", "count"), [(4, 250), (2, 330), (1, 900), (9, 60)])
def test_long_texts_break_between_pages(
    a_report_model: ReportModel, tmp_path: Path, page: str, rows: int, count: int
) -> None:
    texts = [words(count, count * row) for row in range(rows)]
    heads = tuple(Column(name) for name in ("Patch", "Reason", "By", "When"))
    table = Table("Excluded", heads, tuple(("TM-r1-c1-d1", text, "A", "now") for text in texts), "", False, WIDTHS)
    text = " ".join(pages_of(a_report_model, [table], tmp_path / "report.pdf", page))
    assert [word for word in words(count * rows, 0).split() if word not in text] == []


def test_short_rows_stay_together(a_report_model: ReportModel, tmp_path: Path) -> None:
    """No page ends with the head of a table, or begins with its last row alone."""
    heads = (Column("Row"), Column("Value"))
    for before in range(0, 60, 4):
        filling = Table("Before", heads, tuple((f"b{n}", "1") for n in range(before)) or (("b", "1"),))
        table = Table("Tested", heads, tuple((f"row-{n}-", "1") for n in range(6)))
        for page in pages_of(a_report_model, [filling, table], tmp_path / "report.pdf"):
            assert sum(f"row-{n}-" in page for n in range(6)) in (0, 3, 6)


def test_a_sign_for_what_the_font_lacks_is_explained_wherever_it_stands(
    a_report_model: ReportModel, tmp_path: Path
) -> None:
    explained = "stands for a character that this PDF cannot print"
    plain = replace(a_report_model, definitions=(), left_out=())
    assert explained not in " ".join(pages_of(plain, (), tmp_path / "plain.pdf"))
    heads = (Column("Patch"), Column("Reason"))
    for foreign in (
        replace(plain, tables=(Table("Excluded", heads, (("TM-r1-c1-d1", "\u9aa8\u6298"),)),)),
        replace(plain, handling=("\u9aa8\u6298",)),
    ):
        text = " ".join(pages_of(foreign, foreign.tables, tmp_path / "foreign.pdf"))
        assert REPLACEMENT in text and text.count(explained) == 1
