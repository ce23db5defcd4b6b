"""What a registration found: the typed content of ``registration.json`` and of the table of patches beside it.

Nothing here reads or writes; see :mod:`CTSMALib.registration.record_folder`. Matrices in it are named as 3D Slicer uses
them: from RAS points of the MR to RAS points of the CT, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.notices import Notice
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps, moving_to_fixed_ras
from CTSMALib.volumes.scan import InputIdentity

SCHEMA_VERSION = "1.0"
GOOD, CHECK, FAILED = VERDICTS = ("good", "check", "failed")
ACCEPTED, NEEDS_WORK, REJECTED, AUTOMATIC = DECISIONS = ("accepted", "needs work", "rejected", "auto")
Row = tuple[float, float, float, float]
Rows = tuple[Row, Row, Row, Row]
IDENTITY: Rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))


@dataclass(frozen=True)
class StageRecord:
    """One step.

    Attributes:
        stage: one of :data:`~CTSMALib.registration.names.STAGES`.
        subject: ``"knee"`` or the name of a bone.
        moving_to_fixed_ras: where it led to.
        trace: similarity at every evaluation.
        similarity: at the end: normalised mutual information, 1 to 2; for the pose, evidence in nats.
        inside: share of the points that lie in the MR; for the pose, of the CT.
        made_by: engine and its version, or ``"user"``.
    """

    stage: str
    subject: str
    moving_to_fixed_ras: Rows
    trace: tuple[float, ...]
    similarity: float
    inside: float
    made_by: str


@dataclass(frozen=True)
class Quality:
    """How good the motion of a bone looks without knowing the truth.

    Attributes:
        contour_mm: mean distance of the CT's outline from the edges of the MR; ``None`` where too little is clear.
        contour_clear: share of the outline where the MR shows an edge clearly.
        inverse_mm: inverse consistency, mean over the surface; ``None`` where too little lies in the MR.
        halves_mm: how far what one half of the bone says lies from what all of it says; ``None`` likewise.
        local_mm: displacement that a rigid motion leaves.
        perturbed_mm: distance of what displaced starts lead to.
        returned: share of displaced starts that came back within a millimeter.
        similarity: normalised mutual information.
        inside: share of the bone's surroundings that lies in the MR.
        estimated_mm: mean local error over the surface as estimated from all of these.
        estimated_95_mm: bound that the error stays below with a probability of 95 %.
    """

    contour_mm: float | None
    contour_clear: float
    inverse_mm: float | None
    halves_mm: float | None
    local_mm: float
    perturbed_mm: float
    returned: float
    similarity: float
    inside: float
    estimated_mm: float
    estimated_95_mm: float


@dataclass(frozen=True)
class KneeQuality:
    """How well the motion of the whole knee suits one bone; attributes as of :class:`Quality`."""

    contour_mm: float | None
    contour_clear: float
    similarity: float
    inside: float


@dataclass(frozen=True)
class BoneRecord:
    """The motion of one bone.

    Attributes:
        name: of the bone.
        auto_moving_to_fixed_ras: found.
        user_moving_to_fixed_ras: correction by a person, applied after it.
        center_fixed_ras_mm: about which corrections turn.
        knee_quality: with the motion of the whole knee, for comparison.
        quality: with the composed motion.
        auto_quality: with what was found, before any correction.
        verdict: one of :data:`VERDICTS`.
        reasons: of a verdict other than good.
    """

    name: str
    auto_moving_to_fixed_ras: Rows
    user_moving_to_fixed_ras: Rows
    center_fixed_ras_mm: tuple[float, float, float]
    knee_quality: KneeQuality
    quality: Quality
    auto_quality: Quality
    verdict: str
    reasons: tuple[str, ...] = ()

    @property
    def moving_to_fixed_ras(self) -> Matrix:
        """(4, 4) composed."""
        composed: Matrix = np.array(self.user_moving_to_fixed_ras) @ np.array(self.auto_moving_to_fixed_ras)
        return composed

    @property
    def fixed_to_moving_lps(self) -> Matrix:
        """(4, 4) composed, as ITK resamples by."""
        return fixed_to_moving_lps(self.moving_to_fixed_ras)


@dataclass(frozen=True)
class PairedPatch:
    """A patch of the learning grid in both scans.

    Attributes:
        id, bone: of the patch.
        ct_mm: (3) LPS center in the CT.
        mr_mm: (3) LPS center in the MR.
        valid_fraction: share of the box that is trabecular bone in the CT.
        estimated_mm: local error as estimated.
        flags: why it is doubtful, of :data:`~CTSMALib.registration.patch_pairs.FLAGS`; empty where it is not.
    """

    id: str
    bone: str
    ct_mm: tuple[float, float, float]
    mr_mm: tuple[float, float, float]
    valid_fraction: float
    estimated_mm: float
    flags: tuple[str, ...] = ()

    @property
    def compartment(self) -> str:
        """Key of its compartment, with which its name begins."""
        return self.id.split("-")[0]


@dataclass(frozen=True)
class LandmarkPair:
    """A point that a person set in both scans.

    Attributes:
        id: unique in the registration.
        bone: that it belongs to.
        ct_lps_mm, mr_lps_mm: (3) place in either scan.
        held_out: kept out of every fit, to measure the error with.
        reader: who set it.
    """

    id: str
    bone: str
    ct_lps_mm: tuple[float, float, float]
    mr_lps_mm: tuple[float, float, float]
    held_out: bool
    reader: str


@dataclass(frozen=True)
class LocalRecord:
    """A displacement in the MR; see :class:`~CTSMALib.registration.local_field.LocalField`."""

    center_lps_mm: tuple[float, float, float]
    coefficients_mm: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Review:
    """What a person, or the program for virtual cohorts, decided about a bone.

    Attributes:
        bone: its name.
        decision: one of :data:`DECISIONS`.
        reviewer: who.
        time: ISO 8601, UTC.
        reason: why.
        software_version: with which.
    """

    bone: str
    decision: str
    reviewer: str
    time: str
    reason: str
    software_version: str


@dataclass(frozen=True)
class EarlierRun:
    """What a run found before another one started from it; kept so that nothing is lost."""

    created: str
    software_version: str
    first_stage: str
    stages: tuple[StageRecord, ...]
    bones: tuple[BoneRecord, ...]
    local: LocalRecord | None
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class RegistrationRecord:
    """A registration of an MR (moving) to a CT (fixed).

    Attributes:
        created: ISO 8601, UTC.
        fixed, moving: which data.
        side: of the knee: ``"left"``, ``"right"`` or ``"unknown"``.
        first_stage: where this run began, one of :data:`~CTSMALib.registration.names.STAGES`.
        started_from: what the user gave to start from; empty without it.
        stages: in their order.
        bones: by bone.
        patches: the learning grid; empty where the grid is not known.
        local: the local refinement; ``None`` without one.
        earlier: runs that this one was started from, the oldest first.
        reviews: decisions, the oldest first.
        landmarks: pairs of points that readers set.
        files: role to path in the folder.
        notices: what a reader must know.
    """

    software_version: str
    created: str
    fixed: InputIdentity
    moving: InputIdentity
    side: str
    first_stage: str
    started_from: str
    stages: tuple[StageRecord, ...]
    bones: tuple[BoneRecord, ...]
    patches: tuple[PairedPatch, ...]
    local: LocalRecord | None
    earlier: tuple[EarlierRun, ...]
    reviews: tuple[Review, ...]
    landmarks: tuple[LandmarkPair, ...]
    files: dict[str, str]
    notices: tuple[Notice, ...]
    schema_version: str = SCHEMA_VERSION

    def bone(self, name: str) -> BoneRecord:
        """A bone by name.

        Raises:
            KeyError: it was not registered.
        """
        for bone in self.bones:
            if bone.name == name:
                return bone
        raise KeyError(name)


def ras_rows(fixed_to_moving: Matrix) -> Rows:
    """A motion (4, 4) from LPS points of the CT to those of the MR, as records hold it."""
    return rows(moving_to_fixed_ras(fixed_to_moving))


def rows(matrix: Matrix) -> Rows:
    """A (4, 4) matrix as plain numbers."""
    return tuple(tuple(float(v) for v in row) for row in matrix)  # type: ignore[return-value]  # four by four
