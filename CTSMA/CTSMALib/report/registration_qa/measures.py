"""Every bone of a registration in numbers: as it was found, and as it lies now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.record import ACCEPTED, AUTOMATIC, FAILED, REJECTED, BoneRecord, Quality, Review
from CTSMALib.registration.review.bone_overlap import BoneOverlap
from CTSMALib.registration.review.corrections import WHOLE, Corrections
from CTSMALib.registration.review.decisions import MOVED, latest
from CTSMALib.registration.review.landmark_error import ErrorSummary, PointError, bone_errors, point_errors
from CTSMALib.report.registration_qa.sources import ReviewedRegistration, is_judged
from CTSMALib.volumes.rigid import applied

UNREVIEWED = "not reviewed"
PROBE_MM = 0.5  # step of the differences that a displacement's gradient is taken from
REACH_MM = 60.0  # around the center of a bone where the gradient is looked at
PROBES = 9  # along each axis


@dataclass(frozen=True)
class MotionMeasures:
    """How one motion of a bone fits.

    Attributes:
        quality: as judged; ``None`` where the bone was moved since.
        held_out: error at points kept out of every fit; ``None`` without.
        fitted: at points that a fit may use; ``None`` without.
        overlap: with the bone as outlined in the MR; ``None`` where it was not.
    """

    quality: Quality | None
    held_out: ErrorSummary | None
    fitted: ErrorSummary | None
    overlap: BoneOverlap | None


@dataclass(frozen=True, eq=False)
class BoneMeasures:
    """One bone.

    Attributes:
        bone: its record.
        review: the last decision about it; ``None`` where there is none.
        before: as found.
        after: as it lies now; the same object where no person moved it.
        moved: by how much its center was moved (mm) and turned (degrees); ``None`` where it was not.
        determinant: lowest and highest determinant of the Jacobian of its motion.
    """

    bone: BoneRecord
    review: Review | None
    before: MotionMeasures
    after: MotionMeasures
    moved: tuple[float, float] | None
    determinant: tuple[float, float]

    @property
    def name(self) -> str:
        """Of the bone."""
        return self.bone.name

    @property
    def decision(self) -> str:
        """The last one, or that there is none."""
        return self.review.decision if self.review else UNREVIEWED

    @property
    def is_signed(self) -> bool:
        """Whether it may be used."""
        return self.decision in (ACCEPTED, AUTOMATIC)

    @property
    def counts(self) -> bool:
        """Whether checks are about it: what is rejected, or failed and was not accepted, is not used anyway."""
        return self.is_signed or (self.decision != REJECTED and self.bone.verdict != FAILED)


def bone_measures(sources: ReviewedRegistration, bone: BoneRecord) -> BoneMeasures:
    """Of one bone of the record."""
    now = Corrections.of_record(sources.record)
    after = _measures(sources, bone, now, _quality(bone))
    before, moved = after, None
    if now.is_corrected(bone.name):
        before, moved = _measures(sources, bone, now.reset(WHOLE), bone.auto_quality), now.amount(bone.name)
    determinant = jacobian_determinants(bone, sources.local)
    return BoneMeasures(bone, latest(sources.record, bone.name), before, after, moved, determinant)


def is_of_person(review: Review) -> bool:
    """Whether a person decided it: neither the program, nor the mere motion of a bone that was decided on."""
    return review.decision != AUTOMATIC and review.reason != MOVED


def points(sources: ReviewedRegistration) -> tuple[tuple[PointError, PointError], ...]:
    """Every pair of landmarks with its error as found, and as the bone lies now."""
    now = Corrections.of_record(sources.record)
    both = (point_errors(sources.record, c) for c in (now.reset(WHOLE), now))
    return tuple(zip(*both, strict=True))


def jacobian_determinants(bone: BoneRecord, local: LocalField) -> tuple[float, float]:
    """Lowest and highest determinant of the Jacobian of a bone's motion, from LPS places of the CT to those of the MR.

    That of a rigid motion is the determinant of its matrix, everywhere. With a displacement in the MR it is taken by
    differences on a lattice around the bone's center.
    """
    motion = bone.fixed_to_moving_lps
    if not np.any(local.coefficients):
        value = float(np.linalg.det(motion[:3, :3]))
        return value, value
    x, y, z = bone.center_fixed_ras_mm
    steps = np.linspace(-REACH_MM, REACH_MM, PROBES)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3) + (-x, -y, z)
    columns = []
    for axis in np.eye(3):
        ends = (local.shown_at(applied(motion, lattice + sign * PROBE_MM * axis)) for sign in (1.0, -1.0))
        columns.append(np.subtract(*ends) / (2 * PROBE_MM))
    found = np.linalg.det(np.stack(columns, axis=-1))
    return float(found.min()), float(found.max())


def _quality(bone: BoneRecord) -> Quality | None:
    """Of the present motion."""
    return bone.quality if is_judged(bone) else None


def _measures(
    sources: ReviewedRegistration, bone: BoneRecord, corrections: Corrections, quality: Quality | None
) -> MotionMeasures:
    errors = {error.bone: error for error in bone_errors(point_errors(sources.record, corrections))}
    at = errors.get(bone.name)
    overlap = sources.overlap(bone.name, corrections.composed(bone.name))
    return MotionMeasures(quality, at.held_out if at else None, at.fitted if at else None, overlap)
