"""The scene of a result as a file for 3D Slicer, beside its reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from CTSMALib.errors import MissingDependencyError
from CTSMALib.jobs.request import SCENE_FORMAT

SCENE_FILE = f"scene.{SCENE_FORMAT}"


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

    aside = folder / f".scene.{os.getpid()}.{SCENE_FORMAT}"
    try:
        write_bundle(folder, aside)
        os.replace(aside, folder / SCENE_FILE)
    finally:
        aside.unlink(missing_ok=True)
