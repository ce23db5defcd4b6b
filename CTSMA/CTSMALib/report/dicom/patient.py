"""Whose study objects are written into: the identity of the scanned series made valid, or a pseudonym in its place.

Every object takes patient and study from the elements that :func:`identified` or :func:`pseudonymous` returns, so that
nothing else of the series can slip into one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from CTSMALib.report.identity import OLDEST_STATED_AGE
from CTSMALib.volumes.dicom_frames import text

_TEXTS = {  # longest value, characters
    "PatientID": 64, "IssuerOfPatientID": 64, "StudyID": 16, "AccessionNumber": 16, "StudyDescription": 64,
    "DeidentificationMethod": 64, "PositionReferenceIndicator": 64,
}  # fmt: skip
_NAMES = ("PatientName", "ReferringPhysicianName")
_PATTERNS = {
    "PatientBirthDate": r"\d{8}", "StudyDate": r"\d{8}", "StudyTime": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "PatientSex": "[MFO]", "PatientAge": r"\d{3}[DWMY]", "PatientIdentityRemoved": "YES|NO",
    "StudyInstanceUID": r"[0-9.]{1,64}", "LongitudinalTemporalInformationModified": "UNMODIFIED|MODIFIED|REMOVED",
}  # fmt: skip
_NUMBERS = ("PatientSize", "PatientWeight")
_REQUIRED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
IDENTITY_KEYWORDS = (
    "SpecificCharacterSet", *_TEXTS, *_NAMES, *_PATTERNS, *_NUMBERS, "DeidentificationMethodCodeSequence",
)  # fmt: skip
UTF_8 = "ISO_IR 192"
_LONGEST_NAME = 64
_METHOD = "CTSMA: identity and UIDs replaced, years kept"


@dataclass(frozen=True, eq=False)
class Identity:
    """Patient and study as objects state them.

    Attributes:
        elements: of patient and study.
        remarks: what was changed to make them valid, a sentence each.
        key: makes new UIDs of old ones; empty keeps them.
    """

    elements: Dataset
    remarks: tuple[str, ...] = ()
    key: bytes = b""

    @property
    def is_pseudonymous(self) -> bool:
        """Whether a pseudonym stands in place of the patient."""
        return bool(self.key)

    def uid(self, uid: str) -> str:
        """A UID of the source as objects state it: the same, or always the same other one."""
        return uid_from(self.key, uid) if self.key else uid

    def tracking_uid(self, *parts: str) -> str:
        """A UID for what is followed over time, always the same for the same parts and series."""
        secret = self.key or str(self.elements.StudyInstanceUID).encode()
        return uid_from(secret, "\0".join(parts))


def uid_from(key: bytes, message: str) -> str:
    """A UID under 2.25 that follows from a message; without the key it does not lead back."""
    digest = hmac.new(key, message.encode("utf-8", "replace"), hashlib.sha256).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"


def new_uid() -> str:
    """A UID that nothing else has."""
    return f"2.25.{uuid.uuid4().int}"


def identified(header: Dataset) -> Identity:
    """Patient and study of a series.

    Args:
        header: of a file of it, decoded. Values that DICOM does not allow are shortened or left out.
    """
    elements, remarks = Dataset(), []
    elements.SpecificCharacterSet = UTF_8
    for keyword, longest in _TEXTS.items():
        value = _printable(text(header, keyword))
        if value:
            setattr(elements, keyword, value[:longest].strip())
        if len(value) > longest:
            remarks.append(f"{keyword} has {len(value)} characters in the series and was cut to {longest}.")
    for keyword in _NAMES:
        name = _printable(str(header.get(keyword) or ""))
        setattr(elements, keyword, PersonName("=".join(part[:_LONGEST_NAME] for part in name.split("=")[:3])))
    for keyword, pattern in _PATTERNS.items():
        value = text(header, keyword)
        if re.fullmatch(pattern, value):
            setattr(elements, keyword, value)
        elif value:
            remarks.append(f"{keyword} is not valid in the series and was left out.")
    for keyword in _NUMBERS:
        if re.fullmatch(r"\d{1,6}(\.\d{1,8})?", text(header, keyword)):
            setattr(elements, keyword, text(header, keyword))
    if header.get("DeidentificationMethodCodeSequence"):
        elements.DeidentificationMethodCodeSequence = header.DeidentificationMethodCodeSequence
    _complete(elements)
    return Identity(elements, tuple(remarks))


def pseudonymous(header: Dataset, pseudonym: str, digest: str) -> Identity:
    """A pseudonym in place of the patient, and new UIDs; sex, age up to 89 and the year of the study stay.

    Args:
        header: of a file of the series, decoded.
        pseudonym: name and ID of the patient.
        digest: of the image; the new UIDs of one image are always the same, and cannot be told without it.
    """
    known, elements = identified(header).elements, Dataset()
    key = bytes.fromhex(digest)
    elements.SpecificCharacterSet = UTF_8
    elements.PatientName, elements.PatientID = PersonName(f"{pseudonym}^"), pseudonym  # a family name alone
    elements.PatientSex = known.get("PatientSex", "")
    age = str(known.get("PatientAge", ""))
    if age and not (age.endswith("Y") and int(age[:3]) > OLDEST_STATED_AGE):
        elements.PatientAge = age
    elements.PatientIdentityRemoved, elements.DeidentificationMethod = "YES", _METHOD
    elements.LongitudinalTemporalInformationModified = "MODIFIED"
    elements.StudyInstanceUID = uid_from(key, str(known.StudyInstanceUID))
    if known.get("StudyDate"):
        elements.StudyDate = first_of_year(str(known.StudyDate))
    _complete(elements)
    return Identity(elements, key=key)


def first_of_year(date: str) -> str:
    """The first of January of a DICOM date: a date in which only the year is told."""
    return f"{date[:4]}0101"


def _complete(elements: Dataset) -> None:
    for keyword in _REQUIRED:
        if keyword not in elements:
            setattr(elements, keyword, "")


def _printable(value: str) -> str:
    return "".join(letter for letter in value if letter.isprintable() and letter != "\\").strip()
