"""A smooth displacement that is known is found again, and none is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.registration.local_field import LOOSE, LocalField, fit_local
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.volumes.rigid import applied

LARGE_MM = 1.5


@pytest.fixture(scope="module")
def a_distortion(a_pair) -> LocalField:
    """Quadratic, as no rigid motion is."""
    coefficients = np.zeros_like(LocalField.none().coefficients)
    coefficients[[1, 4, 7], [0, 1, 2]] = LARGE_MM
    return LocalField(applied(a_pair.matrices["tibia"], a_pair.joint_mm), coefficients)


@pytest.fixture(scope="module")
def a_distorted_mr(a_pair, a_distortion: LocalField) -> MovingKnee:
    """Shows at p + d(p) what the MR shows at p."""
    places = voxel_centers(a_pair.mr)
    flat = places.reshape(-1, 3)
    back = -a_distortion.displacement_mm(flat)
    back = -a_distortion.displacement_mm(flat + back)
    field = sitk.GetImageFromArray(back.reshape(places.shape), isVector=True)
    field.CopyInformation(a_pair.mr)
    transform = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
    return MovingKnee(sitk.Resample(a_pair.mr, a_pair.mr, transform, sitk.sitkLinear, 1.0))


def test_a_known_displacement_is_found(a_pair, a_fixed_knee, a_distorted_mr, a_distortion) -> None:
    found = fit_local(a_fixed_knee, a_distorted_mr, a_pair.matrices, LOOSE).field
    points = np.concatenate([applied(m, a_fixed_knee.surface(b).points_mm) for b, m in a_pair.matrices.items()])
    true, seen = a_distortion.displacement_mm(points), found.displacement_mm(points)
    assert np.linalg.norm(true, axis=1).mean() > 0.3
    assert np.corrcoef(true.ravel(), seen.ravel())[0, 1] > 0.7
    assert np.linalg.norm(true - seen, axis=1).mean() < 0.7 * np.linalg.norm(true, axis=1).mean()


def test_hardly_any_is_found_where_there_is_none(a_pair, a_fixed_knee, a_moving_knee) -> None:
    fit = fit_local(a_fixed_knee, a_moving_knee, a_pair.matrices)
    found, trace = fit.field, fit.trace
    assert trace[-1] >= trace[0] and 0.9 < fit.inside <= 1.0
    points = applied(a_pair.matrices["tibia"], a_fixed_knee.surface("tibia").points_mm)
    assert np.linalg.norm(found.displacement_mm(points), axis=1).mean() < 0.15


def test_no_bones_give_no_displacement(a_fixed_knee, a_moving_knee) -> None:
    assert not fit_local(a_fixed_knee, a_moving_knee, {}).field.coefficients.any()
