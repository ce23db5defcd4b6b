"""What is too coarse is not reported."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.catalogue import quantities
from CTSMALib.morphometry.direct_ct.resolution import resolution_statement, unresolved_keys, unresolved_notice
from CTSMALib.morphometry.direct_ct.sharpness import Sharpness, Width
from CTSMALib.notices import Severity
from Testing.core.morphometry.direct_ct.phantoms import image_of

UPRIGHT = JointFrame(np.zeros(3), np.diag([-1.0, -1.0, 1.0]), False)


def sharp(inplane: float, through: float) -> Sharpness:
    return Sharpness(Width(inplane, 0.1, 100, "skin"), Width(through, 0.1, 100, "cortex"))


def an_image(spacing: tuple[float, float, float]) -> sitk.Image:
    return image_of(np.zeros((4, 4, 4), np.int16), spacing)


@pytest.mark.parametrize(
    ("spacing", "sharpness", "resolves"),
    [
        ((0.08, 0.08, 0.08), sharp(0.15, 0.15), True),
        ((0.1, 0.1, 0.1), sharp(0.3, 0.4), True),
        ((0.1, 0.1, 0.1), sharp(0.3, 0.5), False),
        ((0.1, 0.1, 0.25), sharp(0.2, 0.3), False),
        ((0.4, 0.4, 0.6), sharp(0.7, 0.9), False),
        ((0.1, 0.1, 0.1), Sharpness(), False),
    ],
)
def test_single_trabeculae(spacing: tuple[float, float, float], sharpness: Sharpness, resolves: bool) -> None:
    found, sentence = resolution_statement(spacing, sharpness)
    assert found is resolves
    assert ("does not resolve" in sentence) is not resolves


def test_the_statement_names_what_is_not_reported() -> None:
    _, sentence = resolution_statement((0.98, 0.98, 3.27), sharp(1.4, 3.5))
    assert "0.98 by 0.98 by 3.3 mm" in sentence
    assert "3.5 mm" in sentence
    assert "No trabecular thickness, separation or number" in sentence


def test_a_sharp_thin_sliced_scan_keeps_everything() -> None:
    assert unresolved_keys(an_image((0.35, 0.35, 0.5)), sharp(0.6, 0.7), [UPRIGHT]) == frozenset()


def test_coarse_slices_lose_what_crosses_them_and_keep_what_lies_within() -> None:
    lost = unresolved_keys(an_image((0.9, 0.9, 3.3)), sharp(1.2, 3.5), [UPRIGHT])
    assert {"ct_acf_proximal", "ct_gradient_proximal", "ct_power_band_3", "ct_plate_thickness_mm"} <= lost
    kept = {"ct_acf_lateral", "ct_acf_anterior", "ct_gradient_lateral", "ct_hu_mean", "ct_hu_sd", "ct_bvf"}
    assert not kept & lost


def test_the_lost_direction_follows_the_bone_not_the_storage() -> None:
    image, sharpness = an_image((0.4, 0.4, 3.3)), sharp(0.8, 3.5)
    lying = JointFrame(np.zeros(3), np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]), False)
    lost = unresolved_keys(image, sharpness, [lying])
    assert "ct_acf_lateral" in lost
    assert "ct_acf_proximal" not in lost
    assert unresolved_keys(sitk.PermuteAxes(image, [2, 0, 1]), sharpness, [lying]) == lost
    both = unresolved_keys(image, sharpness, [lying, UPRIGHT])
    assert {"ct_acf_lateral", "ct_acf_proximal"} <= both


def test_blur_loses_as_much_as_coarse_voxels() -> None:
    lost = unresolved_keys(an_image((0.4, 0.4, 0.6)), sharp(1.6, 4.6), [UPRIGHT])
    assert "ct_acf_proximal" in lost
    assert "ct_power_band_4" in lost


def test_an_unknown_width_is_not_taken_for_a_sharp_one() -> None:
    half_known = Sharpness(Width(1.9, 0.1, 100, "skin"), None)
    assert "ct_acf_proximal" in unresolved_keys(an_image((0.4, 0.4, 0.6)), half_known, [UPRIGHT])


def test_the_notice_names_the_lost_quantities_only() -> None:
    notice = unresolved_notice(frozenset({"ct_acf_proximal"}), (0.9, 0.9, 3.3), sharp(1.2, 3.5))
    assert notice.severity is Severity.REFUSED
    assert "Autocorrelation at 1 mm, proximal axis" in notice.text
    assert "lateral" not in notice.text


def test_every_lost_key_is_in_the_catalogue() -> None:
    everything = unresolved_keys(an_image((20.0, 20.0, 30.0)), Sharpness(), [UPRIGHT])
    assert everything <= {entry.key for entry in quantities("ct_", scope="patch")}
    assert len(everything) == 17
