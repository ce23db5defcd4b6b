"""The patches of the learning grid in both scans, each with its estimated error."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from CTSMALib.anatomy.patch import Patch, Point, as_point
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.paired import Motions
from CTSMALib.registration.quality import Judged
from CTSMALib.registration.record import GOOD, BoneRecord, PairedPatch
from CTSMALib.registration.similarity import sampled

DOUBTFUL_MM = 0.8  # estimated error of a patch that is flagged
HALF_BOX_MM = 4.0
ERROR, OUTSIDE, BONE, COMPARTMENT = "error", "outside", "bone", "compartment"
FLAGS = {
    ERROR: f"estimated error above {DOUBTFUL_MM} mm",
    OUTSIDE: "the box leaves the MR",
    BONE: "the registration of the bone is not good",
    COMPARTMENT: "the CT cannot be relied on in the compartment: it is incomplete, or metal is near",
}


@dataclass(frozen=True)
class FixedPatch:
    """A patch of the learning grid in the CT; attributes as of :class:`~CTSMALib.anatomy.patch.Patch`."""

    id: str
    bone: str
    compartment: str
    center_lps_mm: Point
    valid_fraction: float

    @classmethod
    def of(cls, patch: Patch) -> FixedPatch:
        """What of a patch is needed here."""
        return cls(patch.id, patch.bone, patch.compartment, patch.center_lps_mm, patch.valid_fraction)


def pair_patches(
    patches: Sequence[FixedPatch], motions: Motions, judgments: Mapping[str, Judged], bones: Sequence[BoneRecord],
    moving: MovingKnee, refused: Collection[str] = (),
) -> tuple[PairedPatch, ...]:  # fmt: skip
    """Pair patches.

    Args:
        patches: of the CT, on bones that were registered.
        motions: where they appear in the MR.
        judgments: of the bones, by name.
        bones: with their verdicts.
        moving: the MR.
        refused: keys of compartments in which the CT cannot be relied on.
    """
    verdicts = {bone.name: bone.verdict for bone in bones}
    level = moving.level(0.0)
    paired = []
    for patch in patches:
        center = np.array([patch.center_lps_mm])
        there = motions.of_bone(patch.bone, center)
        error = float(judgments[patch.bone].error_mm(center)[0])
        corners = HALF_BOX_MM * np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T
        seen = sampled(level.signal, level.to_index, motions.of_bone(patch.bone, center + corners))
        doubts = {
            ERROR: error > DOUBTFUL_MM,
            OUTSIDE: not np.isfinite(seen).all(),
            BONE: verdicts[patch.bone] != GOOD,
            COMPARTMENT: patch.compartment in refused,
        }
        flags = tuple(name for name, doubtful in doubts.items() if doubtful)
        paired.append(
            PairedPatch(
                patch.id, patch.bone, as_point(center[0]), as_point(there[0]), patch.valid_fraction, error, flags
            )
        )
    return tuple(paired)
