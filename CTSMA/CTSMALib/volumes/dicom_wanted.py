"""Which series can be read as a CT or an MR: modality, kind of images, and what their values are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_files import DicomFile
from CTSMALib.volumes.dicom_frames import number, text
from CTSMALib.volumes.dicom_stack import Stack
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


def of_kind(files: list[DicomFile], wanted: Wanted) -> tuple[list[DicomFile], tuple[Notice, ...]]:
    """The files of a series that hold wanted images, and what must be said of the others.

    Args:
        files: of one series.
        wanted: which images.

    Returns:
        All files where none holds such images, so that :func:`check_kind` says why.
    """
    kept = [file for file in files if _is_wanted(file.header, wanted)]
    if not kept or len(kept) == len(files):
        return files, ()
    left_out = f"{len(files) - len(kept)} files that are no {wanted.plural} or are in color"
    return kept, (Notice("images-left-out", f"Images left out of the series: {left_out}.", Severity.INFO),)


def _is_wanted(header: Dataset, wanted: Wanted) -> bool:
    return (
        _modality(header) == wanted.modality
        and text(header, "SOPClassUID") in wanted.classes
        and not _is_colored(header)
    )


def _modality(header: Dataset) -> str:
    return text(header, "Modality").upper()


def _is_colored(header: Dataset) -> bool:
    return number(header, "SamplesPerPixel") not in (None, 1.0)


def check_kind(header: Dataset, what: str, wanted: Wanted) -> None:
    """Refuse a series of another kind.

    Args:
        header: of the first of its files that :func:`of_kind` leaves.
        what: the subject of the sentence.
        wanted: which images.

    Raises:
        InputError: it holds no such images.
    """
    modality, sop_class = _modality(header), text(header, "SOPClassUID")
    if modality != wanted.modality:
        kind = _OTHER_MODALITIES.get(modality, f"of modality '{modality}'" if modality else "without a modality")
        article = "an" if wanted is MR else "a"
        raise InputError(f"{what} is {kind}, not {article} {wanted.modality}.", wanted.remedy)
    if sop_class not in wanted.classes:
        stored = UID(sop_class).name or "unknown"
        raise InputError(f"{what} is stored as '{stored}', not as {wanted.plural}.", wanted.remedy)
    if _is_colored(header):
        raise InputError(f"{what} is in color, so its values are not {wanted.values}.", wanted.remedy)
