"""The real knees that virtual ones are made from."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.resources import resource
from CTSMALib.virtual.bones.shape import Placement
from CTSMALib.virtual.field import Field

FOLDER = "KneeSources"
SOURCES = ("knee1", "knee2", "visible_female", "visible_male")


@dataclass(frozen=True, eq=False)
class Source:
    """One anatomy: a right knee, extended.

    Attributes:
        name: one of :data:`SOURCES`.
        distance: bone name to signed distance from its surface (mm, positive inside), in the frame of the bone. It is
            cut off some millimeters from the surface; where a shaft goes on, the lattice ends inside the bone.
        femur: to knee space.
        patella: to knee space; its height is right only once the tendon is given its length.
        tendon_ratio: length of the patellar tendon relative to the height of the patella (Insall and Salvati).
    """

    name: str
    distance: dict[str, Field]
    femur: Placement
    patella: Placement
    tendon_ratio: float


@functools.cache
def load_source(name: str) -> Source:
    """Load a source anatomy.

    Args:
        name: one of :data:`SOURCES`.

    Raises:
        KeyError: there is no such source.
        MissingDependencyError: its files are not part of this installation.
    """
    document = json.loads(resource(f"{FOLDER}/sources.json").read_text(encoding="utf-8"))
    facts = document["sources"][name]
    step = np.float32(document["mm_per_step"])
    distance = {}
    for bone in BONES:
        image = sitk.ReadImage(str(resource(f"{FOLDER}/{name}_{bone.name}.nii.gz")))
        x, y, z = image.GetOrigin()
        values = sitk.GetArrayFromImage(image).astype(np.float32) * step
        distance[bone.name] = Field(values, (z, y, x), image.GetSpacing()[0])
    return Source(name, distance, _placement(facts["femur"]), _placement(facts["patella"]), facts["tendon_ratio"])


def _placement(entry: dict[str, list]) -> Placement:
    left, _, right = np.linalg.svd(np.array(entry["rotation"]))  # it was rounded
    return Placement(left @ right, np.array(entry["offset_mm"]))
