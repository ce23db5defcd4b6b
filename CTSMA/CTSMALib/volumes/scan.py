"""A scan: the image with its geometry, what its header says, and what had to be done to read it."""

from __future__ import annotations

from dataclasses import dataclass, field

import SimpleITK as sitk

from CTSMALib.notices import Notice


@dataclass(frozen=True)
class ScanHeader:
    """What the file says about patient and acquisition; an empty string or ``None`` where it is silent."""

    modality: str = ""
    patient_id: str = ""
    patient_name: str = ""
    patient_sex: str = ""
    patient_birth_date: str = ""  # YYYYMMDD
    patient_age: str = ""  # DICOM age string, for example "063Y"
    study_date: str = ""  # YYYYMMDD
    study_description: str = ""
    series_description: str = ""
    series_number: str = ""
    study_uid: str = ""
    series_uid: str = ""
    accession_number: str = ""
    body_part: str = ""
    laterality: str = ""  # "L", "R", "B" or ""
    patient_position: str = ""
    manufacturer: str = ""
    model_name: str = ""
    convolution_kernel: str = ""
    kvp: float | None = None
    slice_thickness_mm: float | None = None
    contrast_agent: str = ""


@dataclass(frozen=True)
class InputIdentity:
    """Which data were read.

    Attributes:
        name: file or folder name, without its parents.
        format: ``"DICOM"``, ``"Enhanced DICOM"``, ``"NIfTI"``, ``"NRRD"`` or ``"MetaImage"``.
        sha256: digest of the voxel values and the geometry, so that the same image stored
            in another container has the same identity.
    """

    name: str
    format: str
    sha256: str


@dataclass(frozen=True)
class Scan:
    """A CT or MR volume ready for analysis.

    Attributes:
        image: HU as ``int16``, or signals of an MR; geometry in LPS, mm.
        header: what the file says.
        identity: which data these are.
        notices: what a reader must know about how it was read.
    """

    image: sitk.Image
    header: ScanHeader
    identity: InputIdentity
    notices: tuple[Notice, ...] = field(default_factory=tuple)
