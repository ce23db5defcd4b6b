"""Left or right: told from the bones, not from the header."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.atlas import depth_inside
from CTSMALib.anatomy.bone_mask import fill_marrow, local_half_maximum
from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.anatomy.labels import TIBIA
from CTSMALib.anatomy.legs import KneeCandidate
from CTSMALib.anatomy.pose import Pose

# Where a fibula can be, in the tibia's joint frame: to one side, not in front, below the plateau.
FIBULA_ASIDE_MM, FIBULA_ANTERIOR_MM, FIBULA_TOP_MM = (14.0, 60.0), (-60.0, 14.0), -14.0
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
    points = voxel_centers(image)
    local = (points - frame.origin_mm) @ frame.axes.T  # patient's right, anterior, proximal
    region = _between(np.abs(local[..., 0]), FIBULA_ASIDE_MM) & _between(local[..., 1], FIBULA_ANTERIOR_MM)
    region &= local[..., 2] < FIBULA_TOP_MM
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


def _between(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values > limits[0]) & (values < limits[1])
