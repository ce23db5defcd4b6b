"""Bony spurs along the margins of an arthritic joint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import FEMUR, PATELLA, TIBIA
from CTSMALib.morphometry.compiled import compiled
from CTSMALib.virtual.bones.landmarks import exit_point, outward_normal
from CTSMALib.virtual.field import Field
from CTSMALib.virtual.spec import MEDIAL, KneeSpec

Array = NDArray[np.float64]

OTHER_SIDE = 0.45  # height on the better side, relative to the worse
BEAKS = 1.1  # for every millimeter of a lip
LEAST_MM = 0.4  # nothing is made of lower spurs
SPINES_FROM_MM, POLES_FROM_MM = 2.0, 3.0
BEHIND_MOST_MM, NOTCH_MOST_MM = 4.0, 3.0  # spurs behind the femoral condyles, and in the notch
BLUNT = 1.8  # of these, how much thicker their tips are than those of others
EVEN = 2.0  # SD, in beaks, by which roots and directions are evened out along a lip


@dataclass(frozen=True)
class Lip:
    """A spur that runs along a margin.

    Attributes:
        start: (3,) inside the bone, from where the margin is looked for.
        rays: (k, 3) directions to places along the lip, evenly, which follows the surface between them.
        hook: (3,) in which direction the tip bends.
        height_mm: at its highest.
        peak: where it is highest, from 0 at the first end to 1.
        reach_mm: how far away the surface may be.
        blunt: thickness of the tip, relative to the usual.
    """

    start: Array
    rays: Array
    hook: Array
    height_mm: float
    peak: float = 0.5
    reach_mm: float = 60.0
    blunt: float = 1.0


def with_osteophytes(level: Field, bone: str, spec: KneeSpec) -> Field:
    """Add the osteophytes of a bone.

    Args:
        level: about the distance from the surface near it (mm, positive inside), in the frame of the bone.
        bone: name of the bone.
        spec: of the knee; ``osteophyte_mm`` and ``worse`` say how high they are.

    Returns:
        The level function of the bone with them.
    """
    cones = [cone for lip in _lips(bone, spec) for cone in _beaks(level, lip)]
    if not cones:
        return level
    values = level.values.copy()
    x, y, z = (level.first_mm[k] for k in (2, 1, 0))
    _add_cones(values, np.array([x, y, z]), level.spacing_mm, np.array(cones))
    return level.like(values)


def _lips(bone: str, spec: KneeSpec) -> list[Lip]:
    number = {FEMUR.name: 201, TIBIA.name: 202, PATELLA.name: 203}.get(bone)
    if number is None or spec.osteophyte_mm < LEAST_MM:
        return []
    rng = np.random.default_rng([spec.seed, number])
    if bone == PATELLA.name:
        return _patella_lips(spec.osteophyte_mm, rng)
    return _margin_lips(bone, spec, rng) + _inner_lips(bone, spec.osteophyte_mm, rng)


def _margin_lips(bone: str, spec: KneeSpec, rng: np.random.Generator) -> list[Lip]:
    """Along the medial and lateral margins of femur and tibia, often in two waves."""
    lips = []
    for side in (-1.0, 1.0):
        worse = (side < 0) == (spec.worse == MEDIAL)
        share = (1.0 if bone == TIBIA.name else rng.uniform(0.75, 1.0)) * (1.0 if worse else OTHER_SIDE)
        for part in (0, 1):
            height = share * spec.osteophyte_mm * (1.0, rng.uniform(0.3, 0.7))[part]
            behind = bone == FEMUR.name and part == 1
            height = min(height, BEHIND_MOST_MM) if behind else height
            half = np.radians(18 + 2.5 * height)
            if bone == TIBIA.name:  # around the plateau; 0 is straight to the side, positive is anterior
                middle = np.radians((rng.uniform(-5, 20), rng.uniform(-50, -35))[part])
                turns = middle + half * np.linspace(1, -1, 9)
                rays = [[side * np.cos(t), np.sin(t), 0.26] for t in turns]
                start, hook = np.array([side * 16.0, 2.0, -12.0]), np.array([0.2 * side, 0.0, 0.05])
            else:  # around the side of the condyle; 0 is distal, positive is anterior
                middle = np.radians((rng.uniform(-10, 20), rng.uniform(-75, -55))[part])
                turns = middle + half * np.linspace(1, -1, 9)
                rays = [[side * 0.85, np.sin(t), -np.cos(t)] for t in turns]
                start, hook = np.array([side * 17.0, -8.0, 20.0]), np.array([0.5 * side, 0.0, 0.3])
                hook = 0.3 * hook if behind else hook
            blunt = BLUNT if behind else 1.0
            lips.append(Lip(start, np.array(rays), hook, height, rng.uniform(0.35, 0.65), blunt=blunt))
    return lips


def _inner_lips(bone: str, height: float, rng: np.random.Generator) -> list[Lip]:
    """On the tibial spines, and at the borders of the notch."""
    if height < SPINES_FROM_MM:
        return []
    lips = []
    for side in (-1.0, 1.0):
        own = height * rng.uniform(0.25, 0.4)
        if bone == TIBIA.name:
            start, rays = np.array([side * 7.0, rng.uniform(-3, 3), -15.0]), [[0.0, 0.22, 1.0], [0.0, -0.22, 1.0]]
            lips.append(Lip(start, np.array(rays), np.array([0.0, 0.0, 0.3]), own))
        else:
            start = np.array([side * 21.0, rng.uniform(-14, -10), 9.0])
            rays = [[-side, turn, -0.35] for turn in (0.45, 0.15, -0.15, -0.45)]
            own = min(own, NOTCH_MOST_MM)
            lips.append(Lip(start, np.array(rays), np.array([0.0, 0.0, -0.1]), own, reach_mm=20.0, blunt=BLUNT))
    return lips


def _patella_lips(height: float, rng: np.random.Generator) -> list[Lip]:
    """At the upper and lower poles, toward the joint."""
    if height < POLES_FROM_MM:
        return []
    lips = []
    for up in (-1.0, 1.0):
        wide = rng.uniform(0.25, 0.45)
        rays = [[-wide, -0.15, up], [wide, -0.15, up]]
        own = height * rng.uniform(0.3, 0.45)
        lips.append(Lip(np.array([0.0, -2.0, 3.0 * up]), np.array(rays), np.array([0.0, -0.3, 0.5 * up]), own))
    return lips


def _margin(level: Field, lip: Lip, shares: Array) -> Array:
    """(n, 3) points of the surface along a lip; fewer where it cannot be found."""
    given = np.linspace(0, 1, len(lip.rays))
    rays = np.stack([np.interp(shares, given, component) for component in lip.rays.T], axis=1)
    hits = [exit_point(level, lip.start, ray, lip.reach_mm) for ray in rays]
    return np.array([hit for hit in hits if hit is not None])


def _beaks(level: Field, lip: Lip) -> list[Array]:
    """Cones side by side, two for each beak: (9,) start, end, radius at the start and at the end, softness."""
    shares = np.linspace(0, 1, 25)
    roots = _margin(level, lip, shares)
    if len(roots) < len(shares):
        return []
    length = np.linalg.norm(np.diff(roots, axis=0), axis=1).sum()
    shares = np.linspace(0, 1, int(BEAKS * length) + 4)
    roots = _margin(level, lip, shares)
    shares = np.linspace(0, 1, len(roots))
    roots = ndimage.gaussian_filter1d(roots, EVEN, axis=0, mode="nearest")
    toward = lip.rays.mean(axis=0)
    outs = np.array([outward_normal(level, root) for root in roots]) + toward / np.linalg.norm(toward)
    outs = ndimage.gaussian_filter1d(outs, 2 * EVEN, axis=0, mode="nearest")
    outs /= np.linalg.norm(outs, axis=1, keepdims=True)
    bent = outs + lip.hook
    bent /= np.linalg.norm(bent, axis=1, keepdims=True)
    warped = np.interp(shares, [0, lip.peak, 1], [0, 0.5, 1])
    heights = lip.height_mm * np.sin(np.pi * warped) ** 1.5
    cones = []
    for root, out, tip_out, height in zip(roots, outs, bent, heights, strict=True):
        if height < LEAST_MM / 2:
            continue
        wide = 0.3 * (lip.height_mm + height) + 0.2  # it stays broad where it runs out
        tip_radius = (0.14 * lip.height_mm + 0.2) * lip.blunt
        elbow = root + 0.5 * height * out
        tip = elbow + max(0.5 * height - tip_radius, 0.05) * tip_out
        middle = max(0.5 * wide + 0.35 * tip_radius, tip_radius)
        softness = min(0.4 + 0.45 * height, 3.0)
        cones.append(np.r_[root - wide * out, elbow, wide, middle, softness])
        cones.append(np.r_[elbow, tip, middle, tip_radius, softness])
    return cones


@compiled
def _add_cones(values: NDArray, first: NDArray, spacing: float, cones: NDArray) -> None:
    """Join cones with round ends to a level function, softly. ``first`` and cones are (x, y, z), mm."""
    shape = np.array(values.shape)
    bone = values.copy()  # what the cones are joined to, so that many of them side by side add no more than one
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for n in range(len(cones)):
        soft = cones[n, 8]
        reach = max(cones[n, 6], cones[n, 7]) + 6.0
        for axis in range(3):
            near = min(cones[n, axis], cones[n, 3 + axis]) - reach
            far = max(cones[n, axis], cones[n, 3 + axis]) + reach
            low[axis] = max(int((near - first[axis]) / spacing), 0)
            high[axis] = min(int((far - first[axis]) / spacing) + 2, shape[2 - axis])
        ax, ay, az = cones[n, 3] - cones[n, 0], cones[n, 4] - cones[n, 1], cones[n, 5] - cones[n, 2]
        square = ax * ax + ay * ay + az * az
        for k in range(low[2], high[2]):
            z = first[2] + k * spacing - cones[n, 2]
            for j in range(low[1], high[1]):
                y = first[1] + j * spacing - cones[n, 1]
                for i in range(low[0], high[0]):
                    x = first[0] + i * spacing - cones[n, 0]
                    t = min(max((x * ax + y * ay + z * az) / square, 0.0), 1.0)
                    radius = cones[n, 6] + t * (cones[n, 7] - cones[n, 6])
                    away = np.sqrt((x - t * ax) ** 2 + (y - t * ay) ** 2 + (z - t * az) ** 2)
                    cone, old = radius - away, bone[k, j, i]
                    mix = max(soft - abs(cone - old), 0.0) / soft
                    values[k, j, i] = max(values[k, j, i], max(cone, old) + mix * mix * soft * 0.25)
