"""Target registration error at points that a person set in both scans, and corrections that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.registration.record import LandmarkPair, RegistrationRecord
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.volumes.rigid import Matrix, applied, fixed_to_moving_lps, moving_to_fixed_ras


@dataclass(frozen=True)
class PointError:
    """Of one pair.

    Attributes:
        pair: the points.
        error_mm: distance of the point of the MR from where the composed motion takes that of the CT; ``None`` where
            the bone was not registered.
    """

    pair: LandmarkPair
    error_mm: float | None


@dataclass(frozen=True)
class ErrorSummary:
    """Of several points: how many, and their errors in mm."""

    count: int
    mean_mm: float
    max_mm: float
    rms_mm: float


@dataclass(frozen=True)
class BoneError:
    """Of a bone.

    Attributes:
        bone: its name.
        fitted: at the points that a fit may use; a fit makes this small whether it is right or not. ``None`` without
            such points.
        held_out: at those kept out of every fit, which measure the registration; ``None`` without.
    """

    bone: str
    fitted: ErrorSummary | None
    held_out: ErrorSummary | None


def point_errors(record: RegistrationRecord, corrections: Corrections | None = None) -> tuple[PointError, ...]:
    """The error at every pair of a record, in its order.

    Args:
        record: holds the pairs.
        corrections: whose motions count; those of the record by default.
    """
    corrections = corrections or Corrections.of_record(record)
    motions = {bone: fixed_to_moving_lps(corrections.composed(bone)) for bone in corrections.bones}
    return tuple(PointError(pair, _error_mm(pair, motions)) for pair in record.landmarks)


def bone_errors(points: Iterable[PointError]) -> tuple[BoneError, ...]:
    """Points put together by bone, in the order of their first point; pairs without an error are left out."""
    known: dict[str, tuple[list[float], list[float]]] = {}
    for point in points:
        if point.error_mm is not None:
            known.setdefault(point.pair.bone, ([], []))[point.pair.held_out].append(point.error_mm)
    return tuple(BoneError(bone, _summary(used), _summary(held_out)) for bone, (used, held_out) in known.items())


def motion_from_landmarks(record: RegistrationRecord, bone: str) -> Matrix:
    """The rigid motion that fits the pairs of a bone best (least squares); held-out pairs do not count.

    Returns:
        (4, 4) from RAS points of the MR to those of the CT: what the composed motion should be.

    Raises:
        InputError: fewer than three pairs, pairs on a line, or pairs of a mirror image.
    """
    from CTSMALib.registration.landmarks import check_pairs, fitted  # needs numba, which errors alone do not

    used = [pair for pair in record.landmarks if pair.bone == bone and not pair.held_out]
    ct = np.array([pair.ct_lps_mm for pair in used], dtype=float).reshape(-1, 3)
    mr = np.array([pair.mr_lps_mm for pair in used], dtype=float).reshape(-1, 3)
    check_pairs(bone, ct, mr)
    return moving_to_fixed_ras(fitted((ct, mr)))


def fitted_to_landmarks(corrections: Corrections, record: RegistrationRecord, bone: str) -> Corrections:
    """Corrections with T_user of a bone such that the composed motion fits its pairs; see above.

    Raises:
        InputError: as of :func:`motion_from_landmarks`.
        KeyError: the bone was not registered.
    """
    return corrections.placed(bone, motion_from_landmarks(record, bone))


def next_id(record: RegistrationRecord) -> str:
    """A name that no pair of the record has: one more than the highest number."""
    numbers = [int(pair.id) for pair in record.landmarks if pair.id.isascii() and pair.id.isdigit()]
    return str(max(numbers, default=0) + 1)


def with_landmark(record: RegistrationRecord, pair: LandmarkPair) -> RegistrationRecord:
    """The record with one more pair; a pair of the same ID is replaced where it stands.

    Raises:
        InputError: the bone is not one of the record, the ID is empty, or a coordinate is no number.
    """
    names = [bone.name for bone in record.bones]
    if pair.bone not in names:
        raise InputError(f"The registration has no bone '{pair.bone}'.", f"Choose one of {', '.join(names)}.")
    if not pair.id or not np.all(np.isfinite([*pair.ct_lps_mm, *pair.mr_lps_mm])):
        raise InputError("The landmark has no name, or no place.", "Set the point in both scans.")
    if any(known.id == pair.id for known in record.landmarks):
        return replace(record, landmarks=tuple(pair if known.id == pair.id else known for known in record.landmarks))
    return replace(record, landmarks=(*record.landmarks, pair))


def without_landmark(record: RegistrationRecord, name: str) -> RegistrationRecord:
    """The record without the pair of an ID; the same record where there is none."""
    left = tuple(pair for pair in record.landmarks if pair.id != name)
    return record if len(left) == len(record.landmarks) else replace(record, landmarks=left)


def _error_mm(pair: LandmarkPair, motions: Mapping[str, Matrix]) -> float | None:
    if pair.bone not in motions:
        return None
    there = applied(motions[pair.bone], np.array(pair.ct_lps_mm))
    return float(np.linalg.norm(there - np.array(pair.mr_lps_mm)))


def _summary(errors_mm: list[float]) -> ErrorSummary | None:
    if not errors_mm:
        return None
    values = np.array(errors_mm)
    return ErrorSummary(
        len(values), float(values.mean()), float(values.max()), float(np.sqrt((values**2).mean()))
    )  # fmt: skip
