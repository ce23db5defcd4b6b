"""Smooth variation of shape, so that no two virtual knees are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import FIBULA, TIBIA
from CTSMALib.morphometry.compiled import compiled
from CTSMALib.virtual.bones.shape import FRAME_OF, Placement
from CTSMALib.virtual.bones.sources import Source
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.spec import KneeSpec

Array = NDArray[np.float64]

WAVES = 28
WAVELENGTH_MM = (26.0, 80.0)
COMMON_MM, OWN_MM = 0.9, 0.35  # SD of the displacement shared by all bones, and of each bone's own
STRETCH_SD, STRETCH_LIMIT = 0.018, 0.04  # of each axis of knee space
OWN_STRETCH_SD = 0.005
TIBIAL_SHARE = 0.4  # of varus that lies in the shape of the tibia (from memory; the rest is joint space and femur)
BEND_MM = (-20.0, -55.0)  # heights in the tibia's frame between which it bends
NODES_MM = 2.5  # displacements are interpolated between points this far apart
CLEAR_MM = 5.0  # farther from the surface only the sign matters


@dataclass(frozen=True, eq=False)
class Waves:
    """A smooth random displacement: a sum of plane waves.

    Attributes:
        vectors: (n, 3) radians per mm.
        phases: (n,).
        amplitudes: (n, 3) mm.
    """

    vectors: Array
    phases: Array
    amplitudes: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator, sd_mm: float) -> Waves:
        """A displacement whose components have a standard deviation of about ``sd_mm``."""
        directions = rng.normal(size=(WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        length = np.exp(rng.uniform(np.log(WAVELENGTH_MM[0]), np.log(WAVELENGTH_MM[1]), WAVES))
        weight = length / np.sqrt(np.mean(length**2))  # longer waves are higher, so that slopes are alike
        amplitudes = rng.normal(size=(WAVES, 3)) * weight[:, None] * sd_mm * np.sqrt(2 / WAVES)
        return cls(directions * (2 * np.pi / length)[:, None], rng.uniform(0, 2 * np.pi, WAVES), amplitudes)

    def at(self, points_mm: Array) -> Array:
        """(n, 3) displacements at (n, 3) points."""
        waves = np.cos(points_mm @ self.vectors.T + self.phases)
        return np.asarray(waves @ self.amplitudes)


@dataclass(frozen=True, eq=False)
class Variation:
    """How the bones of one knee differ from those of its source.

    Attributes:
        scale: size relative to the source.
        stretch: (3,) of the axes of knee space.
        common: displacement in knee space.
        own_stretch: bone name to (3,) along the axes of its frame.
        own: bone name to displacement in its frame.
        bend_deg: by how much the shaft of the tibia leans medially below the knee.
    """

    scale: float
    stretch: Array
    common: Waves
    own_stretch: dict[str, Array]
    own: dict[str, Waves]
    bend_deg: float

    @classmethod
    def drawn(cls, spec: KneeSpec) -> Variation:
        """The variation of a knee, from its seed."""
        rng = np.random.default_rng([spec.seed, 101])
        stretch = 1 + np.clip(rng.normal(0, STRETCH_SD, 3), -STRETCH_LIMIT, STRETCH_LIMIT)
        common = Waves.drawn(rng, COMMON_MM)
        frames = sorted(set(FRAME_OF.values()))
        own_stretch = {name: 1 + rng.normal(0, OWN_STRETCH_SD, 3) for name in frames}
        own = {name: Waves.drawn(rng, OWN_MM) for name in frames}
        return cls(spec.scale, stretch, common, own_stretch, own, TIBIAL_SHARE * spec.varus_deg)

    def to_source(self, points_mm: Array, bone: str, placement: Placement) -> Array:
        """Where in the source bone the material of points of the new bone comes from.

        Args:
            points_mm: (n, 3) in the frame of the new bone.
            bone: name of the bone.
            placement: of the source bone in knee space.

        Returns:
            (n, 3) in the frame of the source bone.
        """
        frame = FRAME_OF[bone]
        points = points_mm.copy()
        if bone in (TIBIA.name, FIBULA.name):
            points[:, 0] += np.tan(np.radians(self.bend_deg)) * bent_mm(points[:, 2])
        turned = points @ placement.rotation.T  # relative to the bone's origin, which stays the frame's
        origin = placement.offset_mm[None] * self.scale
        shift = turned * (1 / self.stretch - 1) + self.common.at(turned + origin) - self.common.at(origin)
        points = points + shift @ placement.rotation + self.own[frame].at(points)
        return np.asarray(points / (self.own_stretch[frame] * self.scale))


def bent_mm(height_mm: Array) -> Array:
    """How far below the bend a height lies, counted smoothly from nothing above it."""
    top, bottom = BEND_MM
    length = top - bottom
    below = np.clip(top - height_mm, 0, None)
    return np.where(below < length, below**2 / (2 * length), below - length / 2)


def varied(source: Source, bone: str, variation: Variation, empty: Field) -> Field:
    """The new bone as a level function: its zero is the surface, about true distances near it.

    Args:
        source: source anatomy.
        bone: name of the bone.
        variation: how it differs.
        empty: the lattice in the frame of the bone; its values are not used.
    """
    placement = {"femur": source.femur, "patella": source.patella}.get(bone, Placement.identity())
    old = source.distance[bone]
    counts = [int(np.ceil((n - 1) * empty.spacing_mm / NODES_MM)) + 1 for n in empty.values.shape]
    nodes = Field(np.zeros(counts, np.float32), empty.first_mm, NODES_MM)
    origins = variation.to_source(nodes.points_mm().reshape(-1, 3), bone, placement)
    index = (origins[:, ::-1] - old.first_mm) / old.spacing_mm
    index = np.ascontiguousarray(index.reshape(*counts, 3), np.float32)
    values = _sampled(old.values, index, empty.spacing_mm / NODES_MM, empty.values.shape, CLEAR_MM)
    return empty.like(values * np.float32(variation.scale))


@compiled
def _weights(t: float) -> tuple:
    """Cubic convolution (Keys) of four neighbors: passes through the samples."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )


