"""A stack of DICOM planes becomes an image and a header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from scipy import ndimage

from CTSMALib.notices import Notice
from CTSMALib.progress import Progress
from CTSMALib.volumes.checks import AIR_HU, CheckedValues, to_hu, to_signal
from CTSMALib.volumes.clipping import clipping_notices
from CTSMALib.volumes.dicom_frames import macros, number, text
from CTSMALib.volumes.dicom_pixels import INT16_MOST, PixelReader
from CTSMALib.volumes.dicom_scales import as_stored, scaled
from CTSMALib.volumes.dicom_stack import Stack
from CTSMALib.volumes.geometry import image_from_array
from CTSMALib.volumes.scan import ScanHeader
from CTSMALib.volumes.tube_voltage import possible_voltage

Check = Callable[[np.ndarray, str, bool], CheckedValues]


@dataclass(frozen=True)
class _Canvas:
    """The grid of pixels that all planes of a stack are placed on; larger than a plane where they are sheared."""

    shape: tuple[int, int]
    shift: np.ndarray  # (n, 2) pixels along y and x, from the canvas corner to the first pixel of every plane
    origin: np.ndarray  # LPS of the first pixel, mm


def read_hu(stack: Stack, what: str, progress: Progress) -> tuple[sitk.Image, tuple[Notice, ...]]:
    """Read the pixels of a CT.

    Args:
        stack: from :func:`~CTSMALib.volumes.dicom_stack.arrange`.
        what: the subject of the sentences.
        progress: told the fraction of slices read.

    Returns:
        HU as ``int16`` in LPS, and what had to be done to the values.

    Raises:
        InputError: a slice is damaged, or the values are not HU.
        MissingDecoderError: a decoder is missing.
    """
    image, notices, _ = _read(stack, what, progress, to_hu)
    return image, (*notices, *clipping_notices(image))


def read_signals(stack: Stack, what: str, progress: Progress) -> tuple[sitk.Image, tuple[Notice, ...]]:
    """Read the pixels of an MR, as :func:`read_hu` those of a CT.

    Scales of MR are arbitrary: signals are read as stored where one scale holds for all planes, made larger where whole
    numbers would lose them, and smaller where they would not fit ``int16``, so that nothing is cut off.
    """
    stored = as_stored(stack)
    image, notices, largest = _read(stored, what, progress, to_signal)
    if largest > INT16_MOST:
        image, notices, _ = _read(scaled(stored, INT16_MOST / largest), what, progress, to_signal)
    return image, notices


def _read(stack: Stack, what: str, progress: Progress, checked_as: Check) -> tuple[sitk.Image, tuple[Notice, ...], int]:
    """Values as they are to be, and the largest one before it was made to fit."""
    canvas = _canvas(stack)
    volume = np.empty((stack.count, *canvas.shape), dtype=np.int16)
    reader = PixelReader()
    planes = _planes(reader, stack, canvas, progress)
    if stack.regular:
        for i, plane in enumerate(planes):
            volume[i] = plane
    else:
        _interpolate(planes, (stack.heights - stack.heights[0]) / stack.spacing[2], volume)
    rescale_known = all(f.slope is not None and f.intercept is not None for f in stack.frames)
    checked = checked_as(volume, what, rescale_known)
    image = image_from_array(checked.array, stack.spacing, canvas.origin, stack.axes)
    return image, checked.notices, reader.largest


def _planes(reader: PixelReader, stack: Stack, canvas: _Canvas, progress: Progress) -> Iterator[np.ndarray]:
    for i, frame in enumerate(stack.frames):
        progress("Reading slices", i / len(stack.frames))
        yield _placed(reader.hu(frame), canvas, i, stack.tilted)


def _interpolate(planes: Iterator[np.ndarray], slots: np.ndarray, volume: np.ndarray) -> None:
    """Fill every slice of ``volume`` linearly from the planes below and above; ``slots`` are the planes' places."""
    filled, below = 0, np.empty(0)
    for i, plane in enumerate(planes):
        # The last plane closes the volume, whatever the rounding of its place.
        end = len(volume) if i == len(slots) - 1 else int(np.floor(slots[i] + 1e-6)) + 1
        for slot in range(filled, end):
            weight = 1.0 if i == 0 else min((slot - slots[i - 1]) / (slots[i] - slots[i - 1]), 1.0)
            volume[slot] = plane if weight == 1.0 else np.rint((1 - weight) * below + weight * plane)
        filled, below = end, plane


def _canvas(stack: Stack) -> _Canvas:
    first = stack.frames[0]
    origin = np.array(first.position, dtype=float)
    if not stack.tilted:
        return _Canvas((first.rows, first.columns), np.zeros((len(stack.frames), 2)), origin)
    step = np.array(stack.spacing[:2])
    pixels = stack.drift / step
    low, high = np.floor(pixels.min(axis=0)), np.ceil(pixels.max(axis=0))
    grow = (high - low).astype(int)
    corner = origin + stack.axes[:, :2] @ (low * step)
    return _Canvas((first.rows + int(grow[1]), first.columns + int(grow[0])), (pixels - low)[:, ::-1], corner)


def _placed(plane: np.ndarray, canvas: _Canvas, i: int, tilted: bool) -> np.ndarray:
    if not tilted:
        return plane
    wide = np.full(canvas.shape, AIR_HU, dtype=np.float32)
    whole = np.floor(canvas.shift[i]).astype(int)
    wide[whole[0] : whole[0] + plane.shape[0], whole[1] : whole[1] + plane.shape[1]] = plane
    moved = ndimage.shift(wide, canvas.shift[i] - whole, order=1, mode="constant", cval=AIR_HU)
    return np.rint(moved).astype(np.int16)


def scan_header(header: Dataset, frame: int = 0) -> ScanHeader:
    """What the header of a file says; functional groups of multi-frame files included.

    Args:
        header: of one file of a series.
        frame: number of the frame whose own groups count.
    """
    sources = [header]
    for keyword, first in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", frame)):
        sources += [macro for groups in (header.get(keyword) or [])[first : first + 1] for macro in macros(groups)]

    def words(*keywords: str) -> str:
        return next((found for k in keywords for s in sources if (found := text(s, k))), "")

    def value(keyword: str) -> float | None:
        return next((found for s in sources if (found := number(s, keyword)) is not None), None)

    laterality = words("ImageLaterality", "FrameLaterality", "Laterality").upper()
    return ScanHeader(
        modality=words("Modality"),
        patient_id=words("PatientID"),
        patient_name=words("PatientName"),
        patient_sex=words("PatientSex"),
        patient_birth_date=words("PatientBirthDate"),
        patient_age=words("PatientAge"),
        study_date=words("StudyDate"),
        study_description=words("StudyDescription"),
        series_description=words("SeriesDescription"),
        series_number=words("SeriesNumber"),
        study_uid=words("StudyInstanceUID"),
        series_uid=words("SeriesInstanceUID"),
        accession_number=words("AccessionNumber"),
        body_part=words("BodyPartExamined"),
        laterality=laterality if laterality in ("L", "R", "B") else "",
        patient_position=words("PatientPosition"),
        manufacturer=words("Manufacturer"),
        model_name=words("ManufacturerModelName"),
        convolution_kernel=words("ConvolutionKernel"),
        kvp=possible_voltage(value("KVP")),
        slice_thickness_mm=value("SliceThickness"),
        contrast_agent=words("ContrastBolusAgent"),
    )
