"""What an engine is."""

from __future__ import annotations

from typing import Protocol

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.rigid_fit import Fit
from CTSMALib.volumes.rigid import Matrix


class Engine(Protocol):
    """Finds how one bone moved, from starts that are near enough."""

    name: str
    version: str

    def refine(self, fixed: FixedKnee, bone: str, moving: MovingKnee, starts: list[Matrix]) -> list[Fit]:
        """The best motions, best first.

        Args:
            fixed: the CT.
            bone: name of a bone of it.
            moving: the MR.
            starts: (4, 4) from LPS points of the CT to those of the MR; at least one.

        Returns:
            At least one fit; more where another place is nearly as good.
        """
