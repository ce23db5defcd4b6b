"""The report before it has a page: everything a renderer shows, already worded and formatted.

Renderers (HTML, PDF) read a :class:`ReportModel` and nothing else. All texts are plain: they
hold no markup, and each renderer escapes them for its own format.
"""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.notices import Severity

PAPERS = ("a4", "letter")
DISCLAIMER = "Research use only — not a medical device"


@dataclass(frozen=True)
class ReportOptions:
    """How a report is to be written. Reports are in English.

    Attributes:
        pseudonymise: remove name, ID, exact dates (the year of the study stays), accession number,
            free-text descriptions and file name.
        pseudonym: shown instead of the patient ID; empty to derive one.
        salt: secret text that goes into a derived pseudonym. With the same salt, one patient gets
            one pseudonym in every report; without a salt, the pseudonym belongs to the image.
        paper: of a PDF, one of :data:`PAPERS`.
    """

    pseudonymise: bool = False
    pseudonym: str = ""
    salt: str = ""
    paper: str = "a4"


@dataclass(frozen=True)
class Fact:
    """One labelled value, for example ``Fact("Sex", "female")``."""

    label: str
    value: str


@dataclass(frozen=True)
class NoticeGroup:
    """All notices of one severity under a heading."""

    title: str
    severity: Severity
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """Head of a table column: a short name and its unit (empty where it has none)."""

    name: str
    unit: str = ""


@dataclass(frozen=True)
class CompartmentRow:
    """One compartment: its values, or the reason why there are none.

    Attributes:
        title: name of the compartment.
        patches: for example ``"22 of 24"``.
        cells: one text per column of the table; empty where the compartment is refused.
        remark: why it is refused or incomplete; empty otherwise.
        reported: ``False`` where the compartment is refused.
    """

    title: str
    patches: str
    cells: tuple[str, ...]
    remark: str
    reported: bool


@dataclass(frozen=True)
class CompartmentTable:
    """The main table: a row for each compartment, a column for each leading quantity."""

    columns: tuple[Column, ...]
    rows: tuple[CompartmentRow, ...]
    note: str


@dataclass(frozen=True)
class Table:
    """A plain table.

    Attributes:
        title: heading above it.
        columns: heads; the first column names the row.
        rows: cells as text.
        note: sentence between heading and table; may be empty.
        numeric: whether all columns but the first hold numbers.
        widths: share of each column in the width of a page; empty for a usual division.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    numeric: bool = True
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Definition:
    """What a quantity is.

    Attributes:
        symbol: short form; empty where it is the title.
        title: name in words.
        unit: empty for a ratio.
        text: how it is obtained.
        source: counts from 1 in :attr:`ReportModel.sources`.
    """

    symbol: str
    title: str
    unit: str
    text: str
    source: int


@dataclass(frozen=True)
class Picture:
    """One PNG with the words that replace it for a reader who cannot see it.

    Attributes:
        name: file name without suffix.
        png: the encoded picture.
        alt: what it shows.
        width_px: width in pixels.
        height_px: height in pixels.
    """

    name: str
    png: bytes
    alt: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class ReportFigure:
    """Panels of equal width that belong together, their color key and a caption."""

    title: str
    caption: str
    panels: tuple[Picture, ...]
    key: Picture | None
    columns: int = 2  # 2 or 3


@dataclass(frozen=True)
class DiagnosisSection:
    """What a research model says of the knee, or why it says nothing.

    Attributes:
        title: heading above it.
        mark: what must be seen with it, such as what the model was trained on.
        severity: how the mark looks.
        sentences: what it says, in plain words.
        facts: the numbers.
        figures: the same as pictures.
        tables: what speaks for it and against it.
        checked: what was looked at.
        notes: what must be known beside it.
    """

    title: str
    mark: str
    severity: Severity
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    figures: tuple[ReportFigure, ...]
    tables: tuple[Table, ...]
    checked: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Headings:
    """Above parts that are not the same in every kind of report."""

    identity: str = "Patient and study"
    image: str = "Image"
    handling: str = "How this image was handled"


@dataclass(frozen=True)
class ReportModel:
    """A complete report on one knee.

    A report has compartments, or tables that lead in their place.
    """

    title: str
    side: str  # "left", "right" or "unknown"
    virtual: bool
    disclaimer: str
    identity_line: str  # who it is about, for the head of every page
    patient: tuple[Fact, ...]
    study: tuple[Fact, ...]
    summary: tuple[str, ...]
    notices: tuple[NoticeGroup, ...]  # refused, then caution; handling notes are in ``handling``
    compartments: CompartmentTable | None
    figures: tuple[ReportFigure, ...]
    image: tuple[Fact, ...]
    method: tuple[str, ...]
    handling: tuple[str, ...]
    limits: tuple[str, ...]
    tables: tuple[Table, ...]
    definitions: tuple[Definition, ...]
    left_out: tuple[str, ...]  # which quantities the scan is too coarse for, in full
    sources: tuple[str, ...]
    footer: str
    leading_tables: tuple[Table, ...] = ()
    headings: Headings = Headings()
    diagnosis: DiagnosisSection | None = None

    @property
    def figures_before(self) -> int:
        """Figures that come before :attr:`figures`, whose numbers go on from theirs."""
        return 0 if self.diagnosis is None else len(self.diagnosis.figures)
