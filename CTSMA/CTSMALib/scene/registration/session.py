"""One registration under review: corrections with undo, points, decisions, numbers; saved after each change.

Every change is one named step that can be taken back, moves the nodes at once, is told to whoever watches, and is
saved into the folder of the registration. Vectors and matrices are RAS, mm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.names import BONES, JUDGE
from CTSMALib.registration.record import Review
from CTSMALib.registration.review import decisions
from CTSMALib.registration.review.background import Background
from CTSMALib.registration.review.blind_reading import unsigned
from CTSMALib.registration.review.corrections import WHOLE
from CTSMALib.scene.registration import judging, opening
from CTSMALib.scene.registration.closing import remove_review
from CTSMALib.scene.registration.comparison import ComparisonRow, comparison
from CTSMALib.scene.registration.judging import JobWish
from CTSMALib.scene.registration.mr_labels import mr_labels
from CTSMALib.scene.registration.results_aside import forget_hidden
from CTSMALib.scene.registration.review_nodes import add_transforms, open_review, reviews_in
from CTSMALib.scene.registration.saving import keep_aside
from CTSMALib.scene.registration.session_motions import ReviewMotions
from CTSMALib.scene.registration.session_points import ReviewPoints
from CTSMALib.volumes.rigid import Matrix

if TYPE_CHECKING:
    from CTSMALib.registration.review.bone_overlap import BoneOverlap
    from CTSMALib.registration.review.live_numbers import LiveNumbers

REASONS = ("motion", "active", "landmarks", "decisions", "record", "unsaved")  # that watchers are told


class ReviewSession(ReviewMotions, ReviewPoints):
    """A registration under review in a scene; see :meth:`open` and :meth:`restored`."""

    def __init__(self, *begin: Any) -> None:
        """Take over nodes; see :class:`~CTSMALib.scene.registration.session_steps.ReviewSteps`."""
        self._mr_labels: sitk.Image | None = None
        self._labels_given = 0  # how often, to tell results with other labels apart
        self._overlaps = Background()
        super().__init__(*begin)

    @classmethod
    def open(
        cls, scene: Any, folder: Path, ct: Any, mr: Any, reviewer: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> ReviewSession:  # fmt: skip
        """Begin, or go on with, the review of a registration.

        A review of this MR that is left in the scene goes, and so do those that cannot be restored. Whether the
        scans are those that were registered says :func:`~CTSMALib.scene.registration.same_scans.other_scans`.

        Args:
            scene: ``vtkMRMLScene``.
            folder: of the registration.
            ct: fixed scan, a SimpleITK image (LPS) or a volume node.
            mr: moving scan, likewise.
            reviewer: name or initials.
            clock: seconds, rising.

        Raises:
            InputError: the folder is no complete registration, or the CT is another one.
        """
        loaded = opening.load(folder)
        opening.check_ct(ct, loaded[2])
        opening.take_out_leftovers(scene, ct, mr)
        return cls(folder, open_review(scene, loaded[0], ct, mr, loaded[2]), loaded, reviewer, clock)

    @classmethod
    def restored(cls, scene: Any, clock: Callable[[], float] = time.monotonic) -> ReviewSession | None:
        """The review that a reopened scene holds; what is in its folder counts, not what the scene was saved with.

        Returns:
            ``None`` where there is no review, or its folder or nodes are gone.
        """
        for nodes in reviews_in(scene):
            found = opening.restorable(nodes)
            if found is not None:
                folder, reviewer, loaded = found
                session = cls(folder, nodes, loaded, reviewer, clock)
                forget_hidden(nodes)
                add_transforms(nodes, session.record)
                session._show()
                return session
        return None

    def decide(self, bone: str, decision: str, reason: str = "") -> None:
        """Decide about a bone.

        Args:
            bone: its name.
            decision: one of :data:`~CTSMALib.registration.record.DECISIONS`.
            reason: why; needed for what is not accepted.

        Raises:
            InputError: reviewer or reason is missing, or bone or decision unknown.
        """
        record = decisions.decided(self.record, bone, decision, self.reviewer, reason)
        self._pushed(f"Decide: {bone} {decision}", record)

    @property
    def labels(self) -> sitk.Image:
        """The bones of the CT, in its space (LPS)."""
        return self._scans.labels

    @property
    def outlined(self) -> sitk.Image | None:
        """The bones that were outlined in the MR, on its voxels; see :meth:`give_mr_labels`. ``None`` without."""
        return self._mr_labels

    @property
    def unsigned(self) -> tuple[str, ...]:
        """Bones that a second reading has not decided about yet, so that it must not be told what others said."""
        return unsigned(self.record, self.reviewer) if self.blind else ()

    @property
    def status(self) -> str:
        """What became of the registration, one of :data:`~CTSMALib.registration.review.decisions.STATUSES`."""
        return decisions.status(replace(self.record, reviews=self.reviews))

    def decision(self, bone: str) -> Review | None:
        """The latest decision about a bone that the reviewer may see; ``None`` where there is none."""
        return next((review for review in reversed(self.reviews) if review.bone == bone), None)

    def is_judged(self, bone: str) -> bool:
        """Whether the quality in the record belongs to the present motion of a bone."""
        return judging.is_judged(self.record.bone(bone))

    def prepare_numbers(self) -> bool:
        """Begin, on another thread, what the first numbers of the active bone need.

        Returns:
            Whether it is done, so that :meth:`numbers` holds nothing up.
        """
        return self._scans.knees.prepare(self.active)

    @property
    def measuring(self) -> bool:
        """Whether another thread is still at work for :meth:`prepare_numbers` or :meth:`comparison`."""
        return self._scans.knees.background.busy or self._overlaps.busy

    def numbers(self) -> LiveNumbers | None:
        """The numbers of the active bone where it lies now; ``None`` where the CT does not show enough of it.

        Waits for a second or two if it is the bone's first time and :meth:`prepare_numbers` was not called.
        """
        return self._scans.knees.numbers(self.active, self.corrections.composed(self.active))

    def give_mr_labels(self, labels: Any) -> None:
        """Compare with bones that were outlined in the MR.

        Args:
            labels: on the MR's voxels, in its own frame: an image, or a label map or segmentation node; ``None`` for
                none. See :func:`~CTSMALib.scene.registration.mr_labels.mr_labels`.

        Raises:
            InputError: they hold no bone, or are not of this MR; those given before stay.
        """
        self._mr_labels = None if labels is None else mr_labels(labels, self.nodes.mr)
        self._labels_given += 1
        self._tell(("record",))

    def comparison(self, wait: bool = True) -> tuple[ComparisonRow, ...]:
        """What was found and what the correction made of it, a row for each bone and measure.

        Args:
            wait: for Dice and ASSD, which take a second for a bone that was moved. Otherwise those that are not known
                yet are left out and measured by another thread; see :attr:`measuring`.
        """
        if self._mr_labels is None:
            return comparison(self.record, self.corrections)
        return comparison(self.record, self.corrections, lambda bone, motion: self._overlap(bone, motion, wait))

    def request_judge(self) -> JobWish:
        """What a child process must do to judge the present motions.

        Raises:
            InputError: the review could not be saved, from where the process starts.
        """
        return self._wish(JUDGE, self.bones)

    def request_refine(self, bones: Collection[str] = ()) -> JobWish:
        """What a child process must do to find bones anew from where they lie now; all of them by default.

        Raises:
            InputError: a bone is unknown, the review is a second reading, or it could not be saved.
        """
        self.refuse_moving()
        unknown = sorted(set(bones) - set(self.bones))
        if unknown:
            raise InputError(f"The registration has no bone '{unknown[0]}'.", f"Choose of {', '.join(self.bones)}.")
        return self._wish(BONES, tuple(bones) or self.bones)

    def take(self, folder: Path, bones: Collection[str] = ()) -> None:
        """Take over what a finished job found.

        Args:
            folder: of the job, as asked for by :meth:`request_judge` or :meth:`request_refine`.
            bones: whose results are taken; all of them by default.

        Raises:
            InputError: it is no registration, did not start from this review, or would move a bone during a second
                reading.
        """
        from CTSMALib.registration.record_folder import load_record

        record, is_new = judging.taken(self.record, load_record(folder), bones)
        if is_new:  # its motions, and the decisions about those that were there
            self.refuse_moving()
        self._pushed("Refine from here" if is_new else "Judge", record)

    def keep_aside(self, elsewhere: Path) -> Path:
        """Write the review, which could not be saved, into a new folder that can be opened as a registration.

        Args:
            elsewhere: folder for it where it cannot be beside the folder of the registration.

        Raises:
            OutputError: it cannot be written there either.
        """
        return keep_aside(self.record, self.labels, self.folder, elsewhere)

    def close(self, even_unsaved: bool = False) -> bool:
        """Save and remove the nodes; volumes that were in the scene before stay.

        Args:
            even_unsaved: whether to close also where it cannot be saved.

        Returns:
            Whether it was closed.
        """
        if not self.save() and not even_unsaved:
            return False
        self._watchers = []
        for work in (self._scans.knees.background, self._overlaps):
            work.close()
        remove_review(self.nodes)
        return True

    def _overlap(self, bone: str, moving_to_fixed_ras: Matrix, wait: bool) -> BoneOverlap | None:
        from CTSMALib.registration.review.bone_overlap import bone_overlap

        work, own, other, given = self._overlaps, self._scans.labels, self._mr_labels, self._labels_given
        assert other is not None
        motions = (self.corrections.reset(WHOLE), self.corrections)
        present = {(name, given, each.composed(name).tobytes()) for name in self.bones for each in motions}
        work.drop(lambda known: known in present)  # where bones have been in between
        key = (bone, given, moving_to_fixed_ras.tobytes())
        work.start(key, lambda: bone_overlap(own, other, bone, moving_to_fixed_ras))
        found: BoneOverlap | None = work.result(key) if wait or work.ready(key) else None
        return found

    def _wish(self, stage: str, bones: tuple[str, ...]) -> JobWish:
        if not self.save():
            raise InputError("The review is not saved, so that nothing can start from it.", self.problem)
        return JobWish(stage, self.folder, bones)
