"""The parts of the PDF report: a report model becomes a list of platypus flowables."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Image, KeepTogether, Paragraph, Spacer, Table

from CTSMALib.notices import Severity
from CTSMALib.report import model as content
from CTSMALib.report import pdf_text as text
from CTSMALib.report.model import CompartmentTable, Fact, NoticeGroup, Picture, ReportFigure, ReportModel
from CTSMALib.report.notices import LEFT_OUT_TITLE
from CTSMALib.report.pdf_text import bullet, paragraph, plain, style

WIDTH = 174 * mm
_GAP = 6 * mm
_ROOM_FOR_TABLE = 60 * mm
_ROOM_FOR_DEFINITIONS = 40 * mm
_PANEL = (WIDTH - _GAP) / 2
_FLUSH = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)]
_BESIDE, _ABOVE = 3.0, 1.6  # around the text of a cell
_TIGHT = [
    ("TOPPADDING", (0, 0), (-1, -1), 1.2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_RULED = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
    ("LINEBELOW", (0, 0), (-1, 0), 0.9, text.INK),
    ("LINEBELOW", (0, 1), (-1, -1), 0.4, text.LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), _BESIDE),
    ("RIGHTPADDING", (0, 0), (-1, -1), _BESIDE),
    ("TOPPADDING", (0, 0), (-1, -1), _ABOVE),
    ("BOTTOMPADDING", (0, 0), (-1, -1), _ABOVE),
]
_FIRST, _LAST = 4, 3  # rows, with the head: no page begins or ends with a single one
_TOGETHER = [("NOSPLIT", (0, 0), (0, _FIRST - 1)), ("NOSPLIT", (0, -_LAST), (0, -1))]
_MOST_TOGETHER = 170 * mm  # rows that must stay together need a page that holds them
_COLORS = {Severity.REFUSED: (text.REFUSED, text.REFUSED_TINT), Severity.CAUTION: (text.CAUTION, text.CAUTION_TINT)}


def story(model: ReportModel) -> list[Flowable]:
    """Everything between the first page's header and the last page's footer."""
    parts: list[Flowable] = [paragraph(model.title, "title"), _identity(model), *_unprintable(model)]
    parts += [paragraph("Summary", "h2"), *(bullet(line) for line in model.summary)]
    parts += [part for group in model.notices for part in _notices(group)]
    if model.compartments is not None:
        parts += [
            paragraph("Compartments", "h2"),
            _compartments(model.compartments),
            paragraph(model.compartments.note, "note"),
        ]
    parts += [part for table in model.leading_tables for part in _table(table)]
    parts += _diagnosis(model.diagnosis) if model.diagnosis is not None else []
    parts += [KeepTogether([paragraph(model.headings.image, "h2"), _facts(model.image, WIDTH, 58 * mm)])]
    parts += [
        part
        for number, figure in enumerate(model.figures, start=1 + model.figures_before)
        for part in _figure(figure, number)
    ]
    parts += [paragraph("Method", "h2"), *(paragraph(line) for line in model.method)]
    if model.handling:
        parts += [paragraph(model.headings.handling, "h3"), *(bullet(line) for line in model.handling)]
    parts += [paragraph("Limits", "h2"), *(paragraph(line) for line in model.limits)]
    parts += [part for table in model.tables for part in _table(table)]
    return [*parts, *_definitions(model)]


def _identity(model: ReportModel) -> Table:
    """Patient at the left, study at the right, on a tinted ground."""
    inner = (WIDTH - 10 * mm) / 2
    columns = [_facts(facts, inner, 25 * mm) for facts in (model.patient, model.study)]
    ground = [("BACKGROUND", (0, 0), (-1, -1), text.TINT), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Table([columns], colWidths=[WIDTH / 2] * 2, style=[*ground, ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm)])


def _facts(facts: Sequence[Fact], width: float, label_width: float) -> Table:
    rows = [[paragraph(fact.label, "label"), paragraph(fact.value, "value")] for fact in facts]
    return Table(rows, colWidths=[label_width, width - label_width], style=[*_FLUSH, *_TIGHT], hAlign="LEFT")


def _diagnosis(section: content.DiagnosisSection) -> list[Flowable]:
    """The mark in a box, then words, numbers, pictures, tables, and what was checked."""
    parts: list[Flowable] = [CondPageBreak(_ROOM_FOR_TABLE), paragraph(section.title, "h2")]
    parts += _notices(NoticeGroup("", section.severity, (section.mark,)))
    parts += [Spacer(1, 4), *(paragraph(line) for line in section.sentences), _facts(section.facts, WIDTH, 58 * mm)]
    parts += [part for number, figure in enumerate(section.figures, start=1) for part in _figure(figure, number, "h3")]
    parts += [part for table in section.tables for part in _table(table, "h3")]
    for title, lines in (("What was checked", section.checked), ("To be known beside it", section.notes)):
        parts += [paragraph(title, "h3"), *(bullet(line) for line in lines)] if lines else []
    return parts


def _unprintable(model: ReportModel) -> list[Flowable]:
    if all(map(text.is_printable, _texts(model))):
        return []
    return [
        paragraph(
            f"{text.REPLACEMENT} stands for a character that this PDF cannot print; the HTML report shows it.", "note"
        )
    ]


def _texts(part: object) -> Iterator[str]:
    """All texts of a report, those aside that stand in place of pictures."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        yield from (found for one in part for found in _texts(one))
    elif is_dataclass(part) and not isinstance(part, Picture):
        yield from (found for field in fields(part) for found in _texts(getattr(part, field.name)))


