"""Patches with their valid cells, prepared once for all measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MaskedPatches:
    """Cubes of CT numbers; array axes (patch, proximal, anterior, lateral).

    Attributes:
        hu: (n, m, m, m), 0 in cells that do not count.
        valid: (n, m, m, m) cells that count.
        step_mm: distance between cells.
    """

    hu: Floats
    valid: NDArray[np.bool_]
    step_mm: float

    @classmethod
    def of(cls, patches: NDArray[np.floating], valid: NDArray[np.bool_], step_mm: float) -> MaskedPatches:
        """Take cubes as sampled; cells without a number do not count."""
        counted = valid & np.isfinite(patches)
        return cls(np.where(counted, patches, 0.0).astype(float), counted, step_mm)

    @property
    def flat(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Values and validity as (n, m^3)."""
        shape = (len(self.hu), int(np.prod(self.hu.shape[1:])))
        return self.hu.reshape(shape), self.valid.reshape(shape)

    def mean(self, values: Floats) -> Floats:
        """(n,) mean of ``values`` (n, m, m, m) over the valid cells; NaN where there are none."""
        axes = (1, 2, 3)
        return divided(np.sum(values * self.valid, axis=axes), np.sum(self.valid, axis=axes))

    def plane(self) -> tuple[Floats, MaskedPatches]:
        """Least-squares plane through the valid cells, and the patches without it.

        Returns:
            (n, 4) mean at the cube's center and slopes along (proximal, anterior, lateral) in HU/mm;
            the residual patches.
        """
        values, valid = self.flat
        size = self.hu.shape[1]
        steps = (np.arange(size) - (size - 1) / 2.0) * self.step_mm
        design = np.stack([axis.ravel() for axis in np.meshgrid(steps, steps, steps, indexing="ij")], axis=1)
        design = np.concatenate([np.ones((len(design), 1)), design], axis=1)
        weight = valid.astype(float)
        products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
        normal = (weight @ products).reshape(-1, 4, 4)
        right = values @ design
        coefficients = (np.linalg.pinv(normal, hermitian=True) @ right[..., None])[..., 0]
        residual = (values - coefficients @ design.T) * weight
        return coefficients, MaskedPatches(residual.reshape(self.hu.shape), self.valid, self.step_mm)


def divided(numerator: Floats, denominator: NDArray[np.generic]) -> Floats:
    """Element-wise quotient, NaN where the denominator is not positive."""
    numerator = np.asarray(numerator, dtype=float)
    positive = np.asarray(denominator) > 0
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=positive)
