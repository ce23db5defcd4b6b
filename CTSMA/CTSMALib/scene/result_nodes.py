"""A result in the scene: one text node that holds the findings and refers to every node made from them.

The text is the content of ``analysis.json`` and of the patch tables, so that nothing is lost or rounded
between a result folder and a saved scene.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.patch import DEPTHS_MM
from CTSMALib.errors import InputError
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.patch_table import PatchTable, read_patches

RESULT_ATTRIBUTE = "CTSMA.Result"  # on the text node; its value is the version of the text
RESULT_VERSION = "1"
PART_ATTRIBUTE = "CTSMA.Part"  # on volumes and the table that were made for a result: their role
OWNS_CT_ATTRIBUTE = "CTSMA.OwnsCT"  # the CT was loaded with the result, so it goes with it
CT_GEOMETRY_ATTRIBUTE = "CTSMA.CTGeometry"  # on the text node: where the voxels of the CT were when it was analyzed
LAYER_DEPTHS_MM = dict(enumerate(DEPTHS_MM, start=1))  # depth layer to the depth of its patches' centers
LAYERS = tuple(LAYER_DEPTHS_MM)
LONGEST_NAME = 40  # characters of a patient's or file's name in a list
ANALYSIS_FILE, PATCHES_FILE, DISPLAY_FILE = "analysis.json", "patches.csv", "display_patches.csv"
TEXT_FILES = (ANALYSIS_FILE, PATCHES_FILE, DISPLAY_FILE)

# Roles of the nodes of a result, beside those in the "files" of analysis.json ("labels", "surface_femur", ...).
PATCH_COLORS, BONE_COLORS, COMPARTMENT_COLORS, VALUE_COLORS = (
    "patch_colors",
    "bone_colors",
    "compartment_colors",
    "value_colors",
)
PATCH_TABLE, SUMMARY_TABLE = "patch_table", "summary_table"
_STORAGE_ROLE = "storage"  # MRML's own: the file that a saved text node came from
SELECTION, COLOR_KEY = "selection", "color_key"
EXCLUSIONS, EXCLUDED_BOXES = "exclusions", "excluded_boxes"
DIAGNOSIS = "diagnosis"


def map_role(key: str) -> str:
    """The role of the parameter volume of a catalogue key."""
    return f"map_{key}"


def grid_role(bone: str, layer: int) -> str:
    """The role of the outlines of the learning grid's patches of a bone in a depth layer."""
    return f"grid_{bone}_{layer}"


