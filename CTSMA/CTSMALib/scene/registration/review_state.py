"""What the panel of the registration review shows, as one typed value that is saved with the scene."""

from __future__ import annotations

from dataclasses import dataclass, replace

from CTSMALib.registration.names import GUIDES, MR
from CTSMALib.registration.review.corrections import WHOLE as WHOLE  # panels take it from here
from CTSMALib.scene.registration.before_after import AFTER, STATES
from CTSMALib.scene.registration.modes import CONTOUR, MODES
from CTSMALib.scene.state import NO_NODE, NodeId

MODULE = "CTSMARegistration"  # whose parameter node holds the state
STEPS = (0.1, 0.5, 2.0)  # mm, and degrees
SQUARE_MM = (2.0, 40.0)
RADIUS_MM = (5.0, 60.0)


@dataclass(frozen=True)
class ReviewState:
    """The state of the panel and of the views it drives.

    Attributes:
        ct, mr: the chosen volume nodes.
        mr_labels: bones outlined in the MR, a label map or a segmentation.
        subject: what is moved: the name of a bone, or :data:`WHOLE` for all bones together; empty before a review.
        step: of one nudge, of :data:`STEPS`, in mm or degrees.
        mode: how CT and MR are shown, of :data:`~CTSMALib.scene.registration.modes.MODES`.
        opacity: of the MR over the CT, 0 to 1.
        square_mm: edge of a square of the checkerboard.
        radius_mm: of the spyglass.
        period_s: of rocking and flickering.
        shown: which motion is shown, of :data:`~CTSMALib.scene.registration.before_after.STATES`.
        error_colors: whether bones are colored by the estimated error.
        handles: whether the views show handles.
        anywhere: whether a drag anywhere in a slice moves the bone while handles are shown.
        points: whether pairs of points are drawn in the views.
        cohort: folder of the cohort under review; empty for none.
        case: name of its case that is open.
        case_status: cases of which status are listed; empty for all.
        case_text: words that listed cases hold.
        second_reading: whether cases are read a second time, blind to what others decided.
        guide: what a registration compares with the CT, of :data:`~CTSMALib.registration.names.GUIDES`.
    """

    ct: NodeId = NO_NODE
    mr: NodeId = NO_NODE
    mr_labels: NodeId = NO_NODE
    subject: str = ""
    step: float = 0.5
    mode: str = CONTOUR
    opacity: float = 0.5
    square_mm: float = 12.0
    radius_mm: float = 20.0
    period_s: float = 1.2
    shown: str = AFTER
    error_colors: bool = False
    handles: bool = False
    anywhere: bool = False
    points: bool = True
    cohort: str = ""
    case: str = ""
    case_status: str = ""
    case_text: str = ""
    second_reading: bool = False
    guide: str = MR

    def valid(self, bones: tuple[str, ...] = ()) -> ReviewState:
        """The state with the default in the place of every choice that does not exist, as in a damaged scene.

        Args:
            bones: of the open review.
        """
        choices: dict[str, tuple[object, ...]] = {"mode": MODES, "shown": STATES, "step": STEPS, "guide": GUIDES}
        wrong = {name for name, allowed in choices.items() if getattr(self, name) not in allowed}
        state = replace(self, **{name: getattr(ReviewState(), name) for name in wrong})
        subject = self.subject if self.subject in (*bones, WHOLE) else (bones[0] if bones else "")
        return replace(
            state, subject=subject, opacity=_within(self.opacity, (0.0, 1.0)),
            square_mm=_within(self.square_mm, SQUARE_MM), radius_mm=_within(self.radius_mm, RADIUS_MM),
            period_s=_within(self.period_s, (0.2, 5.0)),
        )  # fmt: skip


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