def _notices(group: NoticeGroup) -> list[Flowable]:
    """A colored box with one row for each notice, so that a long list can break between pages."""
    line, ground = _COLORS.get(group.severity, (text.MUTED, text.TINT))
    title = [[paragraph(group.title, "h3")]] if group.title else []
    rows = [*title, *([paragraph(one)] for one in group.texts)]
    box = [
        ("BACKGROUND", (0, 0), (-1, -1), ground),
        ("LINEBEFORE", (0, 0), (0, -1), 3, line),
        ("LEFTPADDING", (0, 0), (-1, -1), 9),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 5),
        ("NOSPLIT", (0, 0), (0, 1)),
    ]
    return [Spacer(1, 5), Table(rows, colWidths=[WIDTH], style=box)]


def _head(column: content.Column, name: str = "head") -> Paragraph:
    unit = f'<br/><font name="{text.REGULAR}" color="#5b6770">[{plain(column.unit)}]</font>' if column.unit else ""
    return Paragraph(plain(column.name) + unit, style(name))


MOST_WIDE = 4  # columns beside which names have all the room that they want


def _compartments(table: CompartmentTable) -> Table:
    count = max(len(table.columns), 1)
    first, second = (46 * mm, 20 * mm) if count <= MOST_WIDE else (38 * mm, 16 * mm)
    heads = [_head(content.Column("Compartment"), "first-head"), _head(content.Column("Valid patches"))]
    rows: list[list[object]] = [[*heads, *(_head(column) for column in table.columns)]]
    look: list[tuple[object, ...]] = [*_RULED, *_TOGETHER]
    for number, row in enumerate(table.rows, start=1):
        name = [paragraph(row.title, "row-head")]
        if row.reported:
            name += [paragraph(row.remark, "note")] if row.remark else []
            rows.append([name, paragraph(row.patches, "cell"), *(paragraph(cell, "cell") for cell in row.cells)])
        else:
            rows.append([name, paragraph(row.patches, "cell"), paragraph(f"Not reported. {row.remark}", "reason")])
            look.append(("SPAN", (2, number), (-1, number)))
        rows[-1] += [""] * (2 + count - len(rows[-1]))
    rows[0] += [""] * (2 + count - len(rows[0]))
    return Table(rows, colWidths=[first, second, *[(WIDTH - first - second) / count] * count], style=look, repeatRows=1)


