"""What the stages compare with the CT: the MR, a synthetic CT made of it, or both.

The paper registers the synthetic CT. Whatever leads the stages, the result is judged on the MR itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import AnatomyError
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.fixed_points import HIGHEST_HU, LOWEST_HU
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.moving_levels import MovingLevel
from CTSMALib.registration.names import BOTH, MR
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU


class SyntheticMovingKnee(MovingKnee):
    """A synthetic CT in the place of the MR; its values are compared over the range of the CT's."""

    def __init__(self, ct: sitk.Image) -> None:
        """Keep the synthetic CT, HU, with :data:`~CTSMALib.synthesis.synthetic_knee.UNKNOWN_HU` outside the MR."""
        super().__init__(ct)
        self._signal[self._signal <= UNKNOWN_HU] = np.nan

    def level(self, sigma_mm: float) -> MovingLevel:
        """The synthetic CT at one scale."""
        return replace(super().level(sigma_mm), limits=(LOWEST_HU, HIGHEST_HU))


class BothMovingKnee(MovingKnee):
    """MR and synthetic CT, whose measures are averaged."""

    def __init__(self, mr: sitk.Image, ct: sitk.Image) -> None:
        """Keep both."""
        super().__init__(mr)
        self._synthetic = SyntheticMovingKnee(ct)

    def level(self, sigma_mm: float) -> MovingLevel:
        """Both at one scale."""
        return replace(super().level(sigma_mm), also=self._synthetic.level(sigma_mm))


def guide_named(
    name: str, mr: sitk.Image, ct: sitk.Image | None = None, bones: sitk.Image | None = None
) -> MovingKnee | None:
    """What leads the stages; ``None`` for the MR itself.

    Args:
        name: one of :data:`~CTSMALib.registration.names.GUIDES`.
        mr: the MR.
        ct: synthetic CT of it, needed but for the MR alone.
        bones: label map on the synthetic CT; what lies on each other adds a start.

    Raises:
        ValueError: there is no synthetic CT where one is needed.
    """
    if name == MR:
        return None
    if ct is None:
        raise ValueError("a synthetic CT is needed")
    guide = BothMovingKnee(mr, ct) if name == BOTH else SyntheticMovingKnee(ct)
    if bones is not None:
        guide.bones = _known_bones(ct, bones)
    return guide


def _known_bones(ct: sitk.Image, bones: sitk.Image) -> FixedKnee | None:
    try:
        return FixedKnee(ct, bones)
    except AnatomyError:  # neither femur nor tibia
        return None
