"""A reviewed registration becomes a report model."""

from __future__ import annotations

from collections.abc import Generator

from CTSMALib.report.model import DISCLAIMER, Headings, ReportFigure, ReportModel
from CTSMALib.report.registration_qa import tables, wording
from CTSMALib.report.registration_qa.checks import SOURCE, check_table
from CTSMALib.report.registration_qa.measures import BoneMeasures, bone_measures
from CTSMALib.report.registration_qa.pictures import bone_figure
from CTSMALib.report.registration_qa.sources import ReviewedRegistration
from CTSMALib.report.wording import time_text

Step = tuple[str, float]  # what is being done, and how much of it is done: 0 to 1
HEADINGS = Headings("Scans and review", "Scans, settings, versions", "How the scans were read")


def build_registration_report(sources: ReviewedRegistration) -> Generator[Step, None, ReportModel]:
    """Measure, word and draw everything that the report shows.

    It pauses before every step, so that a caller can show what is being done and do something else in between.

    Args:
        sources: record and images.

    Yields:
        What comes next.

    Returns:
        The model that every renderer reads.
    """
    bones: list[BoneMeasures] = []
    figures: list[ReportFigure] = []
    count = len(sources.record.bones)
    for index, bone in enumerate(sources.record.bones):
        yield f"Measuring the {bone.name}", index / count
        bones.append(bone_measures(sources, bone))
        yield f"Drawing the {bone.name}", (index + 0.5) / count
        figure = bone_figure(sources, bones[-1], wording.is_virtual(sources.record))
        figures += [figure] if figure is not None else []
    return _model(sources, tuple(bones), tuple(figures))


def _model(
    sources: ReviewedRegistration, bones: tuple[BoneMeasures, ...], figures: tuple[ReportFigure, ...]
) -> ReportModel:
    record = sources.record
    return ReportModel(
        title=wording.title(record),
        side=record.side,
        virtual=wording.is_virtual(record),
        disclaimer=DISCLAIMER,
        identity_line=wording.identity_line(record),
        patient=wording.scan_facts(record),
        study=wording.review_facts(record),
        summary=wording.summary(sources, bones),
        notices=wording.notice_groups(sources, bones),
        compartments=None,
        figures=figures,
        image=wording.provenance(sources),
        method=(*wording.METHOD, f"The checks are those of the AAPM's report: {SOURCE}"),
        handling=wording.handling(record),
        limits=wording.limits(record),
        tables=(
            *tables.landmark_tables(sources),
            *tables.patch_tables(record),
            *tables.reading_tables(record),
            tables.history_table(sources),
        ),
        definitions=(),
        left_out=(),
        sources=(),
        footer=f"CTSMA · record schema {record.schema_version} · registered {time_text(record.created)}",
        leading_tables=(tables.verdict_table(bones), tables.before_after_table(bones), check_table(sources, bones)),
        headings=HEADINGS,
    )
