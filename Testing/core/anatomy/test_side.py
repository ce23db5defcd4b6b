"""Left or right, from the bones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import SimpleITK as sitk

from CTSMALib.anatomy.given_bones import given_bones
from CTSMALib.anatomy.grids import labels_on, resample_axis_aligned
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import FIBULA
from CTSMALib.anatomy.legs import KneeCandidate, find_knees
from CTSMALib.anatomy.side import SideDecision, decide_side
from CTSMALib.errors import AnatomyError


def test_fibula_tells_the_side(a_knee: KneeAnatomy, a_left_knee: KneeAnatomy) -> None:
    for knee in (a_knee, a_left_knee):
        assert knee.side.evidence.startswith("fibula")
        assert knee.side.certain


def test_the_user_cannot_exchange_medial_and_lateral(a_candidate: KneeCandidate, a_knee_ct: sitk.Image) -> None:
    with pytest.raises(AnatomyError, match="a right knee"):
        find_anatomy(a_knee_ct, a_candidate, wanted_side="left")


def alike(candidate: KneeCandidate) -> KneeCandidate:
    """A knee whose bones fit either side equally well."""
    return replace(candidate, poses=tuple(replace(pose, explained=0.05) for pose in candidate.poses))


def without_fibula(image: sitk.Image, knee: KneeAnatomy) -> sitk.Image:
    fibula = labels_on(sitk.BinaryDilate(knee.labels == FIBULA.label, [8, 8, 8]), image)
    return sitk.Mask(image, fibula == 0, outsideValue=40)


def test_user_and_header_are_heard_where_the_bones_do_not_tell(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    image = without_fibula(a_knee_ct, a_knee)
    working = resample_axis_aligned(image, 1.0)
    candidate = alike(find_knees(image)[0])
    decisions = [
        decide_side(candidate, working, stated, wanted)[0]
        for stated, wanted in (("", ""), ("left", ""), ("right", ""), ("right", "left"))
    ]
    assert [d.certain for d in decisions] == [False, True, True, True]
    assert [d.side for d in decisions[1:]] == ["left", "right", "left"]
    assert [d.evidence for d in decisions[1:]] == ["header", "header", "user"]


def test_user_or_header_confirm_a_fibula_that_the_shape_contradicts(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    candidate = find_knees(a_knee_ct)[0]
    fits = [replace(p, explained=0.06 if p.mirrored else 0.04) for p in candidate.poses]  # as a left knee
    doubtful, working = replace(candidate, poses=tuple(fits)), resample_axis_aligned(a_knee_ct, 1.0)
    decisions = [
        decide_side(doubtful, working, stated, wanted)[0]
        for stated, wanted in (("", ""), ("left", ""), ("right", ""), ("left", "right"))
    ]
    assert [d.side for d in decisions] == ["right"] * 4
    assert [d.certain for d in decisions] == [False, False, True, True]
    assert all(d.against.startswith("shape") for d in decisions)
    assert decisions[2].evidence.startswith("fibula; header (against it: shape")
    with pytest.raises(AnatomyError, match="a right knee"):
        decide_side(doubtful, working, "", "left")
    of_two = replace(doubtful, side_by_other_leg="left")  # the header is that of both legs
    assert not decide_side(of_two, working, "right", "")[0].certain
    assert decide_side(of_two, working, "", "right")[0].certain


def test_what_looks_like_a_fibula_is_none_where_only_other_bones_were_labelled(
    a_knee: KneeAnatomy, a_candidate: KneeCandidate, a_knee_ct: sitk.Image
) -> None:
    """As a splinter of a tibia that was outlined too large."""
    other = sitk.Cast(a_knee.labels == FIBULA.label, sitk.sitkUInt8)
    labels = sitk.Mask(a_knee.labels, other == 0) + 2 * other
    told = [
        find_anatomy(a_knee_ct, a_candidate, given=given_bones(given)).side.evidence
        for given in (a_knee.labels, sitk.Cast(labels, sitk.sitkUInt8))
    ]
    assert told[0].startswith("fibula") and told[1].startswith("shape")


def test_no_compartment_is_named_without_a_side(
    a_candidate: KneeCandidate, a_knee_ct: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    undecided = SideDecision("right", "shape of the bones (fits a right knee 2 % better)", certain=False)
    monkeypatch.setattr("CTSMALib.anatomy.knee.decide_side", lambda *_: (undecided, a_candidate.pose))
    knee = find_anatomy(a_knee_ct, a_candidate)
    assert set(knee.incomplete) == {"FM", "FL", "TM", "TL"}
    assert not knee.display


def test_shape_tells_the_side_without_a_fibula(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    without = without_fibula(a_knee_ct, a_knee)
    side = find_anatomy(without, find_knees(without)[0], stated_side="left").side
    assert (side.side, side.certain) == ("right", True)
    assert side.evidence.startswith("shape")
