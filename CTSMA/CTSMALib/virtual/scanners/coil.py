"""The smooth sensitivity of a receive coil over the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from CTSMALib.virtual.scanners.source import Spans

STREAM = 3
DEGREE = 3
PROBES = 13  # places along each axis where the field's range is looked up


@dataclass(frozen=True)
class CoilField:
    """A polynomial of degree 3 over the scan; a coil's sensitivity has no finer structure away from its wires.

    Attributes:
        coefficients: (4, 4, 4) of Legendre polynomials along z, y, x of the scan, each from -1 to 1.
        counts: (z, y, x) voxels of the scan.
    """

    coefficients: NDArray[np.float64]
    counts: tuple[int, int, int]

    @classmethod
    def of(cls, seed: int, range_: float, counts: tuple[int, int, int], along_leg: int = 1) -> CoilField:
        """A random field of mean 1 whose highest and lowest value differ by ``range_``.

        Args:
            seed: of the field.
            range_: see above.
            counts: (z, y, x) voxels of the scan.
            along_leg: the array axis that runs most along the leg, where sensitivity falls off at both ends; across it
                rises towards the elements around the knee.
        """
        rng = np.random.default_rng([seed, STREAM])
        degrees = np.indices((DEGREE + 1,) * 3).sum(axis=0)
        chosen = rng.normal(size=degrees.shape) / (1.0 + degrees) ** 2
        chosen[(degrees == 0) | (degrees > DEGREE)] = 0.0
        second = 2 * np.eye(3, dtype=int)
        strength = 0.5 * np.abs(chosen).max()
        for axis in range(3):
            chosen[tuple(second[axis])] = -strength if axis == along_leg else strength
        line = np.linspace(-1.0, 1.0, PROBES)
        field = legendre.leggrid3d(line, line, line, chosen)
        chosen *= range_ / np.ptp(field)
        chosen[0, 0, 0] = 1.0  # the other polynomials have mean 0
        return cls(chosen, counts)

    def factor(self, spans: Spans) -> NDArray[np.floating]:
        """(z, y, x) sensitivity of the voxels of a part of the scan."""
        z, y, x = (2.0 * (np.arange(*span) + 0.5) / count - 1.0 for span, count in zip(spans, self.counts, strict=True))
        return legendre.leggrid3d(z, y, x, self.coefficients)
