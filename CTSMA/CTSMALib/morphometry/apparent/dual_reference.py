"""Recipe: a threshold half-way between the signals of marrow and of bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.morphometry.apparent.levels import shows_structure
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING, binary_parameters
from CTSMALib.morphometry.apparent.recipe import Apparent


@dataclass(frozen=True)
class DualReference:
    """Half-way threshold, then plates counted in the slice plane.

    The method family of Majumdar and others (Magn Reson Med 1996, PMID 8931032; formula from memory). Bone has no
    signal, so a voxel that bone half fills has a signal of M / 2, whose magnitude among noise s is about
    sqrt((M / 2)^2 + s^2). The middle between the *shown* levels of marrow and bone, M / 2 + 0.63 s, would shift with
    the noise.
    """

    name: str = "dual-reference"
    version: int = 1
    formula: str = (
        "Bone where S < sqrt((M / 2)^2 + s^2), M being the signal of marrow and s the noise; BV/TV = share of bone; "
        "P_L = entries into bone per mm along both axes in the slice; Tb.N = P_L, Tb.Th = (BV/TV) / P_L, "
        "Tb.Sp = (1 - BV/TV) / P_L."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        if not shows_structure(patch):
            return NOTHING
        threshold = np.float32(np.hypot(0.5 * patch.marrow, patch.noise if patch.magnitude else 0.0))
        return binary_parameters(patch.signal < threshold, patch.inside, patch.spacing_mm, patch.across)
