"""The MR, which is moved, at the scales that stages ask for."""

from __future__ import annotations

import SimpleITK as sitk

from CTSMALib.registration.moving_levels import MovingLevel, known_array, level_of
from CTSMALib.volumes.grid import Grid


class MovingKnee:
    """An MR; each scale is made when first asked for.

    Attributes:
        image: signal, any orientation.
    """

    def __init__(self, image: sitk.Image) -> None:
        """Keep the MR."""
        self.image = image
        self._known = known_array(image)
        self._levels: dict[float, MovingLevel] = {}

    def level(self, sigma_mm: float) -> MovingLevel:
        """The MR at one scale."""
        if sigma_mm not in self._levels:
            self._levels[sigma_mm] = level_of(self._known, Grid.of(self.image), sigma_mm)
        return self._levels[sigma_mm]
