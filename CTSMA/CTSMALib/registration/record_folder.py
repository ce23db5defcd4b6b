"""The folder of a registration: ``registration.json``, transforms as ITK and 3D Slicer read them, and the patches.

``registration.schema.json`` beside this module describes the JSON; it is made from the dataclasses.
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.outputs import replace_file
from CTSMALib.registration.record import SCHEMA_VERSION, PairedPatch, RegistrationRecord
from CTSMALib.volumes.rigid import is_rigid, write_itk

RECORD_FILE = "registration.json"
PATCHES_FILE = "patches.csv"
TRANSFORMS = "transforms"
MATRICES_FILE = f"{TRANSFORMS}/moving_to_fixed_ras.json"
SCHEMA_FILE = Path(__file__).with_name("registration.schema.json")
_COLUMNS = (
    *("id", "bone", "ct_x_mm", "ct_y_mm", "ct_z_mm", "mr_x_mm", "mr_y_mm", "mr_z_mm"),
    *("valid_fraction", "estimated_error_mm", "flags"),
)
_REMEDY = "Register the scans again."


def write_record(record: RegistrationRecord, folder: Path) -> None:
    """Write record, transforms and table of patches.

    Args:
        record: all of it.
        folder: exists; files of the same names are replaced.

    Raises:
        OSError: a file could not be written completely.
    """
    (folder / TRANSFORMS).mkdir(exist_ok=True)
    matrices = {}
    for bone in record.bones:
        write_itk(bone.fixed_to_moving_lps, folder / TRANSFORMS / f"{bone.name}.tfm")
        matrices[bone.name] = bone.moving_to_fixed_ras.tolist()
    replace_file(folder / MATRICES_FILE, (json.dumps(matrices, indent=1) + "\n").encode())
    _write_patches(record.patches, folder / PATCHES_FILE)
    save_findings(record, folder)


def save_findings(record: RegistrationRecord, folder: Path) -> None:
    """Write ``registration.json`` alone, completely or not at all; what was there is kept if that fails.

    Raises:
        OSError: it could not be written.
    """
    document: dict[str, Any] = msgspec.to_builtins(record)
    version, patches = document.pop("schema_version"), document.pop("patches")
    document = {"schema_version": version, **document, "patches": {"file": PATCHES_FILE, "rows": len(patches)}}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(folder / RECORD_FILE, text.encode("utf-8", "replace"))


def load_record(folder: Path) -> RegistrationRecord:
    """Read a registration back.

    Raises:
        InputError: the folder holds none, one of another version, or a damaged one.
    """
    path = folder / RECORD_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = str(document.get("schema_version"))
        if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
            raise InputError(
                f"The registration in {folder} has format version {version}; this CTSMA reads {SCHEMA_VERSION}.",
                "Open it with the CTSMA that wrote it, or register the scans again.",
            )
        told = document.pop("patches")
        record = msgspec.convert({**document, "patches": ()}, RegistrationRecord)
        _check(record)
        if told["file"] != PATCHES_FILE:
            raise ValueError(f"its table of patches is not {PATCHES_FILE}")
        patches = _read_patches(folder / PATCHES_FILE)
        if len(patches) != told["rows"]:
            raise ValueError(f"{told['file']} has {len(patches)} rows instead of {told['rows']}")
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = Path(str(error.filename)).name
        raise InputError(f"{folder} holds no complete registration: {missing} is missing.", _REMEDY) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"The registration in {folder} is damaged: {error}.", _REMEDY) from error
    return replace(record, patches=patches)


def _check(record: RegistrationRecord) -> None:
    """Refuse what has the right types and cannot be.

    Raises:
        ValueError: a motion is not rigid, or a time is none.
    """
    datetime.fromisoformat(record.created)
    for bone in record.bones:
        if not all(is_rigid(np.array(rows)) for rows in (bone.auto_moving_to_fixed_ras, bone.user_moving_to_fixed_ras)):
            raise ValueError(f"the motion of the {bone.name} is not rigid")


def holds_registration(folder: Path) -> bool:
    """Whether ``folder`` is one of a registration."""
    return (folder / RECORD_FILE).is_file()


def registration_schema() -> dict[str, Any]:
    """The JSON schema of ``registration.json``; :data:`SCHEMA_FILE` is a copy of it."""
    schema = msgspec.json.schema(RegistrationRecord)
    definitions = schema["$defs"]
    record = {**definitions.pop("RegistrationRecord"), "title": "CTSMA registration of an MR to a CT"}
    definitions.pop("PairedPatch", None)
    table = {
        "type": "object",
        "properties": {"file": {"type": "string"}, "rows": {"type": "integer", "minimum": 0}},
        "required": ["file", "rows"],
    }
    record["properties"]["patches"] = table
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **record, "$defs": definitions}


def _write_patches(patches: tuple[PairedPatch, ...], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for p in patches:
            numbers = (*p.ct_mm, *p.mr_mm, p.valid_fraction, p.estimated_mm)
            writer.writerow([p.id, p.bone, *map(repr, numbers), ";".join(p.flags)])


def _read_patches(path: Path) -> tuple[PairedPatch, ...]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, strict=True))
    if not lines or tuple(lines[0]) != _COLUMNS:
        raise ValueError(f"{path.name} has other columns")
    patches = []
    for line in lines[1:]:
        if len(line) != len(_COLUMNS):
            raise ValueError(f"a row of {path.name} has a wrong number of cells")
        n = [float(cell) for cell in line[2:10]]
        flags = tuple(flag for flag in line[10].split(";") if flag)
        patches.append(PairedPatch(line[0], line[1], (n[0], n[1], n[2]), (n[3], n[4], n[5]), n[6], n[7], flags))
    return tuple(patches)
