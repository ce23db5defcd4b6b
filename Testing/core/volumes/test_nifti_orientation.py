"""The two ways in which a NIfTI file says how the patient lies must agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CTSMALib.errors import InputError
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.nifti_file import read_nifti_header
from Testing.core.volumes.bad_inputs import patch
from Testing.core.volumes.conftest import image_of
from Testing.core.volumes.dicom_writer import Geometry
from Testing.core.volumes.same_scan import GEOMETRIES

MIRRORED = {"left-handed": Geometry(direction=np.diag([-1.0, 1, 1]))}
SIZE = np.diag([0.8, 0.7, 1.5])


@pytest.fixture
def a_file(tmp_path: Path, a_phantom: np.ndarray) -> Path:
    """Written by ITK, with a quaternion and a matrix."""
    sitk.WriteImage(image_of(a_phantom, GEOMETRIES["oblique"]), str(tmp_path / "k.nii"))
    return tmp_path / "k.nii"


def with_matrix(path: Path, matrix: np.ndarray, codes: tuple[int, int] = (1, 1)) -> Path:
    """Overwrite the matrix of a file: (3, 3), columns in mm, RAS."""
    rows = np.column_stack([matrix, [20.0, -35.0, 410.0]])
    patch(path, (252, "2h", codes), (280, "12f", tuple(rows.ravel())))
    return path


@pytest.mark.parametrize("name", [*GEOMETRIES, *MIRRORED])
def test_the_quaternion_is_read_as_the_standard_says(tmp_path: Path, a_phantom: np.ndarray, name: str) -> None:
    geometry = {**GEOMETRIES, **MIRRORED}[name]
    sitk.WriteImage(image_of(a_phantom, geometry), str(tmp_path / "k.nii"))
    header = read_nifti_header(tmp_path / "k.nii")
    assert header.qform_code > 0 and header.sform_code > 0
    np.testing.assert_allclose(header.qform_axes, np.diag([-1, -1, 1]) @ geometry.direction, atol=1e-5)
    read_scan(tmp_path / "k.nii")


@pytest.mark.parametrize("change", [np.diag([-1.0, 1, 1]), np.diag([1.0, 1, -1]), np.diag([-1.0, -1, 1]),
                                    Rotation.from_euler("x", 60.0, degrees=True).as_matrix()])  # fmt: skip
def test_two_orientations_are_refused(a_file: Path, change: np.ndarray) -> None:
    matrix = change @ read_nifti_header(a_file).qform_axes @ SIZE
    with pytest.raises(InputError, match="two different orientations") as caught:
        read_scan(with_matrix(a_file, matrix))
    assert "qform" in caught.value.message and caught.value.remedy


def test_a_file_that_was_turned_onto_another_is_read_and_said(a_file: Path) -> None:
    matrix = Rotation.from_euler("z", 3.0, degrees=True).as_matrix() @ read_nifti_header(a_file).qform_axes @ SIZE
    (notice,) = read_scan(with_matrix(a_file, matrix, (1, 2))).notices
    assert notice.code == "two-orientations" and "3° apart" in notice.text


def test_a_small_turn_and_another_offset_are_accepted(a_file: Path) -> None:
    matrix = Rotation.from_euler("z", 0.3, degrees=True).as_matrix() @ read_nifti_header(a_file).qform_axes @ SIZE
    assert read_scan(with_matrix(a_file, matrix)).notices == ()


@pytest.mark.parametrize("codes", [(0, 1), (1, 0)])
def test_one_that_does_not_count_may_differ(a_file: Path, codes: tuple[int, int]) -> None:
    assert read_scan(with_matrix(a_file, -SIZE, codes)).notices == ()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_quaternion_that_is_none_is_refused(a_file: Path, number: float) -> None:
    patch(a_file, (256, "f", (number,)))
    with pytest.raises(InputError, match="two different orientations"):
        read_scan(a_file)
