"""The outline of the leg and the fascia under its fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.virtual.field import Field
from CTSMALib.virtual.spec import KneeSpec

Array = NDArray[np.float64]
Values = NDArray[np.float32]

ANGLES = 120
LEVEL_MM = 3.0
RADIUS_MM = 1.0
THINNEST_MM = 2.9  # of fat and skin together, over the patella
HULL, HULL_AT_JOINT = 0.9, 0.5  # how far the outline bridges hollows; beside the patellar ligament less
ROUND_STEPS = 7.0  # angles over which its flat parts bulge


@dataclass(frozen=True, eq=False)
class Outline:
    """A smooth tube around the leg.

    Attributes:
        z_mm: (n,) levels.
        middle_mm: (n, 2) points (lateral, anterior) it is seen from.
        radius_mm: (n, ANGLES) distance at angles from lateral (0) over anterior.
        least_mm: (n, ANGLES) the same of what it encloses.
    """

    z_mm: Array
    middle_mm: Array
    radius_mm: Array
    least_mm: Array

    def depth(self, lattice: Field) -> Values:
        """Distance (mm) under the tube, about true near it; positive inside."""
        z, y, x = lattice.axes_mm
        middle = np.stack([np.interp(z, self.z_mm, self.middle_mm[:, i]) for i in (0, 1)]).astype(np.float32)
        dx = x.astype(np.float32)[None, None, :] - middle[0][:, None, None]
        dy = y.astype(np.float32)[None, :, None] - middle[1][:, None, None]
        turn = np.arctan2(dy, dx) % np.float32(2 * np.pi) * np.float32(ANGLES / (2 * np.pi))
        level = np.interp(z, self.z_mm, np.arange(len(self.z_mm)))
        around = np.pad(self.radius_mm, ((0, 0), (0, 2)), mode="wrap").astype(np.float32)
        rows = ndimage.map_coordinates(around, np.meshgrid(level, np.arange(ANGLES + 2), indexing="ij"), order=1)
        slope = np.gradient(rows, axis=1) * np.float32(ANGLES / (2 * np.pi)) / rows
        cosine = 1 / np.sqrt(1 + slope**2)
        low = turn.astype(np.int32)
        weight = turn - low
        level_index = np.arange(len(z))[:, None, None]
        edge = rows[level_index, low] * (1 - weight) + rows[level_index, low + 1] * weight
        return np.asarray((edge - np.sqrt(dx * dx + dy * dy)) * cosine[level_index, low], dtype=np.float32)


def deep_outline(inside: Field, scale: float) -> Outline:
    """The deep fascia: around all bones, muscles and tendons, bridging the hollows between them.

    Args:
        inside: signed distance of all of them together, positive inside.
        scale: of the knee.
    """
    z = inside.axes_mm[0]
    levels = np.arange(z[0], z[-1] + 1e-6, LEVEL_MM)
    middle = np.stack([np.zeros(len(levels)), np.interp(levels / scale, (-50, 0, 40, 80), (-10, 3, 8, 8)) * scale], -1)
    angles = 2 * np.pi * np.arange(ANGLES) / ANGLES
    radii = np.arange(5.0, 130.0, RADIUS_MM)
    across = middle[:, None, None, :] + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None, :]
    points = np.concatenate([across, np.broadcast_to(levels[:, None, None, None], across.shape[:3] + (1,))], axis=-1)
    solid = inside.at(points) > 0
    last = len(radii) - 1 - np.argmax(solid[..., ::-1], axis=-1)
    outer = np.where(solid.any(axis=-1), radii[last], radii[0])
    hull = _convex(outer, angles)
    share = HULL + (HULL_AT_JOINT - HULL) * np.exp(-((levels / scale / 20) ** 2))
    bridged = _smooth(outer + share[:, None] * (hull - outer), 2.5, 0.7)
    rounded = np.maximum(bridged, ndimage.gaussian_filter1d(bridged, ROUND_STEPS, axis=1, mode="wrap"))
    least = ndimage.maximum_filter(outer, (3, 3), mode=("nearest", "wrap"))
    return Outline(levels, middle, _over(np.maximum(bridged, outer), rounded), least)


def skin_outline(deep: Outline, spec: KneeSpec, scale: float) -> Outline:
    """The surface of the skin: fat of uneven thickness over the fascia, thin over patella and shin.

    Args:
        deep: the fascia.
        spec: thickness of the fat.
        scale: of the knee.
    """
    rng = np.random.default_rng([spec.seed, 540])
    angles = 2 * np.pi * np.arange(ANGLES) / ANGLES
    front = np.exp(-(((angles - np.pi / 2) / 0.75) ** 2))[None, :]
    shin = np.exp(-(((angles - 0.6 * np.pi) / 0.6) ** 2))[None, :]
    z = deep.z_mm[:, None] / scale
    near_patella = np.exp(-(((z - 22) / 32) ** 2))
    below = 1 / (1 + np.exp((z + 10) / 6))
    medial = np.exp(-(((angles - 1.1 * np.pi) / 0.9) ** 2))[None, :]
    thin = np.clip(0.6 * front + front * near_patella * 0.25 + 0.7 * shin * below, 0, 0.8)
    share = (1 - thin) * (1.0 + 0.35 * medial) * (1 + 0.1 * np.clip((z - 20) / 60, 0, 1))
    wave = sum(
        rng.normal(0, 0.05 / k) * np.cos(k * angles[None, :] + rng.uniform(0, 6.28) + rng.normal(0, 0.02) * z)
        for k in (1, 2, 3)
    )
    fat = np.maximum(spec.body_fat_mm * share * (1 + wave), THINNEST_MM)
    least = np.maximum(deep.radius_mm, deep.least_mm) + THINNEST_MM
    return Outline(deep.z_mm, deep.middle_mm, _over(least, deep.radius_mm + fat), deep.least_mm)


def _over(least: Array, wanted: Array) -> Array:
    """A smooth outline near ``wanted`` that hardly goes under ``least``."""
    result = wanted
    for _ in range(5):
        result = np.maximum(_smooth(result, 2.0, 3.5), least)
    return _smooth(result, 1.0, 1.0)


def _smooth(radius: Array, level_steps: float, angle_steps: float) -> Array:
    radius = ndimage.gaussian_filter1d(radius, level_steps, axis=0, mode="nearest")
    return ndimage.gaussian_filter1d(radius, angle_steps, axis=1, mode="wrap")


def _convex(radius: Array, angles: Array) -> Array:
    """Radius of the convex hull at each level, by its support function."""
    cosine = np.cos(angles[:, None] - angles[None, :])
    support = np.max(radius[:, None, :] * cosine[None], axis=2)
    facing = np.where(cosine > 0.2, cosine, np.nan)
    return np.asarray(np.nanmin(support[:, None, :] / facing[None], axis=2))
