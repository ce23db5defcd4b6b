"""Writes small synthetic DICOM series, with every property that the tests need to bend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

Edit = Callable[[Dataset, int], None]
INTERCEPT = -1024


class Geometry:
    """Where the voxels of a synthetic volume are: LPS, mm; ``direction`` has one column per image axis x, y, z."""

    def __init__(
        self,
        spacing: tuple[float, float, float] = (0.8, 0.7, 1.5),
        origin: tuple[float, float, float] = (-20.0, 35.0, 410.0),
        direction: np.ndarray | None = None,
    ) -> None:
        self.spacing = spacing
        self.origin = np.array(origin, dtype=float)
        self.direction = np.eye(3) if direction is None else direction

    def position(self, slice_index: float) -> np.ndarray:
        """Center of the first voxel of a slice."""
        return self.origin + self.direction[:, 2] * self.spacing[2] * slice_index

    def orientation(self) -> list[float]:
        """ImageOrientationPatient."""
        return [float(v) for v in (*self.direction[:, 0], *self.direction[:, 1])]


def _common(study_uid: str) -> Dataset:
    ds = Dataset()
    ds.PatientID, ds.PatientName, ds.PatientSex, ds.PatientAge = "P1", "Test^Knee", "F", "063Y"
    ds.StudyInstanceUID, ds.StudyDate, ds.StudyDescription = study_uid, "20240102", "CT knee left"
    ds.FrameOfReferenceUID = study_uid + ".9"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.Modality, ds.BodyPartExamined, ds.Laterality = "CT", "KNEE", "L"
    ds.ConvolutionKernel, ds.KVP, ds.Manufacturer = "BONE", "120", "Acme"
    return ds


def _save(ds: Dataset, path: Path, transfer_syntax: str) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = transfer_syntax
    elif transfer_syntax != ExplicitVRLittleEndian:
        ds.compress(transfer_syntax, generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


def write_series(
    folder: Path,
    hu: np.ndarray,
    geometry: Geometry | None = None,
    *,
    positions: list[float] | None = None,
    name: Callable[[int], str] = "{:04d}.dcm".format,
    transfer_syntax: str = ExplicitVRLittleEndian,
    edit: Edit | None = None,
    study_uid: str = "1.2.826.0.1.3680043.8.498.1",
    series_number: int = 3,
    description: str = "Knee bone 0.6",
) -> str:
    """Write one single-frame file per slice of ``hu`` (z, y, x) and return the series UID.

    ``positions`` gives the place of each slice along the stack in units of the slice spacing;
    ``edit`` may change each dataset before it is written.
    """
    geometry = geometry or Geometry()
    series_uid = generate_uid(entropy_srcs=[str(folder), str(series_number), description])[:56]
    for i, plane in enumerate(hu):
        ds = _common(study_uid)
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f"{series_uid}.{i + 1}"
        ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = series_uid, series_number, description
        ds.ImageType, ds.AcquisitionNumber, ds.InstanceNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], 1, i + 1
        ds.SliceThickness = geometry.spacing[2]
        ds.Rows, ds.Columns = plane.shape
        ds.PixelSpacing = [geometry.spacing[1], geometry.spacing[0]]
        ds.ImageOrientationPatient = geometry.orientation()
        place = positions[i] if positions else i
        ds.ImagePositionPatient = [round(float(v), 6) for v in geometry.position(place)]
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, INTERCEPT, "HU"
        ds.PixelData = (plane - INTERCEPT).astype("<u2").tobytes()
        if edit:
            edit(ds, i)
        _save(ds, folder / name(i), transfer_syntax)
    return series_uid


def _item(**values: object) -> Sequence:
    item = Dataset()
    for key, value in values.items():
        setattr(item, key, value)
    return Sequence([item])


def _shared_groups(geometry: Geometry) -> Dataset:
    shared = Dataset()
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=geometry.orientation())
    shared.PixelMeasuresSequence = _item(
        PixelSpacing=[geometry.spacing[1], geometry.spacing[0]], SliceThickness=geometry.spacing[2]
    )
    shared.CTReconstructionSequence = _item(ConvolutionKernel="BONE")
    shared.CTXRayDetailsSequence = _item(KVP=120.0)
    return shared


def write_enhanced(
    path: Path,
    hu: np.ndarray,
    geometry: Geometry | None = None,
    *,
    order: list[int] | None = None,
    transfer_syntax: str = ExplicitVRLittleEndian,
    edit: Callable[[Dataset], None] | None = None,
) -> None:
    """Write an Enhanced CT file: orientation and spacing shared, position and rescale per frame.

    The intercept differs from frame to frame so that a reader that takes the first one fails.
    """
    geometry = geometry or Geometry()
    order = order or list(range(len(hu)))
    ds = _common("1.2.826.0.1.3680043.8.498.2")
    ds.SOPClassUID, ds.SOPInstanceUID = EnhancedCTImageStorage, generate_uid(entropy_srcs=[str(path)])[:56]
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = ds.SOPInstanceUID + ".1", 5, "Knee enhanced"
    ds.ImageType, ds.NumberOfFrames = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], len(hu)
    del ds.ConvolutionKernel, ds.KVP
    ds.Rows, ds.Columns = hu.shape[1:]
    ds.SharedFunctionalGroupsSequence = Sequence([_shared_groups(geometry)])
    per_frame, planes = [], []
    for number, i in enumerate(order):
        intercept = INTERCEPT - number % 3
        frame = Dataset()
        frame.PlanePositionSequence = _item(ImagePositionPatient=[float(v) for v in geometry.position(i)])
        frame.PixelValueTransformationSequence = _item(
            RescaleSlope=1.0, RescaleIntercept=float(intercept), RescaleType="HU"
        )
        frame.FrameContentSequence = _item(FrameAcquisitionNumber=1, StackID="1", InStackPositionNumber=i + 1)
        per_frame.append(frame)
        planes.append(hu[i] - intercept)
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    ds.PixelData = np.stack(planes).astype("<u2").tobytes()
    if edit:
        edit(ds)
    _save(ds, path, transfer_syntax)
