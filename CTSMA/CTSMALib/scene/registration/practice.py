"""The virtual pair that comes with the extension, to practice on: its tibia lies wrong, and the truth is known.

What the files are and how they were made is told beside them, in ``Resources/SampleData/review_pair``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import OutputError
from CTSMALib.resources import resource
from CTSMALib.scene.geometry import fill_volume, flipped
from CTSMALib.scene.registration.review_nodes import CT, CT_LEVEL, CT_WINDOW, MR
from CTSMALib.volumes.rigid import Matrix, applied

PAIR = "SampleData/review_pair"
CT_FILE, MR_FILE = f"{PAIR}/ct.nii.gz", f"{PAIR}/mr.nii.gz"
REGISTRATION, TRUTH = f"{PAIR}/registration", f"{PAIR}/truth.json"
WRONG_BONE = "tibia"
PRACTICE_ATTRIBUTE = "CTSMA.Practice"  # on the volume nodes; its value is "ct" or "mr"
_TITLES = {CT: "Practice CT (virtual)", MR: "Practice MR (virtual)"}
_FILES = {CT: CT_FILE, MR: MR_FILE}
_MR_RANGE = (0.0, 100.0)  # from air to fat


@dataclass(frozen=True)
class Practice:
    """What there is to practice with.

    Attributes:
        ct: ``vtkMRMLScalarVolumeNode``.
        mr: likewise.
        folder: a copy of the registration that may be written to.
    """

    ct: Any
    mr: Any
    folder: Path


def load_practice(scene: Any, parent: Path) -> Practice:
    """Put the practice pair into a scene, and a new copy of its registration into a folder.

    Args:
        scene: ``vtkMRMLScene``; scans that are there from an earlier call are taken again.
        parent: folder for the copy, which is made in a new folder inside it.

    Raises:
        MissingDependencyError: the files are not part of this installation.
        OutputError: the copy could not be written.
    """
    source = resource(REGISTRATION)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="CTSMAPractice-", dir=parent)) / source.name
        shutil.copytree(source, folder, copy_function=shutil.copyfile)  # may be written to, wherever it came from
    except OSError as error:
        raise OutputError(f"The registration could not be copied to {parent}.", "Free some space there.") from error
    return Practice(_volume(scene, CT), _volume(scene, MR), folder)


def true_error_mm(bone: str, moving_to_fixed_ras: Matrix) -> float:
    """How far points on the surface of a bone are taken from where they belong, on average: the true TRE.

    Args:
        bone: its name.
        moving_to_fixed_ras: (4, 4) motion to measure.
    """
    points = _truth()["landmarks"][bone]
    ct, mr = (flipped(np.array(points[key])) for key in ("ct_lps_mm", "mr_lps_mm"))
    return float(np.linalg.norm(applied(moving_to_fixed_ras, mr) - ct, axis=1).mean())


def _truth() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(resource(TRUTH).read_text(encoding="utf-8"))
    return document


def _volume(scene: Any, role: str) -> Any:
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode")
        if node.GetAttribute(PRACTICE_ATTRIBUTE) == role and node.GetImageData() is not None:
            return node
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", _TITLES[role])
    node.SetAttribute(PRACTICE_ATTRIBUTE, role)
    fill_volume(node, sitk.ReadImage(str(resource(_FILES[role]))))
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    if role == CT:
        display.SetWindowLevel(CT_WINDOW, CT_LEVEL)
    else:
        display.SetWindowLevelMinMax(*_MR_RANGE)
    return node
