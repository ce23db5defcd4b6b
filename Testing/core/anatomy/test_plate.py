"""The plate of a tibia made of boxes: where its surface is and how thick it appears."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import COMPARTMENTS, TIBIA
from CTSMALib.anatomy.patch import DEPTHS_MM
from CTSMALib.anatomy.patch_grid import display_grid, learning_grid
from CTSMALib.anatomy.plate import find_plate

SPACING_MM = 0.5
TOP_MM = 3.2  # height of the plateau above the joint frame's origin
FRAME = JointFrame(np.array([5.0, -3.0, 100.0]), np.diag([-1.0, -1.0, 1.0]), mirrored=False)


def a_box_tibia(plate_mm: float, fwhm_mm: float = 0.8) -> tuple[sitk.Image, sitk.Image]:
    """HU and labels of a block of 70 x 48 mm: plate 1200 HU, trabecular bone 250, soft tissue 50."""
    size = np.array([90.0, 70.0, 60.0])
    steps = (size / SPACING_MM).astype(int)
    x, y = (np.arange(n) * SPACING_MM - s / 2 for n, s in zip(steps[:2], size[:2], strict=True))
    z = np.arange(steps[2]) * SPACING_MM - 45.0
    inside = (np.abs(y) < 24)[None, :, None] & (np.abs(x) < 35)[None, None, :]
    below = np.clip((TOP_MM - z) / SPACING_MM + 0.5, 0, 1)[:, None, None]
    under_plate = np.clip((TOP_MM - plate_mm - z) / SPACING_MM + 0.5, 0, 1)[:, None, None]
    hu = 50 + inside * ((1200 - 50) * (below - under_plate) + (250 - 50) * under_plate)
    hu = ndimage.gaussian_filter(hu, fwhm_mm / 2.355 / SPACING_MM)
    images = []
    for array in (hu.astype(np.int16), (inside & (below >= 0.5)).astype(np.uint8) * TIBIA.label):
        image = sitk.GetImageFromArray(np.ascontiguousarray(array))
        image.SetSpacing([SPACING_MM] * 3)
        image.SetOrigin((FRAME.origin_mm - [size[0] / 2, size[1] / 2, 45.0]).tolist())
        images.append(image)
    return images[0], images[1]


@pytest.mark.parametrize("plate_mm", [1.5, 2.5])
def test_thickness_and_place_of_a_resolved_plate(plate_mm: float) -> None:
    plate = find_plate(*a_box_tibia(plate_mm), TIBIA, FRAME)
    middle = (np.abs(plate.lateral_mm) < 25)[:, None] & (np.abs(plate.anterior_mm) < 15)
    assert np.nanmedian(plate.thickness_mm[middle]) == pytest.approx(plate_mm, abs=0.15)
    assert np.allclose(plate.points_mm[middle][:, 2], TOP_MM, atol=0.25)
    assert np.allclose(plate.inward[middle], [0, 0, -1], atol=0.02)


def test_blur_widens_a_thin_plate() -> None:
    sharp, blurred = (
        np.nanmedian(find_plate(*a_box_tibia(0.8, fwhm), TIBIA, FRAME).thickness_mm) for fwhm in (0.5, 1.6)
    )
    assert sharp < 1.1
    assert blurred > 1.4


def test_no_thickness_where_no_plate_stands_out() -> None:
    labels = a_box_tibia(1.5)[1]
    flat = sitk.Cast(labels, sitk.sitkInt16) * 100 + 50
    assert np.isnan(find_plate(flat, labels, TIBIA, FRAME).thickness_mm).all()


def test_extent_is_measured_and_a_cut_bone_takes_the_usual_one() -> None:
    image, labels = a_box_tibia(1.5)
    extent = find_plate(image, labels, TIBIA, FRAME).extent
    assert extent.half == pytest.approx((35, 24), abs=1.5)
    usual = Extent((0.0, 0.0), (36.0, 25.0))
    cut = sitk.RegionOfInterest(labels, [100, *labels.GetSize()[1:]], [0, 0, 0])
    assert find_plate(None, cut, TIBIA, FRAME, usual).extent == usual
    with pytest.raises(ValueError, match="cut"):
        find_plate(None, cut, TIBIA, FRAME)


def test_patches_lie_at_their_depth_under_the_plate() -> None:
    plate = find_plate(*a_box_tibia(1.5), TIBIA, FRAME)
    patches = learning_grid({TIBIA.name: plate}, {TIBIA.name: FRAME})
    assert [p.id for p in patches[:3]] == ["TM-r1-c1-d1", "TM-r1-c1-d2", "TM-r2-c1-d1"]
    assert len(patches) == 48
    for patch in [*patches, *display_grid(plate, FRAME)]:
        assert patch.center_anatomical_mm[2] == pytest.approx(TOP_MM - DEPTHS_MM[patch.layer - 1], abs=0.3)
        assert FRAME.to_lps(np.array(patch.center_anatomical_mm)) == pytest.approx(patch.center_lps_mm)


def test_rows_go_outwards_and_columns_backwards() -> None:
    plate = find_plate(*a_box_tibia(1.5), TIBIA, FRAME)
    places = {p.id: p.center_anatomical_mm for p in learning_grid({TIBIA.name: plate}, {TIBIA.name: FRAME})}
    for compartment in (c for c in COMPARTMENTS if c.bone is TIBIA):
        outwards = 1 if compartment.lateral else -1
        key = compartment.key
        assert outwards * (places[f"{key}-r3-c2-d1"][0] - places[f"{key}-r1-c2-d1"][0]) > 8
        assert places[f"{key}-r2-c1-d1"][1] - places[f"{key}-r2-c4-d1"][1] > 20
