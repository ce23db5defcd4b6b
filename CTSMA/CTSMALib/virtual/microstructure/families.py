"""Two families of trabecular structure, each a level function whose low values are bone.

``field``: from two Gaussian random fields; plates where the first vanishes, rods where both do. Smooth, statistically
the same everywhere, of any anisotropy.
``specimen``: from micro-CT of real trabecular bone, repeated by mirroring. Real morphology, of three specimens only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.microstructure.periodic_tile import PeriodicTile, tile_of

Floats = NDArray[np.float32]
Axes = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]

SAMPLES_PER_WAVELENGTH = 7
QUANTILES = 2001


class Family(Protocol):
    """A structure in coordinates of its own, in which trabeculae are about one apart."""

    def level(self, axes: Axes) -> Floats:
        """(z, y, x) level on the grid that the coordinates span; low values are bone."""
        ...

    def threshold(self, bone_fraction: Floats) -> Floats:
        """The level below which this fraction of the volume lies."""
        ...


@dataclass(frozen=True)
class QuantileTable:
    """The distribution of a level over its volume.

    Attributes:
        levels: (k,) quantiles at equal steps of probability from 0 to 1.
    """

    levels: NDArray[np.float64]

    @classmethod
    def of(cls, values: Floats) -> QuantileTable:
        """The distribution of a sample."""
        return cls(np.quantile(values.ravel(), np.linspace(0.0, 1.0, QUANTILES)))

    def at(self, fraction: Floats) -> Floats:
        """The level below which a fraction of the volume lies."""
        steps = np.linspace(0.0, 1.0, len(self.levels))
        return np.interp(fraction, steps, self.levels).astype(np.float32)


@dataclass(frozen=True)
class FieldFamily:
    """Plates and rods from two Gaussian random fields f and g: the level is sqrt(f^2 + rodness g^2).

    Attributes:
        tiles: f and g.
        rodness: 0 leaves plates only; towards 1 rods prevail.
        table: of the level.
    """

    tiles: tuple[PeriodicTile, PeriodicTile]
    rodness: float
    table: QuantileTable

    def level(self, axes: Axes) -> Floats:
        """See :class:`Family`."""
        return _plate_rod_level(self.tiles[0].sample(axes), self.tiles[1].sample(axes), self.rodness)

    def threshold(self, bone_fraction: Floats) -> Floats:
        """See :class:`Family`."""
        return self.table.at(bone_fraction)


def field_family(
    seed: int, rodness: float, bandwidth: float, stretch: float = 1.0, wavelengths: int = 24
) -> FieldFamily:
    """Make a structure of the ``field`` family.

    Args:
        seed: of the random fields.
        rodness: see :class:`FieldFamily`.
        bandwidth: standard deviation of the logarithm of the spatial frequency; the wider, the more irregular.
        stretch: length of the structure along z relative to that along x and y.
        wavelengths: edge of the tile, after which the structure repeats.
    """
    values = _random_fields(seed, bandwidth, wavelengths * SAMPLES_PER_WAVELENGTH)
    step = 1.0 / SAMPLES_PER_WAVELENGTH
    table = QuantileTable.of(_plate_rod_level(values.real, values.imag, rodness))
    steps = (step * stretch, step, step)
    return FieldFamily((tile_of(values.real, steps), tile_of(values.imag, steps)), rodness, table)


def _plate_rod_level(plates: Floats, others: Floats, rodness: float) -> Floats:
    return np.sqrt(plates**2 + np.float32(rodness) * others**2)


def _random_fields(seed: int, bandwidth: float, count: int) -> NDArray[np.complex64]:
    """Two independent Gaussian random fields of unit variance, as real and imaginary part; wavelength one."""
    from scipy import fft

    frequency = np.fft.fftfreq(count, 1.0 / SAMPLES_PER_WAVELENGTH).astype(np.float32)
    square = frequency[:, None, None] ** 2 + frequency[None, :, None] ** 2 + frequency[None, None, :] ** 2
    square[0, 0, 0] = np.inf
    # Power lognormal over radial frequency; the shell of radius k has a volume of k^2 dk = k^3 dlog(k).
    amplitude = np.exp(-0.25 * (0.5 * np.log(square) / bandwidth) ** 2) * square**-0.75
    phase = np.random.default_rng([seed, 5]).random(amplitude.shape, dtype=np.float32)
    fields = fft.ifftn(amplitude * np.exp(2j * np.pi * phase).astype(np.complex64), overwrite_x=True)
    return (fields / np.sqrt(np.mean(fields.real**2))).astype(np.complex64)


@dataclass(frozen=True)
class SpecimenFamily:
    """Real trabecular bone: the level is the distance from its surface, negative in bone.

    Attributes:
        tile: signed distance in units of the specimen's distance between trabeculae.
        table: of the level.
    """

    tile: PeriodicTile
    table: QuantileTable

    def level(self, axes: Axes) -> Floats:
        """See :class:`Family`."""
        return self.tile.sample(axes)

    def threshold(self, bone_fraction: Floats) -> Floats:
        """See :class:`Family`."""
        return self.table.at(bone_fraction)


def specimen_family(distance_mm: Floats, spacing_mm: float, number_per_mm: float) -> SpecimenFamily:
    """Make a structure of the ``specimen`` family.

    Args:
        distance_mm: (z, y, x) signed distance from the bone surface, negative in bone, z along the load.
        spacing_mm: edge of its voxels.
        number_per_mm: trabecular number of the specimen, which gives its unit of length.
    """
    mirrored = distance_mm
    for axis in range(3):
        mirrored = np.concatenate([mirrored, np.flip(mirrored, axis)], axis=axis)
    scaled = (mirrored * number_per_mm).astype(np.float32)
    return SpecimenFamily(tile_of(scaled, spacing_mm * number_per_mm), QuantileTable.of(distance_mm * number_per_mm))
