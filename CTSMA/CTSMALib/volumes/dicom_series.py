"""The series of a DICOM folder: what each is, whether it can be used, and which is the likely scan of the knee."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset

from CTSMALib.errors import CTSMAError, InputError, MissingDecoderError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_cautions import cautions
from CTSMALib.volumes.dicom_derived import without_derived
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import Frame, frames_of, text
from CTSMALib.volumes.dicom_pixels import PixelReader
from CTSMALib.volumes.dicom_stack import Stack, arrange
from CTSMALib.volumes.dicom_uniform import check_uniform, common_kernel
from CTSMALib.volumes.dicom_wanted import CT, MR, Wanted, check_kind, of_kind
from CTSMALib.volumes.extent import check_geometry

__all__ = [
    "CT", "MR", "Candidate", "SeriesInfo", "Wanted", "candidates_of", "chosen", "other_series_notice", "series_label"
]  # fmt: skip

_MAX_LISTED = 10
_MAX_CHOICES = 5


@dataclass(frozen=True)
class SeriesInfo:
    """One series of a DICOM folder.

    Attributes:
        uid: SeriesInstanceUID.
        number: SeriesNumber as text; empty where missing.
        choice: what to give as ``series`` to read this one: its number if no other series has it, else its UID.
        n_images: image planes in the files.
        spacing_mm: along rows and down columns; ``None`` where there is no usable stack.
        slice_spacing_mm: distance of neighboring slices; ``None`` where there is no usable stack.
        extent_mm: size of the volume along its axes; ``None`` where there is no usable stack.
        usable: it can be read as what is wanted, as far as its headers tell.
        reason: why it cannot; empty otherwise.
    """

    uid: str
    number: str
    choice: str
    description: str
    modality: str
    kernel: str
    body_part: str
    n_images: int
    spacing_mm: tuple[float, float] | None
    slice_spacing_mm: float | None
    extent_mm: tuple[float, float, float] | None
    usable: bool
    reason: str


@dataclass(frozen=True)
class Candidate:
    """A series with what is needed to read it: a stack, or the error that says why it cannot be read.

    Attributes:
        header: of the first file that is read; of the first file at all where none can be.
        frame: number of the first frame that is read of a multi-frame file; ``None`` for single-frame files.
    """

    info: SeriesInfo
    header: Dataset
    frame: int | None
    stack: Stack | None
    error: CTSMAError | None
    score: float

    @property
    def label(self) -> str:
        """How sentences call the series."""
        return series_label(self.info.choice, self.info.description)


def series_label(choice: str, description: str) -> str:
    """How sentences call a series: by what is to be given as ``series`` to read it."""
    return f"Series {choice} '{description}'" if description else f"Series {choice}"


def candidates_of(files: list[DicomFile], wanted: Wanted = CT) -> list[Candidate]:
    """Every series of the files, the likeliest of the wanted kind first, those that cannot be used last."""
    series: dict[str, list[DicomFile]] = {}
    for file in files:
        series.setdefault(text(file.header, "SeriesInstanceUID"), []).append(file)
    given = [text(members[0].header, "SeriesNumber") for members in series.values()]
    found = [_candidate(uid, members, given, wanted) for uid, members in series.items()]
    return sorted(found, key=lambda c: (not c.info.usable, -c.score, len(c.info.number), c.info.number, c.info.uid))


def _candidate(uid: str, members: list[DicomFile], numbers_given: list[str], wanted: Wanted) -> Candidate:
    files, left_out = of_kind(members, wanted)
    header, series_number = files[0].header, text(members[0].header, "SeriesNumber")
    choice = series_number if series_number and numbers_given.count(series_number) == 1 else uid
    frames = [frame for file in files for frame in frames_of(file)]
    stack, error = None, None
    try:
        stack = _stack(files, frames, series_label(choice, text(header, "SeriesDescription")), wanted)
        stack = replace(stack, notices=(*left_out, *stack.notices))
    except (InputError, MissingDecoderError) as refusal:  # copies are decoded to be compared
        error = refusal
    header, frame = _first_read(files, stack.frames if stack else ())
    info = SeriesInfo(
        uid=uid,
        number=series_number,
        choice=choice,
        description=text(header, "SeriesDescription"),
        modality=text(header, "Modality"),
        kernel=common_kernel(stack.frames if stack else frames),
        body_part=text(header, "BodyPartExamined"),
        n_images=len(frames),
        spacing_mm=stack.spacing[:2] if stack else None,
        slice_spacing_mm=stack.spacing[2] if stack else None,
        extent_mm=_extent(stack) if stack else None,
        usable=error is None,
        reason=error.message if error else "",
    )
    words = (info.description, info.body_part, text(header, "StudyDescription"), text(header, "ProtocolName"))
    score = wanted.score(stack, info.kernel, words) if stack and not error else 0.0
    return Candidate(info, header, frame, stack, error, score)


def _first_read(files: list[DicomFile], frames: Iterable[Frame]) -> tuple[Dataset, int | None]:
    """The header of the first file with one of the frames, and the number of the first of these in it."""
    indices: dict[Path, list[int | None]] = {}
    for frame in frames:
        indices.setdefault(frame.path, []).append(frame.index)
    first = next((file for file in files if file.path in indices), files[0])
    return first.header, min((i for i in indices.get(first.path, ()) if i is not None), default=None)


def _size(stack: Stack) -> tuple[int, int, int]:
    return stack.frames[0].columns, stack.frames[0].rows, stack.count


def _extent(stack: Stack) -> tuple[float, float, float]:
    along_x, along_y, along_z = (n * step for n, step in zip(_size(stack), stack.spacing, strict=True))
    return along_x, along_y, along_z


def _stack(files: list[DicomFile], frames: list[Frame], what: str, wanted: Wanted) -> Stack:
    """The stack of a series, with all that its headers make a reader know.

    Raises:
        InputError: it is of another kind, is no CT any more, or its planes form no stack or differ in kind.
    """
    check_kind(files[0].header, what, wanted)
    if not frames:
        raise InputError(f"{what} has headers without images.", "Export the images of the series again.")
    computed: tuple[Notice, ...] = ()
    description = text(files[0].header, "SeriesDescription")
    if wanted is CT:
        frames, computed = without_derived(frames, description, what, wanted.remedy)
    other = next((f.rescale_type for f in frames if wanted.units and f.rescale_type not in wanted.units), "")
    if other:
        raise InputError(f"{what} holds values of type '{other}', not HU.", wanted.remedy)
    stack = arrange(frames, what, PixelReader(files_kept=2).same)
    if wanted is CT:
        check_uniform(stack.frames, what)
    check_geometry(_size(stack), stack.spacing, what)
    return replace(stack, notices=(*computed, *stack.notices, *cautions(files, stack.frames, wanted.modality)))


def chosen(candidates: list[Candidate], series: str | None, given: str, wanted: Wanted = CT) -> Candidate:
    """The series to read.

    Args:
        candidates: from :func:`candidates_of`.
        series: series number, UID, or place in the list beginning with 1; ``None`` for the likeliest knee CT.
        given: what the user gave, for the sentence.
        wanted: as the candidates were asked for.

    Raises:
        InputError: no such series, or it cannot be used.
    """
    found = candidates[0] if series is None else _named(candidates, series.strip(), wanted)
    if found.error is None:
        return found
    if series is not None or len(candidates) == 1:
        raise found.error
    reasons = " ".join(c.info.reason for c in candidates[:_MAX_LISTED])
    raise InputError(f"None of the {len(candidates)} series in '{given}' can be used. {reasons}", wanted.remedy)


def _named(candidates: list[Candidate], series: str, wanted: Wanted) -> Candidate:
    for field in ("uid", "number"):
        found = [c for c in candidates if getattr(c.info, field) == series]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{len(found)} series have the number {series}.",
                f"Give the UID of one of them: {', '.join(c.info.uid for c in found)}.",
            )
    if series.isdecimal() and 1 <= int(series) <= len(candidates):
        return candidates[int(series) - 1]
    raise InputError(f"There is no series '{series}'.", _choices(candidates, wanted))


def other_series_notice(candidates: list[Candidate], read: Candidate) -> tuple[Notice, ...]:
    """Tell which series was read and how to ask for another; nothing if there is no other."""
    others = [c for c in candidates if c is not read]
    if not others:
        return ()
    patients = {text(c.header, "PatientID") for c in candidates}
    mixed = f" of {len(patients)} patients" if len(patients) > 1 else ""
    sentence = f"{len(candidates)} series{mixed} were found; series {_described(read)} was read."
    usable = [c for c in others if c.info.usable]
    if usable:
        sentence += f" To read another one, name it as series: {_listed(usable)}."
    if len(usable) < len(others):
        sentence += f" Not usable: {len(others) - len(usable)}."
    return (Notice("other-series", sentence, Severity.CAUTION if usable or mixed else Severity.INFO),)


def _choices(candidates: list[Candidate], wanted: Wanted) -> str:
    usable = [c.info for c in candidates if c.info.usable]
    if not usable:
        return f"None of the {len(candidates)} series here can be used. {wanted.remedy}"
    named = [f"{info.choice} ({info.description})" if info.description else info.choice for info in usable]
    return f"Choose {' or '.join(named[:_MAX_CHOICES])}{' or another one' if len(named) > _MAX_CHOICES else ''}."


def _listed(candidates: Iterable[Candidate]) -> str:
    every = list(candidates)
    rest = f"; and {len(every) - _MAX_LISTED} more" if len(every) > _MAX_LISTED else ""
    return "; ".join(_described(c) for c in every[:_MAX_LISTED]) + rest


def _described(candidate: Candidate) -> str:
    info = candidate.info
    facts = [info.description, info.modality, f"{info.n_images} images", info.kernel]
    return f"{info.choice} ({', '.join(f for f in facts if f)})"
