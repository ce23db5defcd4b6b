"""Which voxels of a patch of a CT count, for the measurement, a student and a registration alike."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis import registration_input
from CTSMALib.analysis.patch_voxels import patch_voxels
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import Patch

CENTER = (0.0, 0.0, 0.0)


def an_image(values: np.ndarray, kind: type = np.int16) -> sitk.Image:
    """Voxels of 1 mm, whose middle is the origin."""
    image = sitk.GetImageFromArray(values.astype(kind))
    image.SetOrigin([-(size - 1) / 2 for size in image.GetSize()])
    return image


@pytest.fixture
def a_frame() -> JointFrame:
    return JointFrame(np.zeros(3), np.eye(3), False)


@pytest.fixture
def a_knee(a_frame: JointFrame) -> SimpleNamespace:
    """A scan that ends at x = 2 mm, in bone that goes on."""
    scan = an_image(np.full((20, 20, 20), 300))[:12, :, :]
    patch = Patch("TM-r1-c1-d1", "tibia", "TM", 1, 1, 1, CENTER, CENTER, 0.0)
    return SimpleNamespace(
        scan=scan, trabecular=an_image(np.ones((20, 20, 20)), np.uint8), frames={"tibia": a_frame}, learning=[patch]
    )


def metal(at: slice = slice(0, 0)) -> sitk.Image:
    values = np.zeros((20, 20, 20))
    values[at] = 1
    return an_image(values, np.uint8)


def test_only_bone_in_the_image_and_free_of_metal_counts(a_knee: SimpleNamespace) -> None:
    hu, valid = patch_voxels(a_knee, "tibia", np.array([CENTER]), metal(), 0.5)
    assert hu.shape == valid.shape == (1, 16, 16, 16)
    assert np.array_equal(valid, np.isfinite(hu)) and valid.mean() == pytest.approx(0.75)  # of -4 to 4 mm, to 2 mm
    _, valid = patch_voxels(a_knee, "tibia", np.array([CENTER]), metal(slice(10, None)), 0.5)
    assert valid.mean() == pytest.approx(0.5 * 0.75) and not valid[0, 8:].any()
    a_knee.trabecular = a_knee.trabecular * 0
    assert not patch_voxels(a_knee, "tibia", np.array([CENTER]), metal(), 0.5)[1].any()


def test_a_registration_counts_what_the_analysis_does(a_knee: SimpleNamespace) -> None:
    (filled,) = registration_input._with_valid_fraction(a_knee, metal())
    assert filled == replace(a_knee.learning[0], valid_fraction=pytest.approx(0.75))
