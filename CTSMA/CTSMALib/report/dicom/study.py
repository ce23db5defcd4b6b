"""The study that objects are written into: headers of the source images, and what all objects have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from CTSMALib import __version__
from CTSMALib.analysis.result import KneeAnalysis
from CTSMALib.report.dicom.patient import UTF_8, Identity, first_of_year, new_uid
from CTSMALib.report.dicom.series import SourceSeries
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import frames_of, number, text

MANUFACTURER = MODEL_NAME = "CTSMA"
SERIAL_NUMBER = "none"  # a program has none, and the elements must not be empty
BODY_PART = "KNEE"
RESEARCH = "research use only"
VIRTUAL = "VIRTUAL"  # before all descriptions of a scan of nobody
LONGEST_DESCRIPTION = 64  # characters
_SERIES_STEP = 1000  # series of the source n are numbered from 1000 n on
_MOST_NUMBERED = 100_000
_FAR_AWAY_MM = 1e6  # where frames without a position are put, so that nothing lies there


@dataclass(frozen=True, eq=False)
class Study:
    """Attributes:
    images: headers of the source images, as highdicom takes them; one of many frames of an Enhanced CT.
    identity: patient and study.
    source: the series.
    analysis: the findings, without identifiers where these were removed.
    now: when the objects are written.
    """

    images: tuple[Dataset, ...]
    identity: Identity
    source: SourceSeries
    analysis: KneeAnalysis
    now: datetime

    @property
    def virtual(self) -> bool:
        """Nobody was scanned."""
        return self.source.virtual

    @property
    def sources(self) -> dict[str, Any]:
        """The source images as highdicom takes them: of those with many frames, one comes first."""
        images = list(self.images)
        if "NumberOfFrames" in images[0] and len(images) > 1:
            return {"source_images": images[:1], "further_source_images": images[1:]}
        return {"source_images": images}

    @property
    def laterality(self) -> str:
        """``"L"``, ``"R"``, or empty where the side is not known."""
        side = self.analysis.side.side
        return side[0].upper() if side in ("left", "right") else ""

    @property
    def frame_of_reference(self) -> str:
        """UID of the coordinate system that objects share with the source."""
        return str(self.images[0].FrameOfReferenceUID)

    def describe(self, what: str) -> str:
        """A description of an object: what it is, of which knee, for what use, and whether anybody was scanned."""
        words = [VIRTUAL] if self.virtual else []
        words += [f"CTSMA {what}", f"{self.analysis.side.side} knee" if self.laterality else "knee", RESEARCH]
        return ", ".join(words)[:LONGEST_DESCRIPTION]

    def series_number(self, place: int) -> int:
        """A number for the series of an object: of the source and the place of the object among its like."""
        given = text(self.source.files[0].header, "SeriesNumber")
        number = int(given) if given.isdecimal() else 0
        return _SERIES_STEP * (number % _MOST_NUMBERED) + place

    def instance(self, place: int) -> dict[str, Any]:
        """What constructors of highdicom are told of a new object: UIDs, numbers, equipment.

        Args:
            place: of the object among those of the study, from 1; each has a series of its own.
        """
        return {
            "series_instance_uid": new_uid(),
            "series_number": self.series_number(place),
            "sop_instance_uid": new_uid(),
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": MODEL_NAME,
            "software_versions": __version__,
            "device_serial_number": SERIAL_NUMBER,
            "transfer_syntax_uid": ExplicitVRLittleEndian,
        }

    def finish(self, made: Dataset, description: str) -> Dataset:
        """Add to a new object what highdicom does not: its description, and how exact its dates are."""
        made.SpecificCharacterSet = UTF_8
        made.SeriesDescription = description
        modified = self.identity.elements.get("LongitudinalTemporalInformationModified")
        if modified:
            made.LongitudinalTemporalInformationModified = modified
        date, time = self.now.strftime("%Y%m%d"), self.now.strftime("%H%M%S")
        if self.identity.is_pseudonymous:
            date, time = first_of_year(date), "000000"
            for item in made.get("ContributingEquipmentSequence", ()):
                item.ContributionDateTime = date
        made.SeriesDate, made.SeriesTime = date, time
        for keyword in ("InstanceCreation", "Content"):
            if f"{keyword}Date" in made:
                setattr(made, f"{keyword}Date", date)
                setattr(made, f"{keyword}Time", time)
        return made


def study_of(source: SourceSeries, identity: Identity, analysis: KneeAnalysis, now: datetime) -> Study:
    """The study of a series, under the identity that objects are to have."""
    enhanced = source.stack.frames[0].index is not None
    make: Callable[[SourceSeries, DicomFile, Identity], Dataset] = _many_frames if enhanced else _one_frame
    images = tuple(make(source, file, identity) for file in source.files)
    return Study(images, identity, source, analysis, now)


def _one_frame(source: SourceSeries, file: DicomFile, identity: Identity) -> Dataset:
    frame = next(each for each in source.stack.frames if each.path == file.path)
    image = _image(source, file, identity)
    image.ImagePositionPatient = _decimals(frame.position)
    image.ImageOrientationPatient = _orientation(source)
    image.PixelSpacing = _decimals(frame.pixel_spacing)
    image.SliceThickness = _thickness(source, file)
    return image


def _many_frames(source: SourceSeries, file: DicomFile, identity: Identity) -> Dataset:
    """An Enhanced CT; orientation and spacing are said once, as its stack has the same everywhere."""
    image = _image(source, file, identity)
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = _orientation(source)
    measures.PixelSpacing = _decimals(source.stack.frames[0].pixel_spacing)
    measures.SliceThickness = _thickness(source, file)
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    groups = []
    for frame in frames_of(file):
        group = Dataset()
        group.PlanePositionSequence = hd.PlanePositionSequence("PATIENT", frame.position or (_FAR_AWAY_MM,) * 3)
        groups.append(group)
    image.NumberOfFrames = len(groups)
    image.SharedFunctionalGroupsSequence, image.PerFrameFunctionalGroupsSequence = [shared], groups
    return image


def _image(source: SourceSeries, file: DicomFile, identity: Identity) -> Dataset:
    image = Dataset()
    image.update(identity.elements)
    frame = source.stack.frames[0]
    image.SOPClassUID = text(file.header, "SOPClassUID")
    image.Modality = text(file.header, "Modality")
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(image, keyword, identity.uid(text(file.header, keyword) or frame.frame_of_reference))
    image.Rows, image.Columns = frame.rows, frame.columns
    image.LossyImageCompression = "00"
    return image


def _thickness(source: SourceSeries, file: DicomFile) -> str:
    """As the file states it; else the distance of slices."""
    return decimal_string(number(file.header, "SliceThickness") or source.stack.spacing[2])


def _orientation(source: SourceSeries) -> list[str]:
    """The axes of the stack, the same for all planes, whatever the rounding of their headers."""
    return _decimals((*source.stack.axes[:, 0], *source.stack.axes[:, 1]))


def _decimals(values: tuple[float, ...]) -> list[str]:
    """Numbers as decimal strings of at most 16 characters."""
    return [decimal_string(float(value)) for value in values]


def decimal_string(value: float) -> str:
    """A number in at most 16 characters, as exact as these allow."""
    if float(np.round(value, 12)) == 0.0:
        return "0"
    for digits in range(16, 0, -1):
        written = f"{value:.{digits}g}"
        if len(written) <= 16:
            return written
    raise ValueError(f"{value} has no decimal string")
