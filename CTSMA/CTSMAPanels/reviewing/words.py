"""What a user reads for the choices of a review."""

from __future__ import annotations

from slicer.i18n import tr as _

from CTSMALib.scene.registration.review_state import WHOLE


def mode_words() -> dict[str, str]:
    """For ways to see CT and MR, in the order of the list."""
    return {
        "contour": _("Outline of the CT on the MR"),
        "blend": _("Blend"),
        "rock": _("Rock (fade to and fro)"),
        "flicker": _("Flicker"),
        "checkerboard": _("Checkerboard"),
        "spyglass": _("Spyglass at the mouse"),
        "red-cyan": _("Red CT, cyan MR"),
        "side by side": _("Side by side"),
    }


def motion_words() -> dict[str, str]:
    """For motions that can be shown."""
    return {
        "after": _("Corrected (after)"),
        "auto": _("As found (before)"),
        "knee": _("Whole knee as one"),
    }


def subject_words() -> dict[str, str]:
    """For what can be moved."""
    return {
        "femur": _("Femur"),
        "tibia": _("Tibia"),
        "patella": _("Patella"),
        "fibula": _("Fibula"),
        WHOLE: _("Whole knee (all bones)"),
    }


def guide_words() -> dict[str, str]:
    """For what a registration compares with the CT, in the order of the list."""
    return {
        "mr": _("The MR itself"),
        "synthetic": _("A synthetic CT made of the MR"),
        "both": _("Both"),
    }


def decision_words() -> dict[str, str]:
    """For decisions."""
    return {
        "accepted": _("Accepted"),
        "needs work": _("Needs work"),
        "rejected": _("Rejected"),
        "auto": _("Accepted by the program"),
    }


def verdict_words() -> dict[str, str]:
    """For verdicts of the program."""
    return {"good": _("good"), "check": _("check"), "failed": _("failed"), "": "–"}


def status_words() -> dict[str, tuple[str, str]]:
    """For cases of a cohort: a sign, and words."""
    return {
        "unreviewed": ("○", _("Unreviewed")),
        "in part": ("◐", _("In part")),
        "needs work": ("!", _("Needs work")),
        "rejected": ("✗", _("Rejected")),
        "accepted": ("✓", _("Accepted")),
        "auto": ("✓", _("Accepted by the program")),
        "not registered": ("–", _("Not registered")),
        "refused": ("–", _("Refused")),
        "damaged": ("?", _("Damaged")),
    }
