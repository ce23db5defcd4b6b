"""A MRML scene without the application: what scripts, the command line and tests work in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from CTSMALib.errors import MissingDependencyError


def new_scene(temporary_folder: Path | None = None) -> Any:
    """A scene that knows the node classes, file formats and colors that results need.

    Args:
        temporary_folder: where scene files are packed and unpacked; the system's folder if left out.

    Returns:
        ``vtkMRMLScene``; the objects that serve it live as long as it does.

    Raises:
        MissingDependencyError: the package ``slicer-core`` is not installed.
    """
    try:
        import slicer
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "Scenes of 3D Slicer need the Python package slicer-core.", "Install it with: pip install slicer-core"
        ) from error
    scene = slicer.vtkMRMLScene()
    files = slicer.vtkMRMLRemoteIOLogic()
    files.SetMRMLScene(scene)
    files.AddDataIOToScene()
    # Without it MRML packs scene files in the root of the file system.
    scene.GetCacheManager().SetRemoteCacheDirectory(str(temporary_folder or tempfile.gettempdir()))
    colors = slicer.vtkMRMLColorLogic()
    colors.SetMRMLScene(scene)
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    scene.ctsma_services = (files, colors)
    return scene
