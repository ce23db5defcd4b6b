"""What is going to be written, before it is: objects with their frames and sizes, patient and study."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.result import KneeAnalysis, ParameterMap
from CTSMALib.analysis.stored import load_volume
from CTSMALib.catalogue import quantities, quantity
from CTSMALib.report.dicom.names import PDF, PM, SEG, SR, file_name
from CTSMALib.report.dicom.parametric_map import values_of
from CTSMALib.report.dicom.segmentation import frames_of
from CTSMALib.report.dicom.study import Study

_FIRST_MAP = 10  # place of the first parametric map; the other kinds come before
_PLACES_OF_A_KNEE = 100
_SIDES = ("right", "left")
_HEADER, _FRAME, _NUMBER, _GROUP = 6_000, 660, 620, 1_500  # bytes that elements take, measured
_REPORT = 1_500_000  # bytes of a report in PDF, where none was written yet


@dataclass(frozen=True)
class PlannedObject:
    """One object to write.

    Attributes:
        kind: of :data:`~CTSMALib.report.dicom.names.KINDS`.
        file: its name.
        place: among the objects of the study.
        description: of its series.
        frames: how many it has; 0 where it is no image.
        size: about how many bytes.
        drawn: which parameter map it is; ``None`` of other kinds.
    """

    kind: str
    file: str
    place: int
    description: str
    frames: int
    size: int
    drawn: ParameterMap | None = None


def planned_objects(study: Study, folder: Path, kinds: Collection[str], number: int, stem: str) -> list[PlannedObject]:
    """The objects of one knee, those that others refer to first.

    Args:
        study: where they go.
        folder: of the knee's result.
        kinds: which are wanted.
        number: of the knee among those of the result, from 0.
        stem: what the names of its files end in, before ``.dcm``.

    Raises:
        InputError: a volume of the result is damaged or empty.
    """
    analysis = study.analysis
    side = analysis.side.side  # knees of one study that are written one by one have series of their own, too
    first = _PLACES_OF_A_KNEE * (_SIDES.index(side) if side in _SIDES else len(_SIDES) + number)
    found = []
    if SEG in kinds:
        labels = load_volume(analysis, folder, "labels")
        frames = frames_of(labels)
        size = _image_size(labels, frames, bits=1)
        found.append(PlannedObject(SEG, file_name(SEG, stem=stem), first + 1, study.describe("bones"), frames, size))
    for place, drawn in enumerate(analysis.maps if PM in kinds else (), start=first + _FIRST_MAP):
        values = values_of(load_volume(analysis, folder, f"map:{drawn.key}"))
        frames = values.GetSize()[2]
        what = study.describe(f"{quantity(drawn.key).symbol} map")
        size = _image_size(values, frames, bits=32)
        found.append(PlannedObject(PM, file_name(PM, drawn.key, stem), place, what, frames, size, drawn))
    if SR in kinds:
        size = _report_size(analysis)
        found.append(PlannedObject(SR, file_name(SR, stem=stem), first + 2, study.describe("measurements"), 0, size))
    if PDF in kinds:
        written = folder / "report.pdf"
        size = written.stat().st_size if written.is_file() else _REPORT
        found.append(PlannedObject(PDF, file_name(PDF, stem=stem), first + 3, study.describe("report"), 0, size))
    return found


def _image_size(image: sitk.Image, frames: int, bits: int) -> int:
    columns, rows, _ = image.GetSize()
    return int(np.ceil(columns * rows * frames * bits / 8)) + frames * _FRAME + _HEADER


def _report_size(analysis: KneeAnalysis) -> int:
    mapped = {entry.key for entry in quantities(scope="patch", mapped=True)}
    numbers = sum(3 * len(finding.values) for finding in analysis.compartments)
    for measured in analysis.patches:
        numbers += len(mapped & measured.values.keys()) + len(mapped & measured.uncertainties.keys())
    groups = len(analysis.compartments) + sum(bool(each.values) for each in analysis.patches)
    return _HEADER + numbers * _NUMBER + groups * _GROUP
