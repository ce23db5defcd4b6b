"""What a report says of how many patches, or places, were measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from CTSMALib.analysis.compartment_findings import summaries
from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.report import sentences, tables
from Testing.core.report.conftest import AnalyzedKnee

PLATE = "ct_plate_thickness_mm"
OF_PLACES = "thickness of the subchondral plate: over n places"


@pytest.fixture
def an_analysis(a_knee_analysis: AnalyzedKnee) -> KneeAnalysis:
    """As it is stored now; that of the fixture counts as results did before."""
    analysis = a_knee_analysis.analysis
    own = [item for item in analysis.patches if item.values]
    compartments = []
    for finding in analysis.compartments:
        placed = [((p.patch.row, p.patch.column), p.values) for p in own if p.patch.compartment == finding.key]
        compartments.append(replace(finding, values=summaries(placed)) if finding.reported else finding)
    return replace(analysis, compartments=tuple(compartments))


def test_patches_of_refused_compartments_are_not_called_valid(a_knee_analysis: AnalyzedKnee) -> None:
    analysis = a_knee_analysis.analysis
    valid = sum(finding.patches_valid for finding in analysis.compartments)
    every = tuple(replace(finding, reported=True) for finding in analysis.compartments)
    whole = sentences.summary(replace(analysis, compartments=every))[0]
    assert whole == f"{valid} of 96 patches are valid; 4 of 4 compartments are reported."
    none = tuple(replace(finding, reported=False) for finding in every)
    said = sentences.summary(replace(analysis, compartments=none))[0]
    assert said == "None of the 4 compartments is reported, so that no patch has values."


def test_what_is_measured_once_for_both_patches_of_a_place_is_told_with_its_number(an_analysis: KneeAnalysis) -> None:
    main, every = tables.compartment_table(an_analysis), tables.quantity_table(an_analysis)
    assert OF_PLACES in main.note and OF_PLACES in every.note
    plate = next(row for row in every.rows if "plate" in row[0])
    for finding, cell in zip(an_analysis.compartments, plate[1:], strict=True):
        if finding.reported:
            assert cell.endswith(f"(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{finding.values[PLATE].n})")
    others = [cell for row in every.rows if "plate" not in row[0] for cell in row[1:]]
    assert not any("(n" in cell for cell in others)


def test_a_result_of_an_older_version_is_told_as_it_is(a_knee_analysis: AnalyzedKnee) -> None:
    for table in (tables.compartment_table(a_knee_analysis.analysis), tables.quantity_table(a_knee_analysis.analysis)):
        assert "places" not in table.note
