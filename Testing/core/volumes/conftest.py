"""A small phantom that has the tissues of a knee CT."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.core.volumes.dicom_writer import Geometry


@pytest.fixture(scope="session")
def a_phantom() -> np.ndarray:
    """A leg of fat, muscle and bone in air, asymmetric along every axis: ``int16`` HU, (40, 56, 64)."""
    z, y, x = np.mgrid[:40, :56, :64]
    hu = np.full(z.shape, -1000, dtype=np.int16)
    hu[(x - 30) ** 2 + (y - 28) ** 2 < 25**2] = -90
    hu[(x - 30) ** 2 + (y - 26) ** 2 < 20**2] = 55
    bone = (x - 34) ** 2 + (y - 24) ** 2 < (6 + z / 8) ** 2
    hu[bone] = 900 + 5 * z[bone]
    return hu + np.random.default_rng(7).integers(-15, 16, hu.shape).astype(np.int16)


@pytest.fixture
def an_image(a_phantom: np.ndarray) -> sitk.Image:
    """The phantom with the default geometry of the DICOM writer."""
    return image_of(a_phantom)


def image_of(hu: np.ndarray, geometry: Geometry | None = None) -> sitk.Image:
    """An image with the geometry that the DICOM writer would give it."""
    geometry = geometry or Geometry()
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin.tolist())
    image.SetDirection(geometry.direction.ravel().tolist())
    return image
