"""Geometries to try, and the comparison of a scan with what was written."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CTSMALib.volumes import Scan
from Testing.core.volumes.dicom_writer import Geometry

OBLIQUE = Rotation.from_euler("zyx", (17, -11, 23), degrees=True).as_matrix()
GEOMETRIES = {
    "axial": Geometry(),
    "oblique": Geometry(direction=OBLIQUE),
    "sagittal": Geometry(direction=np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], dtype=float)),
    "stack-downwards": Geometry(direction=np.diag([1.0, 1, -1])),
    "feet-first-prone": Geometry(direction=np.diag([-1.0, 1, -1])),
}


def voxels(scan: Scan) -> np.ndarray:
    return sitk.GetArrayFromImage(scan.image)


def codes(scan: Scan) -> set[str]:
    return {notice.code for notice in scan.notices}


def assert_same(scan: Scan, hu: np.ndarray, geometry: Geometry) -> None:
    """The scan holds ``hu`` at the positions of ``geometry``, whatever its own storage order."""
    assert scan.image.GetPixelID() == sitk.sitkInt16
    for z, y, x in ((0, 0, 0), (3, 7, 60), (39, 55, 63), (20, 28, 31)):
        place = geometry.origin + geometry.direction @ (np.array([x, y, z]) * geometry.spacing)
        index = scan.image.TransformPhysicalPointToContinuousIndex(place.tolist())
        np.testing.assert_allclose(index, np.rint(index), atol=1e-4)
        assert scan.image[[round(v) for v in index]] == hu[z, y, x]
    assert voxels(scan).sum(dtype=int) == hu.sum(dtype=int)
    assert np.linalg.det(np.array(scan.image.GetDirection()).reshape(3, 3)) == pytest.approx(1)
