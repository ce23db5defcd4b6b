"""Left or right: told from the bones, not from the header."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.atlas import depth_inside
from CTSMALib.anatomy.bone_mask import BONE_OUTSIDE_ATLAS_HU, fill_marrow, local_half_maximum
from CTSMALib.anatomy.grids import voxel_centers
from CTSMALib.anatomy.labels import TIBIA
from CTSMALib.anatomy.legs import KneeCandidate
from CTSMALib.anatomy.pose import Pose
from CTSMALib.errors import AnatomyError

# Where a fibula can be, in the tibia's joint frame: to one side, not in front, below the plateau.
FIBULA_ASIDE_MM, FIBULA_ANTERIOR_MM, FIBULA_TOP_MM = (14.0, 60.0), (-60.0, 14.0), -14.0
SHORTEST_FIBULA_MM, SMALLEST_FIBULA_ML = 10.0, 0.5
CLEAR_FIT_RATIO = 1.10  # the wrong side must fit at least this much worse to tell by shape alone


@dataclass(frozen=True)
class SideDecision:
    """Which side, on what evidence, and whether that suffices to tell medial from lateral.

    Attributes:
        side: "left" or "right".
        evidence: in words, strongest first.
        certain: ``False`` where only a slight difference in shape speaks for the side, or where the bones speak for
            both sides and neither user nor header says what the strongest evidence does.
        against: what in the bones speaks for the other side; empty where nothing does.
    """

    side: str
    evidence: str
    certain: bool
    against: str = ""


def decide_side(
    candidate: KneeCandidate, image: sitk.Image, stated: str = "", wanted: str = "", fibula: bool = True
) -> tuple[SideDecision, Pose]:
    """Decide the side of a knee and pick the fit for it.

    Args:
        candidate: fits for both sides.
        image: HU on an axis-aligned isotropic grid around the knee.
        stated: "left" or "right" where the header says so; heard only if the bones do not tell, or say both.
        wanted: "left" or "right" where the user says so; heard before the header.
        fibula: whether the image shows one if it is there; not where only other bones were labelled.

    Returns:
        The decision and the best pose of that side.

    Raises:
        AnatomyError: the bones clearly show another side than the user's.
    """
    best = {side: _best(candidate, side) for side in ("left", "right")}
    explained = {side: max(pose.explained, 1e-6) for side, pose in best.items()}
    by_shape = max(explained, key=lambda side: explained[side])
    ratio = max(explained.values()) / min(explained.values())
    shape = f"shape of the bones (fits a {by_shape} knee {100 * (ratio - 1):.0f} % better)"
    cues = [
        (_side_by_fibula(image, candidate.pose) if fibula else "", "fibula"),
        (candidate.side_by_other_leg, "position of the other leg"),
        (by_shape if ratio >= CLEAR_FIT_RATIO else "", shape),
    ]
    told = [(side, name) for side, name in cues if side]
    if not told:
        # Nothing in the bones decides: a word from outside does, and if there is none, the slightly better fit.
        words = [(wanted, "user"), (stated, "header")]
        side, name = next(((s, n) for s, n in words if s), (by_shape, shape))
        return SideDecision(side, name, certain=bool(wanted or stated)), best[side]
    side = told[0][0]
    if wanted and wanted != side:
        raise AnatomyError(
            f"The {wanted} knee was asked for, but the bones are those of a {side} knee ({told[0][1]}).",
            "Leave out --side to analyze it, or check whether the scan was stored mirrored.",
        )
    against = "; ".join(name for cue, name in told if cue != side)
    # The header of a scan of both legs says nothing of one knee.
    heard = ((wanted, "user"), ("" if candidate.side_by_other_leg else stated, "header"))
    confirmed = [name for word, name in heard if against and word == side]
    evidence = "; ".join([name for cue, name in told if cue == side] + confirmed)
    if against:
        evidence += f" (against it: {against})"
    return SideDecision(side, evidence, certain=not against or bool(confirmed), against=against), best[side]


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
    hard = region & (hu > np.maximum(local_half_maximum(hu, spacing), BONE_OUTSIDE_ATLAS_HU))
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
