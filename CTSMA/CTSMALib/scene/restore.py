"""From the scene back to a result folder, for example to write its reports again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.exclusions import read_exclusions, write_exclusions
from CTSMALib.analysis.result import MR_ROLE, SCAN_ROLES
from CTSMALib.errors import InputError
from CTSMALib.scene.ct_node import ct_changed
from CTSMALib.scene.diagnosis_nodes import holds_diagnosis, write_diagnosis_file
from CTSMALib.scene.exclusions import excluded
from CTSMALib.scene.geometry import flipped_surface, image_of
from CTSMALib.scene.model_nodes import bare_surface
from CTSMALib.scene.result_nodes import ANALYSIS_FILE, TEXT_FILES, ResultNodes, map_role
from CTSMALib.volumes.media import write_image, write_surface

_REMEDY = "Open the scene again, or analyze the scan again."


def holds(folder: Path, result: ResultNodes) -> bool:
    """Whether a folder holds this very result, so that it need not be written again."""
    try:
        same = (folder / ANALYSIS_FILE).read_bytes() == _bytes(result, ANALYSIS_FILE)
        same = same and holds_diagnosis(folder, result)
        return same and set(read_exclusions(folder)) == set(excluded(result).values())
    except (OSError, InputError):
        return False


def write_result(result: ResultNodes, folder: Path) -> None:
    """Write the result folder again from the nodes.

    Args:
        result: the nodes.
        folder: an existing folder, empty.

    Raises:
        InputError: a node that the folder needs was deleted, or holds nothing.
        OSError: a file could not be written completely.
    """
    facts = result.facts
    for role, file in facts["files"].items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        node = _needed(result, "ct" if role in SCAN_ROLES else role)
        if role.startswith("surface_"):
            write_surface(flipped_surface(bare_surface(node)), path)
        else:
            write_image(_scan_part(result, role) if role in SCAN_ROLES else image_of(node), path)
    for made in facts["maps"]:
        path = folder / made["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(image_of(_needed(result, map_role(made["key"]))), path)
    for name in TEXT_FILES:
        (folder / name).write_bytes(_bytes(result, name))
    write_exclusions(list(excluded(result).values()), folder)
    write_diagnosis_file(result, folder)


def _bytes(result: ResultNodes, name: str) -> bytes:
    return result.texts[name].encode("utf-8")


def _needed(result: ResultNodes, role: str) -> Any:
    node = result.get(role)
    data = None
    if node is not None:
        data = node.GetPolyData() if node.IsA("vtkMRMLModelNode") else node.GetImageData()
    if data is None:
        what = role.replace("surface_", "surface of ").replace("_", " ")
        raise InputError(f"The {what} of '{result.title}' is no longer in the scene.", _REMEDY)
    return node


def _scan_part(result: ResultNodes, role: str) -> sitk.Image:
    """The part of the scan that the result covers, on the voxels that were analyzed."""
    scan = image_of(_needed(result, "ct"))
    if ct_changed(result):
        raise InputError(
            f"The {role.upper()} of '{result.title}' was moved or cut since the analysis.", "Analyze it again."
        )
    grid = image_of(_needed(result, "labels"))
    if role == MR_ROLE:
        return sitk.Resample(scan, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    part = sitk.Resample(scan, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkFloat64)
    whole = sitk.GetImageFromArray(np.rint(sitk.GetArrayViewFromImage(part)).clip(-32768, 32767).astype(np.int16))
    whole.CopyInformation(grid)
    return whole
