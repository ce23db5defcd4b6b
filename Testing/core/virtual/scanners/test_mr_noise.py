"""The noise of the virtual MR scanner: SNR, Rician statistics, and what zero filling makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from CTSMALib.virtual.scanners import MR_PROTOCOLS, MRProtocol, Relaxation, Tissue
from Testing.core.virtual.scanners import phantoms

SIGMA = 600.0 / 15.0


@pytest.mark.parametrize("snr", [10.0, 20.0, 50.0])
@pytest.mark.parametrize("name", MR_PROTOCOLS)
def test_the_snr_of_the_reference_tissue_is_as_requested(name: str, snr: float) -> None:
    protocol = replace(MR_PROTOCOLS[name], snr=snr)
    image = phantoms.mr_image(protocol, protocol.reference)
    assert image.mean() / image.std() == pytest.approx(snr, rel=0.05)


def test_the_reference_is_marrow_unless_fat_is_suppressed() -> None:
    assert MR_PROTOCOLS["bffe"].reference == MR_PROTOCOLS["t1"].reference == Tissue.MARROW
    assert MR_PROTOCOLS["pd_fs"].reference == Tissue.CARTILAGE


def test_air_is_rayleigh_distributed() -> None:
    image = phantoms.mr_image(MRProtocol(snr=15.0), Tissue.AIR)
    assert image.mean() == pytest.approx(SIGMA * np.sqrt(np.pi / 2.0), rel=0.02)
    assert image.std() == pytest.approx(SIGMA * np.sqrt(2.0 - np.pi / 2.0), rel=0.03)
    assert np.median(image) == pytest.approx(SIGMA * np.sqrt(2.0 * np.log(2.0)), rel=0.02)


@pytest.mark.parametrize("signal", [0.5, 1.0, 2.0])
def test_weak_signals_are_rician(signal: float) -> None:
    """Mean, spread and quantiles at a signal of so many standard deviations of the noise."""
    usual = MRProtocol(snr=15.0)
    muscle = usual.tissue_values()[Tissue.MUSCLE]
    density = signal * SIGMA / muscle
    protocol = replace(usual, relaxation={Tissue.MUSCLE: Relaxation(1420.0, 32.0, density)})
    image = phantoms.mr_image(protocol, Tissue.MUSCLE)
    expected = stats.rice(signal, scale=SIGMA)
    assert image.mean() == pytest.approx(expected.mean(), rel=0.02)
    assert image.std() == pytest.approx(expected.std(), rel=0.03)
    wanted = expected.ppf([0.1, 0.5, 0.9])
    assert np.quantile(image, [0.1, 0.5, 0.9]) == pytest.approx(wanted, rel=0.03)


def test_zero_filling_leaves_no_noise_beyond_the_acquired_resolution() -> None:
    protocol = MRProtocol(acquired_mm=0.4, snr=15.0)
    image = phantoms.mr_image(protocol, Tissue.MARROW)
    power = (np.abs(np.fft.fft2(image - image.mean())) ** 2).mean(axis=0)
    per_mm = np.abs(np.fft.fftfreq(100, protocol.pixel_mm))
    outside = np.maximum(per_mm[:, None], per_mm) > 0.5 / 0.4 + 0.1
    inside = np.maximum(per_mm[:, None], per_mm) < 0.5 * 0.5 / 0.4
    assert power[outside].mean() < 0.01 * power[inside].mean()
    assert abs(np.mean((image[1:] - image.mean()) * (image[:-1] - image.mean())) / image.var()) < 0.02
    white = phantoms.mr_image(replace(protocol, acquired_mm=protocol.pixel_mm, window_fade=0.0), Tissue.MARROW)
    neighbors = np.mean((white[:, 1:] - white.mean()) * (white[:, :-1] - white.mean())) / white.var()
    assert abs(neighbors) < 0.02
