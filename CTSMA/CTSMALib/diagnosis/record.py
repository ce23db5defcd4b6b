"""The file that a diagnosis is kept in, and what it may say of whom."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from CTSMALib import __version__
from CTSMALib.diagnosis.diagnosis import Diagnosis
from CTSMALib.diagnosis.tokens import PLACES
from CTSMALib.errors import InputError
from CTSMALib.outputs import replace_file

FILE = "diagnosis.json"
SCHEMA, SCHEMA_VERSION = "ctsma-diagnosis", 1
WITHHELD = (
    "No probability of osteoarthritis is given: the model was trained on simulated knees, and nobody knows how it does "
    "on real ones. For research only, it can be shown, marked as that."
)
MARKED = "Trained on simulated knees. Research only: this is not a finding about a patient."
VIRTUAL = "The scan is virtual, as those that the model was trained on."
REAL = "The model was trained on real knees. Research only: this is not a finding about a patient."
_HIDDEN = ("probability", "low", "high", "grades", "usual_probability", "patches", "compartments")


@dataclass(frozen=True)
class Subject:
    """Whose knee it is, as far as that decides what may be said.

    Attributes:
        virtual: the scan says that nobody was scanned.
        research: what a model from simulated knees says is wanted all the same.
        simulated: the model was trained on simulated knees.
        values_from: what measured the patches, for the record.
    """

    virtual: bool
    research: bool
    simulated: bool
    values_from: str = ""

    @property
    def may_be_shown(self) -> bool:
        """A model from simulated knees says nothing of a real person unless it is asked to for research."""
        return self.virtual or self.research or not self.simulated


def document(diagnosis: Diagnosis, subject: Subject) -> dict[str, Any]:
    """A diagnosis as JSON holds it; what may not be shown is not in it."""
    shown = subject.may_be_shown and diagnosis.abstained is None
    found = {key: value for key, value in asdict(diagnosis).items() if shown or key not in _HIDDEN}
    return {
        "schema": SCHEMA, "schema_version": SCHEMA_VERSION, "software_version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(subject), "shown": shown,
        "statement": _statement(diagnosis, subject), "checked": _checked(diagnosis), **found,
    }  # fmt: skip


def write_diagnosis(diagnosis: Diagnosis, subject: Subject, folder: Path) -> Path:
    """Write it into a result folder, completely or not at all.

    Raises:
        OSError: it could not be written.
    """
    _write(document(diagnosis, subject), folder)
    return folder / FILE


def read_diagnosis(folder: Path) -> dict[str, Any]:
    """The content of the file in a result folder.

    Raises:
        InputError: there is none, or not of this version.
    """
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no diagnosis.", "Run 'ctsma diagnose' on it.") from error
    if not isinstance(found, dict) or (found.get("schema"), found.get("schema_version")) != (SCHEMA, SCHEMA_VERSION):
        raise InputError(f"The diagnosis in {folder} has another format.", "Run 'ctsma diagnose' again.")
    return found


def without_time(folder: Path) -> None:
    """Leave the day out of the file in a result folder, whose identifiers are removed; the year stays.

    Raises:
        InputError: it is damaged.
        OSError: it could not be written.
    """
    if not (folder / FILE).is_file():
        return
    found = read_diagnosis(folder)
    _write({**found, "created": str(found.get("created", ""))[:4]}, folder)


def _write(document: dict[str, Any], folder: Path) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    replace_file(folder / FILE, (text + "\n").encode())


def _statement(diagnosis: Diagnosis, subject: Subject) -> str:
    if diagnosis.abstained is not None:
        return f"The model says nothing about this knee. {diagnosis.abstained}"
    if not subject.may_be_shown:
        return WITHHELD
    if subject.virtual:
        return VIRTUAL
    return MARKED if subject.simulated else REAL


def _checked(diagnosis: Diagnosis) -> list[str]:
    """What was looked at, a sentence each."""
    each = ", ".join(f"{key} {count}" for key, count in diagnosis.counts.items())
    lines = [f"{sum(diagnosis.counts.values())} of {PLACES} patches have values ({each})."]
    if diagnosis.unlike:
        lines.append(
            f"{diagnosis.unlike} more were left out, as they look unlike those that their values are learned from."
        )
    if diagnosis.distance is not None:
        where = "within" if diagnosis.distance <= diagnosis.limit else "outside"
        lines.append(
            f"The values are {where} the range of the training (distance {diagnosis.distance:.2f}, limit "
            f"{diagnosis.limit:.2f})."
        )
    return lines
