"""Recipe: darker than its surroundings is bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.apparent.levels import shows_structure
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING, binary_parameters, in_slice
from CTSMALib.morphometry.apparent.recipe import Apparent


@dataclass(frozen=True)
class LocalAdaptive:
    """Threshold relative to the local mean, then plates counted in the slice plane.

    Needs no signal of marrow, and the coil's sensitivity cancels; but where everything is denser, so is what a voxel is
    compared with, so differences of the bone volume fraction come out smaller than they are.

    Attributes:
        factor: of the local mean, below which is bone. Below 1, so that noise about pure marrow is none.
        window_mm: standard deviation of the Gaussian of the local mean, in the slice; holds several trabeculae.
        smallest_mm2: objects in a slice smaller than this are noise; about twice the area that was acquired.
    """

    factor: float = 0.9
    window_mm: float = 1.0
    smallest_mm2: float = 0.25
    name: str = "local-adaptive"
    version: int = 1
    formula: str = (
        "Bone where S < 0.9 times its Gaussian mean (SD 1 mm in the slice, trabecular bone only), objects under "
        "0.25 mm^2 removed; BV/TV = share of bone; P_L = entries into bone per mm along both axes in the slice; "
        "Tb.N = P_L, Tb.Th = (BV/TV) / P_L, Tb.Sp = (1 - BV/TV) / P_L."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        if not shows_structure(patch):
            return NOTHING
        found = (patch.signal < np.float32(self.factor) * self._local_mean(patch)) & (patch.bone | patch.inside)
        bone = _without_small(found, patch, self.smallest_mm2)
        return binary_parameters(bone, patch.inside, patch.spacing_mm, patch.across)

    def _local_mean(self, patch: PatchImage) -> NDArray[np.float32]:
        """(z, y, x) mean over bone around each voxel of the slice."""
        sd = [0.0 if axis == patch.across else self.window_mm / patch.spacing_mm[axis] for axis in range(3)]
        known = (patch.bone | patch.inside).astype(np.float32)
        weight = ndimage.gaussian_filter(known, sd, mode="constant")
        return ndimage.gaussian_filter(patch.signal * known, sd, mode="constant") / np.maximum(weight, 1e-6)


def _without_small(bone: NDArray[np.bool_], patch: PatchImage, smallest_mm2: float) -> NDArray[np.bool_]:
    """Objects that are connected within a slice, by edges or corners, and large enough."""
    links = np.ones((3, 3, 3), dtype=bool)
    np.moveaxis(links, patch.across, 0)[[0, 2]] = False
    labels, _ = ndimage.label(bone, links)
    first, second = in_slice(patch.across)
    area = np.bincount(labels.ravel()) * (patch.spacing_mm[first] * patch.spacing_mm[second])
    area[0] = 0.0
    return (area >= smallest_mm2)[labels]
