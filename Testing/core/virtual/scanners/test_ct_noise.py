"""The noise of the virtual CT: standard deviation and spectrum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.virtual.scanners import CT_PROTOCOLS, CTProtocol
from CTSMALib.virtual.scanners.ct_noise import noise_power
from CTSMALib.virtual.scanners.white_noise import key_of, white_noise
from Testing.core.virtual.scanners import phantoms

SIZE = 128  # pixels along the edge of a noise image


@pytest.mark.parametrize("name", CT_PROTOCOLS)
def test_noise_is_as_strong_as_requested(name: str) -> None:
    noise = phantoms.ct_noise(CT_PROTOCOLS[name], 30)
    assert noise.std() == pytest.approx(CT_PROTOCOLS[name].noise_hu, rel=0.02)
    assert abs(noise.mean()) < 0.05 * noise.std()


@pytest.mark.parametrize("ramp", [1.0, 0.4])
@pytest.mark.parametrize("name", CT_PROTOCOLS)
def test_the_spectrum_is_a_ramp_times_the_kernel(name: str, ramp: float) -> None:
    """The measured spectrum, against the wanted one with its aliases, ring by ring."""
    protocol = replace(CT_PROTOCOLS[name], noise_ramp=ramp, increment_mm=3.0)  # slices are then independent
    noise = phantoms.ct_noise(protocol, 40)
    power = (np.abs(np.fft.fft2(noise - noise.mean())) ** 2).mean(axis=0)
    cycles = np.fft.fftfreq(SIZE)
    wanted = sum(
        noise_power(protocol.kernel, np.hypot(cycles[:, None] + m, cycles + n) / protocol.pixel_mm, ramp)
        for m in (-1, 0, 1)
        for n in (-1, 0, 1)
    )
    wanted *= power.sum() / wanted.sum()
    ring = np.round(np.hypot(cycles[:, None], cycles) * 30).astype(int)
    found, expected = (np.bincount(ring.ravel(), p.ravel()) / np.bincount(ring.ravel()) for p in (power, wanted))
    strong = np.flatnonzero(expected[:16] > 0.1 * expected.max())
    strong = strong[strong > 1]
    assert found[strong] == pytest.approx(expected[strong], rel=0.12)
    assert found[0] < 0.35 * expected.max() or ramp < 1.0


@pytest.mark.parametrize(("slice_mm", "expected"), [(0.4, 0.03), (0.8, 0.5), (1.6, 0.75)])
def test_overlapping_slices_share_noise(slice_mm: float, expected: float) -> None:
    """Neighbors correlate by the overlap of their profiles; the flanks of abutting ones overlap a little."""
    noise = phantoms.ct_noise(CTProtocol(slice_mm=slice_mm, increment_mm=0.4, focal_blur_mm=0.05), 40)
    found = np.mean(noise[1:] * noise[:-1]) / noise.var()
    assert found == pytest.approx(expected, abs=0.03)


def test_white_noise_is_normal_and_depends_on_the_place_only() -> None:
    key = key_of(7, 1)
    whole = white_noise(key, (-5, -9, -2), (20, 40, 50))
    part = white_noise(key, (1, 3, 8), (4, 5, 6))
    assert np.array_equal(part, whole[:, 6:10, 12:17, 10:16])
    large = white_noise(key, (0, 0, 0), (40, 100, 100))
    for field in large:
        assert abs(field.mean()) < 0.01
        assert field.std() == pytest.approx(1.0, abs=0.01)
        assert np.mean(field**4) == pytest.approx(3.0, abs=0.1)
        for axis in range(3):
            assert abs(np.mean(field * np.roll(field, 1, axis=axis))) < 0.01
    assert abs(np.mean(large[0] * large[1])) < 0.01
    assert abs(np.mean(large[0] * white_noise(key_of(8, 1), (0, 0, 0), (40, 100, 100))[0])) < 0.01
