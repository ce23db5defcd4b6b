"""Patches of known structure as a high-resolution MR shows them: blurred, among noise that was filled up with zeros."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.recipe import Apparent
from CTSMALib.virtual.microstructure.families import field_family
from CTSMALib.virtual.microstructure.structure import GridBox, Microstructure

PIXEL_MM, SLICE_MM, ACQUIRED_MM = 0.21875, 0.765625, 0.35
SPACING_MM = (SLICE_MM, PIXEL_MM, PIXEL_MM)
MARROW = 600.0
FINE = 8  # parts of a pixel
FIELD_PARTS = 2  # of a pixel; seven of them make a slice

Array = NDArray[np.floating]


def values_of(found: Apparent) -> NDArray[np.float64]:
    """(4,) BV/TV, Tb.Th, Tb.Sp, Tb.N."""
    return np.array([getattr(found, field.name) for field in fields(found)])


def in_k_space(image: Array, pixel_mm: float) -> Array:
    """Slices (z, y, x) without what lies beyond the acquired part of k-space, whose rim is faded against ringing."""
    rows, columns = (_passed(np.fft.fftfreq(n, pixel_mm)) for n in image.shape[-2:])
    return np.fft.ifft2(np.fft.fft2(image) * rows[:, None] * columns).real


def _passed(per_mm: Array) -> Array:
    place = 2.0 * ACQUIRED_MM * np.abs(per_mm)
    return np.where(place <= 1.0, 0.5 + 0.5 * np.cos(np.pi * np.clip((place - 0.6) / 0.4, 0.0, 1.0)), 0.0)


def rician(signal: Array, noise: float, seed: int) -> NDArray[np.float32]:
    """Magnitude among noise of a standard deviation in either channel, only in the acquired part of k-space."""
    white = np.random.default_rng([seed, 61]).standard_normal((2, *signal.shape))
    channels = in_k_space(white, PIXEL_MM)
    real, imaginary = noise * channels / max(float(channels.std()), 1e-12)
    return np.hypot(signal + real, imaginary).astype(np.float32)


def a_patch(fraction: Array, snr: float = 15.0, seed: int = 0) -> PatchImage:
    """An image of bone fractions (z, y, x) that are blurred already; all of it counts."""
    signal = rician(MARROW * (1.0 - fraction), MARROW / snr, seed)
    everywhere = np.ones(signal.shape, dtype=bool)
    return PatchImage(signal, everywhere, everywhere, SPACING_MM, MARROW, MARROW / snr, ACQUIRED_MM)


def plates(thickness_mm: float, gap_mm: float, angle_deg: float, slices: int = 10, pixels: int = 40) -> Array:
    """Fractions of plates that stand upright on the slices, their normal at an angle to the rows."""
    place = (np.arange(pixels * FINE) + 0.5) * PIXEL_MM / FINE
    angle = np.radians(angle_deg)
    along = place[:, None] * np.sin(angle) + place * np.cos(angle)
    shifts = np.linspace(0.0, thickness_mm + gap_mm, slices, endpoint=False)
    bone = [np.mod(along + shift, thickness_mm + gap_mm) < thickness_mm for shift in shifts]
    blurred = in_k_space(np.array(bone, float), PIXEL_MM / FINE)
    return blurred[:, FINE // 2 :: FINE, FINE // 2 :: FINE]


def plates_in_all_directions(bone: float, period_mm: float, slices: int = 60, pixels: int = 40) -> Array:
    """Every slice through plates of another direction, by their harmonics; k-space is not faded."""
    rng = np.random.default_rng([9, 62])
    y, x = np.meshgrid(*(2 * [np.arange(pixels) * PIXEL_MM]), indexing="ij")
    images = []
    for _ in range(slices):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        image, phase = np.full(y.shape, bone), rng.uniform(0.0, 2.0 * np.pi)
        for n in range(1, 20):
            across, along_y, along_x = n * direction / period_mm
            seen = 2.0 * np.sin(np.pi * n * bone) / (np.pi * n) * np.sinc(across * SLICE_MM)
            if max(abs(along_y), abs(along_x)) <= 0.5 / ACQUIRED_MM:
                image = image + seen * np.cos(2.0 * np.pi * (along_y * y + along_x * x) + n * phase)
        images.append(image)
    return np.array(images)


@lru_cache(maxsize=16)
def a_field(bone: float, wave_mm: float, seed: int = 3) -> Array:
    """Fractions of plates and rods from random fields, in a cube of about 6 mm."""
    step = PIXEL_MM / FIELD_PARTS
    structure = Microstructure(
        _family(seed),
        lambda axes: (axes[0] / wave_mm, axes[1] / wave_mm, axes[2] / wave_mm),
        lambda axes: np.full(tuple(len(values) for values in axes), bone, np.float32),
    )
    fine = structure.fraction(GridBox((0.0, 0.0, 0.0), step, (56, 56, 56)), step)
    found = fine.reshape(8, 7, 28, FIELD_PARTS, 28, FIELD_PARTS).mean(axis=(1, 3, 5))
    return in_k_space(found, PIXEL_MM)


@lru_cache(maxsize=2)
def _family(seed: int):
    return field_family(seed, rodness=0.2, bandwidth=0.35, wavelengths=10)
