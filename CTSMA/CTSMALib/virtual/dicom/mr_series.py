"""Writing a virtual MR as a DICOM series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from CTSMALib.errors import InputError
from CTSMALib.virtual.dicom.header import Series, common_header, file_meta, set_laterality, set_pixel_format
from CTSMALib.virtual.dicom.identifiers import uid_of
from CTSMALib.virtual.dicom.new_folder import new_folder
from CTSMALib.virtual.dicom.patient_facts import PatientFacts
from CTSMALib.virtual.dicom.slices import Slices, decimal, slices_of
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.mr_signal import SPIN_ECHO

FIELD_T, FREQUENCY_MHZ = 3.0, 127.74  # of protons
TWELVE_BITS = 4096


@dataclass(frozen=True)
class _Habits:
    """Names of a series: its session, number, description, and ImageType."""

    session: str
    number: int
    description: str
    image_type: list[str]
    volume: bool  # acquired in 3-D


_BFFE = ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]
_SE = ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]
_SERIES = {
    "bffe": _Habits("mr", 301, "Knee sag 3D BFFE", _BFFE, True),
    "t1": _Habits("mr", 401, "Knee sag T1 SE", _SE, False),
    "pd_fs": _Habits("mr", 501, "Knee sag PD FS", _SE, False),
    "bffe_rescan": _Habits("mr rescan", 302, "Knee sag 3D BFFE rescan", _BFFE, True),
}
MR_SERIES = tuple(_SERIES)


def write_mr_series(
    image: sitk.Image, folder: Path, facts: PatientFacts, series: str, protocol: MRProtocol
) -> list[Path]:
    """Write an MR, one file per slice (MR Image Storage).

    The series of a session share their study and frame of reference; ``"bffe_rescan"`` is a session of its own. The
    same arguments give the same bytes.

    Args:
        image: ``int16``, 0 and up, LPS, any perpendicular axes.
        folder: of the series; new or empty.
        facts: about the person.
        series: one of :data:`MR_SERIES`.
        protocol: how it was scanned, for the header; pixel and slice distances are those of the image.

    Returns:
        The files, by instance number.

    Raises:
        InputError: no such series; an image that is not 3-D ``int16`` with perpendicular axes, or holds negative
            values; a folder that holds files.
        OutputError: the folder cannot be written; nothing is left there.
    """
    if series not in _SERIES:
        raise InputError(f"There is no MR series '{series}'.", f"Use one of {', '.join(MR_SERIES)}.")
    slices = slices_of(image)
    if slices.planes.min() < 0:
        raise InputError("The MR holds negative values.", "Give a magnitude image.")
    habits = _SERIES[series]
    named = Series("MR", habits.session, series, habits.number, habits.description, "Knee", "3 T MR", "FFS")
    ds = _header(slices, facts, named, habits, protocol)
    written = []
    with new_folder(Path(folder)) as aside:
        for index, plane in enumerate(slices.planes):
            ds.InstanceNumber = index + 1
            ds.SOPInstanceUID = uid_of("instance", *named.key(facts), index + 1)
            ds.ImagePositionPatient, ds.SliceLocation = slices.positions[index], slices.heights[index]
            ds.PixelData = plane.astype("<u2").tobytes()
            ds.file_meta = file_meta(MRImageStorage, ds.SOPInstanceUID)
            path = aside / f"MR{index + 1:05d}.dcm"
            ds.save_as(path, enforce_file_format=True)
            written.append(Path(folder) / path.name)
    return written


def _header(slices: Slices, facts: PatientFacts, series: Series, habits: _Habits, protocol: MRProtocol) -> Dataset:
    """What all slices of the series share."""
    ds = common_header(facts, series, MRImageStorage)
    set_laterality(ds, facts, of_image=False)
    highest = int(slices.planes.max())
    set_pixel_format(ds, slices, 12 if highest < TWELVE_BITS else 16, signed=False)
    ds.ImageType = habits.image_type
    ds.PixelSpacing, ds.ImageOrientationPatient = slices.pixel_spacing, slices.orientation
    ds.SliceThickness, ds.SpacingBetweenSlices = decimal(protocol.slice_mm), slices.distance
    ds.MagneticFieldStrength, ds.ImagingFrequency, ds.ImagedNucleus = FIELD_T, FREQUENCY_MHZ, "1H"
    ds.MRAcquisitionType, ds.NumberOfAverages = "3D" if habits.volume else "2D", 1
    _add_sequence(ds, protocol)
    bright = int(np.quantile(slices.planes[:: max(len(slices.planes) // 16, 1), ::4, ::4], 0.995))
    ds.WindowCenter, ds.WindowWidth = max(bright // 2, 1), max(bright, 1)
    return ds


def _add_sequence(ds: Dataset, protocol: MRProtocol) -> None:
    sequence = protocol.sequence
    spin_echo = sequence.kind == SPIN_ECHO
    ds.ScanningSequence = "SE" if spin_echo else "GR"
    ds.SequenceVariant = "NONE" if spin_echo else "SS"  # steady state
    ds.ScanOptions = "FS" if sequence.fat_left < 1.0 else ""
    ds.RepetitionTime, ds.EchoTime = decimal(sequence.tr_ms), decimal(sequence.te_ms)
    ds.EchoTrainLength, ds.FlipAngle = 1, decimal(sequence.flip_deg)
