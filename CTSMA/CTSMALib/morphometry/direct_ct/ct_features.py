"""The direct CT measurement of patches: about 25 numbers each, none of them a trabecular parameter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.masked_patches import MaskedPatches
from CTSMALib.morphometry.direct_ct.patch_spectrum import spectrum
from CTSMALib.morphometry.direct_ct.patch_statistics import distribution, mean_and_sd
from CTSMALib.morphometry.direct_ct.patch_texture import autocorrelation, band_contrast, gradients
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences, bone_volume_fraction

Floats = NDArray[np.float64]

FEWEST_VALID = 0.3  # share of the cube
PATCHES_AT_ONCE = 128


def patch_features(
    patches: NDArray[np.float32], valid: NDArray[np.bool_], step_mm: float, references: TissueReferences
) -> dict[str, Floats]:
    """Measure every patch; definitions are in :mod:`CTSMALib.catalogue`.

    Args:
        patches: (n, m, m, m) HU, axes (proximal, anterior, lateral), NaN outside the image.
        valid: same shape; trabecular bone.
        step_mm: distance between samples.
        references: tissue references of the same scan.

    Returns:
        Catalogue key to (n,) values; NaN where less than 0.3 of the cube is valid.
    """
    parts = [
        _all_features(MaskedPatches.of(patches[part], valid[part], step_mm), references)
        for part in _chunks(len(patches))
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def mapped_features(
    patches: NDArray[np.float32], valid: NDArray[np.bool_], references: TissueReferences
) -> dict[str, Floats]:
    """The features that are drawn as maps, for the many patches of the display grid.

    Arguments and result as in :func:`patch_features`.
    """
    parts = []
    for chunk in _chunks(len(patches)):
        masked = MaskedPatches.of(patches[chunk], valid[chunk], step_mm=1.0)
        mean, sd = mean_and_sd(masked)
        found = {"ct_hu_mean": mean, "ct_hu_sd": sd, "ct_bvf": bone_volume_fraction(mean, references)}
        parts.append(_measured_only(found, masked))
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _chunks(count: int) -> list[slice]:
    """Slices over all patches; one empty slice where there are none, so that the keys still appear."""
    return [slice(start, start + PATCHES_AT_ONCE) for start in range(0, max(count, 1), PATCHES_AT_ONCE)]


def _all_features(patches: MaskedPatches, references: TissueReferences) -> dict[str, Floats]:
    found = distribution(patches)
    found["ct_bvf"] = bone_volume_fraction(found["ct_hu_mean"], references)
    plane, residual = patches.plane()
    found["ct_hu_slope_proximal"] = plane[:, 1]
    found |= gradients(patches) | autocorrelation(residual) | spectrum(residual) | band_contrast(residual)
    return _measured_only(found, patches)


def _measured_only(found: dict[str, Floats], patches: MaskedPatches) -> dict[str, Floats]:
    enough = patches.valid.mean(axis=(1, 2, 3)) >= FEWEST_VALID
    return {key: np.where(enough, values, np.nan) for key, values in found.items()}
