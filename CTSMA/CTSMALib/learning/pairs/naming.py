"""What names of files and folders, and descriptions of series, say about a scan: subject, side, kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

LEFT, RIGHT = "left", "right"
CT, MR = "CT", "MR"
_LEFT_WORDS = frozenset("l left lt lft links linkes gauche izquierda izquierdo izq sinistra sinistro sx".split())
_RIGHT_WORDS = frozenset("r right rt rgt rechts rechtes droit droite derecha derecho der destra destro dx".split())
_CT_WORDS = frozenset("ct cta cbct msct mdct hrct".split())
_BALANCED = frozenset("bffe btfe bssfp truefisp trufisp trufi fiesta ciss balanced".split())
_FAT_FREE = frozenset("fs pdfs fatsat spair spir stir we dixon water".split())
_MR_WORDS = frozenset(
    "mr mri mrt irm rm mese ffe dess t1 t1w t2 t2w t2star pd pdw vibe spgr flash space mprage tse fse".split()
)
_NO_SCAN = frozenset(
    "seg segmentation segmentations label labels labelmap mask masks roi rois truth thickness bvf warp jacobian "
    "displacement synthetic".split()
)
_BONE = frozenset("bone bones".split())  # a label map of bones, or a CT with a sharp kernel
_NOBODY = frozenset(
    "anon anonym anonymous anonymized anonymised anonymisiert deidentified removed redacted unknown none null na "
    "nobody patient subject id no name x xx xxx xxxx".split()
)
_FILLERS = frozenset("knee knie genou scan image img series ser dicom dcm nii nifti nrrd gz acq hr".split())
_SUFFIXES = re.compile(r"(\.nii)?(\.gz)?$|\.(nrrd|nhdr|mha|mhd|dcm|ima)$", re.IGNORECASE)
_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".ima")
_SUBJECT = re.compile(r"(?<![A-Za-z0-9])(sub-[A-Za-z0-9]+)", re.IGNORECASE)
_NUMBERED = re.compile(r"(scan|image|img|series|ser|vol|echo)\d+")
_TIMES = re.compile(r"(?<![A-Za-z])t[er]\d+(\.\d+)?(ms)?(?![A-Za-z])", re.IGNORECASE)  # of an MR sequence
_JOINED = re.compile(r"(left|right)(?:knee|knie)?|(?:knee|knie)(left|right|l|r)")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or description in small letters, without their separators."""
    return tuple(word.lower() for word in _split(text))


def side_said(text: str) -> str:
    """``"left"`` or ``"right"``; empty where nothing or both is said."""
    said = {side for word in words_of(text) if (side := _side_of(word))}
    return said.pop() if len(said) == 1 else ""


def kind_said(text: str) -> str:
    """``"CT"`` or ``"MR"``; empty where nothing or both is said."""
    words = set(words_of(text))
    ct, mr = bool(words & _CT_WORDS), bool(words & (_MR_WORDS | _BALANCED | _FAT_FREE))
    return "" if ct == mr else CT if ct else MR


def is_no_scan(text: str) -> bool:
    """Whether a name is that of a label map, a mask, or another image that is computed from a scan.

    One that speaks of bone is no scan unless it speaks of a CT too, whose kernel may be meant.
    """
    return bool(set(words_of(text)) & _NO_SCAN) or (says_bone(text) and kind_said(text) != CT)


def names_image(name: str) -> bool:
    """Whether a file is called as images are."""
    return name.lower().endswith(_ENDINGS)


def says_bone(text: str) -> bool:
    """Whether a name speaks of bone, as those of label maps and of CTs with a sharp kernel do."""
    return bool(set(words_of(text)) & _BONE)


def sequence_score(text: str) -> float:
    """How well an MR suits by its name: a balanced sequence does, fat suppression does not."""
    words = set(words_of(text))
    return 6.0 * bool(words & _BALANCED) - 6.0 * bool(words & _FAT_FREE)


def subject_said(relative: PurePath) -> str:
    """Who is meant by the path of a file, relative to the folder of a cohort.

    ``sub-ID`` anywhere, as BIDS has it; else what is left of the file's name, or of the name of the nearest folder,
    without words for sides and kinds of scans; empty where nothing is left.
    """
    named = _SUBJECT.search(relative.as_posix())
    if named:
        return named[1]
    for part in (_SUFFIXES.sub("", relative.name), *reversed(relative.parts[:-1])):
        left = [word for word in _split(_TIMES.sub(" ", part)) if not _is_common(word.lower())]
        if left:
            return "-".join(left)
    return ""


def identifies(patient_id: str) -> bool:
    """Whether a patient ID is one, and not what programs put in the place of all that they remove."""
    return any(word not in _NOBODY and word.strip("0") for word in words_of(patient_id))


def as_name(text: str) -> str:
    """``text`` as the name of a folder may be: letters, digits, '-', '_' and '.', not beginning with a dot."""
    return re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text)).strip("-.")


def first_said(texts: Iterable[str]) -> str:
    """The side that the first text says that says one."""
    return next((side for text in texts if (side := side_said(text))), "")


def _split(text: str) -> list[str]:
    """Words of letters, of any language, and digits; some systems write an accent apart from its letter."""
    return [word for word in re.split(r"[\W_]+", unicodedata.normalize("NFC", text)) if word]


def _side_of(word: str) -> str:
    if joined := _JOINED.fullmatch(word):
        return LEFT if (joined[1] or joined[2])[0] == "l" else RIGHT
    return LEFT if word in _LEFT_WORDS else RIGHT if word in _RIGHT_WORDS else ""


def _is_common(word: str) -> bool:
    known = _CT_WORDS | _MR_WORDS | _BALANCED | _FAT_FREE | _FILLERS | _BONE
    return word in known or bool(_side_of(word)) or bool(_NUMBERED.fullmatch(word))
