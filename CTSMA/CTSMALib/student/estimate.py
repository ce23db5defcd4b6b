"""What a student says of patches, and who says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from CTSMALib.student.cubes import Cubes
from CTSMALib.student.structure import Structure

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """What is read off patches of a CT.

    Attributes:
        values: (n, 4) parameters in the order of ``KEYS``.
        uncertainties: (n, 4) standard uncertainties, calibrated.
        distances: (n,) from the patches and scans of the training, in units of their limit; above 1 is unlike them.
        structure: the structure itself; ``None`` where the student does not tell it.
        features: (n, f) what a network sees beside, see :mod:`CTSMALib.student.summary`; ``None`` if not asked for.
    """

    values: Floats
    uncertainties: Floats
    distances: Floats
    structure: Structure | None = None
    features: Floats | None = None


class PatchReader(Protocol):
    """Reads apparent parameters off patches of a CT, as :class:`~CTSMALib.student.model.StudentModel` does."""

    @property
    def identity(self) -> str:
        """Name, version and checksum."""

    @property
    def sha256(self) -> str:
        """Checksum of what it learned."""

    @property
    def simulated(self) -> bool:
        """Whether it learned from simulated knees alone."""

    def outside(self, covariates: Floats) -> tuple[str, ...]:
        """See :meth:`~CTSMALib.student.known_scans.KnownScans.outside`."""

    def estimate(self, cubes: Cubes, covariates: Floats, features: Floats, quick: bool = False) -> Estimate:
        """See :meth:`~CTSMALib.student.model.StudentModel.estimate`."""
