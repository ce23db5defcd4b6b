"""Pairs of points: to correct a bone by, and to measure the error with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from slicer.i18n import tr as _

from CTSMALib.scene.registration.point_entry import CT, MR, PointEntry
from CTSMALib.scene.registration.review_state import WHOLE, ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMAPanels.qt_values import allow, put, value_of
from CTSMAPanels.reviewing.words import subject_words
from CTSMAPanels.tables import chosen_key, fill, prepare
from CTSMAPanels.ui_files import load_panel

FEWEST = 3


class LandmarkActions(Protocol):
    """What the panel asks for."""

    def place_point(self, scan: str) -> None:
        """Let the next click place the point of a scan."""

    def add_pair(self, held_out: bool, snap: bool) -> None:
        """Make a pair of the two points."""

    def jump_to_pair(self, name: str) -> None:
        """Show a pair in the views."""

    def hold_out(self, name: str) -> None:
        """Keep a pair out of fits, or let them use it."""

    def snap(self, name: str) -> None:
        """Move the points of a pair to the edge of the bone."""

    def delete_pair(self, name: str) -> None:
        """Remove a pair."""

    def fit(self) -> None:
        """Correct the bone under work by its pairs."""


class LandmarksPanel:
    """The pairs of points of a review.

    Args:
        on_change: called with fields of :class:`ReviewState` that the user changed.
        actions: asked for what the buttons say.
    """

    UI_FILE = "CTSMAReviewLandmarks.ui"

    def __init__(self, on_change: Callable[..., None], actions: LandmarkActions) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._actions = actions
        self._closed = ""
        prepare(self.ui.landmarkTable, [_("Pair"), _("Bone"), _("Held out"), _("TRE (mm)")], 1)
        self.ui.ctPointButton.clicked.connect(lambda *_args: actions.place_point(CT))
        self.ui.mrPointButton.clicked.connect(lambda *_args: actions.place_point(MR))
        self.ui.pointsCheckBox.toggled.connect(
            lambda *_args: on_change(points=bool(value_of(self.ui.pointsCheckBox, "checked")))
        )
        self.ui.addButton.clicked.connect(
            lambda *_args: actions.add_pair(
                bool(value_of(self.ui.heldOutCheckBox, "checked")), bool(value_of(self.ui.snapCheckBox, "checked"))
            )
        )
        self.ui.landmarkTable.itemSelectionChanged.connect(self._row_chosen)
        self.ui.holdOutButton.clicked.connect(lambda *_args: actions.hold_out(self.chosen))
        self.ui.snapButton.clicked.connect(lambda *_args: actions.snap(self.chosen))
        self.ui.deleteButton.clicked.connect(lambda *_args: actions.delete_pair(self.chosen))
        self.ui.fitButton.clicked.connect(lambda *_args: actions.fit())

    @property
    def chosen(self) -> str:
        """ID of the selected pair; empty for none."""
        return chosen_key(self.ui.landmarkTable)

    def show(self, state: ReviewState, session: ReviewSession | None, points: PointEntry | None) -> None:
        """Show the pairs.

        Args:
            state: names the bone that new pairs belong to.
            session: the open review.
            points: placed, but no pair yet.
        """
        put(self.ui.pointsCheckBox, "setChecked", state.points)
        errors = session.point_errors() if session is not None else ()
        rows = [
            (
                error.pair.id,
                (
                    error.pair.id,
                    subject_words().get(error.pair.bone, error.pair.bone),
                    _("yes") if error.pair.held_out else _("no"),
                    f"{error.error_mm:.2f}" if error.error_mm is not None else "–",
                ),
            )
            for error in errors
        ]
        fill(self.ui.landmarkTable, rows, self.chosen)
        self._show_points(points)
        errors_text = _summary(session)
        self.ui.errorsLabel.setText(errors_text)
        self.ui.errorsLabel.setVisible(bool(errors_text))
        self._allow(state, session, points)

    def _show_points(self, points: PointEntry | None) -> None:
        placed = [name for name, scan in (("CT", CT), ("MR", MR)) if points is not None and points.placed(scan)]
        self.ui.pointsLabel.setText(
            _("Placed: {scans}.").format(scans=", ".join(placed)) if placed else _("No point is placed.")
        )

    def _allow(self, state: ReviewState, session: ReviewSession | None, points: PointEntry | None) -> None:
        none = "" if session is not None else _("No registration is open.")
        whole = _("Points belong to one bone; choose a bone under Correct.") if state.subject == WHOLE else ""
        self._closed = none or whole
        allow(self.ui.ctPointButton, self._closed, _("Then click the point in a view, where the CT shows it."))
        allow(
            self.ui.mrPointButton,
            self._closed,
            _("Then click the same point where the MR shows it; side by side, in the views of the MR."),
        )
        both = points is not None and points.placed(CT) and points.placed(MR)
        allow(
            self.ui.addButton,
            self._closed or ("" if both else _("Place the point in the CT and in the MR first.")),
            _("Make a pair of both points, of the bone under work."),
        )
        self._allow_pair()
        used = [e for e in (session.point_errors() if session is not None else ()) if not e.pair.held_out]
        count = sum(error.pair.bone == state.subject for error in used)
        fixed = _("A second reading judges bones as they lie; end it under Cases.") if state.second_reading else ""
        few = _("A fit needs {fewest} pairs of the bone that are not held out; there are {count}.")
        allow(
            self.ui.fitButton,
            self._closed or fixed or ("" if count >= FEWEST else few.format(fewest=FEWEST, count=count)),
            _("Correct the bone so that its pairs fit best, by least squares; held-out pairs do not count."),
        )

    def _allow_pair(self) -> None:
        reason = "" if self.chosen else _("Choose a pair in the list first.")
        about = _("Keep the pair out of fits, to measure the error with, or let fits use it.")
        allow(self.ui.holdOutButton, reason, about)
        allow(self.ui.snapButton, reason, _("Move both points to the edge of the bone nearby."))
        allow(self.ui.deleteButton, reason, _("Remove the pair; it can be undone."))

    def _row_chosen(self, *_args: Any) -> None:
        self._allow_pair()
        if self.chosen:
            self._actions.jump_to_pair(self.chosen)


def _summary(session: ReviewSession | None) -> str:
    """Mean and largest error, fitted and held-out pairs apart."""
    lines = []
    for found in session.bone_errors() if session is not None else ():
        for summary, what in ((found.held_out, _("held out")), (found.fitted, _("for fitting"))):
            if summary is not None:
                text = _("{bone}, {what}: mean {mean:.2f} mm, largest {largest:.2f} mm ({count})")
                mean, largest, count = summary.mean_mm, summary.max_mm, summary.count
                bone = subject_words()[found.bone]
                lines.append(text.format(bone=bone, what=what, mean=mean, largest=largest, count=count))
    return "\n".join(lines)
