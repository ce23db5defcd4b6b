"""The knee is found wherever it lies."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from CTSMALib.registration import pose_search
from CTSMALib.registration.pose_search import PoseCandidate, search_pose
from CTSMALib.volumes.rigid import Matrix, angle_deg, applied, inverse, turned
from Testing.core.made_up_pair import made_up_pair


@cache
def a_displaced_mr() -> tuple:
    """An MR whose header turns the tibia by 25 degrees and shifts it by 40 mm, and that true motion."""
    import SimpleITK as sitk

    pair = made_up_pair()
    true = turned(np.array([-12.0, 18.0, 12.6]), pair.joint_mm, np.array([25.0, -25.0, 18.7]))
    change: Matrix = true @ inverse(pair.matrices["tibia"])
    mr = sitk.Image(pair.mr)
    mr.SetOrigin(applied(change, np.array(mr.GetOrigin())).tolist())
    mr.SetDirection((change[:3, :3] @ np.array(mr.GetDirection()).reshape(3, 3)).ravel().tolist())
    return mr, true


@pytest.fixture(scope="module")
def candidates() -> list[PoseCandidate]:
    pair, (mr, _) = made_up_pair(), a_displaced_mr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pose_search, "MOST_DEG", 26.0)
        return search_pose(pair.ct, pair.labels, mr)


def test_a_knee_is_found_from_25_degrees_and_40_millimeters(candidates) -> None:
    true, joint = a_displaced_mr()[1], made_up_pair().joint_mm
    assert angle_deg(true) == pytest.approx(25.0, abs=0.5)
    best = candidates[0].matrix
    assert np.linalg.norm(applied(best, joint) - applied(true, joint)) < 15.0
    off_deg = angle_deg(inverse(true) @ best)
    assert off_deg < 7.0  # 9 without the turns between that are tried about the best


def test_turns_between_come_closer(candidates) -> None:
    pair, (mr, true) = made_up_pair(), a_displaced_mr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pose_search, "MOST_DEG", 26.0)
        patch.setattr(pose_search, "FINER", 0)
        coarse = search_pose(pair.ct, pair.labels, mr)[0]
    assert candidates[0].evidence > coarse.evidence
    assert angle_deg(inverse(true) @ candidates[0].matrix) < angle_deg(inverse(true) @ coarse.matrix) - 2.0


def test_candidates_are_ordered_and_differ(candidates) -> None:
    evidence = [candidate.evidence for candidate in candidates]
    assert evidence == sorted(evidence, reverse=True)
    assert 1 < len(evidence) <= pose_search.KEPT
    assert 0.3 < candidates[0].inside <= 1.0
