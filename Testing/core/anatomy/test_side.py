"""Left or right, from the bones."""

from __future__ import annotations

import SimpleITK as sitk

from CTSMALib.anatomy.grids import labels_on
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import FIBULA
from CTSMALib.anatomy.legs import find_knees


def test_fibula_tells_the_side(a_knee: KneeAnatomy, a_left_knee: KneeAnatomy) -> None:
    for knee in (a_knee, a_left_knee):
        assert knee.side.evidence.startswith("fibula")
        assert knee.side.certain


def test_the_user_decides_but_the_evidence_is_kept(a_knee_ct: sitk.Image) -> None:
    knee = find_anatomy(a_knee_ct, find_knees(a_knee_ct)[0], wanted_side="left")
    assert knee.side.side == "left"
    assert not knee.side.certain
    assert "against it: fibula" in knee.side.evidence


def test_shape_tells_the_side_without_a_fibula(a_knee: KneeAnatomy, a_knee_ct: sitk.Image) -> None:
    fibula = labels_on(sitk.BinaryDilate(a_knee.labels == FIBULA.label, [8, 8, 8]), a_knee_ct)
    without = sitk.Mask(a_knee_ct, fibula == 0, outsideValue=40)
    side = find_anatomy(without, find_knees(without)[0]).side
    assert side.side == "right"
    assert side.evidence.startswith("shape")
