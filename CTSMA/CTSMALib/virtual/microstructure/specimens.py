"""The specimens of real trabecular bone that ship with the package."""

from __future__ import annotations

import json

import numpy as np
import SimpleITK as sitk

from CTSMALib.resources import resource
from CTSMALib.virtual.microstructure.families import SpecimenFamily, specimen_family

FOLDER = "Specimens"
SPECIMENS = ("lhdl_3155", "bonebox_0", "bonebox_1")


def load_specimen(name: str, most_mm: float | None = None) -> SpecimenFamily:
    """A specimen as a family of structure.

    Args:
        name: one of :data:`SPECIMENS`.
        most_mm: of a larger specimen only its middle is used, as long as this along each axis.

    Raises:
        KeyError: there is no such specimen.
        MissingDependencyError: its file is not part of this installation.
    """
    facts = _facts()[name]
    image = sitk.ReadImage(str(resource(f"{FOLDER}/{name}.nii.gz")))
    if most_mm is not None:
        image = _middle(image, most_mm)
    distance = sitk.GetArrayFromImage(image).astype(np.float32) * np.float32(facts["mm_per_step"])
    return specimen_family(distance, image.GetSpacing()[0], facts["values"]["tb_n_per_mm"])


def specimen_values(name: str) -> dict[str, float]:
    """The trabecular morphometry of a specimen: catalogue key to value. Errors as in :func:`load_specimen`."""
    return dict(_facts()[name]["values"])


def _middle(image: sitk.Image, most_mm: float) -> sitk.Image:
    kept = [min(n, round(most_mm / step)) for n, step in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    first = [(n - k) // 2 for n, k in zip(image.GetSize(), kept, strict=True)]
    return sitk.RegionOfInterest(image, kept, first)


def _facts() -> dict[str, dict]:
    return json.loads(resource(f"{FOLDER}/specimens.json").read_text(encoding="utf-8"))["specimens"]
