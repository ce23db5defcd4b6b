"""The tables of a report: leading quantities, all quantities, values of single patches, definitions."""

from __future__ import annotations

from CTSMALib.analysis.compartment_findings import is_of_places
from CTSMALib.analysis.mr_method import method_text
from CTSMALib.analysis.result import CompartmentFinding, KneeAnalysis, PatchMeasurement
from CTSMALib.anatomy.patch import DEPTHS_MM
from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.morphometry.apparent.repeatability import ALL, study
from CTSMALib.report.leading import leading, measured, pictured, possible
from CTSMALib.report.model import Column, CompartmentRow, CompartmentTable, Definition, Table
from CTSMALib.report.wording import (
    MISSING,
    NBSP,
    NO_REASON,
    NOT_MEASURED,
    NOT_REPORTED,
    joined,
    number_text,
    sentence,
    summary_text,
    time_text,
    unit_text,
)

MOST_TITLES = 4  # columns that have room for more than a symbol


def compartment_table(analysis: KneeAnalysis) -> CompartmentTable:
    """A row for each compartment, refused ones with their reason."""
    columns = leading(analysis)
    return CompartmentTable(
        columns=tuple(Column(q.symbol if len(columns) > MOST_TITLES else q.title, unit_text(q)) for q in columns),
        rows=tuple(_compartment_row(finding, columns) for finding in analysis.compartments),
        note=f"Mean ± standard deviation over the valid patches of the compartment.{_of_places(analysis, columns)}",
    )


def _compartment_row(finding: CompartmentFinding, columns: tuple[Quantity, ...]) -> CompartmentRow:
    patches = f"{finding.patches_valid} of {finding.patches_total}"
    if not finding.reported:
        return CompartmentRow(finding.title, patches, (), sentence(finding.reason) or NO_REASON, reported=False)
    cells = tuple(_cell(finding, quantity) for quantity in columns)
    return CompartmentRow(finding.title, patches, cells, sentence(finding.reason), reported=True)


def _cell(finding: CompartmentFinding, quantity: Quantity) -> str:
    summary = finding.values.get(quantity.key)
    if summary is None:
        return MISSING
    text = summary_text(quantity, summary)
    return f"{text} (n{NBSP}={NBSP}{summary.n})" if text != MISSING and summary.n != finding.patches_valid else text


def _of_places(analysis: KneeAnalysis, shown: tuple[Quantity, ...]) -> str:
    """What must be said where a mean is taken over places; empty where none is."""
    found = [
        entry
        for entry in shown
        if any(is_of_places(f, entry.key, analysis.patches) for f in analysis.compartments if entry.key in f.values)
    ]
    if not found:
        return ""
    return f" {joined([entry.title for entry in found])}: over n places, each with up to two patches under one plate."


def quantity_table(analysis: KneeAnalysis) -> Table:
    """Every measured quantity by compartment."""
    rows = [
        (_named(quantity), *(_cell(f, quantity) if f.reported else NOT_REPORTED for f in analysis.compartments))
        for quantity in measured(analysis)
    ]
    return Table(
        title="All quantities by compartment",
        columns=(Column("Quantity"), *(Column(finding.title) for finding in analysis.compartments)),
        rows=tuple(rows),
        note=(
            f"Mean ± standard deviation over the valid patches; {MISSING} means {NOT_MEASURED}."
            f"{_of_places(analysis, measured(analysis))} Definitions are at the end of the report."
        ),
    )


def _named(quantity: Quantity) -> str:
    unit = unit_text(quantity)
    return f"{quantity.title} [{unit}]" if unit else quantity.title


def patch_tables(analysis: KneeAnalysis) -> tuple[Table, ...]:
    """The first drawn quantity of each learning patch; all other values are in the CSV file."""
    drawn = pictured(analysis)[:1]
    return tuple(_patch_table(analysis, quantity) for quantity in drawn)


