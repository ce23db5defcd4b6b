"""The same knee, stored or taken in another way, has the same patches at the same places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.knee import KneeAnatomy
from CTSMALib.morphometry.direct_ct.patch_sampling import sample_label_patches, sample_patches
from Testing.core.anatomy.knee_variants import SHIFT_MM, reflected_points

Places = np.ndarray
# Mean and largest shift of a patch center in mm, and least correlation of the patches' mean HU. Resampling by
# linear interpolation changes the image itself, so there the bone surface moves by a fraction of a voxel.
EXACT, RESAMPLED, REFLECTED = (1e-3, 1e-3, 1 - 1e-9), (1.0, 4.0, 0.98), (0.5, 1.5, 0.99)
VARIANTS: dict[str, tuple[Callable[[Places, sitk.Image], Places], tuple[float, float, float]]] = {
    "permuted": (lambda points, _: points, EXACT),
    "shifted": (lambda points, _: points - SHIFT_MM, EXACT),
    "obliquely_stored": (lambda points, _: points, RESAMPLED),
    "resampled": (lambda points, _: points, RESAMPLED),
    "mirrored": (reflected_points, REFLECTED),
}


def places(knee: KneeAnatomy) -> Places:
    return np.array([patch.center_lps_mm for patch in knee.learning])


def mean_hu(knee: KneeAnatomy) -> np.ndarray:
    means = []
    for bone, frame in knee.frames.items():
        centers = np.array([p.center_anatomical_mm for p in knee.learning if p.bone == bone])
        hu = sample_patches(knee.scan, centers, frame)
        bony = sample_label_patches(knee.trabecular, centers, frame) > 0
        means += [patch[mask].mean() if mask.mean() > 0.5 else np.nan for patch, mask in zip(hu, bony, strict=True)]
    return np.array(means)


@pytest.mark.parametrize("name", VARIANTS)
def test_patches_stay_in_place(
    name: str, a_knee: KneeAnatomy, a_knee_ct: sitk.Image, knee_variant: Callable[[str], KneeAnatomy]
) -> None:
    back, (mean_limit, largest_limit, _) = VARIANTS[name]
    other = knee_variant(name)
    assert [p.id for p in other.learning] == [p.id for p in a_knee.learning]
    shift = np.linalg.norm(back(places(other), a_knee_ct) - places(a_knee), axis=1)
    assert shift.mean() <= mean_limit
    assert shift.max() <= largest_limit


@pytest.mark.parametrize("name", VARIANTS)
def test_values_stay_nearly_the_same(
    name: str, a_knee: KneeAnatomy, knee_variant: Callable[[str], KneeAnatomy]
) -> None:
    least_correlation = VARIANTS[name][1][2]
    own, other = mean_hu(a_knee), mean_hu(knee_variant(name))
    both = np.isfinite(own) & np.isfinite(other)
    assert both.sum() >= 85
    assert np.corrcoef(own[both], other[both])[0, 1] >= least_correlation
    assert abs(np.mean(other[both] - own[both])) <= 0.1 * np.std(own[both])


def test_a_mirrored_knee_is_a_left_one_with_the_same_patches(a_knee: KneeAnatomy, a_left_knee: KneeAnatomy) -> None:
    assert (a_knee.side.side, a_left_knee.side.side) == ("right", "left")
    own, other = (np.array([p.center_anatomical_mm for p in knee.learning]) for knee in (a_knee, a_left_knee))
    assert np.linalg.norm(own - other, axis=1).mean() < 0.5
