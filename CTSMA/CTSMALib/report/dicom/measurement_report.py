"""What was measured as a Comprehensive 3D SR after TID 1500 "Measurement Report"."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as dicom_codes

from CTSMALib import __version__
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.dicom import codes
from CTSMALib.report.dicom.codes import concept, private_scheme
from CTSMALib.report.dicom.measurement_groups import measurement_groups
from CTSMALib.report.dicom.patient import uid_from
from CTSMALib.report.dicom.study import MANUFACTURER, MODEL_NAME, SERIAL_NUMBER, VIRTUAL, Study
from CTSMALib.report.model import DISCLAIMER
from CTSMALib.volumes.virtual_mark import NOTICE


def measurement_report(
    study: Study, place: int, diagnosis: StoredDiagnosis | None, others: Sequence[Dataset] = ()
) -> Dataset:
    """Make the report.

    Args:
        study: where it goes.
        place: of the object among those of the study.
        diagnosis: ``None`` where there is none. Numbers of an outdated one are left out: whoever reads single numbers
            would not see that they belong to other patches.
        others: objects made of the same result, named as evidence beside the source images.
    """
    shown = diagnosis if diagnosis is not None and diagnosis.shown and not diagnosis.outdated else None
    analysis = study.analysis
    content = hd.sr.MeasurementReport(
        observation_context=_observer(),
        procedure_reported=concept(codes.PROCEDURES[analysis.modality]),
        imaging_measurements=measurement_groups(study, shown),
        title=dicom_codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=hd.sr.LanguageOfContentItemAndDescendants(
            hd.sr.CodedConcept("en", "RFC5646", "English")
        ),
    )
    for sentence in _comments(study, diagnosis):
        content[0].ContentSequence.append(
            hd.sr.TextContentItem(concept(codes.COMMENT), sentence, hd.sr.RelationshipTypeValues.CONTAINS)
        )
    made = hd.sr.Comprehensive3DSR(
        evidence=[*study.images, *others],
        content=content[0],
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[private_scheme_item()],
        **study.instance(place),
    )
    return study.finish(made, study.describe("measurements"))


def private_scheme_item() -> hd.coding_schemes.CodingSchemeIdentificationItem:
    """The private scheme as highdicom takes it."""
    item = private_scheme()
    return hd.coding_schemes.CodingSchemeIdentificationItem(
        item.CodingSchemeDesignator,
        name=item.CodingSchemeName,
        responsible_organization=item.CodingSchemeResponsibleOrganization,
    )


def _observer() -> hd.sr.ObservationContext:
    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=uid_from(b"CTSMA", f"device {__version__}"),
        name=f"CTSMA {__version__}",
        manufacturer_name=MANUFACTURER,
        model_name=MODEL_NAME,
        serial_number=SERIAL_NUMBER,
    )
    return hd.sr.ObservationContext(observer_device_context=hd.sr.ObserverContext(dicom_codes.DCM.Device, device))


def _comments(study: Study, diagnosis: StoredDiagnosis | None) -> list[str]:
    """What must be read beside the numbers."""
    analysis = study.analysis
    found = [f"{DISCLAIMER}."]
    if study.virtual:
        found.append(f"{VIRTUAL}: {NOTICE.text}")
    found.append(f"Method: {analysis.method}. {analysis.image.resolution_statement}")
    found += [f"{each.title}: {each.reason}" for each in analysis.compartments if each.reason]
    found += [notice.text for notice in analysis.notices if notice.code != NOTICE.code]
    if diagnosis is not None:
        found += [diagnosis.statement, *diagnosis.notes]
    return found
