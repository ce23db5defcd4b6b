"""The series of a DICOM folder: what each is, whether it can be used, and which is the likely scan of the knee."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import Frame, frames_of, number, text
from CTSMALib.volumes.dicom_pixels import PixelReader
from CTSMALib.volumes.dicom_stack import Stack, arrange
from CTSMALib.volumes.extent import check_geometry
from CTSMALib.volumes.likelihood import knee_ct_score, knee_mr_score

Score = Callable[[Stack, str, Iterable[str]], float]


@dataclass(frozen=True)
class Wanted:
    """Which series can be read.

    Attributes:
        modality: DICOM modality.
        classes: UIDs of its kinds of images.
        plural: how a sentence calls them.
        values: what their values are.
        units: of the values, as a series may state them; ``None`` where it does not matter.
        score: (stack, kernel, words) to how likely a series is the one; the highest is read.
        remedy: what to give instead of a series that cannot be used.
    """

    modality: str
    classes: tuple[str, ...]
    plural: str
    values: str
    units: tuple[str, ...] | None
    score: Score
    remedy: str


CT = Wanted(
    "CT",
    ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"),
    "CT images",
    "HU",
    ("", "HU", "US"),
    knee_ct_score,
    "Give the original CT series of the knee.",
)
MR = Wanted(
    "MR",
    ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4"),
    "MR images",
    "signals",
    None,
    knee_mr_score,
    "Give the original MR series of the knee.",
)
_OTHER_MODALITIES = {
    "CT": "a CT series",
    "MR": "an MR series",
    "PT": "a PET series",
    "NM": "a nuclear medicine series",
    "US": "an ultrasound series",
    "CR": "a radiograph",
    "DX": "a radiograph",
    "XA": "an angiography series",
    "OT": "a secondary capture or another image without a modality",
    "SC": "a secondary capture",
    "SEG": "a segmentation",
    "RTSTRUCT": "a set of contours (RTSTRUCT) without images",
    "SR": "a structured report without images",
    "PR": "a presentation state without images",
}
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
    """A series with what is needed to read it: a stack, or the error that says why it cannot be read."""

    info: SeriesInfo
    header: Dataset
    enhanced: bool
    stack: Stack | None
    error: InputError | None
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


def _candidate(uid: str, files: list[DicomFile], numbers_given: list[str], wanted: Wanted) -> Candidate:
    header = files[0].header
    series_number, description = text(header, "SeriesNumber"), text(header, "SeriesDescription")
    choice = series_number if series_number and numbers_given.count(series_number) == 1 else uid
    frames = [frame for file in files for frame in frames_of(file)]
    stack, error = None, None
    try:
        stack = _stack(files, frames, series_label(choice, description), wanted)
    except InputError as refusal:
        error = refusal
    size = (frames[0].columns, frames[0].rows, stack.count) if stack else (0, 0, 0)
    info = SeriesInfo(
        uid=uid,
        number=series_number,
        choice=choice,
        description=description,
        modality=text(header, "Modality"),
        kernel=next((v for f in frames for k, v in f.separators if k == "kernel"), ""),
        body_part=text(header, "BodyPartExamined"),
        n_images=len(frames),
        spacing_mm=stack.spacing[:2] if stack else None,
        slice_spacing_mm=stack.spacing[2] if stack else None,
        extent_mm=_extent(size, stack.spacing) if stack else None,
        usable=error is None,
        reason=error.message if error else "",
    )
    words = (info.description, info.body_part, text(header, "StudyDescription"), text(header, "ProtocolName"))
    score = wanted.score(stack, info.kernel, words) if stack and not error else 0.0
    return Candidate(info, header, frames[:1] != [] and frames[0].index is not None, stack, error, score)


def _extent(size: tuple[int, int, int], spacing: tuple[float, float, float]) -> tuple[float, float, float]:
    return size[0] * spacing[0], size[1] * spacing[1], size[2] * spacing[2]


def _stack(files: list[DicomFile], frames: list[Frame], what: str, wanted: Wanted) -> Stack:
    header = files[0].header
    modality, sop_class = text(header, "Modality").upper(), text(header, "SOPClassUID")
    if modality != wanted.modality:
        kind = _OTHER_MODALITIES.get(modality, f"of modality '{modality}'" if modality else "without a modality")
        article = "an" if wanted is MR else "a"
        raise InputError(f"{what} is {kind}, not {article} {wanted.modality}.", wanted.remedy)
    if sop_class not in wanted.classes:
        stored = UID(sop_class).name or "unknown"
        raise InputError(f"{what} is stored as '{stored}', not as {wanted.plural}.", wanted.remedy)
    if not frames:
        raise InputError(f"{what} has headers without images.", "Export the images of the series again.")
    if any(number(f.header, "SamplesPerPixel") not in (None, 1.0) for f in files):
        raise InputError(f"{what} is in color, so its values are not {wanted.values}.", wanted.remedy)
    other = next((f.rescale_type for f in frames if wanted.units and f.rescale_type not in wanted.units), "")
    if other:
        raise InputError(f"{what} holds values of type '{other}', not HU.", wanted.remedy)
    stack = arrange(frames, what, PixelReader().same)
    check_geometry((frames[0].columns, frames[0].rows, stack.count), stack.spacing, what)
    return stack


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
