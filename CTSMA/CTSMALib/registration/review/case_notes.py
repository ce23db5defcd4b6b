"""Notes about the cases of a cohort, in ``notes.json`` in its folder."""

from __future__ import annotations

import json
from pathlib import Path

from CTSMALib.errors import InputError, OutputError
from CTSMALib.outputs import replace_file

NOTES_FILE = "notes.json"
SCHEMA, SCHEMA_VERSION = "ctsma-case-notes", "1.0"
_REMEDY = "Move the file away to begin with new notes."


def read_notes(cohort_folder: Path) -> dict[str, str]:
    """Name of a case to its note; empty where nobody wrote one yet.

    Raises:
        InputError: the file is damaged, or of another version.
    """
    path = cohort_folder / NOTES_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        kind, version = document["schema"], str(document["schema_version"])
        notes = document["notes"]
        if kind != SCHEMA or not all(isinstance(text, str) for text in notes.values()):
            raise ValueError("it holds something else")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"The notes in {path} cannot be read ({error.strerror}).", "Check permissions.") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"The notes in {path} are damaged.", _REMEDY) from error
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise InputError(f"The notes in {path} have format version {version}; expected {SCHEMA_VERSION}.", _REMEDY)
    return dict(notes)


def write_note(cohort_folder: Path, case: str, text: str) -> dict[str, str]:
    """Keep a note; notes about other cases stay as they are on disk.

    Args:
        cohort_folder: of the cohort.
        case: its name.
        text: the note; empty takes it away.

    Returns:
        All notes.

    Raises:
        InputError: the file is damaged, or of another version; it is not written over.
        OutputError: it could not be written; what was there is kept.
    """
    notes = {name: note for name, note in read_notes(cohort_folder).items() if name != case}
    if text.strip():
        notes[case] = text.strip()
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "notes": dict(sorted(notes.items()))}
    content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    try:
        replace_file(cohort_folder / NOTES_FILE, content.encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(
            f"The note could not be saved in {cohort_folder} ({error.strerror}).", "Check disk space and permissions."
        ) from error
    return notes
