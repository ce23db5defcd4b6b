"""The ways to see CT and MR together, and which one is shown."""

from __future__ import annotations

from CTSMALib.scene.registration.review_nodes import ReviewNodes

CONTOUR, BLEND, ROCK, FLICKER = "contour", "blend", "rock", "flicker"
CHECKERBOARD, SPYGLASS, RED_CYAN, SIDE_BY_SIDE = "checkerboard", "spyglass", "red-cyan", "side by side"
MODES = (CONTOUR, BLEND, ROCK, FLICKER, CHECKERBOARD, SPYGLASS, RED_CYAN, SIDE_BY_SIDE)
MIXED = (CHECKERBOARD, SPYGLASS)  # need refresh_pictures() after every move
_MODE = "mode"  # parameter


def mode_of(review: ReviewNodes) -> str:
    """The mode that was shown last; empty before the first."""
    return str(review.node.GetParameter(_MODE) or "")


def note_mode(review: ReviewNodes, mode: str) -> None:
    """Let a mode be the one that is shown."""
    review.node.SetParameter(_MODE, mode)
