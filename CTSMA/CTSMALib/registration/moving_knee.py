"""The MR, which is moved, at the scales that stages ask for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.registration.moving_levels import MovingLevel, level_of, without_padding
from CTSMALib.volumes.grid import Grid

if TYPE_CHECKING:
    from CTSMALib.registration.fixed_knee import FixedKnee


class MovingKnee:
    """An MR; each scale is made when first asked for.

    Attributes:
        image: signal, any orientation; without padding by zeros.
        bones: of the MR where they are known, as of a CT; they add a start.
    """

    bones: FixedKnee | None = None

    def __init__(self, image: sitk.Image) -> None:
        """Keep the MR."""
        self.image = without_padding(image)
        self._signal = sitk.GetArrayFromImage(sitk.Cast(self.image, sitk.sitkFloat32))
        self._levels: dict[float, MovingLevel] = {}

    @cached_property
    def middle_mm(self) -> NDArray[np.float64]:
        """(3,) LPS middle of the image."""
        middle: NDArray[np.float64] = Grid.of(self.image).corners_mm().mean(axis=0)
        return middle

    def level(self, sigma_mm: float) -> MovingLevel:
        """The MR at one scale."""
        if sigma_mm not in self._levels:
            self._levels[sigma_mm] = level_of(self._signal, Grid.of(self.image), sigma_mm)
        return self._levels[sigma_mm]
