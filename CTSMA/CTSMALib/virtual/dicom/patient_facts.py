"""Whose knee a virtual scan shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from CTSMALib.errors import InputError

SIDES = {"right": "R", "left": "L", "both": "B"}
SEXES = ("F", "M", "O")
_SUBJECT = re.compile(r"[A-Za-z0-9._-]{1,56}")


@dataclass(frozen=True)
class PatientFacts:
    """What the headers say about the virtual person.

    Attributes:
        subject: patient ID; letters, digits, dots, dashes and underscores.
        sex: ``"F"``, ``"M"`` or ``"O"``.
        age_years: 0 to 120.
        side: of the knee, ``"right"`` or ``"left"``; ``"both"`` for a scan of both legs.
        study_seed: tells studies of the same subject and side apart; all UIDs follow from it.
    """

    subject: str
    sex: str
    age_years: float
    side: str
    study_seed: int

    def __post_init__(self) -> None:
        """Refuse what a header cannot hold."""
        if not _SUBJECT.fullmatch(self.subject):
            raise InputError(
                f"'{self.subject}' cannot be a patient ID.",
                "Use 1 to 56 letters, digits, dots, dashes and underscores.",
            )
        if self.sex not in SEXES:
            raise InputError(f"There is no sex '{self.sex}' in DICOM.", f"Use one of {', '.join(SEXES)}.")
        if not 0.0 <= self.age_years <= 120.0:
            raise InputError(f"An age of {self.age_years} years is impossible.", "Give one from 0 to 120.")
        if self.side not in SIDES:
            raise InputError(f"There is no side '{self.side}'.", f"Use one of {', '.join(SIDES)}.")

    @property
    def laterality(self) -> str:
        """``"R"``, ``"L"`` or ``"B"``."""
        return SIDES[self.side]
