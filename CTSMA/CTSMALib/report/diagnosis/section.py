"""A diagnosis becomes a section of a report."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.analysis.stored import load_volume
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.patch import DEPTHS_MM
from CTSMALib.diagnosis.names import SIMULATED
from CTSMALib.diagnosis.wording import percent, signed, start_text
from CTSMALib.notices import Severity
from CTSMALib.report.diagnosis.signs import HEAVIEST_BLANK
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.diagnosis.wording import (
    AGGREGATORS,
    TITLES,
    interval_text,
    odds_text,
    sentences,
)
from CTSMALib.report.figures.frames import frame_of
from CTSMALib.report.model import Column, DiagnosisSection, Fact, ReportFigure, Table
from CTSMALib.report.wording import lower_first, time_text

TITLE = "Diagnosis (research)"
STRONGEST = 8  # patches that are listed
_SUMMARY = "A research model's probability of osteoarthritis is given under “Diagnosis”. {mark}"
_NONE = "A research model was asked about osteoarthritis and gives no probability; “Diagnosis” says why."


def diagnosis_section(found: StoredDiagnosis, analysis: KneeAnalysis, folder: Path) -> DiagnosisSection:
    """Word and draw all of it.

    Args:
        found: the diagnosis.
        analysis: the findings.
        folder: the result folder with the bone labels.

    Raises:
        InputError: the labels are missing or unreadable.
    """
    notes = tuple(note for note in found.notes if note != SIMULATED)  # the mark says that
    return DiagnosisSection(
        title=TITLE,
        mark=found.statement,
        severity=Severity.REFUSED if found.abstained is not None or found.outdated else Severity.CAUTION,
        sentences=sentences(found),
        facts=_facts(found),
        figures=_figures(found, analysis, folder) if found.shown else (),
        tables=_tables(found) if found.shown else (),
        checked=found.checked,
        notes=notes,
    )


def summary_sentence(found: StoredDiagnosis) -> str:
    """What the summary of a report says of it."""
    return _SUMMARY.format(mark=found.statement) if found.shown else _NONE


def _facts(found: StoredDiagnosis) -> tuple[Fact, ...]:
    model = Fact("Model", found.model)
    how = Fact("Answered by", AGGREGATORS.get(found.aggregator, found.aggregator))
    when = Fact("Diagnosed", time_text(found.created))
    if not found.shown:
        return (model, when)
    grades = ", ".join(f"{grade}: {percent(share)}" for grade, share in enumerate(found.grades))
    return (
        Fact("Probability of osteoarthritis", interval_text(found)),
        Fact("Kellgren-Lawrence grade", grades),
        Fact(start_text(found.aggregator).capitalize(), percent(found.usual_probability)),
        *(model, how, when),
    )


def _figures(found: StoredDiagnosis, analysis: KneeAnalysis, folder: Path) -> tuple[ReportFigure, ...]:
    from CTSMALib.report.diagnosis import bars, maps

    numbers = ReportFigure(
        "What the model says",
        f"Dot and bar: probability of osteoarthritis with its 95 % interval; diamond: the answer "
        f"{start_text(found.aggregator)}. Grades 2 and more count as osteoarthritis. Contributions lead from there to "
        f"this knee. {found.statement}",
        (bars.probability_picture(found), bars.grade_picture(found), bars.compartment_picture(found)),
        None,
        columns=3,
    )
    frames = {bone.name: frame for bone in (FEMUR, TIBIA) if (frame := frame_of(analysis, bone.name)) is not None}
    if not frames:
        return (numbers,)
    labels = load_volume(analysis, folder, "labels")
    where = ReportFigure(
        "Which patches say so",
        f"What the patches at each place add to the log odds of osteoarthritis, both depths ({DEPTHS_MM[0]:g} and "
        f"{DEPTHS_MM[1]:g} mm) together: numbers above 0 speak for it, those below 0, hatched, against it. "
        f"{found.statement}",
        maps.contribution_maps(found, analysis, labels, frames),
        maps.contribution_key(found),
    )
    return numbers, where


def _tables(found: StoredDiagnosis) -> tuple[Table, ...]:
    total = sum(found.compartments.values())
    rows = [
        (c.title, str(found.counts.get(c.key, 0)), *_weighed(found.compartments.get(c.key, 0.0))) for c in COMPARTMENTS
    ]
    rows.append(("All together", str(sum(found.counts.values())), *_weighed(total)))
    strongest = sorted(found.patches.items(), key=lambda item: -abs(item[1]))[:STRONGEST]
    return (
        Table(
            title="What speaks for and against osteoarthritis",
            columns=(Column("Compartment"), Column("Patches"), Column("Log odds"), Column("Odds"), Column("Speaks")),
            rows=tuple(rows),
            note=(
                f"From the answer {start_text(found.aggregator)} to that for this knee. +0.7 doubles the odds, −0.7 "
                "halves them. The parts add up to the model's answer exactly; no patch was left out to find them."
            ),
        ),
        Table(
            title="Patches that weigh most",
            columns=(Column("Patch"), Column("Where"), Column("Log odds"), Column("Speaks")),
            rows=tuple((name, place_text(name), signed(part), _speaks(part)) for name, part in strongest),
            note=f"The {len(strongest)} largest contributions of {len(found.patches)}; the CSV file holds all.",
            numeric=False,
            widths=(0.16, 0.5, 0.16, 0.18),
        ),
    )


def _weighed(part: float) -> tuple[str, str, str]:
    return signed(part), odds_text(part), _speaks(part)


def _speaks(part: float) -> str:
    if abs(part) < HEAVIEST_BLANK / 5.0:
        return "neither"
    return "for" if part > 0.0 else "against"


def place_text(patch: str) -> str:
    """For example ``medial tibial plateau, row 2, column 4, 5 mm deep``."""
    key, row, column, depth = patch.split("-")
    layer = int(depth[1:])
    deep = f"{DEPTHS_MM[layer - 1]:g} mm deep" if 1 <= layer <= len(DEPTHS_MM) else f"layer {layer}"
    return f"{lower_first(TITLES[key])}, row {row[1:]}, column {column[1:]}, {deep}"
