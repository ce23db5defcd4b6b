"""Which level of a structure leaves as much bone as asked for, when it is made into voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.microstructure.families import Family, Floats
from CTSMALib.virtual.microstructure.structure import Microstructure, box_around

STEPS = 4096
SAMPLES = 110  # along each axis, of the sample that the distribution is taken from
CHECKED = (0.06, 0.12, 0.20, 0.30, 0.45)  # bone fractions
CHECK_EDGE_MM, CHECK_VOXEL_MM = 4.5, 0.06
NOWHERE = -5.0  # lower than any level
CENTERS_MM = ((9.0, 9.0, 9.0), (17.0, 31.0, 23.0))


def thresholds_of(family: Family, period: tuple[float, float, float], unit_mm: float) -> Floats:
    """Levels of a family for equal steps of bone fraction.

    Two things make up to a tenth more bone than asked for where it is thin: splines vary less between their samples,
    from which the family's own table comes, and voxels find the flanks of a thin plate too far apart. Both are
    allowed for, the second at 0.06 mm.

    Args:
        family: of structure.
        period: (z, y, x) lengths, in its units, that hold all of it.
        unit_mm: its unit of length.

    Returns:
        (STEPS + 1,) levels below which the fractions 0 to 1 of the volume lie.
    """
    fractions = np.linspace(0.0, 1.0, STEPS + 1)
    table = _quantiles(family, period)
    checked = np.interp(CHECKED, fractions, table)
    excess = np.mean([_excess(family, checked, center, unit_mm) for center in CENTERS_MM], axis=0)
    corrected = fractions / np.interp(fractions, [*CHECKED, 0.8], [*excess, 1.0])
    levels = np.interp(corrected, fractions, table)
    levels[0] = NOWHERE  # a sample misses the very lowest levels, and where no bone is wanted there is to be none
    return levels.astype(np.float32)


def _quantiles(family: Family, period: tuple[float, float, float]) -> NDArray[np.float64]:
    rng = np.random.default_rng(31)
    z, y, x = ((np.arange(SAMPLES) + rng.random(SAMPLES)) / SAMPLES * length for length in period)
    values = np.sort(family.level((z, y, x)).ravel())
    place = np.linspace(0.0, 1.0, STEPS + 1) * (values.size - 1)
    below = np.minimum(place.astype(np.intp), values.size - 2)
    return values[below] + (place - below) * (values[below + 1] - values[below])


def _excess(family: Family, levels: NDArray, center_mm: tuple[float, float, float], unit_mm: float) -> list[float]:
    """Bone of voxels relative to the share of the same volume below each level."""
    box = box_around(center_mm, CHECK_EDGE_MM, CHECK_VOXEL_MM)
    cut = _Cut(family, unit_mm)
    structure = Microstructure(cut, lambda axes: axes, lambda axes: np.zeros((1, 1, 1), np.float32))
    excess = []
    for level in levels:
        cut.at = float(level)
        excess.append(float(structure.fraction(box).mean() / np.mean(cut.level(()) < level)))
    return excess


class _Cut:
    """A family in millimeters, cut at one level whatever the bone fraction, for one box only."""

    def __init__(self, family: Family, unit_mm: float) -> None:
        self._family, self._unit_mm = family, unit_mm
        self._values: Floats | None = None
        self.at = 0.0

    def level(self, axes: Any) -> Floats:
        """The same values at every call."""
        if self._values is None:
            z, y, x = (places / self._unit_mm for places in axes)
            self._values = self._family.level((z, y, x))
        return self._values

    def threshold(self, bone_fraction: Floats) -> Floats:
        """The one level."""
        return np.full(bone_fraction.shape, self.at, np.float32)
