"""What all headers of virtual scans have in common: patient, study, series, equipment."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian

from CTSMALib.virtual.dicom.identifiers import short_number, study_key, uid_of
from CTSMALib.virtual.dicom.patient_facts import PatientFacts
from CTSMALib.virtual.dicom.slices import Slices

MANUFACTURER = "CTSMA virtual scanner"
COMMENT = "Virtual knee, computed from a model; no person was scanned. Research use only."
DATE, TIME = "20200101", "120000"  # fixed: the files of a seed are the same whenever they are written
KNEE = ("72696002", "SCT", "Knee")
_REGION = "KNEE"


@dataclass(frozen=True)
class Series:
    """What names a series.

    Attributes:
        modality: ``"CT"`` or ``"MR"``.
        session: the visit; series of one session share study and frame of reference.
        name: unique within its session.
        number: SeriesNumber.
        description: SeriesDescription.
        protocol: ProtocolName.
        model: ManufacturerModelName.
        patient_position: ``"HFS"`` or ``"FFS"``.
    """

    modality: str
    session: str
    name: str
    number: int
    description: str
    protocol: str
    model: str
    patient_position: str

    def key(self, facts: PatientFacts) -> tuple[str | int, ...]:
        """What the UIDs of the series follow from."""
        return (*study_key(facts, self.session), self.name)


def common_header(facts: PatientFacts, series: Series, sop_class: UID) -> Dataset:
    """Attributes of the patient, study, series, frame of reference, equipment and SOP modules; no instance yet."""
    ds = Dataset()
    ds.SpecificCharacterSet, ds.SOPClassUID = "ISO_IR 100", sop_class
    ds.SyntheticData = "YES"
    _add_patient(ds, facts)
    study = study_key(facts, series.session)
    ds.StudyInstanceUID, ds.StudyDate, ds.StudyTime = uid_of("study", *study), DATE, TIME
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = str(short_number("study", *study)), "", ""
    ds.StudyDescription = f"{series.modality} knee {facts.side} - virtual, research use only"
    ds.Modality, ds.SeriesInstanceUID = series.modality, uid_of("series", *series.key(facts))
    ds.SeriesNumber, ds.SeriesDescription = series.number, series.description
    ds.SeriesDate, ds.SeriesTime = DATE, TIME
    ds.ProtocolName, ds.BodyPartExamined, ds.PatientPosition = series.protocol, _REGION, series.patient_position
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = uid_of("frame of reference", *study), ""
    ds.Manufacturer, ds.ManufacturerModelName = MANUFACTURER, series.model
    ds.DeviceSerialNumber, ds.SoftwareVersions = "0", "virtual"
    ds.AcquisitionNumber, ds.AcquisitionDate, ds.AcquisitionTime = 1, DATE, TIME
    ds.ContentDate, ds.ContentTime = DATE, TIME
    ds.ImageComments = COMMENT
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    return ds


def _add_patient(ds: Dataset, facts: PatientFacts) -> None:
    ds.PatientName, ds.PatientID = f"VIRTUAL^{facts.subject}", facts.subject
    ds.PatientBirthDate, ds.PatientSex = "", facts.sex
    ds.PatientAge = f"{int(facts.age_years):03d}Y"
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "No person: computed from a model"


def set_laterality(ds: Dataset, facts: PatientFacts, *, of_image: bool) -> None:
    """Say which knee it is.

    Args:
        ds: header of a classic image.
        facts: whose side is said.
        of_image: by the image; otherwise by the series, which has no word for both.
    """
    if of_image or facts.side == "both":
        ds.ImageLaterality = facts.laterality
    else:
        ds.Laterality = facts.laterality


def set_pixel_format(ds: Dataset, slices: Slices, bits: int, signed: bool) -> None:
    """Attributes of the image pixel module, but for the pixels."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = slices.rows, slices.columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, bits, bits - 1, int(signed)


def file_meta(sop_class: UID, instance: str) -> FileMetaDataset:
    """The file meta information; the name of the writer does not change with the version of a library."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, UID(instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(uid_of("implementation")), "CTSMA"
    return meta


def item(**values: object) -> Items:
    """A sequence of one item, as functional groups are."""
    inner = Dataset()
    for keyword, value in values.items():
        setattr(inner, keyword, value)
    return Items([inner])


def code(value: str, scheme: str, meaning: str) -> Items:
    """A coded term."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
