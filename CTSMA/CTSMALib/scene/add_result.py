"""From a result folder to nodes in the scene."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from CTSMALib.analysis.stored import load_surface, load_volume
from CTSMALib.catalogue import quantity
from CTSMALib.errors import InputError, MissingDependencyError
from CTSMALib.scene import color_nodes
from CTSMALib.scene.ct_node import ct_geometry, follow_ct
from CTSMALib.scene.diagnosis_nodes import take_over_diagnosis
from CTSMALib.scene.exclusions import counted_compartments, take_over
from CTSMALib.scene.geometry import fill_volume, flipped_surface
from CTSMALib.scene.hierarchy import place_in_hierarchy
from CTSMALib.scene.model_nodes import SELECTED_RGB, add_model, boxes, no_boxes, style_outlines, with_normals
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.result_nodes import (
    BONE_COLORS,
    COLOR_KEY,
    COMPARTMENT_COLORS,
    CT_GEOMETRY_ATTRIBUTE,
    LAYERS,
    OWNS_CT_ATTRIBUTE,
    PART_ATTRIBUTE,
    PATCH_COLORS,
    PATCH_TABLE,
    RESULT_ATTRIBUTE,
    RESULT_VERSION,
    SELECTION,
    SUMMARY_TABLE,
    TEXT_FILES,
    VALUE_COLORS,
    ResultNodes,
    grid_role,
    map_role,
)
from CTSMALib.scene.result_tables import refresh_tables
from CTSMALib.scene.table_nodes import add_patch_table, add_summary_table
from CTSMALib.scene.terminology import tag_colors, tag_node

if TYPE_CHECKING:
    from CTSMALib.analysis.result import KneeAnalysis

_LABEL_MAPS = {"labels": BONE_COLORS, "patch_labels": PATCH_COLORS, "compartments": COMPARTMENT_COLORS}
_TITLES = {
    "labels": "bones",
    "patch_labels": "patches",
    "compartments": "compartments",
    "depth": "depth under the plate",
}
CT_WINDOW_LEVEL = (1800.0, 400.0)
OUTLINE_WIDTH, SELECTION_WIDTH = 2.0, 4.0


def add_result(scene: Any, folder: Path, ct: Any | None = None, analyzed_geometry: str = "") -> ResultNodes:
    """Show a result folder in the scene.

    Nothing stays in the scene when it fails.

    Args:
        scene: ``vtkMRMLScene``.
        folder: the result folder of one knee.
        ct: the volume node that was analyzed; the result then follows its transform. Without it the CT
            of the folder is loaded too.
        analyzed_geometry: what :func:`CTSMALib.scene.ct_node.ct_geometry` told of the CT when it was analyzed; what it
            tells now if left out.

    Returns:
        The nodes, colored by nothing yet (see :mod:`CTSMALib.scene.coloring`).

    Raises:
        InputError: the folder is no result, or a damaged one.
        MissingDependencyError: a package that reads results is not installed.
    """
    analysis, texts = _read(folder)
    node = scene.AddNewNodeByClass("vtkMRMLTextNode", scene.GenerateUniqueName(_title(analysis)))
    node.SetAttribute(RESULT_ATTRIBUTE, RESULT_VERSION)
    node.SetHideFromEditors(True)  # deleted in the Data module, it would leave its nodes behind
    node.SetText(json.dumps(texts, ensure_ascii=False))
    result = ResultNodes(node)
    # Widgets and views that follow the scene catch up once, instead of after each of thirty nodes.
    scene.StartState(scene.BatchProcessState)
    try:
        _Builder(result, analysis, folder).build(ct)
        geometry = analyzed_geometry if ct is not None and analyzed_geometry else ct_geometry(result.get("ct"))
        node.SetAttribute(CT_GEOMETRY_ATTRIBUTE, geometry)
    except BaseException:
        remove_result(result)
        raise
    finally:
        scene.EndState(scene.BatchProcessState)
    return result


def add_results(
    scene: Any, folders: Sequence[Path], ct: Any | None = None, analyzed_geometry: str = ""
) -> list[ResultNodes]:
    """Show several result folders, or none of them; for arguments and errors see :func:`add_result`."""
    results: list[ResultNodes] = []
    try:
        for folder in folders:
            results.append(add_result(scene, folder, ct, analyzed_geometry))
    except BaseException:
        for result in results:
            remove_result(result)
        raise
    return results


def _take_diagnosis(result: ResultNodes, folder: Path) -> None:
    try:
        take_over_diagnosis(result, folder)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The diagnosis in {folder} cannot be read.", "Run 'ctsma diagnose' again.") from error


def _read(folder: Path) -> tuple[KneeAnalysis, dict[str, str]]:
    try:
        from CTSMALib.analysis.folder import load_analysis
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"Reading results needs the Python package {error.name}.", f"Install it with: pip install {error.name}"
        ) from error
    analysis = load_analysis(folder)
    try:
        return analysis, {name: (folder / name).read_text(encoding="utf-8") for name in TEXT_FILES}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The result in {folder} cannot be read.", "Analyze the scan again.") from error


def _title(analysis: KneeAnalysis) -> str:
    side = analysis.side.side
    title = "CTSMA knee of unknown side" if side == "unknown" else f"CTSMA {side} knee"
    return f"{title} (MR)" if analysis.modality == "MR" else title


@dataclass
class _Builder:
    """Makes the nodes of one result."""

    result: ResultNodes
    analysis: KneeAnalysis
    folder: Path

    def build(self, ct: Any | None) -> None:
        """Make all of them; ``ct`` is the node that was analyzed, if it is in the scene."""
        self._color_tables()
        if ct is None:
            self._loaded_ct()
        else:
            self.result.set("ct", ct)
        for role in _TITLES:
            self._volume(role)
        for made in self.analysis.maps:
            self._map(made.key)
        self._surfaces()
        self._outlines()
        self._tables()
        _take_diagnosis(self.result, self.folder)
        follow_ct(self.result)
        place_in_hierarchy(self.result)

    def _name(self, title: str) -> str:
        return f"{self.result.title}, {title}"

    def _new(self, kind: str, role: str, title: str) -> Any:
        node = self.result.scene.AddNewNodeByClass(kind, self._name(title))
        if role != "ct":
            node.SetAttribute(PART_ATTRIBUTE, role)
        self.result.set(role, node)
        return node

    def _model(self, role: str, title: str, surface: Any, rgb: Sequence[int] = color_nodes.OTHER_RGB) -> Any:
        node = add_model(self.result.scene, self._name(title), surface, rgb)
        self.result.set(role, node)
        return node

    def _color_tables(self) -> None:
        from CTSMALib.anatomy.labels import BONES, COMPARTMENTS

        scene = self.result.scene
        bones = [(bone.name, color_nodes.BONE_RGB[bone.name]) for bone in BONES]
        compartments = [(c.title, color_nodes.COMPARTMENT_RGB[c.key]) for c in COMPARTMENTS]
        patches = [(item.patch.id, color_nodes.OTHER_RGB) for item in self.analysis.patches]
        for role, title, rows in (
            (BONE_COLORS, "colors of the bones", bones),
            (COMPARTMENT_COLORS, "colors of the compartments", compartments),
            (PATCH_COLORS, "colors of the patches", patches),
        ):
            self.result.set(role, color_nodes.new_table(scene, self._name(title), rows))
        tag_colors(self.result.get(BONE_COLORS), {bone.label: (bone.snomed, bone.name) for bone in BONES})
        self.result.set(VALUE_COLORS, color_nodes.continuous_table(scene, self._name("colors of the values")))

    def _loaded_ct(self) -> None:
        self.result.node.SetAttribute(OWNS_CT_ATTRIBUTE, "1")
        node = self._new("vtkMRMLScalarVolumeNode", "ct", self.analysis.modality)
        fill_volume(node, load_volume(self.analysis, self.folder, self.analysis.scan_role))
        node.CreateDefaultDisplayNodes()
        if self.analysis.modality == "CT":  # the window of an MR is for Slicer to choose
            node.GetDisplayNode().SetAutoWindowLevel(False)
            node.GetDisplayNode().SetWindowLevel(*CT_WINDOW_LEVEL)

    def _volume(self, role: str) -> None:
        colors = _LABEL_MAPS.get(role)
        kind = "vtkMRMLLabelMapVolumeNode" if colors else "vtkMRMLScalarVolumeNode"
        node = self._new(kind, role, _TITLES[role])
        fill_volume(node, load_volume(self.analysis, self.folder, role))
        node.CreateDefaultDisplayNodes()
        if colors:
            node.GetDisplayNode().SetAndObserveColorNodeID(self.result.get(colors).GetID())

    def _map(self, key: str) -> None:
        node = self._new("vtkMRMLScalarVolumeNode", map_role(key), f"map of {quantity(key).symbol}")
        fill_volume(node, load_volume(self.analysis, self.folder, f"map:{key}"))
        node.CreateDefaultDisplayNodes()

    def _surfaces(self) -> None:
        from CTSMALib.anatomy.labels import BONES

        codes = {bone.name: bone.snomed for bone in BONES}
        for role in self.analysis.files:
            if not role.startswith("surface_"):
                continue
            name = role.removeprefix("surface_")
            surface = with_normals(flipped_surface(load_surface(self.analysis, self.folder, role)))
            rgb = color_nodes.BONE_RGB.get(name, color_nodes.OTHER_RGB)
            node = self._model(role, name.replace("_", " of the "), surface, rgb)
            if name in codes:
                tag_node(node, codes[name], name)
            else:  # a plate lies on its bone's surface, where the map is
                node.GetDisplayNode().SetVisibility(False)

    def _outlines(self) -> None:
        patches, axes = self.result.patches, self.result.bone_axes
        for bone, turned in axes.items():
            for layer in LAYERS:
                centers = patches.centers_ras_mm[(patches.layers == layer) & (patches.bones == bone)]
                outlines = boxes(centers, np.broadcast_to(turned, (len(centers), 3, 3)))
                grid = self._model(grid_role(bone, layer), f"patches of the {bone}, layer {layer}", outlines)
                style_outlines(grid, OUTLINE_WIDTH)
        style_outlines(self._model(SELECTION, "selected patch", no_boxes(), SELECTED_RGB), SELECTION_WIDTH)
        self._model(COLOR_KEY, "color key", no_boxes())

    def _tables(self) -> None:
        scene = self.result.scene
        patches = add_patch_table(scene, self._name("table of patches"), self.result.patches)
        patches.SetAttribute(PART_ATTRIBUTE, PATCH_TABLE)
        self.result.set(PATCH_TABLE, patches)
        compartments = counted_compartments(self.result)
        self.result.set(SUMMARY_TABLE, add_summary_table(scene, self._name("table of compartments"), compartments))
        take_over(self.result, self.analysis.exclusions)
        refresh_tables(self.result)