@compiled
def _cubic(old: NDArray, z: float, y: float, x: float, clear: float) -> float:
    """Cubic interpolation near the surface, nearest value elsewhere."""
    nz, ny, nx = old.shape
    z, y, x = min(max(z, 0.0), nz - 1.0), min(max(y, 0.0), ny - 1.0), min(max(x, 0.0), nx - 1.0)
    value = old[int(np.rint(z)), int(np.rint(y)), int(np.rint(x))]
    if abs(value) > clear:
        return value
    i, j, k = int(z), int(y), int(x)
    wz, wy, wx = _weights(z - i), _weights(y - j), _weights(x - k)
    total = 0.0
    for a in range(4):
        p = min(max(i + a - 1, 0), nz - 1)
        plane = 0.0
        for b in range(4):
            q = min(max(j + b - 1, 0), ny - 1)
            row = 0.0
            for c in range(4):
                row += wx[c] * old[p, q, min(max(k + c - 1, 0), nx - 1)]
            plane += wy[b] * row
        total += wz[a] * plane
    return total


@compiled
def _sampled(old: NDArray, index: NDArray, ratio: float, shape: tuple, clear: float) -> NDArray:
    """Old values at positions given on a coarser lattice, whose points lie ``1 / ratio`` points apart."""
    values = np.empty(shape, np.float32)
    last = index.shape
    for z in range(shape[0]):
        i = min(int(z * ratio), last[0] - 2)
        w = z * ratio - i
        for y in range(shape[1]):
            j = min(int(y * ratio), last[1] - 2)
            v = y * ratio - j
            for x in range(shape[2]):
                k = min(int(x * ratio), last[2] - 2)
                u = x * ratio - k
                p, q, r = 0.0, 0.0, 0.0
                for corner in range(8):
                    a, b, c = corner // 4, corner // 2 % 2, corner % 2
                    share = (w if a else 1 - w) * (v if b else 1 - v) * (u if c else 1 - u)
                    p += share * index[i + a, j + b, k + c, 0]
                    q += share * index[i + a, j + b, k + c, 1]
                    r += share * index[i + a, j + b, k + c, 2]
                values[z, y, x] = _cubic(old, p, q, r, clear)
    return values
