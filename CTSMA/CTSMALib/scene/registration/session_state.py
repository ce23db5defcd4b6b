"""What a review can go back to: the record with the corrections that it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from CTSMALib.registration.record import BoneRecord, RegistrationRecord
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.decisions import after_correction
from CTSMALib.scene.geometry import flipped
from CTSMALib.scene.registration.judging import judged_bones, moved
from CTSMALib.volumes.rigid import angle_deg, inverse

_TURNS = (("front down", "front up"), ("top left", "top right"), ("front right", "front left"))  # about RAS axes
_DIRECTIONS = (("left", "right"), ("backward", "forward"), ("down", "up"))  # of RAS axes, of the patient


@dataclass(frozen=True, eq=False)
class SessionState:
    """One state; corrections, points and decisions come back together.

    Attributes:
        record: with everything.
        corrections: those that it holds.
        judged: bone to its record when it was judged last.
    """

    record: RegistrationRecord
    corrections: Corrections
    judged: Mapping[str, BoneRecord]

    @classmethod
    def of(cls, record: RegistrationRecord) -> SessionState:
        """That of a record."""
        return cls(record, Corrections.of_record(record), judged_bones(record))

    def corrected(self, corrections: Corrections, bones: Collection[str], reviewer: str) -> SessionState:
        """After bones were moved: their patches follow, acceptances are void, and qualities are of another motion.

        Args:
            corrections: the new ones.
            bones: that they move.
            reviewer: who moved them.
        """
        record = moved(corrections.applied_to(self.record), bones, self.judged)
        for bone in bones:
            record = after_correction(record, bone, reviewer)
        return SessionState(record, corrections, self.judged)

    def with_record(self, record: RegistrationRecord) -> SessionState:
        """With another record; corrections stay the same object where no bone differs."""
        if record.bones == self.record.bones:
            return SessionState(record, self.corrections, self.judged)
        return SessionState(record, Corrections.of_record(record), {**self.judged, **judged_bones(record)})


def differences(before: SessionState, after: SessionState) -> tuple[str, ...]:
    """What differs, by the reasons that watchers are told."""
    old, new = before.record, after.record
    pairs = zip(new.bones, old.bones, strict=True)
    found = {
        "motion": bool(after.corrections.changed_from(before.corrections)),
        "landmarks": new.landmarks != old.landmarks,
        "decisions": new.reviews != old.reviews,
        "record": new.earlier != old.earlier or any(_judgment(a) != _judgment(b) for a, b in pairs),
    }
    return tuple(reason for reason, differs in found.items() if differs)


def heading(vector_ras: NDArray[np.float64]) -> tuple[str, str]:
    """The direction of a (3,) vector, as a key to compare, and as a word for the axis that is nearest to it."""
    length = float(np.linalg.norm(vector_ras))
    if length == 0.0:
        return "", ""
    axis = int(np.abs(vector_ras).argmax())
    unit = np.round(vector_ras / length, 3) + 0.0  # no negative zeros
    return str(unit.tolist()), _DIRECTIONS[axis][int(vector_ras[axis] > 0)]


def way_of_turn(axis_ras: NDArray[np.float64]) -> str:
    """What a turn by the right-hand rule about a (3,) axis does to a bone, by the RAS axis that is nearest to it."""
    axis = int(np.abs(axis_ras).argmax())
    return _TURNS[axis][int(axis_ras[axis] > 0)]


def moved_mm(before: Corrections, after: Corrections, subject: str) -> float:
    """How far the center of a bone, or of the ``"knee"``, went."""
    return float(np.linalg.norm(after.center_ras_mm(subject) - before.center_ras_mm(subject)))


def turned_deg(before: Corrections, after: Corrections, subject: str) -> float:
    """By how much a bone, or the ``"knee"``, was turned."""
    bone = subject if subject in after.user else after.bones[0]
    return angle_deg(after.user[bone] @ inverse(before.user[bone]))


def lps(point_ras_mm: ArrayLike) -> tuple[float, float, float]:
    """A (3,) RAS point as plain LPS numbers."""
    x, y, z = (float(v) for v in flipped(np.asarray(point_ras_mm, dtype=float)))
    return x, y, z


def _judgment(bone: BoneRecord) -> tuple[object, ...]:
    return bone.quality, bone.verdict, bone.reasons
