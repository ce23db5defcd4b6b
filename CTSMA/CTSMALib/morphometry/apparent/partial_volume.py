"""Recipe: no threshold; bone volume and surface from the bone fraction of voxels and its gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.levels import bone_fraction, structure_variance
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.plate_model import NOTHING, in_slice, plate_model
from CTSMALib.morphometry.apparent.recipe import Apparent

FOR_ISOTROPIC = 4.0 / np.pi  # surface per volume over boundary per area of a section (stereology)


@dataclass(frozen=True)
class PartialVolume:
    """Bone volume fraction as the mean of voxels, surface by the co-area formula.

    The integral of the gradient's length over an image of an indicator, blurred or not, is the surface as long as blur
    does not reach from one surface to the next; beyond, some is lost, evenly from scan to scan. Across slices voxels
    are too long for a gradient; in the slice its mean is the length of boundary per area, 4 / pi of which is the
    surface per volume of an isotropic structure. Differences are taken over two voxels (0.44 mm), at which zero-filled
    noise is hardly correlated any more, so that its part in the mean square is known. Signal and noise are taken to
    have gradients of one shape of distribution, so the mean shrinks as its root mean square does.
    """

    name: str = "partial-volume"
    version: int = 1
    formula: str = (
        "f = 1 - S / M without the noise floor; BV/TV = mean f; S_V = 4 / pi times the mean length of f's gradient in "
        "the slice (differences over two voxels), noise power taken off; Tb.N = S_V / 2, Tb.Th = 2 (BV/TV) / S_V, "
        "Tb.Sp = 2 (1 - BV/TV) / S_V."
    )

    def read(self, patch: PatchImage) -> Apparent:
        """The apparent parameters of a patch."""
        fraction = bone_fraction(patch)
        if not np.isfinite(structure_variance(patch, fraction)):
            return NOTHING
        number = 0.5 * FOR_ISOTROPIC * _boundary_per_mm(patch, fraction)
        return plate_model(float(fraction[patch.inside].mean()), number)


def _boundary_per_mm(patch: PatchImage, fraction: NDArray[np.float32]) -> float:
    """Mean length of the gradient in the slice, over voxels all of whose neighbors there are inside."""
    square = np.zeros(fraction.shape, np.float32)
    whole = patch.inside.copy()
    of_noise = 0.0
    for axis in in_slice(patch.across):
        difference, known = _central(fraction, patch.inside, axis)
        square += (difference / np.float32(2.0 * patch.spacing_mm[axis])) ** 2
        whole &= known
        of_noise += 2.0 * (patch.noise / patch.marrow / (2.0 * patch.spacing_mm[axis])) ** 2
    if not whole.any():
        return float("nan")
    squares = square[whole].astype(float)
    own = 1.0 - of_noise / squares.mean() if squares.mean() > 0.0 else 0.0
    return float(np.sqrt(squares).mean() * np.sqrt(max(own, 0.0)))


def _central(
    fraction: NDArray[np.float32], inside: NDArray[np.bool_], axis: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Differences of the two neighbors of each voxel, and where both are inside."""
    found, known = np.zeros_like(fraction), np.zeros_like(inside)
    values, within = np.moveaxis(fraction, axis, 0), np.moveaxis(inside, axis, 0)
    np.moveaxis(found, axis, 0)[1:-1] = values[2:] - values[:-2]
    np.moveaxis(known, axis, 0)[1:-1] = within[2:] & within[:-2]
    return found, known
