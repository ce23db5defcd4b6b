"""Plates or rods: the structure model index and the pattern factor, from how the surface grows when moved outward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.surface import BoneSurface


def structure_model_index(surface: BoneSurface, bone_mm3: float) -> float:
    """6 BV (dBS/dr) / BS^2 of Hildebrand and Ruegsegger (1997): 0 for plates, 3 for rods, 4 for balls.

    Concave surfaces count negative, so dense bone reads low, even below 0: it is no share of plates or rods.
    Volume, area and rate are those of the body that the triangles enclose, which is slightly smaller than the bone: the
    index depends on the body's shape only, so that this cancels.

    Args:
        surface: the bone surface of a region.
        bone_mm3: bone volume of the same region.

    Returns:
        The index; NaN where there is no bone or no surface.
    """
    areas, shortfall = surface.areas_mm2, surface.shortfall_mm
    area = float((areas - shortfall * surface.area_rate).sum(dtype=np.float64))
    volume = bone_mm3 - float((areas * shortfall).sum(dtype=np.float64))
    if area <= 0 or volume <= 0:
        return float("nan")
    return 6.0 * volume * surface.area_rate_mm / area**2


def pattern_factor(surface: BoneSurface) -> float:
    """(dBS/dr) / BS, per mm: the trabecular bone pattern factor of Hahn and others (1992) in three dimensions.

    It is the mean sum of the surface's principal curvatures: high where convex, as on separate rods; 0 on plates, and
    negative where concave surfaces prevail.

    Args:
        surface: the bone surface of a region.

    Returns:
        The factor; NaN where there is no surface.
    """
    area = surface.area_mm2
    return surface.area_rate_mm / area if area > 0 else float("nan")
