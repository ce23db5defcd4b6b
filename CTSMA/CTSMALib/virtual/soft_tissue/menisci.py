"""Menisci: wedges around each plateau that fill the gap between femoral and tibial cartilage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, TIBIA
from CTSMALib.virtual.soft_tissue.knee_space import FAR_MM, Box, KneeSpace
from CTSMALib.virtual.spec import LATERAL, MEDIAL, KneeSpec

Array = NDArray[np.float64]
Values = NDArray[np.float32]

RIM_HEIGHT_MM = 5.6
EXTRUSION_MM = (0.0, 0.0, 0.6, 1.8, 3.0)  # outward shift of the worse meniscus, by grade
HEIGHT_LEFT = (1.0, 1.0, 0.95, 0.75, 0.55)


@dataclass(frozen=True)
class Ring:
    """The outline of one meniscus, seen from above.

    Attributes:
        side: 1 for the lateral one, -1 for the medial one.
        middle_mm: (lateral, anterior).
        half_mm: half width and half length of the outer border.
        widths_mm: of the anterior horn, the body and the posterior horn.
        opening_deg: half the angle towards the eminence that it leaves open.
    """

    side: float
    middle_mm: tuple[float, float]
    half_mm: tuple[float, float]
    widths_mm: tuple[float, float, float]
    opening_deg: float

    def across(self, lateral_mm: Array, anterior_mm: Array) -> tuple[Array, Array, Array]:
        """Distance from the outer border (positive inside), local width, and distance from the opening's limit (mm)."""
        u = (lateral_mm - self.middle_mm[0]) / self.half_mm[0]
        v = (anterior_mm - self.middle_mm[1]) / self.half_mm[1]
        radius = np.sqrt(u * u + v * v) + 1e-6
        steepness = np.sqrt((u / self.half_mm[0]) ** 2 + (v / self.half_mm[1]) ** 2) / radius
        from_border = (1 - radius) / np.maximum(steepness, 1e-6)
        width = np.interp(v / radius, (-1.0, 0.0, 1.0), self.widths_mm[::-1])
        angle = np.degrees(np.arctan2(np.abs(v), -self.side * u))  # from the direction of the eminence
        open_mm = np.radians(angle - self.opening_deg) * radius * self.half_mm[0]
        return from_border, width, open_mm


def rings(extent: Extent, scale: float, extrusion_mm: dict[str, float]) -> dict[str, Ring]:
    """The outlines of both menisci.

    Args:
        extent: of the tibia.
        scale: of the knee.
        extrusion_mm: compartment to outward shift.
    """
    result = {}
    for name, key, side in ((MEDIAL, "TM", -1.0), (LATERAL, "TL", 1.0)):
        outline = OUTLINES[key]
        inner, outer = 0.10 if side < 0 else 0.06, max(outline.outer) + 0.02
        middle = extent.position_mm(side * (inner + outer) / 2, (outline.anterior + outline.posterior) / 2)
        half = ((outer - inner) / 2 * extent.half[0], (outline.anterior - outline.posterior) / 2 * extent.half[1])
        widths = (7.5, 8.5, 12.0) if side < 0 else (8.5, 9.0, 10.5)  # [from memory]
        result[name] = Ring(
            side,
            (float(middle[0] + side * extrusion_mm[name]), float(middle[1])),
            half,
            (widths[0] * scale, widths[1] * scale, widths[2] * scale),
            38.0 if side < 0 else 24.0,
        )
    return result


def meniscus_depth(
    space: KneeSpace, extent: Extent, spec: KneeSpec, cartilage: dict[str, Values], box: Box
) -> tuple[Values, Values]:
    """Signed distance (mm) of both menisci, positive inside, and the (y, x) distance from the outer border of the
    nearer one, positive within.

    Args:
        space: bones in knee space.
        extent: of the tibia.
        spec: grade and worse compartment.
        cartilage: bone to thickness in the box.
        box: part of the lattice around the joint line.
    """
    z, y, x = space.grid(box)
    above_tibia = -space.depths[TIBIA.name][box] - cartilage[TIBIA.name]
    below_femur = -space.depths[FEMUR.name][box] - cartilage[FEMUR.name]
    between = np.minimum(above_tibia - 0.1, below_femur - 0.15)
    worn = {name: name == spec.worse for name in (MEDIAL, LATERAL)}
    extrusion = {name: EXTRUSION_MM[spec.grade] if worn[name] else 0.0 for name in worn}
    outline, floor = _tibial_outline(space, box)
    rim = outline[None]
    total = np.full(between.shape, -FAR_MM, np.float32)
    within = np.full(between.shape[1:], -FAR_MM, np.float32)
    for name, ring in rings(extent, space.scale, extrusion).items():
        border, width, opening = (v.astype(np.float32) for v in ring.across(x, y))
        border = np.minimum(border, rim + np.float32(0.8 + extrusion[name]))
        within = np.maximum(within, border[0])
        height = RIM_HEIGHT_MM * space.scale * (HEIGHT_LEFT[spec.grade] if worn[name] else 1.0)
        wedge = (0.3 + height * (1 - border / width) - above_tibia) * np.float32(0.87)
        depth = np.minimum(np.minimum(between, wedge), np.minimum(border, opening))
        depth = np.minimum(depth, (width - border) + 0.3)
        total = np.maximum(total, np.minimum(depth, z - floor).astype(np.float32))
    return np.maximum(total, -np.float32(FAR_MM)), within


def _tibial_outline(space: KneeSpace, box: Box) -> tuple[Values, Values]:
    """Signed distance (y, x) from the outline of the plateaus, positive inside, and the height next to a meniscus.

    Beyond the rim the height of the nearest plateau goes on, so that no meniscus hangs down the side of the tibia.
    """
    z, step = space.lattice.axes_mm[0][box[0]], space.lattice.spacing_mm
    solid = space.depths[TIBIA.name][box] > 0
    layer = solid[np.abs(z + 4.5 * space.scale).argmin()]
    inside = ndimage.distance_transform_edt(layer)
    outside, nearest = ndimage.distance_transform_edt(inside < 1.5 / step + 0.5, return_indices=True)
    smooth = ndimage.gaussian_filter(inside - ndimage.distance_transform_edt(~layer), 1.5 / step)
    top = z[len(z) - 1 - np.argmax(solid[::-1], axis=0)]
    floor = ndimage.gaussian_filter(np.where(outside > 0, top[tuple(nearest)], top), 1.0 / step) - 1.5
    return np.asarray(smooth * step, dtype=np.float32), np.asarray(floor, dtype=np.float32)
