"""Models by name: those that come with the software, and those that were added to the user's folder."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from CTSMALib.bundles.bundle import METADATA, SHIPPED, Bundle, read_bundle
from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.resources import resource

FOLDER_VARIABLE = "CTSMA_MODELS"
USUAL_FOLDER = "~/.ctsma/models"
NO_MODEL = "none"  # in place of a name: no model is wanted
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LIST = "'ctsma models list' shows which there are."


@dataclass(frozen=True)
class Place:
    """Where a model of the library lies.

    Attributes:
        name: that it is called by.
        folder: of the bundle.
        shipped: whether it comes with the software.
    """

    name: str
    folder: Path
    shipped: bool


def models_folder() -> Path:
    """The user's folder of models: what :data:`FOLDER_VARIABLE` says, or :data:`USUAL_FOLDER`; may not exist."""
    return Path(os.environ.get(FOLDER_VARIABLE) or USUAL_FOLDER).expanduser().absolute()


def places() -> tuple[Place, ...]:
    """Every model by name, shipped ones first; a shipped one hides an added one of its name."""
    try:
        shipped = resource(SHIPPED)
    except MissingDependencyError:
        found = {}
    else:
        found = {path.name: Place(path.name, path, True) for path in _bundles(shipped)}
    for path in _bundles(models_folder()):
        found.setdefault(path.name, Place(path.name, path, False))
    return tuple(found.values())


def find_bundle(name_or_dir: str | Path, task: str | None = None) -> Bundle:
    """Read and check a model.

    Args:
        name_or_dir: a name of the library, or the folder of a bundle. A name goes before a folder of the same name in
            the current one, which is written ``./NAME``.
        task: that it must be for.

    Raises:
        InputError: there is no such model, it was altered, or it is for another task.
    """
    if _NAME.fullmatch(str(name_or_dir)):
        for place in places():
            if place.name == str(name_or_dir):
                return read_bundle(place.folder, task)
    folder = Path(name_or_dir)
    if not folder.is_dir():
        raise InputError(f"There is no model '{name_or_dir}'.", f"Name a model or the folder of one; {_LIST}")
    return read_bundle(folder, task)


def add_bundle(folder: Path, name: str | None = None) -> Bundle:
    """Copy a bundle to the user's folder.

    The copy is made aside, checked, and renamed.

    Args:
        folder: of the bundle.
        name: what to call it there and in results; its own name where it is left out.

    Raises:
        InputError: it is no bundle, was altered, or has a name that is taken or cannot be one of a folder.
        OutputError: it cannot be written.
    """
    found = read_bundle(folder)
    name = name or found.name
    if not _NAME.fullmatch(name) or name.lower() == NO_MODEL:
        raise InputError(f"A model cannot be called '{name}'.", "Give a name of plain letters with --name.")
    taken = next((place for place in places() if place.name.lower() == name.lower()), None)
    if taken is not None:
        away = f"First take that one away: ctsma models remove {name}"
        remedy = "Give it another name with --name." if taken.shipped else away
        raise InputError(f"There is a model '{taken.name}' already.", remedy)
    target = models_folder() / name
    part = target.with_name(f".{name}.part-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, part)
        _rename(part, name)
        read_bundle(part)
        os.replace(part, target)
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or "it cannot be copied"
        remedy = f"Name another folder in the environment variable {FOLDER_VARIABLE}."
        raise OutputError(f"The model cannot be written to {target}: {reason}.", remedy) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return read_bundle(target)


def _rename(folder: Path, name: str) -> None:
    """Write another name into the metadata of a bundle."""
    path = folder / METADATA
    metadata = json.loads(path.read_text(encoding="utf-8"))
    if metadata["name"] != name:
        text = json.dumps({**metadata, "name": name}, indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def remove_bundle(name: str) -> Path:
    """Delete a model that was added.

    Returns:
        Where it was.

    Raises:
        InputError: there is none of this name, or it comes with the software.
        OutputError: it cannot be deleted.
    """
    found = next((place for place in places() if place.name == name), None)
    if found is None:
        raise InputError(f"There is no model '{name}'.", _LIST)
    if found.shipped:
        raise InputError(f"The model '{name}' comes with CTSMA and stays.", "Only models that were added are removed.")
    aside = found.folder.with_name(f".{name}.removed-{os.getpid()}")
    try:
        os.replace(found.folder, aside)  # it is gone at once, or stays whole
        shutil.rmtree(aside)
    except OSError as error:
        raise OutputError(f"The model in {found.folder} cannot be deleted: {error.strerror}.", "Delete it.") from error
    return found.folder


def _bundles(folder: Path) -> list[Path]:
    """Folders that claim to be bundles; what is made aside begins with a dot."""
    return sorted(path.parents[1] for path in folder.glob(f"*/{METADATA}") if _NAME.fullmatch(path.parents[1].name))
