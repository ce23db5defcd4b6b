"""UIDs that follow from what they name, so that the same knee always gives the same files."""

from __future__ import annotations

import hashlib
import uuid

from CTSMALib.virtual.dicom.patient_facts import PatientFacts

_ROOT = uuid.uuid5(uuid.NAMESPACE_DNS, "virtual.ctsma")


def uid_of(*parts: str | int) -> str:
    """A UID under 2.25, the root for UIDs made of a UUID (DICOM PS3.5, B.2); the UUID is a hash of ``parts``."""
    return f"2.25.{uuid.uuid5(_ROOT, chr(0).join(map(str, parts))).int}"


def study_key(facts: PatientFacts, session: str) -> tuple[str | int, ...]:
    """What tells one visit to a scanner from all others; ``session`` is its name, for example ``"ct"``."""
    return facts.study_seed, facts.subject, facts.side, session


def short_number(*parts: str | int) -> int:
    """A number of seven digits, for names of files and serial numbers."""
    digest = hashlib.sha256(chr(0).join(map(str, parts)).encode()).digest()
    return 1_000_000 + int.from_bytes(digest[:8], "big") % 9_000_000
