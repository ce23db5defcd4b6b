"""The manifest of a cohort of whole scans whose registrations were reviewed: one row per knee."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from CTSMALib.errors import InputError
from CTSMALib.inputs import read_rows
from CTSMALib.learning.pairs.splits import SPLITS
from CTSMALib.learning.patches.knee_part import Value
from CTSMALib.volumes.tube_voltage import voltage_of

NEEDED = ("subject", "side", "ct", "mr", "registration", "split")
KNOWN = (*NEEDED, "grade", "age", "sex")
VOLTAGE = "ct_kvp"  # kept among the facts, too
_PATHS = ("truth", "patches")  # of virtual cohorts, which lead nowhere from a set
_FORMAT = (
    f"Give a CSV file with the columns {', '.join(NEEDED)}; paths relative to it. 'ctsma register --cohort' writes one "
    "with the column registration."
)


@dataclass(frozen=True)
class PairRow:
    """One knee.

    Attributes:
        subject: identifies the person.
        side: ``"right"`` or ``"left"``.
        split: one of :data:`~CTSMALib.learning.pairs.splits.SPLITS`.
        grade: Kellgren-Lawrence grade, 0 to 4; empty where unknown, like the next two.
        age: years.
        sex: ``"F"`` or ``"M"``.
        ct, mr: scans.
        registration: folder with its record.
        kvp: tube voltage of the CT; ``None`` where the manifest does not say it.
        facts: the other columns, as they are written.
    """

    subject: str
    side: str
    split: str
    grade: str
    age: str
    sex: str
    ct: Path
    mr: Path
    registration: Path
    facts: dict[str, str]
    kvp: float | None = None

    def knee_row(self, key: str) -> dict[str, Value]:
        """What ``knees.csv`` tells of it, but for the covariates."""
        return {
            "knee": key, "subject": self.subject, "side": self.side, "split": self.split, "grade": self.grade,
            "age": self.age, "sex": self.sex,
        }  # fmt: skip


def read_pair_manifest(path: Path) -> tuple[PairRow, ...]:
    """Read the rows that have CT, MR and registration.

    Args:
        path: CSV file.

    Raises:
        InputError: it cannot be used, or has no such row.
    """
    _, known = read_rows(path, NEEDED, f"The manifest '{path.name}'", _FORMAT)
    try:
        rows = [_pair(row, path.parent) for row in known if all(row[n] for n in ("ct", "mr", "registration"))]
    except ValueError as error:
        raise InputError(f"The manifest '{path.name}' cannot be used: {error}.", _FORMAT) from error
    if not rows:
        raise InputError(f"The manifest '{path.name}' has no row with ct, mr and registration.", _FORMAT)
    return tuple(rows)


def _pair(row: dict[str, str], folder: Path) -> PairRow:
    for name, possible in (("side", ("right", "left")), ("split", SPLITS)):
        if row[name] not in possible:
            raise ValueError(f"the {name} {row[name]!r} of {row['subject']} is none of {', '.join(possible)}")
    for name in ("grade", "age"):
        if row.get(name):
            float(row[name])  # or it says that it is no number
    return PairRow(
        subject=row["subject"],
        side=row["side"],
        split=row["split"],
        grade=row.get("grade", ""),
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        ct=folder / row["ct"],
        mr=folder / row["mr"],
        registration=folder / row["registration"],
        facts={name: text for name, text in row.items() if name not in (*KNOWN, *_PATHS)},
        kvp=_voltage(row),
    )


def _voltage(row: dict[str, str]) -> float | None:
    try:
        return voltage_of(row[VOLTAGE]) if row.get(VOLTAGE) else None
    except ValueError as error:
        raise ValueError(f"{VOLTAGE} of {row['subject']}: {error}") from error
