"""The part of an MR, or of a CT, that one patch is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PatchImage:
    """A patch and what surrounds it, on the voxels of the scan.

    Attributes:
        signal: (z, y, x) float32, as stored or after correction of the coil's sensitivity. Bone is dark.
        inside: (z, y, x) bool, the voxels that count: of the patch's cube, those in trabecular bone.
        bone: (z, y, x) bool, trabecular bone anywhere, cube or not: where context for thresholds may be read.
        spacing_mm: (z, y, x) voxel edges; the largest is the distance of slices.
        marrow: signal of pure marrow about the patch.
        noise: standard deviation of the noise in one channel, in the units of ``signal``.
        acquired_mm: resolution in the slice, before filling up with zeros, at least the voxel;
            :func:`~CTSMALib.morphometry.apparent.noise_resolution.estimate_acquired_mm` finds it where it is not known.
        magnitude: whether ``signal`` is a magnitude, which noise raises where it is low, as on an MR.
    """

    signal: NDArray[np.float32]
    inside: NDArray[np.bool_]
    bone: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    marrow: float
    noise: float
    acquired_mm: float
    magnitude: bool = True

    @property
    def across(self) -> int:
        """The axis across slices."""
        return int(np.argmax(self.spacing_mm))

    @property
    def fraction(self) -> NDArray[np.float32]:
        """(z, y, x) bone volume fraction by partial volumes, 1 - signal / marrow; noise may carry it out of 0 to 1."""
        return np.float32(1.0) - self.signal / np.float32(self.marrow)


def ct_patch(
    hu: NDArray[np.floating], inside: NDArray[np.bool_], bone: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float], marrow_hu: float, bone_tissue_hu: float, noise_hu: float, fwhm_mm: float,
) -> PatchImage:  # fmt: skip
    """A patch of a CT, turned over so that bone is dark: every recipe can read it.

    With the signal ``bone_tissue_hu - hu`` the fraction 1 - S / M is the mixing rule of CT numbers, and the threshold
    of the dual-reference recipe the middle between marrow and bone.

    Args:
        hu: (z, y, x).
        inside, bone: as of :class:`PatchImage`.
        spacing_mm: (z, y, x) voxel edges.
        marrow_hu, bone_tissue_hu: references of the scan, see
            :class:`~CTSMALib.morphometry.direct_ct.tissue_reference.TissueReferences`.
        noise_hu: standard deviation of the noise.
        fwhm_mm: of the point spread function in the slice, which stands for the acquired resolution.

    Raises:
        ValueError: bone is not denser than marrow.
    """
    if not bone_tissue_hu > marrow_hu:
        raise ValueError(f"bone tissue of {bone_tissue_hu} HU is not denser than marrow of {marrow_hu} HU")
    signal = (np.float32(bone_tissue_hu) - np.asarray(hu, dtype=np.float32)).astype(np.float32)
    resolution = max(fwhm_mm, *sorted(spacing_mm)[:2])
    return PatchImage(signal, inside, bone, spacing_mm, bone_tissue_hu - marrow_hu, noise_hu, resolution, False)
