"""Which of the knees of a scan to analyze."""

from __future__ import annotations

from CTSMALib.anatomy.legs import KneeCandidate
from CTSMALib.errors import AnatomyError


def no_knee(modality: str) -> AnatomyError:
    """The refusal of a scan without a knee."""
    return AnatomyError(
        f"No knee joint was found in this {modality}.",
        "Check that the scan shows the ends of femur and tibia and that its orientation is stored correctly.",
    )


def check_side(side: str) -> None:
    """Refuse what is no choice of knees.

    Raises:
        ValueError: ``side`` is none of "auto", "both", "left" and "right".
    """
    if side not in ("auto", "both", "left", "right"):
        raise ValueError(f"unknown side {side!r}")


def choose_knees(candidates: list[KneeCandidate], side: str) -> tuple[list[KneeCandidate], str]:
    """Which knees to analyze, and the side to impose on them if the user gave one.

    Args:
        candidates: the knees that were found, from the patient's right to left.
        side: "auto", "both", "left" or "right".

    Raises:
        AnatomyError: both knees were asked for and there are not two.
    """
    if side == "both" and len(candidates) != 2:
        raise AnatomyError(
            f"Both knees were asked for, but {len(candidates)} {'was' if len(candidates) == 1 else 'were'} found.",
            "Leave out --side, or give the side of the knee that is in the image.",
        )
    if side in ("auto", "both"):
        return candidates, ""
    if len(candidates) == 1:
        return candidates, side
    return [candidates[0] if side == "right" else candidates[-1]], side
