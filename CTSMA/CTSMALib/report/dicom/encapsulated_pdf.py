"""The report as PDF within DICOM."""

from __future__ import annotations

import highdicom as hd
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage

from CTSMALib.report.dicom.study import Study


def encapsulated_pdf(pdf: bytes, study: Study, place: int) -> Dataset:
    """Make the object.

    Args:
        pdf: the file.
        study: where it goes.
        place: of the object among those of the study.
    """
    elements = study.identity.elements
    made = hd.base.SOPClass(
        study_instance_uid=elements.StudyInstanceUID,
        sop_class_uid=EncapsulatedPDFStorage,
        modality="DOC",
        **study.instance(place),
    )
    made.update({element.tag: element for element in elements if element.keyword != "PositionReferenceIndicator"})
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "NO" if study.identity.is_pseudonymous else "YES"
    made.RecognizableVisualFeatures = "NO"
    made.AcquisitionDateTime = ""
    made.DocumentTitle = study.describe("report")
    made.ConceptNameCodeSequence = [hd.sr.CodedConcept.from_code(codes.LN.DiagnosticImagingReport)]
    made.SourceInstanceSequence = [_reference(image) for image in study.images]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return study.finish(made, study.describe("report"))


def _reference(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item
