"""Left or right: told from the bones, not from the header."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CTSMALib.anatomy.atlas import depth_inside
from CTSMALib.anatomy.bone_mask import fill_marrow, local_half_maximum
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import TIBIA
from CTSMALib.anatomy.legs import KneeCandidate
from CTSMALib.anatomy.pose import Pose

FIBULA_BOX_MM = {"beside": (14.0, 60.0), "anterior": (-60.0, 14.0), "below": -14.0}
SHORTEST_FIBULA_MM, SMALLEST_FIBULA_ML = 10.0, 0.5
CLEAR_FIT_RATIO = 1.10  # the wrong side must fit at least this much worse to tell by shape alone
HARD_BONE_HU = 200.0


@dataclass(frozen=True)
class SideDecision:
    """Which side, on what evidence, and whether the evidence is contradictory or thin.

    Attributes:
        side: "left" or "right".
        evidence: in words, strongest first.
        certain: ``False`` where it rests on a weak difference in shape or cues disagree.
    """

    side: str
    evidence: str
    certain: bool


def decide_side(candidate: KneeCandidate, image: sitk.Image, wanted: str = "") -> tuple[SideDecision, Pose]:
    """Decide the side of a knee and pick the fit for it.

    Args:
        candidate: fits for both sides.
        image: HU on an axis-aligned isotropic grid around the knee.
        wanted: "left" or "right" where the user says so; decides, but evidence against it is kept.

    Returns:
        The decision and the best pose of that side.
    """
    best = {side: _best(candidate, side) for side in ("left", "right")}
    explained = [max(p.explained, 1e-6) for p in best.values()]
    ratio = max(explained) / min(explained)
    by_fibula = _side_by_fibula(image, candidate.pose)
    by_shape = "left" if candidate.pose.mirrored else "right"
    cues = [(by_fibula, "fibula"), (candidate.side_by_other_leg, "position of the other leg")]
    if ratio >= CLEAR_FIT_RATIO or not any(side for side, _ in cues):
        cues.append((by_shape, f"shape of the bones (this side explains {100 * (ratio - 1):.0f} % more)"))
    told = [(side, name) for side, name in cues if side]
    side = wanted or told[0][0]
    agreeing = "; ".join(name for cue, name in told if cue == side)
    against = "; ".join(name for cue, name in told if cue != side)
    evidence = f"user; {agreeing}".rstrip("; ") if wanted else agreeing
    if against:
        evidence += f" (against it: {against})"
    certain = not against and (bool(by_fibula or candidate.side_by_other_leg) or ratio >= CLEAR_FIT_RATIO)
    return SideDecision(side, evidence, certain), best[side]


def _best(candidate: KneeCandidate, side: str) -> Pose:
    return next(p for p in candidate.poses if p.mirrored == (side == "left"))


def _side_by_fibula(image: sitk.Image, pose: Pose) -> str:
    """Side on which a second tubular bone accompanies the tibia; empty if none or on both."""
    hu = sitk.GetArrayViewFromImage(image)
    spacing = image.GetSpacing()[0]
    frame = pose.frame(TIBIA)
    points = index_to_lps(image, np.stack(np.indices(hu.shape), axis=-1))
    local = (points - frame.origin_mm) @ frame.axes.T  # patient's right, anterior, proximal
    beside = np.abs(local[..., 0])
    low, high = FIBULA_BOX_MM["anterior"]
    region = (beside > FIBULA_BOX_MM["beside"][0]) & (beside < FIBULA_BOX_MM["beside"][1])
    region &= (local[..., 1] > low) & (local[..., 1] < high) & (local[..., 2] < FIBULA_BOX_MM["below"])
    region &= depth_inside(pose.atlas, TIBIA, pose.to_atlas(points)) < -4.0
    hard = region & (hu > np.maximum(local_half_maximum(hu, spacing), HARD_BONE_HU))
    pieces, _ = ndimage.label(fill_marrow(hard, spacing, gap_mm=4.0))
    volume = {"right": 0.0, "left": 0.0}
    for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
        where = pieces[box] == piece
        size = where.sum() * spacing**3 / 1000
        length = (box[0].stop - box[0].start) * spacing
        if size >= SMALLEST_FIBULA_ML and length >= SHORTEST_FIBULA_MM:
            volume["right" if local[box][where][:, 0].mean() > 0 else "left"] += size
    larger = max(volume, key=lambda side: volume[side])
    smaller = "left" if larger == "right" else "right"
    return larger if volume[larger] > 3 * volume[smaller] else ""
