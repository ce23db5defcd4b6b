"""How good the motion of a bone is, judged without the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy import float64, full, isfinite
from numpy.typing import NDArray

from CTSMALib.registration.error_model import ErrorModel, far, shipped_model
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.record import CHECK, FAILED, GOOD, KneeQuality, Quality
from CTSMALib.registration.witnesses import Witnesses, call_witnesses, outline_and_similarity
from CTSMALib.volumes.rigid import Matrix

FAILED_MM, CHECK_MM = 2.0, 0.6  # estimated mean error
LEAST_INSIDE, DOUBTFUL_INSIDE = 0.15, 0.35  # share of the bone's surroundings that lies in the MR
LEAST_SIMILARITY = 1.03
COARSE_MM = 1.6  # voxels longer than those that the estimate was calibrated on
Array = NDArray[float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """A motion with everything that is known about it.

    Attributes:
        witnesses: what was found otherwise.
        quality: numbers for the record.
        model: from witnesses to millimeters.
    """

    witnesses: Witnesses
    quality: Quality
    model: ErrorModel

    def error_mm(self, points_mm: Array) -> Array:
        """(n,) estimated error at LPS points (n, 3) of the CT."""
        return self.model.error_mm(sources_of_error(self.witnesses, points_mm))


def judge(
    fixed: FixedKnee, bone: str, moving: MovingKnee, matrix: Matrix, local: LocalField,
    model: ErrorModel | None = None,
) -> Judged:  # fmt: skip
    """Judge a motion.

    Args:
        fixed: the CT.
        bone: name of a bone of it.
        moving: the MR.
        matrix: (4, 4) motion of the bone from the CT to the MR.
        local: of all bones, held loosely.
        model: from witnesses to millimeters; the shipped one by default.
    """
    model = model or shipped_model()
    seen = call_witnesses(fixed, bone, moving, matrix, local)
    surface = fixed.surface(bone).points_mm
    if not len(surface):  # a remnant with other bones all around
        surface = fixed.center_mm(bone)[None]
    estimated = float(model.error_mm(sources_of_error(seen, surface)).mean())
    quality = Quality(
        contour_mm=_or_none(seen.contour.distance_mm),
        contour_clear=seen.contour.clear,
        inverse_mm=_known_mean(seen.inverse_mm(surface)),
        halves_mm=_known_mean(seen.halves_mm(surface)),
        local_mm=float(seen.local_mm(surface).mean()),
        perturbed_mm=float(seen.perturbed_mm(surface).mean()),
        returned=seen.returned(surface),
        similarity=seen.similarity.value,
        inside=seen.similarity.inside,
        estimated_mm=estimated,
        estimated_95_mm=estimated * model.bound,
    )
    return Judged(seen, quality, model)


def knee_quality(fixed: FixedKnee, bone: str, moving: MovingKnee, knee: Matrix) -> KneeQuality:
    """How well the motion of the whole knee suits a bone, for comparison.

    Args:
        fixed, bone, moving: as of :func:`judge`.
        knee: (4, 4) motion of the knee from the CT to the MR.
    """
    contour, found = outline_and_similarity(fixed, bone, moving, knee)
    return KneeQuality(_or_none(contour.distance_mm), contour.clear, found.value, found.inside)


def _known_mean(values: Array) -> float | None:
    known = values[isfinite(values)]
    return float(known.mean()) if len(known) else None


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def sources_of_error(seen: Witnesses, points_mm: Array) -> dict[str, Array]:
    """:data:`~CTSMALib.registration.error_model.SOURCES` at LPS points (n, 3) of the CT: name to (n,)."""
    return {
        "inverse_mm": seen.inverse_mm(points_mm),
        "halves_mm": seen.halves_mm(points_mm),
        "perturbed_mm": seen.perturbed_mm(points_mm),
        "contour_mm": seen.contour_mm(points_mm),
        "local_mm": seen.local_mm(points_mm),
        "outside": full(len(points_mm), 1.0 - seen.similarity.inside),
        "far": far(seen.from_middle_mm(points_mm)),
    }


def verdict(quality: Quality, implausible: str = "", voxel_mm: float = 0.0) -> tuple[str, tuple[str, ...]]:
    """What to make of a motion.

    Args:
        quality: of it.
        implausible: why the bone cannot have moved so; empty where it can.
        voxel_mm: longest edge of a voxel of either scan.

    Returns:
        One of :data:`~CTSMALib.registration.record.VERDICTS`, and the reasons where it is not good.
    """
    if quality.inside < LEAST_INSIDE:
        return FAILED, (f"Only {quality.inside:.0%} of the bone lies in the MR.",)
    failed = []
    if quality.similarity < LEAST_SIMILARITY:
        failed.append("CT and MR do not look alike there.")
    if quality.estimated_mm > FAILED_MM:
        failed.append(f"The estimated error is {quality.estimated_mm:.1f} mm.")
    if implausible:
        failed.append(implausible)
    if failed:
        return FAILED, tuple(failed)
    check = []
    if quality.estimated_mm > CHECK_MM:
        check.append(f"The estimated error is {quality.estimated_mm:.1f} mm.")
    if quality.inside < DOUBTFUL_INSIDE:
        check.append(f"Only {quality.inside:.0%} of the bone lies in the MR.")
    if voxel_mm > COARSE_MM:
        check.append(f"With voxels of {voxel_mm:.1f} mm the error may be larger than estimated.")
    return (CHECK, tuple(check)) if check else (GOOD, ())
