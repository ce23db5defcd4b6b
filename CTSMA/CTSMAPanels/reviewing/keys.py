"""Keys that move a bone while the module is open, and what each of the twelve nudges does."""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _

UNDO_KEY, REDO_KEY, TOGGLE_KEY = "Z", "Shift+Z", "Q"


@dataclass(frozen=True)
class Nudge:
    """A step of a bone.

    Attributes:
        button: name of its button.
        key: of the keyboard.
        axis: (3,) RAS: direction of a shift, or axis of a turn by the right-hand rule.
        turns: whether it turns.
    """

    button: str
    key: str
    axis: tuple[float, float, float]
    turns: bool = False


NUDGES = (
    Nudge("moveRightButton", "J", (1.0, 0.0, 0.0)),
    Nudge("moveLeftButton", "L", (-1.0, 0.0, 0.0)),
    Nudge("moveFrontButton", "U", (0.0, 1.0, 0.0)),
    Nudge("moveBackButton", "O", (0.0, -1.0, 0.0)),
    Nudge("moveUpButton", "I", (0.0, 0.0, 1.0)),
    Nudge("moveDownButton", "K", (0.0, 0.0, -1.0)),
    Nudge("turnTopRightButton", "Shift+J", (0.0, 1.0, 0.0), True),
    Nudge("turnTopLeftButton", "Shift+L", (0.0, -1.0, 0.0), True),
    Nudge("turnFrontLeftButton", "Shift+O", (0.0, 0.0, 1.0), True),
    Nudge("turnFrontRightButton", "Shift+U", (0.0, 0.0, -1.0), True),
    Nudge("turnFrontUpButton", "Shift+I", (1.0, 0.0, 0.0), True),
    Nudge("turnFrontDownButton", "Shift+K", (-1.0, 0.0, 0.0), True),
)


def nudge_words() -> dict[str, tuple[str, str]]:
    """What a button says, and what its tooltip says it does, by the name of the button."""
    return {
        "moveRightButton": (_("Right"), _("Move the bone of the MR to the right of the patient.")),
        "moveLeftButton": (_("Left"), _("Move the bone of the MR to the left of the patient.")),
        "moveFrontButton": (_("Front"), _("Move the bone of the MR to the front.")),
        "moveBackButton": (_("Back"), _("Move the bone of the MR to the back.")),
        "moveUpButton": (_("Up"), _("Move the bone of the MR up, towards the head.")),
        "moveDownButton": (_("Down"), _("Move the bone of the MR down, towards the foot.")),
        "turnTopRightButton": (_("Top right"), _("Tilt the top of the bone to the right, about its center.")),
        "turnTopLeftButton": (_("Top left"), _("Tilt the top of the bone to the left, about its center.")),
        "turnFrontRightButton": (_("Front right"), _("Turn the front of the bone to the right, about its center.")),
        "turnFrontLeftButton": (_("Front left"), _("Turn the front of the bone to the left, about its center.")),
        "turnFrontUpButton": (_("Front up"), _("Tilt the front of the bone up, about its center.")),
        "turnFrontDownButton": (_("Front down"), _("Tilt the front of the bone down, about its center.")),
    }
