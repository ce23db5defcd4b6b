"""One record per image plane, the same for single-frame and multi-frame DICOM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from CTSMALib.volumes.dicom_files import DicomFile


@dataclass(frozen=True)
class Frame:
    """An image plane: where it is, how its stored values become HU, and what tells it from its like.

    Attributes:
        index: number of the frame in a multi-frame file; ``None`` for a single-frame file.
        instance_uid: identifies the plane; the path stands in where the file has no identifier.
        position: center of the first pixel, LPS, mm; like the next two, empty where missing.
        orientation: direction along a row, then down a column.
        pixel_spacing: mm between rows, mm between columns.
        slope, intercept: DICOM rescale; ``None`` where it is missing.
        padding: lowest and highest stored value that marks the outside of the image.
        image_type: values of FrameType and ImageType, in capitals.
        kvp: tube voltage as it is stated; ``None`` where it is missing.
        separators: name and value of what may differ between images at the same place.
    """

    path: Path
    index: int | None
    instance_uid: str
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    rows: int
    columns: int
    slope: float | None
    intercept: float | None
    padding: tuple[int, int] | None
    image_type: tuple[str, ...]
    kernel: str
    kvp: float | None
    rescale_type: str
    frame_of_reference: str
    separators: tuple[tuple[str, str], ...]


def text(dataset: Dataset, keyword: str) -> str:
    """Value of an element as text; several values are joined by "/"; empty where missing or malformed."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__") or hasattr(value, "components"):
        return str(value).strip()
    return "/".join(str(v) for v in value)


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...]:
    """``count`` finite numbers of an element; empty where missing or malformed."""
    value = dataset.get(keyword)
    try:
        found = tuple(float(v) for v in (value if hasattr(value, "__iter__") else [value]))
    except (ValueError, TypeError):
        return ()
    return found if len(found) == count and all(math.isfinite(v) for v in found) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """One finite number; ``None`` where missing or malformed."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def frames_of(file: DicomFile) -> list[Frame]:
    """Image planes of a file; none if it is not an image."""
    header = file.header
    if not number(header, "Rows") or not number(header, "Columns"):
        return []
    per_frame = header.get("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        return [_frame(file, None, [header])]
    shared = [macro for groups in header.get("SharedFunctionalGroupsSequence") or [] for macro in macros(groups)]
    return [_frame(file, i, [*macros(groups), *shared, header]) for i, groups in enumerate(per_frame)]


def macros(groups: Dataset) -> list[Dataset]:
    """The functional groups of a frame (or the shared ones): each is a sequence with one item."""
    return [element.value[0] for element in groups if element.VR == "SQ" and element.value]


def _frame(file: DicomFile, index: int | None, sources: list[Dataset]) -> Frame:
    def words(keyword: str) -> str:
        return next((found for s in sources if (found := text(s, keyword))), "")

    def values(keyword: str, count: int) -> tuple[float, ...]:
        return next((found for s in sources if (found := numbers(s, keyword, count))), ())

    def value(keyword: str) -> float | None:
        found = values(keyword, 1)
        return found[0] if found else None

    kvp = value("KVP")
    separators = tuple(
        (name, words(keyword))
        for name, keyword in (
            ("acquisition", "FrameAcquisitionNumber" if index is not None else "AcquisitionNumber"),
            ("time point", "TemporalPositionIndex" if index is not None else "TemporalPositionIdentifier"),
            ("stack", "StackID"),
            ("image type", "FrameType" if index is not None else "ImageType"),
            ("kernel", "ConvolutionKernel"),
            ("echo time", "EffectiveEchoTime" if index is not None else "EchoTime"),
            ("acquisition time", "AcquisitionTime"),
        )
    ) + (("tube voltage", "" if kvp is None else f"{kvp:g}"),)
    return Frame(
        path=file.path,
        index=index,
        instance_uid=f"{words('SOPInstanceUID') or file.path}#{index or 0}",
        position=values("ImagePositionPatient", 3),
        orientation=values("ImageOrientationPatient", 6),
        pixel_spacing=values("PixelSpacing", 2),
        rows=int(value("Rows") or 0),
        columns=int(value("Columns") or 0),
        slope=value("RescaleSlope"),
        intercept=value("RescaleIntercept"),
        padding=_padding(file.header),
        image_type=tuple(dict.fromkeys(t for k in ("FrameType", "ImageType") for t in words(k).upper().split("/"))),
        kernel=words("ConvolutionKernel"),
        kvp=kvp,
        rescale_type=words("RescaleType").upper(),
        frame_of_reference=words("FrameOfReferenceUID"),
        separators=separators,
    )


def _padding(header: Dataset) -> tuple[int, int] | None:
    first = number(header, "PixelPaddingValue")
    if first is None:
        return None
    last = number(header, "PixelPaddingRangeLimit")
    signed = number(header, "PixelRepresentation") == 1
    # Writers often store a negative value as an unsigned one.
    limits = [int(v) - (65536 if signed and v > 32767 else 0) for v in (first, first if last is None else last)]
    return min(limits), max(limits)
