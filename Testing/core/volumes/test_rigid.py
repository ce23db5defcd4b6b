"""Rigid motions as matrices and as ITK's files, and what is not rigid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.volumes.rigid import (
    angle_deg,
    applied,
    fixed_to_moving_lps,
    inverse,
    is_rigid,
    moving_to_fixed_ras,
    read_itk,
    turned,
    write_itk,
)

MOTION = turned(np.array([20.0, -10.0, 35.0]), np.array([5.0, 6.0, 7.0]), np.array([30.0, -20.0, 10.0]))
POINTS = np.random.default_rng(0).uniform(-80.0, 80.0, (20, 3))


def test_a_motion_turns_about_its_point_and_shifts() -> None:
    pivot = np.array([5.0, 6.0, 7.0])
    assert applied(MOTION, pivot) == pytest.approx(pivot + [30.0, -20.0, 10.0])
    assert angle_deg(MOTION) == pytest.approx(np.linalg.norm([20.0, -10.0, 35.0]))
    assert applied(inverse(MOTION), applied(MOTION, POINTS)) == pytest.approx(POINTS)


def test_slicer_and_itk_forms_lead_back_to_each_other() -> None:
    ras = moving_to_fixed_ras(MOTION)
    flip = np.array([-1.0, -1.0, 1.0])
    assert applied(ras, applied(MOTION, POINTS) * flip) == pytest.approx(POINTS * flip)
    assert fixed_to_moving_lps(ras) == pytest.approx(MOTION, abs=1e-12)


@pytest.mark.parametrize("name", ["motion.tfm", "motion.txt", "motion.h5"])
def test_a_written_motion_comes_back(tmp_path: Path, name: str) -> None:
    write_itk(MOTION, tmp_path / name)
    assert read_itk(tmp_path / name) == pytest.approx(MOTION, abs=1e-9)


def an_euler_transform() -> sitk.Transform:
    transform = sitk.Euler3DTransform((4.0, -3.0, 9.0), 0.2, -0.3, 0.4, (11.0, 12.0, -13.0))
    transform.SetComputeZYX(True)
    return transform


def an_affine_transform() -> sitk.Transform:
    transform = sitk.AffineTransform(3)
    transform.SetCenter((4.0, -3.0, 9.0))
    transform.SetMatrix(MOTION[:3, :3].ravel().tolist())
    transform.SetTranslation((1.0, 2.0, 3.0))
    return transform


@pytest.mark.parametrize(
    "transform",
    [
        an_euler_transform(),
        sitk.VersorRigid3DTransform((0.0, 0.6, 0.8), 0.5, (7.0, 8.0, 9.0), (1.0, -2.0, 3.0)),
        an_affine_transform(),
        sitk.TranslationTransform(3, (3.0, 4.0, 5.0)),
        sitk.CompositeTransform([an_euler_transform(), an_affine_transform()]),
    ],
    ids=["euler", "versor", "affine", "translation", "composite"],
)
def test_rigid_transforms_of_itk_are_read_as_itk_applies_them(tmp_path: Path, transform: sitk.Transform) -> None:
    sitk.WriteTransform(transform, str(tmp_path / "t.tfm"))
    found = read_itk(tmp_path / "t.tfm")
    assert is_rigid(found)
    expected = [transform.TransformPoint(point.tolist()) for point in POINTS]
    assert applied(found, POINTS) == pytest.approx(np.array(expected), abs=1e-6)


def of_matrix(matrix: list[list[float]]) -> sitk.Transform:
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(np.array(matrix).ravel().tolist())
    return transform


def a_displacement() -> sitk.Transform:
    """Nothing near the origin, which a probe there would take for rigid."""
    field = np.zeros((20, 20, 20, 3))
    field[12:, 12:, 12:] = 5.0
    image = sitk.GetImageFromArray(field, isVector=True)
    image.SetSpacing((10.0,) * 3)
    image.SetOrigin((-100.0,) * 3)
    return sitk.DisplacementFieldTransform(image)


@pytest.mark.parametrize(
    "transform",
    [
        of_matrix([[1.01, 0, 0], [0, 1.01, 0], [0, 0, 1.01]]),
        of_matrix([[1, 0.02, 0], [0, 1, 0], [0, 0, 1]]),
        of_matrix([[-1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        a_displacement(),
    ],
    ids=["scaling", "shear", "mirror", "displacement"],
)
def test_what_is_not_rigid_is_refused(tmp_path: Path, transform: sitk.Transform) -> None:
    sitk.WriteTransform(transform, str(tmp_path / "t.h5"))
    with pytest.raises(InputError, match="not rigid"):
        read_itk(tmp_path / "t.h5")


@pytest.mark.parametrize("content", [b"", b"words", b"\x00\xff\x13", b"#Insight Transform File V1.0\n#Transform 0\n"])
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.tfm").write_bytes(content)
    with pytest.raises(InputError, match=r"t\.tfm"):
        read_itk(tmp_path / "t.tfm")


def test_a_matrix_with_holes_is_not_rigid() -> None:
    holed = MOTION.copy()
    holed[0, 3] = np.nan
    assert is_rigid(MOTION) and not is_rigid(holed) and not is_rigid(MOTION[:3])
