"""A small leg to write."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.virtual.scanners import SAGITTAL


def leg(direction: np.ndarray | None = None) -> sitk.Image:
    """Fat, muscle and bone in air, asymmetric along every axis: ``int16`` HU, 24 × 60 × 70 voxels (z, y, x)."""
    z, y, x = np.mgrid[:24, :60, :70]
    hu = np.full(z.shape, -990, dtype=np.int16)
    hu[(x - 35) ** 2 + (y - 30) ** 2 < 27**2] = -90
    hu[(x - 35) ** 2 + (y - 28) ** 2 < 21**2] = 55
    hu[(x - 40) ** 2 + (y - 26) ** 2 < (7 + z / 5) ** 2] = 900
    hu += np.random.default_rng(7).integers(-15, 16, hu.shape).astype(np.int16)
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.51234567891, 0.4987654321, 0.9))
    image.SetOrigin((-12.3456789012345, 44.1, -301.987654321))
    image.SetDirection(np.eye(3).ravel().tolist() if direction is None else direction.ravel().tolist())
    return image


def an_mr(highest: int = 2000) -> sitk.Image:
    """The same as sagittal slices, from 0 to a highest signal."""
    image = sitk.Cast(sitk.RescaleIntensity(leg(), 0, highest), sitk.sitkInt16)
    image.SetDirection(SAGITTAL)
    return image
