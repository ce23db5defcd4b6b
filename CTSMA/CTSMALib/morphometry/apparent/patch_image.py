"""The part of an MR that one patch is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PatchImage:
    """A patch and what surrounds it, on the voxels of the MR.

    Attributes:
        signal: (z, y, x) float32, as stored or after correction of the coil's sensitivity. Bone is dark.
        inside: (z, y, x) bool, the voxels that count: of the patch's cube, those in trabecular bone.
        bone: (z, y, x) bool, trabecular bone anywhere, cube or not: where context for thresholds may be read.
        spacing_mm: (z, y, x) voxel edges; the largest is the distance of slices.
        marrow: signal of pure marrow about the patch.
        noise: standard deviation of the noise in one channel, in the units of ``signal``.
        acquired_mm: resolution in the slice, before filling up with zeros, at least the voxel;
            :func:`~CTSMALib.morphometry.apparent.noise_resolution.estimate_acquired_mm` finds it where it is not known.
    """

    signal: NDArray[np.float32]
    inside: NDArray[np.bool_]
    bone: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    marrow: float
    noise: float
    acquired_mm: float

    @property
    def across(self) -> int:
        """The axis across slices."""
        return int(np.argmax(self.spacing_mm))

    @property
    def fraction(self) -> NDArray[np.float32]:
        """(z, y, x) bone volume fraction by partial volumes, 1 - signal / marrow; noise may carry it out of 0 to 1."""
        return np.float32(1.0) - self.signal / np.float32(self.marrow)
