"""``cohort.json``: what a cohort was made with, so that it can be gone on with and nothing is mixed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib import __version__
from CTSMALib.errors import InputError
from CTSMALib.outputs import replace_file
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.plain import as_json, digest
from CTSMALib.virtual.version import GENERATOR

COHORT_FILE = "cohort.json"
SCHEMA, SCHEMA_VERSION = "ctsma-virtual-cohort", 1
NOTE = "virtual: research use only; not real people"
_REMEDY = "Name a new folder."
_OPTIONS = {"dicom": "--dicom", "rescan": "--rescan", "registration_error_mm": "--registration-error"}


@dataclass(frozen=True)
class CohortFacts:
    """What :data:`COHORT_FILE` holds.

    Attributes:
        software_version: of the CTSMA that wrote it last.
        generator: version of the generator.
        knees: how many were asked for.
        seed, mode: of the cohort.
        arguments: all of the order but the number of knees.
        digest: SHA-256 of generator and arguments.
    """

    software_version: str
    generator: str
    knees: int
    seed: int
    mode: str
    arguments: dict[str, Any]
    digest: str


def facts_of(order: CohortOrder) -> CohortFacts:
    """The facts of a cohort that this version makes."""
    arguments = order.arguments()
    marked = digest({"generator": GENERATOR, "arguments": arguments})
    return CohortFacts(__version__, GENERATOR, order.knees, order.seed, order.mode, arguments, marked)


def write_cohort_file(facts: CohortFacts, cohort: Path) -> None:
    """Write the file, completely or not at all.

    Raises:
        OSError: it could not be written.
    """
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "note": NOTE}
    replace_file(cohort / COHORT_FILE, as_json({**head, **facts.__dict__}))


def read_cohort_file(cohort: Path) -> CohortFacts:
    """Read the file.

    Raises:
        InputError: the folder holds no cohort, or one that this version cannot read.
    """
    try:
        content = json.loads((cohort / COHORT_FILE).read_bytes())
        schema, version = content["schema"], content["schema_version"]
        if schema != SCHEMA:
            raise ValueError(schema)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{cohort} holds no virtual cohort.", "Give a folder that 'ctsma virtual make' wrote."
        ) from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"The cohort in {cohort} has format version {version}; this CTSMA reads version {SCHEMA_VERSION}.",
            "Use the CTSMA that made it, or make the cohort again in a new folder.",
        )
    try:
        return CohortFacts(**{name: kind(content[name]) for name, kind in _KINDS.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{COHORT_FILE} in {cohort} is damaged: {error}.", "Make the cohort again.") from error


def check_same_cohort(stored: CohortFacts, wanted: CohortFacts, cohort: Path) -> None:
    """Refuse to mix knees of different cohorts.

    Raises:
        InputError: the cohort that is there was made by another generator or with other arguments.
    """
    if stored.generator != wanted.generator:
        raise InputError(
            f"The cohort in {cohort} was made by {stored.generator}; this CTSMA makes {wanted.generator}.", _REMEDY
        )
    names = [name for name in wanted.arguments if stored.arguments.get(name) != wanted.arguments[name]]
    if names:
        told = ", ".join(
            f"{_OPTIONS.get(name, f'--{name}')} ({_text(stored.arguments.get(name))}, "
            f"now {_text(wanted.arguments[name])})"
            for name in names
        )
        raise InputError(
            f"The cohort in {cohort} was made with other arguments: {told}.",
            "Name a new folder, or give the arguments it was made with.",
        )


def _text(value: Any) -> str:
    if value is None or value == []:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


_KINDS = {
    "software_version": str,
    "generator": str,
    "knees": int,
    "seed": int,
    "mode": str,
    "arguments": dict,
    "digest": str,
}