class ResultNodes:
    """The nodes of one result.

    Args:
        node: the text node of the result.
    """

    def __init__(self, node: Any) -> None:
        self.node = node
        self.scene = node.GetScene()

    def get(self, role: str) -> Any:
        """The node of a role; ``None`` where the result has none or it was deleted."""
        return self.node.GetNodeReference(role)

    def set(self, role: str, node: Any) -> None:
        """Let a role refer to a node."""
        self.node.SetNodeReferenceID(role, node.GetID())

    def text_part(self, role: str, title: str) -> Any:
        """The hidden text node of a role, made where there is none; its name ends with ``title``."""
        node = self.get(role)
        if node is None:
            node = self.scene.AddNewNodeByClass("vtkMRMLTextNode", f"{self.title}, {title}")
            node.SetAttribute(PART_ATTRIBUTE, role)
            node.SetHideFromEditors(True)
            self.set(role, node)
        return node

    def roles(self) -> list[str]:
        """The roles that refer to a node."""
        roles: list[str] = []
        self.node.GetNodeReferenceRoles(roles)
        return [role for role in roles if role != _STORAGE_ROLE and self.get(role) is not None]

    def own_nodes(self) -> list[Any]:
        """Every node that was made for this result; the CT belongs to it only if it was loaded with it."""
        found = [self.get(role) for role in self.roles() if role != "ct" or self.owns_ct]
        return [*found, self.node]

    @property
    def node_with_geometry(self) -> Any:
        """A node whose transform all nodes of the result follow."""
        return self.get("patch_labels") or self.get("labels") or self.get("ct")

    @property
    def owns_ct(self) -> bool:
        """Whether the CT node was loaded from the result rather than analyzed in the scene."""
        return bool(self.node.GetAttribute(OWNS_CT_ATTRIBUTE))

    @cached_property
    def texts(self) -> dict[str, str]:
        """File name to content, of :data:`TEXT_FILES`.

        Raises:
            InputError: the node holds something else.
        """
        try:
            texts: dict[str, str] = json.loads(self.node.GetText() or "")
            if not all(isinstance(texts[name], str) for name in TEXT_FILES):
                raise TypeError
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"The result '{self.node.GetName()}' in the scene is damaged.", "Analyze the scan again."
            ) from error
        return texts

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The content of ``analysis.json`` as plain JSON types."""
        facts: dict[str, Any] = json.loads(self.texts[ANALYSIS_FILE])
        return facts

    @cached_property
    def patches(self) -> PatchTable:
        """The learning grid: 96 patches, number k has the label k + 1."""
        return read_patches(self.texts[PATCHES_FILE])

    @cached_property
    def display_patches(self) -> PatchTable:
        """The display grid."""
        return read_patches(self.texts[DISPLAY_FILE])

    @cached_property
    def places_ras_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the surface lies over the patches of the learning grid (96, 3) and of the display grid (n, 3)."""
        from CTSMALib.scene.enface import surface_points

        return surface_points(self.patches), surface_points(self.display_patches)

    @cached_property
    def bone_axes(self) -> dict[str, NDArray[np.float64]]:
        """Bone name to (3, 3) axes of its joint frame in RAS, one a row."""
        return {
            bone["name"]: flipped(np.array(bone["frame_axes"], dtype=float))
            for bone in self.facts["bones"]
            if bone["frame_axes"] is not None
        }

    @property
    def title(self) -> str:
        """What a user calls it, for example "CTSMA right knee"."""
        return str(self.node.GetName())

    @property
    def patient_id(self) -> str:
        """The ID of the patient; empty where there is none, or a pseudonym in its place."""
        facts = self.facts
        return str(facts["header"]["patient_id"]).strip() if facts["identity"]["sha256"] else ""

    @property
    def whose(self) -> str:
        """The patient's name, ID or pseudonym, else the name of the scan's file; empty where nothing is known."""
        from CTSMALib.report.wording import clean, name_text  # the room loads packages that scenes can do without

        header = self.facts["header"]
        name = name_text(header["patient_name"]) or header["patient_id"] or self.facts["identity"]["name"]
        return clean(name, LONGEST_NAME)


def results_in(scene: Any) -> Iterator[ResultNodes]:
    """The results in a scene, in the order they came."""
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLTextNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLTextNode")
        if is_result(node):
            yield ResultNodes(node)


class KnownResults:
    """The results in a scene, each read once.

    Args:
        scene: ``vtkMRMLScene``.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._known: dict[str, ResultNodes] = {}

    def all(self) -> list[ResultNodes]:
        """Those that are there now, in the order they came."""
        found = [self._known_or(each) for each in results_in(self._scene)]
        self._known = {str(each.node.GetID()): each for each in found}
        return found

    def of(self, node: Any | None) -> ResultNodes | None:
        """The result of a node; ``None`` where it is none."""
        return next((each for each in self.all() if each.node is node), None) if is_result(node) else None

    def forget(self) -> None:
        """Read them again, for example after a scene was opened."""
        self._known = {}

    def _known_or(self, result: ResultNodes) -> ResultNodes:
        known = self._known.get(str(result.node.GetID()))
        return known if known is not None and known.node is result.node else result


def is_result(node: Any | None) -> bool:
    """Whether a node is the text node of a result."""
    return node is not None and node.IsA("vtkMRMLTextNode") and bool(node.GetAttribute(RESULT_ATTRIBUTE))