def _patch_table(analysis: KneeAnalysis, quantity: Quantity) -> Table:
    columns = sorted({item.patch.column for item in analysis.patches})
    rows: list[tuple[str, ...]] = []
    for finding in analysis.compartments:
        if not finding.reported:
            rows.append((finding.title, *(NOT_REPORTED for _ in columns)))
            continue
        own = [item for item in analysis.patches if item.patch.compartment == finding.key]
        for layer, row in sorted({(item.patch.layer, item.patch.row) for item in own}):
            values = {
                i.patch.column: _patch_cell(i, quantity) for i in own if (i.patch.layer, i.patch.row) == (layer, row)
            }
            rows.append((f"{finding.title}, {_depth(layer)}, r{row}", *(values.get(c, MISSING) for c in columns)))
    return Table(
        title=f"{_named(quantity)} of each patch",
        columns=(Column("Compartment, depth, row"), *(Column(f"c{column}") for column in columns)),
        rows=tuple(rows),
        note=(
            "Rows r1 to r3 run from the notch to the periphery, columns c1 to c4 from anterior to posterior. "
            f"{MISSING} means {NOT_MEASURED}. The CSV file holds every quantity of every patch."
        ),
    )


def exclusion_tables(analysis: KneeAnalysis) -> tuple[Table, ...]:
    """The patches that a reader has excluded; empty where there are none."""
    if not analysis.exclusions:
        return ()
    rows = tuple((one.patch, sentence(one.reason), one.who, time_text(one.when)) for one in analysis.exclusions)
    return (
        Table(
            title="Patches excluded by a reader",
            columns=(Column("Patch"), Column("Reason"), Column("By"), Column("When")),
            rows=rows,
            note="They count neither in the compartments nor in the tables above. Maps show what was measured there.",
            numeric=False,
            widths=(0.16, 0.48, 0.16, 0.2),
        ),
    )


def _depth(layer: int) -> str:
    return f"{DEPTHS_MM[layer - 1]:g} mm deep" if 1 <= layer <= len(DEPTHS_MM) else f"layer {layer}"


def _patch_cell(item: PatchMeasurement, quantity: Quantity) -> str:
    value = item.values.get(quantity.key)
    return MISSING if value is None else number_text(value, quantity.decimals)


def repeatability_tables(analysis: KneeAnalysis) -> tuple[Table, ...]:
    """How well apparent parameters repeat; empty for a CT, or where nothing is known of the recipe."""
    known = study()
    if known is None or analysis.method != method_text(known.recipe, known.recipe_version):
        return ()
    rows = []
    for entry in known.entries:
        if entry.compartment != ALL:
            continue
        shown = quantity(entry.parameter)
        interval = f"{number_text(entry.icc_low, 2)} to {number_text(entry.icc_high, 2)}"
        rows.append(
            (
                _named(shown),
                f"{number_text(entry.icc, 2)} ({interval})",
                number_text(entry.within_sd, shown.decimals),
                number_text(entry.cv_percent, 1),
                number_text(entry.least_change, shown.decimals),
            )
        )
    return (
        Table(
            title="Repeatability of single patches",
            columns=(Column("Quantity"), Column("ICC(2,1)"), Column("SD"), Column("CV", "%"), Column("LSC")),
            rows=tuple(rows),
            note=(
                f"Between two sessions: {known.basis} ICC for absolute agreement, with its 95 % interval; SD within a "
                "patch; LSC, least significant change, the difference that two scans of one patch exceed in 5 % of "
                "cases without any change. SD and LSC in the unit of the quantity."
            ),
        ),
    )


def definitions(analysis: KneeAnalysis) -> tuple[tuple[Definition, ...], tuple[str, ...]]:
    """The catalogue's words on every quantity that the report shows, and their sources, each listed once."""
    shown = (*measured(analysis), *possible(analysis, "scan"))
    sources = list(dict.fromkeys(sentence(q.reference) for q in shown))
    found = tuple(
        Definition(
            "" if q.symbol == q.title else q.symbol,
            q.title,
            unit_text(q),
            sentence(q.definition),
            sources.index(sentence(q.reference)) + 1,
        )
        for q in shown
    )
    return found, tuple(sources)
