"""The scene of a result as a file for 3D Slicer, beside its reports."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from CTSMALib.errors import MissingDependencyError, OutputError
from CTSMALib.jobs.request import SCENE_FORMAT

SCENE_FILE = f"scene.{SCENE_FORMAT}"
OUTDATED_SCENE_FILE = f"scene-outdated.{SCENE_FORMAT}"  # where it could not be made anew
PARTIAL_PREFIX = ".scene-"  # of the folder in which a scene is packed


def check_scene_can_be_written(formats: Sequence[str]) -> None:
    """Tell at once, rather than after the analysis, that a package is missing.

    Raises:
        MissingDependencyError: a scene is among ``formats``, and the libraries of Slicer are not installed.
    """
    if SCENE_FORMAT in formats and not scenes_can_be_written():
        raise MissingDependencyError(
            "Scene files need the Python package slicer-core.", "Install it with: pip install slicer-core"
        )


def scenes_can_be_written() -> bool:
    """Whether the libraries of Slicer are installed."""
    return find_spec("slicer") is not None


def scene_is_outdated(folder: Path) -> bool:
    """Whether a result folder holds a scene of what it said before: of other findings, exclusions or diagnosis.

    A scene that does not tell what it was made from counts as outdated: nobody can know.

    Raises:
        OSError: a file cannot be read.
    """
    scene = folder / SCENE_FILE
    if not scene.is_file():
        return False
    from CTSMALib.analysis.folder_state import folder_state

    return folder_state(folder) not in _states_in(scene)


def _states_in(scene: Path) -> set[str]:
    from CTSMALib.analysis.folder_state import STATE_ATTRIBUTE

    told = re.compile(re.escape(STATE_ATTRIBUTE.encode()) + rb":([0-9a-f]{64})")
    try:
        with zipfile.ZipFile(scene) as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith(".mrml")]
    except (zipfile.BadZipFile, EOFError):
        return set()
    return {state.decode() for text in texts for state in told.findall(text)}


def set_scene_aside(folder: Path) -> None:
    """Give an outdated scene a name that says so.

    Raises:
        OSError: it cannot be renamed.
    """
    os.replace(folder / SCENE_FILE, folder / OUTDATED_SCENE_FILE)


def write_scene(folder: Path) -> None:
    """Write the scene of the result in ``folder``, in place of one that is there; completely or not at all.

    Raises:
        InputError: the folder is no result, or a damaged one.
        OutputError: the file cannot be written.
    """
    from CTSMALib.scene.bundle import write_bundle

    try:
        # In the folder itself, so that moving the file is renaming, and that it goes with a folder that is given up.
        with tempfile.TemporaryDirectory(prefix=PARTIAL_PREFIX, dir=folder) as packing:
            made = Path(packing) / SCENE_FILE
            write_bundle(folder, made)
            os.replace(made, folder / SCENE_FILE)
        (folder / OUTDATED_SCENE_FILE).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{SCENE_FILE} cannot be written: {reason}.", "Check the folder and its space.") from error


def discard_scenes(folder: Path) -> None:
    """Delete every scene in ``folder``, with what a process that was killed has left of one.

    Raises:
        OSError: one cannot be deleted.
    """
    for name in (SCENE_FILE, OUTDATED_SCENE_FILE):
        (folder / name).unlink(missing_ok=True)
    for left in folder.glob(f"{PARTIAL_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
