"""CT and MR prepared for live numbers, on a thread of their own, so that nobody who looks at a scene has to wait."""

from __future__ import annotations

import threading

import SimpleITK as sitk

from CTSMALib.errors import AnatomyError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.review.background import Background
from CTSMALib.registration.review.live_numbers import LiveJudge, LiveNumbers
from CTSMALib.volumes.rigid import Matrix


class PreparedKnees:
    """Both scans of a review; what is heavy is made when it is first needed."""

    def __init__(self, ct: sitk.Image, mr: sitk.Image, labels: sitk.Image) -> None:
        """Keep them.

        Args:
            ct: HU. Nobody may write into the images any more.
            mr: signal.
            labels: bones of the CT.
        """
        self._ct, self._mr, self._labels = ct, mr, labels
        self._making = threading.Lock()
        self._judge: LiveJudge | None = None
        self.background = Background()

    @property
    def judge(self) -> LiveJudge:
        """What all bones have in common, made by the thread that needs it first.

        Raises:
            AnatomyError: neither femur nor tibia is labelled where the CT is.
        """
        with self._making:
            if self._judge is None:
                self._judge = LiveJudge(FixedKnee(self._ct, self._labels), MovingKnee(self._mr))
            return self._judge

    def prepare(self, bone: str) -> bool:
        """Let the other thread do what the first numbers of a bone need.

        Returns:
            Whether it is done, so that :meth:`numbers` takes only milliseconds.
        """
        self.background.start(bone, lambda: self._prepare(bone))
        return self.background.ready(bone)

    def numbers(self, bone: str, moving_to_fixed_ras: Matrix) -> LiveNumbers | None:
        """The numbers of a bone at a motion (4, 4); ``None`` where it is too small, or labels are missing.

        Waits for what :meth:`prepare` does.
        """
        self.prepare(bone)
        judge: LiveJudge | None = self.background.result(bone)
        return None if judge is None else judge.at(bone, moving_to_fixed_ras)

    def _prepare(self, bone: str) -> LiveJudge | None:
        """On the other thread."""
        try:
            judge = self.judge
        except AnatomyError:
            return None
        if bone not in judge.fixed.bones:
            return None
        judge.prepare(bone)
        return judge
