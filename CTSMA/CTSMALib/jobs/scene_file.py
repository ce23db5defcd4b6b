"""The scene of a result as a file for 3D Slicer, beside its reports."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from CTSMALib.errors import MissingDependencyError, OutputError
from CTSMALib.jobs.request import SCENE_FORMAT

SCENE_FILE = f"scene.{SCENE_FORMAT}"
PARTIAL_PREFIX = ".scene-"  # of the folder in which a scene is packed


def check_scene_can_be_written(formats: Sequence[str]) -> None:
    """Tell at once, rather than after the analysis, that a package is missing.

    Raises:
        MissingDependencyError: a scene is among ``formats``, and the libraries of Slicer are not installed.
    """
    if SCENE_FORMAT in formats and find_spec("slicer") is None:
        raise MissingDependencyError(
            "Scene files need the Python package slicer-core.", "Install it with: pip install slicer-core"
        )


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
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{SCENE_FILE} cannot be written: {reason}.", "Check the folder and its space.") from error


def discard_partial_scenes(folder: Path) -> None:
    """Delete what a process that was killed has left of a scene in ``folder``."""
    for left in folder.glob(f"{PARTIAL_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
