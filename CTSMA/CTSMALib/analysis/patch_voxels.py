"""The voxels of the patches of a CT, and which of them count: the same for whoever measures or reads them."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.morphometry.direct_ct.patch_sampling import Steps, sample_label_patches, sample_patches


def patch_voxels(
    anatomy: KneeAnatomy, bone: str, centers: NDArray[np.float64], metal: sitk.Image, step_mm: Steps
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """CT numbers of cubes, and where there is trabecular bone inside the image that is free of metal.

    Args:
        anatomy: the knee.
        bone: in whose joint frame the cubes lie.
        centers: (n, 3) as (lateral, anterior, proximal) in that frame.
        metal: mask on any grid.
        step_mm: between samples, one number or (proximal, anterior, lateral).

    Returns:
        (n, m, m, m) HU, NaN outside the image, and which of them count.
    """
    frame = anatomy.frames[bone]
    hu = sample_patches(anatomy.scan, centers, frame, EDGE_MM, step_mm)
    valid = sample_label_patches(anatomy.trabecular, centers, frame, EDGE_MM, step_mm) > 0
    valid &= (sample_label_patches(metal, centers, frame, EDGE_MM, step_mm) == 0) & np.isfinite(hu)
    return hu, valid
