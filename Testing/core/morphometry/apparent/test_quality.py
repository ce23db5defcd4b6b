"""Noise, contrast, slices and ghosts are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.morphometry.apparent.quality import (
    DIM_MARROW,
    LOW_CONTRAST,
    LOW_SNR,
    OUT_OF_PLANE,
    OUT_OF_VIEW,
    ghosting,
    patch_quality,
)
from Testing.core.morphometry.apparent.phantoms import MARROW, SPACING_MM, a_patch, in_k_space, plates


def the_plates() -> np.ndarray:
    return plates(0.25, 0.6, 30.0)


def test_a_good_patch_has_no_flags() -> None:
    quality = patch_quality(a_patch(the_plates(), snr=20.0))
    assert quality.snr == pytest.approx(20.0)
    assert quality.slice_correlation > 0.7  # plates that stand upright on the slices
    assert quality.flags() == ()


def test_noise_and_missing_structure_are_flagged() -> None:
    assert LOW_SNR in patch_quality(a_patch(the_plates(), snr=5.0)).flags()
    even = patch_quality(a_patch(np.full(the_plates().shape, 0.3), snr=20.0))
    assert LOW_CONTRAST in even.flags()


def test_slices_that_share_nothing_are_flagged() -> None:
    fraction = the_plates()
    shuffled = np.stack([np.roll(np.rot90(plane, n), 5 * n, 0) for n, plane in enumerate(fraction)])
    assert OUT_OF_PLANE in patch_quality(a_patch(shuffled, snr=20.0)).flags()


def test_a_patch_partly_outside_is_flagged() -> None:
    assert patch_quality(a_patch(the_plates(), snr=20.0), in_view=0.8).flags() == (OUT_OF_VIEW,)


@pytest.mark.parametrize("axis", [1, 2])
def test_ghosts_are_measured(axis: int) -> None:
    noise = 30.0
    clean = _body()
    rng = np.random.default_rng(3)

    def seen(signal: np.ndarray) -> float:
        channels = noise * rng.standard_normal((2, *signal.shape))
        magnitude = np.hypot(signal + channels[0], channels[1]).astype(np.float32)
        return ghosting(magnitude, MARROW, noise, SPACING_MM)

    assert seen(clean) < 0.02
    ghost = 0.08 * np.roll(clean, clean.shape[axis] // 2, axis)
    assert 0.04 < seen(clean + ghost) < 0.1


def test_without_air_there_is_no_telling() -> None:
    assert np.isnan(ghosting(np.full((20, 64, 64), 600.0, np.float32), MARROW, 30.0, SPACING_MM))


def _body() -> np.ndarray:
    """A disk in the middle of the image, with air all around."""
    y, x = np.meshgrid(np.arange(200) - 100.0, np.arange(200) - 100.0, indexing="ij")
    return np.broadcast_to(np.where(np.hypot(y / 0.8, x) < 45.0, 0.8 * MARROW, 0.0), (24, 200, 200)).copy()


def test_dim_marrow_is_flagged_and_dense_plates_are_not() -> None:
    dense = plates(0.3, 0.6, 30.0)
    assert DIM_MARROW not in patch_quality(a_patch(in_k_space(dense, SPACING_MM[1]), snr=20.0)).flags()
    edema = 0.4 + 0.6 * dense  # marrow has 60 % of its signal
    assert DIM_MARROW in patch_quality(a_patch(in_k_space(edema, SPACING_MM[1]), snr=20.0)).flags()
