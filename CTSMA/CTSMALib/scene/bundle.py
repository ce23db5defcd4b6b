"""A result as a scene file (``.mrb``) that 3D Slicer opens, with or without this extension."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from CTSMALib.errors import OutputError
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.coloring import color_by, keys_with_values
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.overlay import show_models, show_overlay
from CTSMALib.scene.panel_state import MODULE, PanelState
from CTSMALib.scene.state import NodeId, save_state, state_node
from CTSMALib.scene.views import add_views, aim_camera, aim_slices
from CTSMALib.volumes.silence import libraries_silenced


def write_bundle(folder: Path, path: Path) -> None:
    """Write the scene of a result folder, with CT, patches, maps, bones and tables.

    Args:
        folder: the result folder of one knee.
        path: the ``.mrb`` file to make.

    Raises:
        InputError: the folder is no result, or a damaged one.
        MissingDependencyError: the package ``slicer-core`` is not installed.
        OutputError: the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="CTSMA-") as temporary:
        scene = new_scene(Path(temporary))
        add_views(scene)
        result = add_result(scene, folder)
        state = PanelState(ct=NodeId(result.get("ct").GetID()), result=NodeId(result.node.GetID()))
        keys = keys_with_values(result)
        if keys:
            color_by(result, state.quantity if state.quantity in keys else keys[0], state.layer)
        show_overlay(result, state.overlay, state.quantity, state.opacity)
        show_models(result, state.bones, state.boxes, state.layer)
        aim_slices(result)
        aim_camera(result)
        save_state(state_node(scene, MODULE), state)
        _write(scene, Path(temporary) / "scene.mrb", path)


def _write(scene: Any, made: Path, path: Path) -> None:
    """Pack in the temporary folder: MRML names what is inside after the file, and leaves parts where it fails."""
    with libraries_silenced():
        written = scene.WriteToMRB(str(made)) and made.is_file()
    if not written:
        raise OutputError(f"{path.name} cannot be written.", "Free some space for temporary files.")
    try:
        shutil.copyfile(made, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path.name} cannot be written: {reason}.", "Check the folder and the free space."
        ) from error
