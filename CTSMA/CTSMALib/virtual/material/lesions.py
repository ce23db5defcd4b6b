"""Subchondral cysts and marrow edema of one bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.compartments import OUTLINES
from CTSMALib.anatomy.extent import Extent
from CTSMALib.anatomy.labels import FEMUR, TIBIA, Bone
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.material.noise import smooth_noise
from CTSMALib.virtual.spec import LATERAL, KneeSpec

Floats = NDArray[np.float32]

IN_TIBIA = 0.6  # share of cysts; the same for edema [memory]
IN_WORSE = 0.9  # share of lesions in the worse compartment [memory]
CYST_MM = (2.0, 10.0)  # diameters
EDEMA_MM = (8.0, 20.0)
ROUGH, ROUGH_MM = 0.18, 5.0  # how uneven the border of edema is, relative to its radius
CYST_ROUGH = 0.10
_LESIONS, _ROUGH = 321, 322


@dataclass(frozen=True)
class Lesion:
    """An uneven ellipsoid.

    Attributes:
        kind: ``"cyst"`` or ``"edema"``.
        center_mm: (lateral, anterior, proximal).
        radii_mm: along the same axes.
    """

    kind: str
    center_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]


def lesions_of(bone: Bone, depth: Field, extent: Extent, spec: KneeSpec) -> list[Lesion]:
    """The lesions of femur or tibia; those of the person are shared out between the two.

    Args:
        bone: which.
        depth: below its surface (mm).
        extent: of its articular end.
        spec: the person.
    """
    rng = np.random.default_rng([spec.seed, _LESIONS])
    lesions = []
    for kind, count in (("cyst", spec.cysts), ("edema", spec.edema)):
        for _ in range(count):
            in_tibia, in_worse, along, across = rng.random(4)
            sizes, round_off = rng.beta(1.4, 2.6), rng.uniform(0.8, 1.2, 3)
            if (in_tibia < IN_TIBIA) != (bone == TIBIA):
                continue
            lateral = (spec.worse == LATERAL) == (in_worse < IN_WORSE)
            spot = _spot(bone, lateral, extent, float(along), float(across))
            low, high = CYST_MM if kind == "cyst" else EDEMA_MM
            radii = (low + (high - low) * sizes) / 2 * spec.scale * round_off
            # A cyst nearly touches the plate; edema reaches it.
            below = radii[2] * (1.05 if kind == "cyst" else 0.7) + (
                _plate(bone, lateral, spec) if kind == "cyst" else 0
            )
            height = _surface(bone, depth, spot)
            if height is None:
                continue
            center = height + below * (1.0 if bone == FEMUR else -1.0)
            x, y, z = (float(r) for r in radii)
            lesions.append(Lesion(kind, (spot[0], spot[1], float(center)), (x, y, z)))
    return lesions


def _plate(bone: Bone, lateral: bool, spec: KneeSpec) -> float:
    return spec.plate_mm[_key(bone, lateral)]


def _key(bone: Bone, lateral: bool) -> str:
    return ("F" if bone == FEMUR else "T") + ("L" if lateral else "M")


def _spot(bone: Bone, lateral: bool, extent: Extent, along: float, across: float) -> tuple[float, float]:
    """A place (lateral, anterior) in the middle part of a compartment."""
    outline = OUTLINES[_key(bone, lateral)]
    anterior = outline.posterior + (0.2 + 0.6 * along) * (outline.anterior - outline.posterior)
    inner, outer = (float(limit) for limit in outline.limits_at(np.array(anterior)))
    own = inner + (0.25 + 0.5 * across) * (outer - inner)
    x, y = extent.position_mm(own if lateral else -own, anterior)
    return float(x), float(y)


def _surface(bone: Bone, depth: Field, spot: tuple[float, float]) -> float | None:
    """Height of the articular surface above or below a spot."""
    z_mm = depth.axes_mm[0]
    column = depth.at(np.column_stack([np.full(len(z_mm), spot[0]), np.full(len(z_mm), spot[1]), z_mm]))
    inside = np.nonzero(column > 0.0)[0]
    if len(inside) == 0:
        return None
    return float(z_mm[inside[0] if bone == FEMUR else inside[-1]])


def inside_mm(lesion: Lesion, number: int, lattice: Field, spec: KneeSpec, margin_mm: float) -> tuple[tuple, Floats]:
    """How deep the points near a lesion lie in it.

    Args:
        lesion: which.
        number: of the lesion within its bone.
        lattice: of the bone.
        spec: the person.
        margin_mm: how far beyond its ellipsoid.

    Returns:
        The box (z, y, x slices) of the lattice, and there the distance from the lesion's border, positive inside.
    """
    centers, radii = lesion.center_mm[::-1], lesion.radii_mm[::-1]
    box, parts, axes = [], [], []
    for axis_mm, center, radius in zip(lattice.axes_mm, centers, radii, strict=True):
        near = np.nonzero(np.abs(axis_mm - center) < radius * 1.4 + margin_mm)[0]
        first, last = (int(near[0]), int(near[-1]) + 1) if len(near) else (0, 0)
        box.append(slice(first, last))
        axes.append(axis_mm[first:last])
        parts.append(((axis_mm[first:last] - center) / radius).astype(np.float32))
    z, y, x = np.meshgrid(*parts, indexing="ij", sparse=True)
    mean = float(np.mean(radii))
    rough = ROUGH if lesion.kind == "edema" else CYST_ROUGH
    uneven = smooth_noise((spec.seed, _ROUGH, number), ROUGH_MM if lesion.kind == "edema" else mean)
    border = 1.0 + np.float32(rough) * uneven.sample((axes[0], axes[1], axes[2]))
    return tuple(box), (border - np.sqrt(z * z + y * y + x * x)) * np.float32(mean)
