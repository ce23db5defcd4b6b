"""Bones found on the MR of a coarse virtual knee, whose true labels are known; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy import mr_bones
from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.anatomy.mr_bones import segment_mr_bones
from CTSMALib.errors import AnatomyError
from CTSMALib.virtual.body.acquisition import Coverage, draw_acquisition
from CTSMALib.virtual.body.knee import TINY, virtual_knee
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.population import draw_spec

COVERAGE = Coverage(
    mr_mm=(115.0, 115.0, 95.0), mr_changes={"pixel_mm": 0.8, "acquired_mm": 1.0, "slice_mm": 1.5, "increment_mm": 1.5}
)
LEAST_DICE = 0.93  # 0.97 and 0.96 were found


@pytest.fixture(scope="module")
def mr_and_truth() -> tuple[sitk.Image, sitk.Image]:
    knee = virtual_knee(draw_spec(5, 0, "left"), TINY)
    scan = draw_acquisition(knee, coverage=COVERAGE).mr["bffe"]
    return image_of(tissue_of(knee, scan), scan), labels_of(knee, scan)


@pytest.fixture(scope="module")
def found(mr_and_truth: tuple[sitk.Image, sitk.Image]) -> sitk.Image:
    return segment_mr_bones(mr_and_truth[0])


def dice(labels: sitk.Image, truth: sitk.Image, label: int) -> float:
    a, b = (sitk.GetArrayViewFromImage(image) == label for image in (labels, labels_on(truth, labels)))
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_femur_and_tibia_are_where_they_truly_are(
    mr_and_truth: tuple[sitk.Image, sitk.Image], found: sitk.Image
) -> None:
    assert found.GetPixelID() == sitk.sitkUInt8
    assert found.GetSpacing() == (1.0, 1.0, 1.0)
    for bone in (FEMUR, TIBIA):
        assert dice(found, mr_and_truth[1], bone.label) > LEAST_DICE, bone.name


def test_storage_order_and_units_hardly_matter(mr_and_truth: tuple[sitk.Image, sitk.Image], found: sitk.Image) -> None:
    """The grid on which the atlas is fitted shifts by a part of a voxel of 2 mm, and the fit with it."""
    turned = sitk.Cast(sitk.Flip(sitk.PermuteAxes(mr_and_truth[0], (2, 0, 1)), (True, False, True)), sitk.sitkFloat64)
    again = segment_mr_bones(turned * 0.01)
    for bone in (FEMUR, TIBIA):
        assert dice(again, found, bone.label) > 0.96, bone.name
        assert dice(again, mr_and_truth[1], bone.label) > LEAST_DICE, bone.name


def test_noise_is_refused() -> None:
    noise = np.random.default_rng(0).rayleigh(50.0, (50, 60, 60)).astype(np.int16)
    image = sitk.GetImageFromArray(noise)
    image.SetSpacing((1.5, 1.5, 1.5))
    with pytest.raises(AnatomyError, match="No femur and tibia"):
        segment_mr_bones(image)


def test_dark_marrow_is_refused(mr_and_truth: tuple[sitk.Image, sitk.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    """What fat suppression does: bones and fat turn dark, muscle is what shines."""
    mr, _ = mr_and_truth
    signal = sitk.GetArrayFromImage(mr).astype(np.float32)
    bright = np.percentile(signal, 99)
    suppressed = sitk.GetImageFromArray(np.where(signal < 0.1 * bright, signal, np.maximum(0.6 * bright - signal, 0)))
    suppressed.CopyInformation(mr)
    monkeypatch.setattr(mr_bones, "ATTEMPTS", mr_bones.ATTEMPTS[:1])  # the second attempt would take as long again
    with pytest.raises(AnatomyError, match="fat is suppressed"):
        segment_mr_bones(suppressed)
