"""The heart of a review: states one after the other, each shown, told and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord, Review
from CTSMALib.registration.review.blind_reading import seen_reviews
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.history import History
from CTSMALib.scene.registration import opening
from CTSMALib.scene.registration.review_nodes import ReviewNodes, add_transforms, matrices, set_auto, set_user
from CTSMALib.scene.registration.saving import Autosaver
from CTSMALib.scene.registration.scans import ReviewScans
from CTSMALib.scene.registration.session_state import SessionState, differences

MOTION, ACTIVE, LANDMARKS, UNSAVED = "motion", "active", "landmarks", "unsaved"  # reasons that watchers are told
UNNAMED = "unnamed"  # who moves a bone before having entered a name
Watcher = Callable[[str], None]
StepName = Callable[[SessionState], str]  # from the state before a step, or before several that become one


class ReviewSteps:
    """What has steps that can be taken back.

    Attributes:
        folder: of the registration.
        nodes: in the scene.
        history: the states, of which one is the present one.
    """

    def __init__(
        self, folder: Path, nodes: ReviewNodes, loaded: opening.Loaded,
        reviewer: str = "", clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Take over nodes.

        Args:
            folder: of the registration.
            nodes: made from it.
            loaded: what is in the folder.
            reviewer: name or initials.
            clock: seconds, rising.
        """
        record, token, labels = loaded
        self.folder, self.nodes = folder, nodes
        self.history: History[SessionState] = History(SessionState.of(record), clock=clock)
        self._saver = Autosaver(folder, token, clock)
        self._scans = ReviewScans(nodes, labels)
        self._watchers: list[Watcher] = []
        self._showing = False
        self._clock, self._blind = clock, False
        self.reviewer = reviewer

    @property
    def record(self) -> RegistrationRecord:
        """The registration as it stands now."""
        return self.history.state.record

    @property
    def corrections(self) -> Corrections:
        """The motions of the bones as they stand now."""
        return self.history.state.corrections

    @property
    def bones(self) -> tuple[str, ...]:
        """The registered bones."""
        return self.corrections.bones

    @property
    def active(self) -> str:
        """The bone that is worked on, and that the MR follows."""
        return self.nodes.active

    @property
    def reviewer(self) -> str:
        """Who reviews."""
        return self._reviewer

    @reviewer.setter
    def reviewer(self, name: str) -> None:
        """Let somebody review; noted on the nodes as well."""
        self._reviewer = name.strip()
        opening.remember_folder(self.nodes, self.folder, self._reviewer)

    @property
    def blind(self) -> bool:
        """Whether the review is a second reading: see :meth:`read_blind`."""
        return self._blind

    def read_blind(self, blind: bool) -> None:
        """Begin or end a second reading.

        During it :attr:`reviews` hides what others decided until the reviewer has decided about every bone, and no
        bone can be moved: a second reading is about the motion that the first one was about. Earlier steps can no
        longer be taken back, as their names and undoing them would tell.
        """
        if blind and not self._blind:
            self.settle()
            self.history = History(self.history.state, clock=self._clock)
        self._blind = blind

    @property
    def reviews(self) -> tuple[Review, ...]:
        """The decisions that the reviewer may see, the oldest first."""
        return seen_reviews(self.record, self.reviewer) if self._blind else self.record.reviews

    def refuse_moving(self) -> None:
        """Refuse to move a bone during a second reading.

        Raises:
            InputError: there is one.
        """
        if self._blind:
            raise InputError("A second reading judges the bones as they lie.", "End the second reading to move them.")

    @property
    def problem(self) -> str:
        """Why the last saving failed and what to do; empty where it did not."""
        return self._saver.problem

    @property
    def unsaved(self) -> bool:
        """Whether the folder lacks the newest change."""
        return self._saver.unsaved

    @property
    def undo_name(self) -> str:
        """Of the step that :meth:`undo` takes back; empty where there is none."""
        return self.history.undo_name

    @property
    def redo_name(self) -> str:
        """Of the step that :meth:`redo` makes again; empty where there is none."""
        return self.history.redo_name

    def mend(self) -> bool:
        """Make transforms again that were deleted, from the record; also done before every step is shown.

        Returns:
            Whether any was missing. Nothing is made where a scan is gone, without which there is no review.
        """
        if not self.nodes.present or self.nodes.whole:
            return False
        showing, self._showing = self._showing, True
        try:
            return add_transforms(self.nodes, self.record)
        finally:
            self._showing = showing

    def watch(self, callback: Watcher) -> None:
        """Let a callback be told of every change, by a reason of ``session.REASONS``."""
        self._watchers.append(callback)

    def undo(self) -> None:
        """Take the last step back, exactly."""
        self._went(self.history.undo)

    def redo(self) -> None:
        """Make the step again that was taken back."""
        self._went(self.history.redo)

    def settle(self) -> bool:
        """A key or handle was let go: the next step is one of its own, and what was not saved yet is saved now."""
        self.history.seal()
        return self.save()

    def save(self) -> bool:
        """Save what is not saved yet.

        Returns:
            Whether the folder holds everything now; else watchers were told, and :attr:`problem` says why.
        """
        problem = self.problem
        return self._saved(self._saver.flush(self.record), problem)

    def _corrected(self, name: str | StepName, corrections: Corrections, merge_key: str = "") -> None:
        changed = corrections.changed_from(self.corrections)
        if changed:
            if self._blind:
                self._show()  # handles may have moved a node
            self.refuse_moving()
            state = self.history.state.corrected(corrections, changed, self.reviewer or UNNAMED)
            self._stepped(name, state, merge_key)

    def _pushed(self, name: str, record: RegistrationRecord, merge_key: str = "") -> None:
        if record != self.record:
            self._stepped(name, self.history.state.with_record(record), merge_key)

    def _stepped(self, name: str | StepName, state: SessionState, merge_key: str) -> None:
        before, count = self.history.state, len(self.history.names)
        self.history.push(name, state, merge_key)
        self._after(before, repeats=bool(merge_key) and len(self.history.names) == count)

    def _went(self, way: Callable[[], SessionState]) -> None:
        before = self.history.state
        if way() is not before:
            self._after(before)

    def _after(self, before: SessionState, repeats: bool = False) -> None:
        """The present state became another one: show it, tell, then save, so that pictures need not wait for disks."""
        try:
            self._show()
        finally:  # the step was taken, whatever became of the nodes
            try:
                self._tell(differences(before, self.history.state))
            finally:
                problem = self.problem
                self._saved(self._saver.changed(self.record, repeats), problem)

    def _saved(self, done: bool, problem: str) -> bool:
        """Tell where saving failed, or works again after there was a problem."""
        if not done or problem:
            self._tell((UNSAVED,))
        return done

    def _tell(self, reasons: Collection[str]) -> None:
        for reason in reasons:
            for watcher in tuple(self._watchers):
                watcher(reason)

    def _show(self) -> None:
        """Give transform nodes the present motions; those that have them are left alone."""
        if not self.nodes.present:  # a scan was deleted: there is nothing to show
            return
        self._showing = True  # handles tell of this as well
        try:
            self.mend()
            for bone in self.bones:
                shown = matrices(self.nodes, bone)
                if not np.array_equal(shown.auto, self.corrections.auto[bone]):
                    set_auto(self.nodes, bone, self.corrections.auto[bone])
                if not np.array_equal(shown.user, self.corrections.user[bone]):
                    set_user(self.nodes, bone, self.corrections.user[bone])
        finally:
            self._showing = False
