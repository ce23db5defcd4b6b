"""Metal in a knee, and two legs on a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.errors import InputError
from CTSMALib.virtual.body.extras import METAL_KINDS, SCREWS, TOTAL_KNEE, Together, metal_capsules, side_by_side
from CTSMALib.virtual.body.scans import image_of, labels_of, tissue_of
from CTSMALib.virtual.scanners.tissue import Tissue

MIRROR = np.diag([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def both(knee, plan):
    """The same knee once more on the other side: a person with equal legs."""
    leg = plan.ct.pose.leg
    other = JointFrame(MIRROR @ leg.origin_mm, MIRROR @ leg.axes @ MIRROR, not leg.mirrored)
    return side_by_side((plan.ct, replace(plan.ct, pose=replace(plan.ct.pose, leg=other))))


@pytest.mark.parametrize("kind", METAL_KINDS)
def test_metal_saturates_where_it_lies_and_nowhere_else(knee, plan, ct, kind):
    values = sitk.GetArrayFromImage(image_of(tissue_of(knee, plan.ct, metal=metal_capsules(kind, knee)), plan.ct))
    metal = values >= plan.ct.protocol.highest_hu
    volume_ml = metal.sum() * np.prod(plan.ct.grid.spacing_mm) / 1000.0
    assert 1.0 < volume_ml < 120.0 and not (ct >= plan.ct.protocol.highest_hu).any()
    assert np.mean(values != ct) < 0.3
    labels = sitk.GetArrayFromImage(labels_of(knee, plan.ct))
    struck = set(np.unique(labels[metal])) - {0}
    assert struck == ({2} if kind == SCREWS else {1, 2})


def test_a_knee_replacement_is_more_metal_than_screws(knee):
    assert len(metal_capsules(TOTAL_KNEE, knee)) > 10 * len(metal_capsules(SCREWS, knee))
    with pytest.raises(InputError, match="no metal 'hip'"):
        metal_capsules("hip", knee)


def test_two_legs_lie_beside_each_other_on_the_table(knee, both):
    first, second = (tissue_of(knee, scan) for scan in both)
    pair = Together((first, second))
    assert first.grid == second.grid
    box = tuple(slice(n // 2, n // 2 + 1) if axis == 0 else slice(0, n) for axis, n in enumerate(first.grid.size[::-1]))
    bone, label = pair.part(box)
    legs = [leg.part(box)[1] != Tissue.AIR for leg in (first, second)]
    assert not (legs[0] & legs[1]).any() and legs[0].any() and legs[1].any()
    shown = label != Tissue.AIR
    table = shown & ~legs[0] & ~legs[1]
    rows = np.arange(table.shape[1])[:, None]
    leg_ends, table_begins = np.where(legs[0][0], rows, -1).max(axis=0), np.where(table[0], rows, len(rows)).min(axis=0)
    assert table.any() and np.all(leg_ends < table_begins)  # behind the legs
    assert not bone[table].any()
    without = Together((first, second), table=False).part(box)[1]
    assert np.array_equal(without != Tissue.AIR, legs[0] | legs[1])


def test_legs_move_apart_by_what_is_asked(plan, both):
    moved = np.abs(np.subtract(*(scan.pose.leg.origin_mm for scan in both)))
    assert moved - 2.0 * np.abs(plan.ct.pose.leg.origin_mm) * [1, 0, 0] == pytest.approx([175.0, 0.0, 0.0], abs=1e-9)


def test_two_knees_of_one_side_are_refused(plan):
    with pytest.raises(InputError, match="a right and a left knee"):
        side_by_side((plan.ct, plan.ct))
    with pytest.raises(InputError, match="a right and a left knee"):
        side_by_side((plan.mr["bffe"], plan.ct))
