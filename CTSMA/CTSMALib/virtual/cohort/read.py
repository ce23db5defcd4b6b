"""A cohort as it is read back: facts, and one typed row per knee with the paths of its files."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from CTSMALib.errors import InputError
from CTSMALib.virtual.cohort.cohort_file import CohortFacts, read_cohort_file
from CTSMALib.virtual.cohort.manifest import COLUMNS, MANIFEST_FILE

SPLITS = ("train", "tune", "stop", "calibrate", "test", "unpaired")
_REMEDY = "Run 'ctsma virtual make' with the same arguments again; it writes the manifest anew."


@dataclass(frozen=True)
class CohortKnee:
    """One row of the manifest.

    Attributes:
        subject: identifies the person.
        side: ``"right"`` or ``"left"``.
        grade: Kellgren-Lawrence grade, 0 to 4.
        age_years: of the person.
        sex: ``"F"`` or ``"M"``.
        split: one of :data:`SPLITS`.
        folder: of the knee.
        ct, mr: scans; ``None`` in patches mode.
        registration: folder with the transforms.
        truth: table of measured values; ``None`` where none were asked for.
        patches: boxes cut out of both scans; ``None`` but in patches mode.
        facts: the other columns: numbers, and texts where they are none; without the empty ones.
    """

    subject: str
    side: str
    grade: int
    age_years: float
    sex: str
    split: str
    folder: Path
    ct: Path | None
    mr: Path | None
    registration: Path
    truth: Path | None
    patches: Path | None
    facts: dict[str, float | str]


@dataclass(frozen=True)
class Cohort:
    """A cohort of virtual knees.

    Attributes:
        folder: where it is.
        facts: what it was made with.
        knees: those that are finished, in order.
    """

    folder: Path
    facts: CohortFacts
    knees: tuple[CohortKnee, ...]

    def of_split(self, split: str) -> tuple[CohortKnee, ...]:
        """The knees of one of :data:`SPLITS`."""
        return tuple(knee for knee in self.knees if knee.split == split)


def read_cohort(folder: Path) -> Cohort:
    """Read a cohort; the files of the knees are not opened.

    Args:
        folder: that ``ctsma virtual make`` wrote.

    Raises:
        InputError: it is no cohort, one of another format version, or its manifest is damaged.
    """
    facts = read_cohort_file(folder)
    try:
        with (folder / MANIFEST_FILE).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
            if missing:
                raise ValueError(f"it has no column {missing[0]}")
            knees = tuple(_knee(row, folder) for row in reader)
    except OSError as error:
        raise InputError(f"The manifest of {folder} cannot be read ({error.strerror}).", _REMEDY) from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"The manifest of {folder} is damaged: {error}.", _REMEDY) from error
    return Cohort(folder, facts, knees)


_OWN = ("subject", "side", "ct", "mr", "registration", "grade", "age", "sex", "split", "truth", "patches")


def _knee(row: dict[str, str], folder: Path) -> CohortKnee:
    if None in row or None in row.values():
        raise ValueError(f"the row of {row.get('subject')} has a wrong number of cells")
    registration = _path(row["registration"], folder)
    if registration is None:
        raise ValueError(f"{row['subject']} has no registration")
    return CohortKnee(
        subject=row["subject"],
        side=_one_of(row["side"], ("right", "left")),
        grade=int(_one_of(row["grade"], ("0", "1", "2", "3", "4"))),
        age_years=float(row["age"]),
        sex=_one_of(row["sex"], ("F", "M")),
        split=_one_of(row["split"], SPLITS),
        folder=registration.parent,
        ct=_path(row["ct"], folder),
        mr=_path(row["mr"], folder),
        registration=registration,
        truth=_path(row["truth"], folder),
        patches=_path(row["patches"], folder),
        facts={name: _value(text) for name, text in row.items() if name not in _OWN and text},
    )


def _one_of(text: str, possible: tuple[str, ...]) -> str:
    if text not in possible:
        raise ValueError(f"{text!r} is none of {', '.join(possible)}")
    return text


def _path(text: str, folder: Path) -> Path | None:
    if not text:
        return None
    relative = PurePosixPath(text)
    if relative.is_absolute() or ".." in relative.parts or "\\" in text or ":" in text:
        raise ValueError(f"the path {text!r} leaves the folder")
    return folder.joinpath(*relative.parts)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
