"""What a user does with bones that were outlined in the MR."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import qt
from slicer.i18n import tr as _

from CTSMALib.scene.registration.mr_labels import add_label_map, edit_events, voxels_time
from CTSMALib.scene.registration.review_state import ReviewState
from CTSMALib.scene.registration.session import ReviewSession
from CTSMALib.scene.state import NO_NODE, NodeId
from CTSMAPanels.messages import problems_shown

SETTLED_MS = 500  # without a further edit: a stroke of a brush is many


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
    """Gives labels of the MR to the open review, and again when they were edited.

    Args:
        desk: holds review and state.
    """

    def __init__(self, desk: LabelDesk) -> None:
        self._desk = desk
        self._watched: list[tuple[Any, int]] = []
        self._given_at = 0  # time of its voxels when the node was given
        self._edited = qt.QTimer()
        self._edited.setSingleShot(True)
        self._edited.setInterval(SETTLED_MS)
        self._edited.timeout.connect(self.give_again)

    def choose(self, node: Any) -> None:
        """Compare with the bones of a node, or with none; a node that does not fit is not chosen."""
        session, scene = self._desk.session, self._desk.scene
        if session is None or scene.IsClosing() or scene.IsImporting():
            return
        with problems_shown(_("The MR's bone labels cannot be used.")):
            session.give_mr_labels(node)
            self._watch(node)
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
        session, node = self._desk.session, self._chosen()
        if session is None or node is None:
            return
        given = False
        with problems_shown(_("The MR's bone labels cannot be used.")):
            session.give_mr_labels(node)
            self._watch(node)
            given = True
        if not given:
            self.stop()
            session.give_mr_labels(None)
            self._desk.change(mr_labels=NO_NODE)

    def stop(self) -> None:
        """Watch no node any more."""
        self._edited.stop()
        for node, observer in self._watched:
            node.RemoveObserver(observer)
        self._watched.clear()

    def _chosen(self) -> Any:
        chosen = self._desk.state.mr_labels
        return self._desk.scene.GetNodeByID(chosen) if chosen else None

    def _watch(self, node: Any) -> None:
        """Be told of edits of the node that was just given, or of none."""
        self.stop()
        if node is None:
            return
        self._given_at = voxels_time(node)
        for event in edit_events(node):
            self._watched.append((node, node.AddObserver(event, lambda *_args: self._told(node))))

    def _told(self, node: Any) -> None:
        time = voxels_time(node)
        if not time or time != self._given_at:  # else only its name or the like was changed
            self._edited.start()