def _figure(figure: ReportFigure, number: int, heading: str = "h2") -> list[Flowable]:
    """Panels side by side in rows, the key and the caption, on one page."""
    columns = figure.columns
    width = (WIDTH - (columns - 1) * _GAP) / columns
    rows = [list(figure.panels[i : i + columns]) for i in range(0, len(figure.panels), columns)]
    cells = [[_image(panel, width) for panel in row] + [""] * (columns - len(row)) for row in rows]
    widths = [*[width + _GAP] * (columns - 1), width]
    grid = Table(
        cells,
        colWidths=widths,
        style=[*_FLUSH, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 5)],
    )
    caption = Paragraph(f'<font name="{text.BOLD}">Figure {number}.</font> {plain(figure.caption)}', style("note"))
    key = [_image(figure.key, _PANEL)] if figure.key else []
    return [KeepTogether([paragraph(figure.title, heading), grid, *key, caption])]


def _image(picture: Picture, width: float) -> Image:
    return Image(io.BytesIO(picture.png), width=width, height=width * picture.height_px / picture.width_px)


def _table(table: content.Table, title: str = "table-title") -> list[Flowable]:
    count = len(table.columns)
    first = WIDTH * 0.44
    cell = "cell" if table.numeric else "row-head"
    rows = [[_head(column, "head" if i and table.numeric else "first-head") for i, column in enumerate(table.columns)]]
    rows += [[paragraph(value, "row-head" if i == 0 else cell) for i, value in enumerate(row)] for row in table.rows]
    widths = [first, *[(WIDTH - first) / max(count - 1, 1)] * (count - 1)]
    if table.widths:
        widths = [share * WIDTH for share in table.widths]
    # Kept with its head line only: a heading that keeps with a whole table would push it to the next page.
    heading: list[Flowable] = [CondPageBreak(_ROOM_FOR_TABLE), paragraph(table.title, title)]
    heading += [paragraph(table.note, "note")] if table.note else []
    return [*heading, _ruled(rows, widths)]


def _ruled(rows: Sequence[Sequence[Paragraph]], widths: Sequence[float]) -> Table:
    """Rows that stay together at both ends of the table, and break inside only where they are too tall for that."""
    heights = [
        max(cell.wrap(width - 2 * _BESIDE, math.inf)[1] for cell, width in zip(row, widths, strict=True)) + 2 * _ABOVE
        for row in rows
    ]
    together = max(sum(heights[:_FIRST]), sum(heights[-_LAST:])) <= _MOST_TOGETHER
    return Table(
        rows, colWidths=widths, style=[*_RULED, *(_TOGETHER if together else [])], repeatRows=1,
        splitInRow=int(max(heights) > _MOST_TOGETHER),
    )  # fmt: skip


def _definitions(model: ReportModel) -> list[Flowable]:
    if not model.definitions:
        return []
    listed = [paragraph(f"[{number}] {source}", "note") for number, source in enumerate(model.sources, start=1)]
    return [
        CondPageBreak(_ROOM_FOR_DEFINITIONS),
        paragraph("Definitions", "h2"),
        *(_definition(item) for item in model.definitions),
        *_left_out(model),
        KeepTogether([paragraph("Sources", "h3"), *listed]),
    ]


def _left_out(model: ReportModel) -> list[Flowable]:
    if not model.left_out:
        return []
    return [paragraph(LEFT_OUT_TITLE, "h3"), *(paragraph(line, "definition") for line in model.left_out)]


def _definition(item: content.Definition) -> Paragraph:
    """Name, text and source in one paragraph."""
    symbol = f" ({plain(item.symbol)})" if item.symbol else ""
    unit = f" [{plain(item.unit)}]" if item.unit else ""
    head = f'<font name="{text.BOLD}">{plain(item.title)}</font>{symbol}{unit}'
    return Paragraph(f'{head}<br/>{plain(item.text)} <font color="#5b6770">[{item.source}]</font>', style("definition"))
