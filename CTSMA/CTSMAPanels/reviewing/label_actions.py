"""What a user does with bones that were outlined in the MR."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from slicer.i18n import tr as _

from CTSMALib.scene.registration.mr_labels import add_label_map
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.state import NO_NODE, NodeId
from CTSMAPanels.messages import problems_shown


class LabelDesk(Protocol):
    """Where the review lies."""

    widget: Any
    scene: Any
    session: ReviewSession | None
    state: ReviewState

    def change(self, **fields: Any) -> None:
        """Take what the user chose."""

    def refresh(self) -> None:
        """Show again what may be done now."""


class LabelActions:
    """Gives labels of the MR to the open review.

    Args:
        desk: holds review and state.
    """

    def __init__(self, desk: LabelDesk) -> None:
        self._desk = desk

    def choose(self, node: Any) -> None:
        """Compare with the bones of a node, or with none; a node that does not fit is not chosen."""
        session, scene = self._desk.session, self._desk.scene
        if session is None or scene.IsClosing() or scene.IsImporting():
            return
        with problems_shown(_("The MR's bone labels cannot be used.")):
            session.give_mr_labels(node)
            self._desk.change(mr_labels=NodeId(node.GetID()) if node is not None else NO_NODE)
        self._desk.refresh()

    def read_file(self, path: str) -> None:
        """Read a label map into the scene, and choose it if it fits."""
        session = self._desk.session
        if session is not None:
            with problems_shown(_("The MR's bone labels cannot be used.")):
                self.choose(add_label_map(self._desk.scene, Path(path), session.nodes.mr))

    def give_again(self) -> None:
        """Give a review that was just opened the labels that are chosen; those that do not fit are chosen no more."""
        session, chosen = self._desk.session, self._desk.state.mr_labels
        node = self._desk.scene.GetNodeByID(chosen) if chosen else None
        if session is None or node is None:
            return
        given = False
        with problems_shown(_("The MR's bone labels cannot be used.")):
            session.give_mr_labels(node)
            given = True
        if not given:
            self._desk.change(mr_labels=NO_NODE)
