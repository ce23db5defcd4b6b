"""Patches of virtual knees: the same place and orientation in CT and MR, and what is read off them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.learning.patches.columns import COLUMNS, FEATURES
from CTSMALib.learning.patches.knee_boxes import read_knee_boxes
from CTSMALib.learning.patches.mr_targets import levels_of, read_targets
from CTSMALib.learning.patches.virtual_part import LITTLE_BONE, filled_up, seen_through_mm, virtual_part
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.morphometry.apparent.repeatability import repeatability_of
from CTSMALib.student.cubes import CT_STEPS_MM, MR_STEPS_MM
from CTSMALib.virtual.cohort.read import read_cohort
from Testing.core.learning.patches.made_up_boxes import MARROW, NOISE, PATCHES_OF, a_cohort_of, fraction_at, hu_at

LIKE = 0.9  # noise leaves that


def cells(name: str, steps: tuple[float, float, float]) -> np.ndarray:
    """Anatomical (lateral, anterior, proximal) positions of the cells of a patch."""
    along = [(np.arange(round(8.0 / step)) - (8.0 / step - 1.0) / 2.0) * step for step in steps]
    proximal, anterior, lateral = np.meshgrid(*along, indexing="ij")
    return np.stack([lateral, anterior, proximal], axis=-1) + np.array(PATCHES_OF[name][1])


def likeness(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.corrcoef(found.ravel().astype(float), wanted.ravel())[0, 1])


@pytest.fixture(scope="module")
def knees(tmp_path_factory: pytest.TempPathFactory):
    """Knees without registration error, of both sides."""
    found = read_cohort(a_cohort_of(tmp_path_factory.mktemp("exact"), 4, error_mm=0.0)).knees
    assert {knee.side for knee in found} == {"left", "right"}
    return found


def test_both_scans_show_the_same_place_in_the_axes_of_the_bone_on_both_sides(knees) -> None:
    for knee in knees:
        part = virtual_part(knee)
        assert len(part) == 4
        for name, ct, mr in zip(part.columns["id"], part.ct, part.mr, strict=True):
            assert np.abs(ct - hu_at(cells(name, CT_STEPS_MM))).max() < 4.0
            assert likeness(mr, fraction_at(cells(name, MR_STEPS_MM))) > LIKE
            assert likeness(mr, fraction_at(cells(name, MR_STEPS_MM)[:, ::-1])) < 0.8


def test_masks_end_where_the_bone_does(knees) -> None:
    part = virtual_part(knees[0])
    assert part.ct_valid.all() and part.mr_valid.all()
    boxes = read_knee_boxes(knees[0])
    assert boxes.ids[4] == "TL-r1-c2-d1"
    everything = read_targets(boxes, levels_of(boxes.mr, boxes.mr_centers_mm, 50.0), 0.35, DEFAULT)
    assert everything.filled[4] == pytest.approx((4.0 - 1.5) / 8.0, abs=0.03)
    assert everything.filled[:4] == pytest.approx(1.0, abs=0.02)


def test_patches_with_little_bone_are_left_out_and_counted(knees) -> None:
    part = virtual_part(knees[0])
    assert "TL-r1-c2-d1" not in part.columns["id"]
    assert part.left_out[LITTLE_BONE] == 1
    assert tuple(part.columns) == COLUMNS
    assert {len(values) for values in part.columns.values()} == {4}


def test_levels_of_the_mr_come_out_of_the_boxes(knees) -> None:
    boxes = read_knee_boxes(knees[0])
    levels = levels_of(boxes.mr, boxes.mr_centers_mm, MARROW / NOISE)
    # the brightest tissue that is there holds 0.2 of bone at least, so marrow is taken for darker than it is
    assert levels.marrow == pytest.approx(0.8 * MARROW, rel=0.1)
    assert levels.noise == pytest.approx(0.8 * NOISE, rel=0.1)


def test_targets_carry_the_repeatability_of_their_compartment(knees) -> None:
    columns = virtual_part(knees[0]).columns
    for compartment, *found in zip(columns["compartment"], *(columns[f"u:{key}"] for key in KEYS), strict=True):
        known = [repeatability_of(DEFAULT, key, compartment) for key in KEYS]
        assert found == [entry.within_sd for entry in known if entry]


def test_the_registration_error_is_where_the_mr_is_read_and_told(a_cohort: Path) -> None:
    knee = read_cohort(a_cohort).knees[0]
    boxes, part = read_knee_boxes(knee), virtual_part(knee)
    with np.load(knee.patches) as data:
        shift = data["shift_mm"]
    assert part.columns["registration_error_mm"] == pytest.approx(np.linalg.norm(shift, axis=1)[:4])
    first = boxes.mr_frames["femur"].to_anatomical(boxes.mr_centers_mm[0])
    assert np.linalg.norm(first - PATCHES_OF["FM-r1-c1-d1"][1]) == pytest.approx(np.linalg.norm(shift[0]))
    off = cells("FM-r1-c1-d1", MR_STEPS_MM) - PATCHES_OF["FM-r1-c1-d1"][1] + first
    assert likeness(part.mr[0], fraction_at(off)) > LIKE


def test_covariates_and_facts_of_a_knee_are_told(knees) -> None:
    knee = knees[0]
    row = virtual_part(knee).knee
    assert row["knee"] == f"{knee.subject}_{knee.side}"
    assert row["mirrored"] == (knee.side == "left")
    assert 0.7 * knee.facts["ct_psf_fwhm_mm"] < row["ct_inplane_fwhm_mm"] <= knee.facts["ct_psf_fwhm_mm"]
    assert row["ct_noise_sd_hu"] == knee.facts["ct_noise_hu"]
    assert (row["ct_pixel_mm"], row["ct_slice_mm"]) == (0.4, 0.5)
    assert row["ct_slice_profile_mm"] == knee.facts["ct_slice_mm"]
    # an edge through slices of 0.6 mm, blurred by 0.3 mm, is as wide as one through a Gaussian of 0.528 mm
    assert knee.facts["ct_slice_mm"] == 0.6
    assert row["ct_through_fwhm_mm"] == pytest.approx(seen_through_mm(0.528), abs=0.002)


def test_ct_features_see_the_slopes_that_are_there(knees) -> None:
    columns = virtual_part(knees[0]).columns
    assert set(FEATURES) <= set(columns)
    assert columns["ct_hu_slope_proximal"] == pytest.approx(7.0, abs=0.2)
    centers = np.array([PATCHES_OF[name][1] for name in columns["id"]])
    assert columns["ct_hu_mean"] == pytest.approx(hu_at(centers), abs=1.0)


def test_cells_outside_a_box_have_the_mean_of_the_others() -> None:
    cubes = np.array([[[[1.0, np.nan], [3.0, 2.0]]]], dtype=np.float32)
    assert filled_up(cubes).ravel().tolist() == [1.0, 2.0, 3.0, 2.0]


def test_knees_without_marked_bone_are_refused(a_cohort: Path, tmp_path: Path) -> None:
    knee = read_cohort(a_cohort).knees[0]
    with np.load(knee.patches) as data:
        kept = {name: data[name] for name in data.files if name != "ct_trabecular"}
    np.savez(tmp_path / "old.npz", **kept)
    with pytest.raises(InputError, match="another version"):
        virtual_part(replace(knee, patches=tmp_path / "old.npz"))
    with pytest.raises(InputError, match="no boxes"):
        virtual_part(replace(knee, patches=None))


def test_cut_or_altered_boxes_are_refused_in_words(tmp_path: Path) -> None:
    knee = read_cohort(a_cohort_of(tmp_path, 1)).knees[0]
    assert knee.patches is not None
    whole = knee.patches.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 2 : len(whole) // 2 + 64] = bytes(64)
    for damaged in (b"", whole[:-100], bytes(altered)):
        knee.patches.write_bytes(damaged)
        with pytest.raises(InputError, match="is damaged or of another version"):
            read_knee_boxes(knee)
