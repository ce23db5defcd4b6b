"""A result as a scene file (``.mrb``) that 3D Slicer opens, with or without this extension."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.analysis.folder_state import STATE_ATTRIBUTE, folder_state
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
    """Write the scene of a result folder, with CT, patches, maps, bones and tables; it knows what the folder said.

    Args:
        folder: the result folder of one knee.
        path: the ``.mrb`` file to make, in a folder of its own: where it fails, parts may stay there.

    Raises:
        InputError: the folder is no result, or a damaged one.
        MissingDependencyError: the package ``slicer-core`` is not installed.
        OutputError: the file cannot be written.
    """
    scene = new_scene(path.parent)
    add_views(scene)
    said = folder_state(folder)
    result = add_result(scene, folder)
    result.node.SetAttribute(STATE_ATTRIBUTE, said)
    state = PanelState(ct=NodeId(result.get("ct").GetID()), result=NodeId(result.node.GetID()))
    keys = keys_with_values(result)
    if keys:
        color_by(result, state.quantity if state.quantity in keys else keys[0], state.layer)
    show_overlay(result, state.overlay, state.quantity, state.opacity)
    show_models(result, state.bones, state.boxes, state.layer)
    aim_slices(result)
    aim_camera(result)
    save_state(state_node(scene, MODULE), state)
    with libraries_silenced():
        written = scene.WriteToMRB(str(path)) and path.is_file()
    if not written:
        raise OutputError(f"{path.name} cannot be written.", "Check the folder and the free space.")
