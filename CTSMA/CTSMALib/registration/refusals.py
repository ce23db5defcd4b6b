"""Why a registration was refused: the other knee, a mirror image, or something else altogether."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.grids import AIR_HU
from CTSMALib.errors import AnatomyError, InputError
from CTSMALib.registration.fixed_knee import WHOLE, FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.pose_search import search_pose
from CTSMALib.registration.quality import LEAST_SIMILARITY
from CTSMALib.registration.similarity import sampled
from CTSMALib.registration.stages import KNEE_AROUND_MM, KNEE_SCALES, fit_knee
from CTSMALib.volumes.rigid import Matrix, applied

CLEARLY = 1.3  # by how much more the mirrored CT explains where nothing else fits
AS_CT = 0.8  # correlation with the CT that no MR reaches
FEWEST = 100  # points


def mirrored(fixed: FixedKnee) -> FixedKnee:
    """The knee with left and right exchanged; CT and labels are put on one grid first, so that they stay together."""
    ct = sitk.Resample(fixed.ct, fixed.labels, sitk.Transform(), sitk.sitkLinear, AIR_HU, sitk.sitkFloat32)
    flipped = []
    for image in (ct, fixed.labels):
        result = sitk.GetImageFromArray(sitk.GetArrayFromImage(image)[:, :, ::-1].copy())
        result.CopyInformation(image)
        flipped.append(result)
    return FixedKnee(*flipped)


def refuse_ct(fixed: FixedKnee, moving: MovingKnee, knee: Matrix) -> None:
    """Refuse a moving scan that is brighter wherever the CT is denser, as no MR is.

    Raises:
        InputError: it is a CT.
    """
    sigma, count = KNEE_SCALES[-1]
    points, level = fixed.points(WHOLE, count, sigma, KNEE_AROUND_MM[-1]), moving.level(sigma)
    signal = sampled(level.signal, level.to_index, applied(knee, points.points_mm))
    known = np.isfinite(signal)
    if known.sum() > FEWEST and np.corrcoef(points.bins[known], signal[known])[0, 1] > AS_CT:
        raise InputError("The scan to register is a CT as well.", "Give the CT first and the MR second.")


def against_mirror(fixed: FixedKnee, moving: MovingKnee, knee: Matrix) -> tuple[float, bool]:
    """How much the mirror image of the CT explains of the MR, of what the CT does; and whether they look alike at all.

    On virtual pairs of one knee it explained at most half as much, on real ones in thick slices at most 56 %; on pairs
    of the other knee never less than the CT itself.

    Args:
        fixed: the CT.
        moving: the MR.
        knee: (4, 4) best motion that was found.
    """
    other = mirrored(fixed)
    found = search_pose(other.ct, other.labels, moving.image)
    if not found:
        return 0.0, False
    best = fit_knee(other, moving, [candidate.matrix for candidate in found])
    given = fit_knee(fixed, moving, [knee])  # a user's motion is rough
    return best.worth / max(given.worth, 1e-9), best.similarity.value > LEAST_SIMILARITY


def other_knee() -> AnatomyError:
    """The refusal of an MR that the mirrored CT fits no worse."""
    return AnatomyError(
        "The MR shows the other knee, or one of the scans is stored as a mirror image.",
        "Give CT and MR of the same knee, with the orientation that the scanner wrote.",
    )


def not_found() -> AnatomyError:
    """The refusal of an MR in which neither femur nor tibia was found."""
    return AnatomyError(
        "The bones of the CT were not found in the MR: it shows another part of the body, another person, or too "
        "little of the knee, or it is no MR.",
        "Check both scans; where they are right, set landmarks or a first transform and give them with --initial.",
    )
