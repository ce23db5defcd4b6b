"""Reading bones that were labelled already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.volumes.label_mask import whole_numbers
from CTSMALib.volumes.scalar_image import read_scalar_image

HIGHEST = 255
LEAST_INSIDE = 0.1  # of what is labelled; labels may come from a longer scan


def read_bone_labels(path: str | Path) -> sitk.Image:
    """Read a label map of bones, with the label values of the project (1 femur, 2 tibia, 3 patella, 4 fibula).

    Args:
        path: NIfTI, NRRD (also a segmentation of 3D Slicer with a single layer) or MetaImage.

    Returns:
        ``uint8`` in LPS; labels above 255 are left out.

    Raises:
        InputError: it is no label map, or cannot be read.
    """
    found = read_scalar_image(path, "label map")
    labels = whole_numbers(found)
    return found.grid.image(np.where((labels > 0) & (labels <= HIGHEST), labels, 0).astype(np.uint8))


def check_overlap(labels: sitk.Image, image: sitk.Image, modality: str = "MR") -> None:
    """Refuse labels that do not lie in the image, whose modality is named.

    Raises:
        InputError: less than a small part of what is labelled lies in it.
    """
    moved = sitk.Resample(labels, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    inside, given = (np.count_nonzero(sitk.GetArrayFromImage(i)) * np.prod(i.GetSpacing()) for i in (moved, labels))
    if inside < LEAST_INSIDE * given or given == 0:
        raise InputError(
            f"The bone labels lie outside the {modality}.",
            f"Give labels that were drawn on this {modality}, in the same space.",
        )
