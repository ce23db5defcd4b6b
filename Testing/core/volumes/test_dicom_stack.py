"""Doubled, missing, uneven, tilted and foreign slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from CTSMALib.volumes import read_scan
from Testing.core.volumes.dicom_writer import Geometry, write_series
from Testing.core.volumes.same_scan import assert_same, codes, voxels


def test_doubled_slices_are_dropped(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom)
    (tmp_path / "b").mkdir()
    for name in ("0003.dcm", "0004.dcm"):
        (tmp_path / "b" / name).write_bytes((tmp_path / "a" / name).read_bytes())
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"doubled-slices"}


def test_doubled_slices_under_new_uids_are_dropped(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, np.concatenate([a_phantom, a_phantom[5:7]]), positions=[*range(40), 5, 6])
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"doubled-slices"}


def test_one_of_two_acquisitions_is_read(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        ds.AcquisitionNumber = 1 + i // 40

    both = np.concatenate([a_phantom, a_phantom[:30] + 3])
    write_series(tmp_path, both, positions=[*range(40), *range(30)], edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"several-acquisitions"}


def test_missing_slice_is_interpolated(tmp_path: Path, a_phantom: np.ndarray) -> None:
    kept = [i for i in range(40) if i not in (11, 25)]
    write_series(tmp_path, a_phantom[kept], positions=kept)
    scan = read_scan(tmp_path)
    np.testing.assert_array_equal(voxels(scan)[kept], a_phantom[kept])
    expected = (a_phantom[10].astype(float) + a_phantom[12]) / 2
    assert np.abs(voxels(scan)[11] - expected).max() <= 0.5
    assert codes(scan) == {"missing-slices"}


def test_mildly_uneven_slices_are_interpolated(tmp_path: Path) -> None:
    """A linear ramp along the stack stays the same ramp in space."""
    ramp = np.repeat(np.arange(40, dtype=np.int16)[:, None, None] * 30, 56, axis=1).repeat(64, axis=2)
    ramp[:, :8] = -1000
    places = [i + (0.2 if i % 2 else 0.0) for i in range(39)] + [39.0]
    uneven = np.rint(np.array(places)[:, None, None] * 30) * np.ones((1, 56, 64))
    uneven[:, :8] = -1000
    write_series(tmp_path, uneven.astype(np.int16), positions=places)
    scan = read_scan(tmp_path)
    assert "uneven-slices" in codes(scan)
    assert scan.image.GetSpacing()[2] == pytest.approx(1.5)
    assert np.abs(voxels(scan).astype(int) - ramp).max() <= 1


def test_jitter_of_positions_changes_nothing(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, a_phantom, positions=[i + 0.004 * (-1) ** i for i in range(40)])
    scan = read_scan(tmp_path)
    np.testing.assert_array_equal(voxels(scan), a_phantom)
    assert scan.notices == ()


@pytest.mark.parametrize("degrees", [12.0, -20.0])
def test_gantry_tilt_is_straightened(tmp_path: Path, degrees: float) -> None:
    """A ramp in space is the same ramp after the slices were shifted."""
    geometry, slope = Geometry(), np.tan(np.radians(degrees))

    def shear(ds: Dataset, i: int) -> None:
        position = [float(v) for v in ds.ImagePositionPatient]
        position[1] += slope * 1.5 * i
        ds.ImagePositionPatient = [round(v, 6) for v in position]

    z, y, x = np.mgrid[:40, :56, :64]
    place_y, place_x = geometry.origin[1] + 0.7 * y + slope * 1.5 * z, geometry.origin[0] + 0.8 * x
    hu = np.rint(200 + 4 * place_y + 3 * place_x).astype(np.int16)
    hu[:, :, :2] = -1000
    write_series(tmp_path, hu, edit=shear)
    scan = read_scan(tmp_path)
    assert codes(scan) == {"gantry-tilt"}
    assert f"{abs(degrees):.1f}°" in next(n.text for n in scan.notices)
    array = voxels(scan)
    inner = np.argwhere(array > 0)[::37]
    places = np.array([scan.image.TransformIndexToPhysicalPoint([int(v) for v in i[::-1]]) for i in inner])
    expected = 200 + 4 * places[:, 1] + 3 * places[:, 0]
    assert np.quantile(np.abs(array[tuple(inner.T)] - expected), 0.97) <= 1  # the outermost rows mix with air
    assert len(inner) > 0.9 * np.count_nonzero(hu > 0) / 37


def test_localizer_and_odd_images_are_left_out(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        if i == 40:
            ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        elif i == 41:
            ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        elif i == 42:
            ds.PixelSpacing = [0.3, 0.3]

    write_series(tmp_path, np.concatenate([a_phantom, a_phantom[:3]]), edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"images-left-out"}
