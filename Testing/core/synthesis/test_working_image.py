"""The MR as the network takes it: every place stays where it was, whatever the grid."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.grids import index_to_lps, voxel_centers
from CTSMALib.errors import InputError
from CTSMALib.synthesis.working_image import MULTIPLE, on_grid_of, working_image

SPOT_MM = np.array([14.0, -31.0, 107.0])


def an_oblique_mr(spacing: tuple[float, float, float] = (0.5, 0.6, 1.4), size_mm: float = 46.0) -> sitk.Image:
    """A bright spot on a turned grid whose axes are no right-handed system."""
    direction = Rotation.from_euler("xyz", [25.0, -14.0, 40.0], degrees=True).as_matrix()[:, [2, 0, 1]]
    count = [round(size_mm / step) for step in spacing]
    grid = sitk.Image(count, sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetDirection(direction.ravel().tolist())
    half = 0.5 * (np.array(count) - 1) * spacing
    grid.SetOrigin((SPOT_MM + [3.0, 2.0, -4.0] - direction @ half).tolist())
    away = np.linalg.norm(voxel_centers(grid) - SPOT_MM, axis=-1)
    image = sitk.GetImageFromArray((40.0 + 900.0 * np.exp(-0.5 * (away / 2.5) ** 2)).astype(np.float32))
    image.CopyInformation(grid)
    return image


def center_mm(image: sitk.Image) -> np.ndarray:
    values = sitk.GetArrayFromImage(image)
    weight = np.where(values > 0.4 * values.max(), values, 0.0)
    return index_to_lps(image, np.array(ndimage.center_of_mass(weight)))


@pytest.mark.parametrize("spacing", [(0.5, 0.6, 1.4), (0.3, 0.3, 0.3), (2.0, 0.7, 0.7)])
def test_a_place_stays_where_it_is_on_oblique_grids(spacing: tuple[float, float, float]) -> None:
    found = working_image(an_oblique_mr(spacing), 0.8)
    assert np.linalg.norm(center_mm(found.grid.image(found.signal)) - SPOT_MM) < 0.1
    assert found.grid.spacing_mm == (0.8, 0.8, 0.8) and all(n % MULTIPLE == 0 for n in found.grid.size)


def test_values_come_back_to_the_voxels_of_the_mr() -> None:
    mr = an_oblique_mr()
    found = working_image(mr, 0.8)
    back = on_grid_of(found.signal, found.grid, mr, 0.0)
    assert np.linalg.norm(center_mm(back) - SPOT_MM) < 0.1


def test_the_signal_is_scaled_and_zero_where_nothing_is_known() -> None:
    found = working_image(an_oblique_mr(), 0.8)
    assert np.percentile(found.signal[found.known], 99.0) == pytest.approx(1.0, abs=0.02)
    assert not found.signal[~found.known].any()
    assert found.known.mean() == pytest.approx(46.0**3 / (0.8**3 * found.known.size), rel=0.12)


def test_the_scale_of_the_signal_plays_no_part() -> None:
    mr = an_oblique_mr()
    first, second = working_image(mr, 0.8), working_image(mr * 7.0, 0.8)
    assert np.allclose(first.signal, second.signal, atol=1e-5)


def test_an_empty_mr_and_one_that_is_no_knee_are_refused() -> None:
    mr = an_oblique_mr()
    with pytest.raises(InputError, match="empty"):
        working_image(mr * 0.0, 0.8)
    with pytest.raises(InputError, match="measures"):
        working_image(an_oblique_mr(size_mm=12.0), 0.8)
    mr.SetSpacing((5.0, 5.0, 20.0))
    with pytest.raises(InputError, match="measures"):
        working_image(mr, 0.8)
