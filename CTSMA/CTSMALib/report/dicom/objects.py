"""Making the objects that are planned, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.analysis.stored import load_volume
from CTSMALib.report.diagnosis.stored import StoredDiagnosis, stored_diagnosis
from CTSMALib.report.dicom.encapsulated_pdf import encapsulated_pdf
from CTSMALib.report.dicom.measurement_report import measurement_report
from CTSMALib.report.dicom.names import PM, SEG, SR
from CTSMALib.report.dicom.parametric_map import parametric_map, values_of
from CTSMALib.report.dicom.plan import PlannedObject
from CTSMALib.report.dicom.segmentation import segmentation
from CTSMALib.report.dicom.study import Study
from CTSMALib.report.model import ReportOptions


@dataclass(frozen=True, eq=False)
class KneeToWrite:
    """Attributes: its result folder, its findings with identifiers, the study, and how the report is to be written."""

    folder: Path
    analysis: KneeAnalysis
    study: Study
    options: ReportOptions

    @property
    def diagnosis(self) -> StoredDiagnosis | None:
        """What ``diagnosis.json`` says; ``None`` where the knee has none."""
        return stored_diagnosis(self.analysis, self.folder, self.options)


def made_object(planned: PlannedObject, knee: KneeToWrite, others: Sequence[Dataset]) -> Dataset:
    """Make one object.

    Args:
        planned: which.
        knee: of which knee.
        others: objects of this knee that were made before.

    Raises:
        InputError: a file of the result is damaged.
    """
    analysis, folder, study = knee.analysis, knee.folder, knee.study
    if planned.kind == SEG:
        return segmentation(load_volume(analysis, folder, "labels"), study, planned.place)
    if planned.kind == PM and planned.drawn is not None:
        values = values_of(load_volume(analysis, folder, f"map:{planned.drawn.key}"))
        return parametric_map(values, planned.drawn, study, planned.place)
    if planned.kind == SR:
        return measurement_report(study, planned.place, knee.diagnosis, others)
    return encapsulated_pdf(_pdf(knee), study, planned.place)


def _pdf(knee: KneeToWrite) -> bytes:
    """The report, drawn anew: the one in the folder may name the patient, or not."""
    from tempfile import TemporaryDirectory

    from CTSMALib.report.builder import build_report
    from CTSMALib.report.pdf import render_pdf

    with TemporaryDirectory(prefix="CTSMA-") as aside:
        path = Path(aside) / "report.pdf"
        render_pdf(build_report(knee.analysis, knee.folder, knee.options), path, knee.options.paper)
        return path.read_bytes()
