"""What was cut off at an upper limit is said, down to a single screw."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.notices import Severity
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.clipping import clipping_notices
from Testing.core.volumes.conftest import image_of
from Testing.core.volumes.dicom_writer import write_series
from Testing.core.volumes.test_metal import with_ball


@pytest.mark.parametrize("top", [500, 1200, 2000, 2499])
def test_a_screw_cut_off_is_said(a_phantom: np.ndarray, top: int) -> None:
    hu = np.minimum(with_ball(a_phantom - 700 * (a_phantom > 500), 3071, 1.9), top).astype(np.int16)
    assert 15.0 < np.count_nonzero(hu == top) * 1.5 * 0.7 * 0.8 < 60.0
    (notice,) = clipping_notices(image_of(hu))
    assert (notice.code, notice.severity) == ("clipped-values", Severity.CAUTION)
    assert f"{top} HU" in notice.text and "metal cannot be told from bone" in notice.text


def test_dense_bone_cut_off_is_said(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path, np.minimum(a_phantom, 900))
    (notice,) = read_scan(tmp_path).notices
    assert "900 HU" in notice.text and "metal cannot be told from bone" in notice.text


@pytest.mark.parametrize(("value", "radius"), [(1500, 1.0), (2500, 4.0), (3071, 4.0)])
def test_specks_and_metal_that_is_found_are_not_said(a_phantom: np.ndarray, value: int, radius: float) -> None:
    assert clipping_notices(image_of(with_ball(a_phantom, value, radius))) == ()


def test_equal_voxels_apart_are_no_plateau(a_phantom: np.ndarray) -> None:
    hu = a_phantom.copy()
    hu[::4, ::6, ::6] = np.where(hu[::4, ::6, ::6] > 500, 1500, hu[::4, ::6, ::6])
    assert np.count_nonzero(hu == 1500) * 1.5 * 0.7 * 0.8 > 15.0
    assert clipping_notices(image_of(hu)) == ()


def test_a_usual_scan_takes_little_time() -> None:
    hu = np.random.default_rng(1).normal(0, 300, (20, 512, 512)).astype(np.int16)
    image = sitk.GetImageFromArray(np.tile(hu, (10, 1, 1)))
    image.SetSpacing((0.4, 0.4, 0.6))
    start = time.process_time()
    assert clipping_notices(image) == ()
    assert time.process_time() - start < 0.5
