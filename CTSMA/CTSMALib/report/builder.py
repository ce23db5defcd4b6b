"""An analysis becomes one report model."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.report import facts, notices, sentences, tables
from CTSMALib.report.diagnosis.section import diagnosis_section, summary_sentence
from CTSMALib.report.diagnosis.stored import stored_diagnosis
from CTSMALib.report.figures import draw_figures
from CTSMALib.report.identity import prepared
from CTSMALib.report.model import DISCLAIMER, ReportModel, ReportOptions
from CTSMALib.report.wording import time_text


def build_report(analysis: KneeAnalysis, folder: Path, options: ReportOptions) -> ReportModel:
    """Word, format and draw everything that a report on one knee shows.

    Args:
        analysis: the findings.
        folder: the result folder with the volumes that ``analysis.files`` names, and ``diagnosis.json``, if any.
        options: identity and wording.

    Returns:
        The model that every renderer reads.

    Raises:
        InputError: a volume that the pictures need is missing or unreadable.
        MissingDependencyError: a package that the pictures need is not installed.
    """
    shown = prepared(analysis, options)
    diagnosis = stored_diagnosis(shown, folder, options)
    definitions, sources = tables.definitions(shown)
    return ReportModel(
        title=sentences.title(shown),
        side=shown.side.side,
        virtual=sentences.is_virtual(shown),
        disclaimer=DISCLAIMER,
        identity_line=facts.identity_line(shown, options),
        patient=facts.patient_facts(shown, options),
        study=facts.study_facts(shown, options),
        summary=(*sentences.summary(shown), *([] if diagnosis is None else [summary_sentence(diagnosis)])),
        notices=notices.notice_groups(shown),
        compartments=tables.compartment_table(shown),
        figures=draw_figures(shown, folder),
        image=facts.image_facts(shown),
        method=sentences.method(shown),
        handling=notices.handling(shown),
        limits=sentences.limits(shown),
        tables=(
            *(tables.quantity_table(shown), *tables.patch_tables(shown), *tables.exclusion_tables(shown)),
            *tables.repeatability_tables(shown),
        ),
        definitions=definitions,
        left_out=notices.left_out(shown),
        sources=sources,
        footer=" · ".join(
            (
                f"CTSMA {shown.software_version}",
                f"result schema {shown.schema_version}",
                f"analyzed {time_text(shown.created)}",
            )
        ),
        diagnosis=None if diagnosis is None else diagnosis_section(diagnosis, shown, folder),
    )
