"""Outlines moved to the edges of a scan, on a ball of cortex and marrow whose size is known."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.labels import FEMUR, PATELLA
from CTSMALib.anatomy.outlines import sharp_labels

RADIUS_MM, CORTEX_MM = 14.0, 2.0


def a_ball(spacing_mm: float, radius_mm: float, extent_mm: float = 40.0) -> tuple[sitk.Image, np.ndarray]:
    """An empty image around a ball, and the distance of its voxels from the center."""
    count = round(extent_mm / spacing_mm)
    image = sitk.Image([count] * 3, sitk.sitkUInt8)
    image.SetSpacing([spacing_mm] * 3)
    image.SetOrigin([-0.5 * (count - 1) * spacing_mm] * 3)
    line = image.GetOrigin()[0] + spacing_mm * np.arange(count)
    distance = np.sqrt(line[:, None, None] ** 2 + line[None, :, None] ** 2 + line**2)
    return image, distance


def the_scan(spacing_mm: float = 0.5, blur_mm: float = 0.35) -> sitk.Image:
    image, distance = a_ball(spacing_mm, RADIUS_MM)
    hu = np.where(distance < RADIUS_MM, np.where(distance > RADIUS_MM - CORTEX_MM, 900.0, 250.0), 40.0)
    scan = sitk.GetImageFromArray(ndimage.gaussian_filter(hu, blur_mm / spacing_mm).astype(np.int16))
    scan.CopyInformation(image)
    return scan


def the_labels(radius_mm: float, label: int) -> sitk.Image:
    image, distance = a_ball(1.0, radius_mm)
    labels = sitk.GetImageFromArray((distance < radius_mm).astype(np.uint8) * np.uint8(label))
    labels.CopyInformation(image)
    return labels


def volume_ml(labels: sitk.Image, label: int) -> float:
    voxel = np.prod(labels.GetSpacing()) / 1000.0
    return float((sitk.GetArrayViewFromImage(labels) == label).sum() * voxel)


@pytest.mark.parametrize("off_mm", [-1.0, 0.0, 1.2])
@pytest.mark.parametrize("bone", [FEMUR, PATELLA])
def test_an_outline_off_the_edge_moves_to_it(off_mm: float, bone) -> None:
    true_ml = 4.0 / 3.0 * np.pi * RADIUS_MM**3 / 1000.0
    found = sharp_labels(the_labels(RADIUS_MM + off_mm, bone.label), the_scan())
    assert volume_ml(found, bone.label) == pytest.approx(true_ml, rel=0.02)


def test_coarse_scans_keep_the_outline_of_the_working_grid() -> None:
    labels, scan = the_labels(RADIUS_MM + 1.0, FEMUR.label), the_scan(spacing_mm=2.0, blur_mm=1.0)
    found = sitk.GetArrayFromImage(sharp_labels(labels, scan))
    assert np.array_equal(found, sitk.GetArrayFromImage(labels_on(labels, scan)))


def test_without_an_edge_nothing_moves() -> None:
    labels, scan = the_labels(RADIUS_MM, FEMUR.label), the_scan()
    flat = sitk.GetImageFromArray(np.full(scan.GetSize()[::-1], 40, np.int16))
    flat.CopyInformation(scan)
    moved = volume_ml(sharp_labels(labels, flat), FEMUR.label)
    assert moved == pytest.approx(volume_ml(labels_on(labels, flat), FEMUR.label), rel=0.02)
