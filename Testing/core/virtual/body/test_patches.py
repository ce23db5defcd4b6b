"""Boxes scanned one by one: equal to those cut out of whole scans, and where the truth says they are."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.virtual.body.learning_boxes import learning_boxes
from CTSMALib.virtual.body.order import FAST
from CTSMALib.virtual.body.patch_scans import boxes_around, center_in, patch_images
from CTSMALib.virtual.body.scans import scanned, tissue_of
from CTSMALib.virtual.body.trabeculae import NO_TRABECULAE, grow_trabeculae
from CTSMALib.virtual.body.truth import patch_truth


@pytest.fixture(scope="module")
def boxes(knee):
    return learning_boxes(knee.shape)


def around(box, reach_mm):
    center = np.array(box.center_anatomical_mm)
    return tuple(center - reach_mm), tuple(center + reach_mm)


def test_the_learning_grid_is_whole_and_lies_in_bone(knee, boxes):
    assert len(boxes) == 96 and len({box.id for box in boxes}) == 96
    for box in boxes:
        depth = knee.shape.bones[box.bone].depth.at(np.array(box.center_anatomical_mm))
        assert 1.0 < depth < 14.0, box.id


def test_boxes_equal_those_cut_out_of_whole_scans(knee, plan, boxes):
    box = next(b for b in boxes if b.id == "TM-r2-c2-d1")
    broadening = plan.mr["bffe"].protocol.broadening_mm
    near, far = (grow_trabeculae(knee, ("tibia",), {"tibia": [around(box, r)]}, broadening) for r in (12.0, 14.5))
    assert len(far.blocks) > len(near.blocks)
    found = patch_images(knee, plan, [box], near)
    assert found.ids == (box.id,) and not found.shift_mm.any()
    for name, scan, values, spacing in (
        ("ct", plan.ct, found.ct, found.ct_spacing_mm),
        ("mr", plan.mr["bffe"], found.mr, found.mr_spacing_mm),
    ):
        (cut,) = boxes_around(scan, [center_in(scan, box)])
        assert spacing == scan.grid.spacing_mm[::-1]
        first, direction = (getattr(found, f"{name}_{what}") for what in ("first_mm", "direction"))
        middle = first[0] + direction @ (0.5 * (np.array(values.shape[:0:-1]) - 1) * scan.grid.spacing_mm)
        assert np.all(np.abs((center_in(scan, box) - middle) @ direction) <= 0.51 * np.array(scan.grid.spacing_mm))
        # one voxel more on every side, so that this is no box of the same extent
        wide = tuple(slice(c.start - 1, c.stop + 1) for c in cut)
        whole = scanned(tissue_of(knee, scan, far), scan, wide)[1:-1, 1:-1, 1:-1]
        assert np.abs(values[0].astype(int) - whole).max() <= 1
        mean_bone = scanned(tissue_of(knee, scan), scan, cut)
        assert np.abs(values[0].astype(int) - mean_bone).max() > 3  # there are trabeculae to see


def test_boxes_miss_their_place_by_what_is_told(knee, plan, boxes):
    found = patch_images(knee, plan, boxes[:40:10], NO_TRABECULAE, error_mm=2.0)
    assert 0.8 < found.shift_mm.std() < 3.5
    scan = plan.mr["bffe"]
    cuts = boxes_around(scan, [center_in(scan, b) + s for b, s in zip(boxes[:40:10], found.shift_mm, strict=True)])
    tissue = tissue_of(knee, scan)
    assert np.array_equal(found.mr[2], scanned(tissue, scan, cuts[2]))


def test_measured_bone_is_near_the_wanted_and_follows_it(knee, boxes):
    shallow = [box for box in boxes if box.id.endswith("d1")][1::8]
    truth = patch_truth(knee, shallow, FAST)
    measured = np.array([truth[box.id]["bv_tv"] for box in shallow])
    wanted = np.array([knee.spec.bone_fraction[box.compartment] for box in shallow])
    assert np.isfinite(measured).all()
    assert measured.mean() == pytest.approx(wanted.mean(), rel=0.25)
    assert np.all(np.abs(measured / wanted - 1.0) < 0.8)
    assert all(0.5 < truth[box.id]["valid_fraction"] <= 1.0 for box in shallow)
    assert all(np.isnan(truth[box.id]["tb_th_mm"]) for box in shallow)


def test_marked_bone_fills_as_much_as_the_truth_says_and_is_not_the_dense_shell(knee, plan, boxes):
    some = [box for box in boxes if box.id.endswith("r2-c2-d1")]
    found = patch_images(knee, plan, some, NO_TRABECULAE)
    truth = patch_truth(knee, some, FAST)
    for name, scan, spacing, first, direction, mask in (
        ("ct", plan.ct, found.ct_spacing_mm, found.ct_first_mm, found.ct_direction, found.ct_trabecular),
        ("mr", plan.mr["bffe"], found.mr_spacing_mm, found.mr_first_mm, found.mr_direction, found.mr_trabecular),
    ):
        assert mask.dtype == bool and mask.shape == getattr(found, name).shape
        for number, box in enumerate(some):
            index = np.stack(np.meshgrid(*(np.arange(n) for n in mask.shape[1:]), indexing="ij"), axis=-1)
            lps = (index[..., ::-1] * spacing[::-1]) @ direction.T + first[number]
            frame = scan.pose.frame(box.bone)
            off = frame.to_anatomical(lps) - frame.to_anatomical(center_in(scan, box))
            cube = np.all(np.abs(off) <= 4.0, axis=-1)
            share = mask[number][cube].mean()
            told = truth[box.id]["valid_fraction"]
            # half a millimeter below the shell is left out, and voxels are coarse
            assert told - 0.12 < share <= told + 0.02, (name, box.id)
    inside, outside = found.ct[found.ct_trabecular], found.ct[~found.ct_trabecular]
    assert np.percentile(inside, 99) < 700 < np.percentile(outside, 99)  # the shell lies outside
    assert np.median(outside) > np.median(inside) + 100
