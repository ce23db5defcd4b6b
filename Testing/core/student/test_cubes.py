"""The grids of CT and MR fill the same cube."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.morphometry.direct_ct.patch_sampling import sample_label_patches, sample_patches
from CTSMALib.student.cubes import CT_SHAPE, CT_STEPS_MM, MR_SHAPE, MR_STEPS_MM

FRAME = JointFrame(np.array([20.0, 20.0, 20.0]), np.diag([-1.0, -1.0, 1.0]), mirrored=True)


def a_ramp(axis: int) -> sitk.Image:
    """An image that grows by 1 per mm along (lateral, anterior, proximal) number ``axis``, 0 in the origin."""
    z, y, x = np.mgrid[:41, :41, :41].astype(np.float32)
    places = FRAME.to_anatomical(np.stack([x, y, z], axis=-1))
    return sitk.GetImageFromArray(np.ascontiguousarray(places[..., axis]).astype(np.float32))


@pytest.mark.parametrize(("steps", "shape"), [(CT_STEPS_MM, CT_SHAPE), (MR_STEPS_MM, MR_SHAPE)])
def test_cells_of_other_steps_along_each_axis_fill_the_cube(steps, shape) -> None:
    for axis, array_axis in ((0, 3), (1, 2), (2, 1)):
        cube = sample_patches(a_ramp(axis), np.zeros((1, 3)), FRAME, step_mm=steps)
        assert cube.shape == (1, *shape)
        assert np.allclose(np.diff(cube, axis=array_axis), steps[array_axis - 1], atol=1e-4)
        assert cube.min() == pytest.approx(-4.0 + steps[array_axis - 1] / 2.0, abs=1e-4)
        assert cube.max() == pytest.approx(4.0 - steps[array_axis - 1] / 2.0, abs=1e-4)


def test_labels_are_sampled_on_the_same_cells() -> None:
    upper = sitk.Cast(a_ramp(2) > 0.0, sitk.sitkUInt8)
    mask = sample_label_patches(upper, np.zeros((1, 3)), FRAME, step_mm=MR_STEPS_MM)[0]
    assert mask.shape == MR_SHAPE
    assert np.array_equal(mask.any(axis=(1, 2)), mask.all(axis=(1, 2)))  # proximal comes first
    assert not mask[:20].any() and mask[23:].all()


def test_one_step_for_all_axes_is_as_three_equal_ones() -> None:
    image = a_ramp(1)
    one, three = (sample_patches(image, np.zeros((1, 3)), FRAME, step_mm=s) for s in (0.5, (0.5, 0.5, 0.5)))
    assert np.array_equal(one, three)
