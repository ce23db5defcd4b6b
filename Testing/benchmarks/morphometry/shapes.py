"""Analytic shapes of the phantoms: a level over all space, positive in bone, zero on its surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
POINTS_AT_ONCE = 50_000
Axes = tuple[Floats, Floats, Floats]


class Shape(Protocol):
    """What a phantom is made of."""

    def sample(self, axes: Axes, rotation: Floats, offset_zyx: Floats) -> Floats:
        """The level on a lattice.

        Args:
            axes: coordinates along z, y and x of the lattice, mm.
            rotation: (3, 3), from the axes of the lattice to those of the shape.
            offset_zyx: (3,) mm, where the origin of the lattice lies in the shape.

        Returns:
            (z, y, x) float32, positive in bone.
        """

    def at(self, points_zyx: Floats) -> Floats:
        """The level at (n, 3) points in the axes of the shape, mm: (n,) values."""


@dataclass(frozen=True)
class Solid:
    """A shape whose level at a point is the distance to its surface (mm)."""

    depth_mm: Callable[[Floats, Floats, Floats], Floats]  # of coordinates in the axes of the shape

    def sample(self, axes: Axes, rotation: Floats, offset_zyx: Floats) -> Floats:
        z, y, x = (a.astype(np.float32) for a in axes)
        turned = (
            np.float32(row[0]) * z[:, None, None]
            + np.float32(row[1]) * y[None, :, None]
            + (np.float32(row[2]) * x + np.float32(shift))[None, None, :]
            for row, shift in zip(rotation, offset_zyx, strict=True)
        )
        return self.depth_mm(*turned)

    def at(self, points_zyx: Floats) -> Floats:
        return self.depth_mm(*points_zyx.T)


@dataclass(frozen=True)
class Waves:
    """A level that is a sum of plane waves, passed through ``level_of``."""

    vectors_zyx: Floats  # (n, 3) rad/mm
    phases: Floats  # (n,)
    amplitudes: Floats  # (n,)
    level_of: Callable[[Floats], Floats]

    def sample(self, axes: Axes, rotation: Floats, offset_zyx: Floats) -> Floats:
        # cos(a + b) = cos a cos b - sin a sin b: one matrix product per slice instead of a cosine per wave and point.
        k = self.vectors_zyx @ rotation
        phase = self.phases + self.vectors_zyx @ offset_zyx
        along_x = np.outer(k[:, 2], axes[2])
        right = np.concatenate([np.cos(along_x), -np.sin(along_x)]).astype(np.float32)
        along_y = np.outer(axes[1], k[:, 1])
        field = np.empty(tuple(len(a) for a in axes), np.float32)
        for i, z in enumerate(axes[0]):
            angle = along_y + (k[:, 0] * z + phase)
            left = np.concatenate([np.cos(angle) * self.amplitudes, np.sin(angle) * self.amplitudes], axis=1)
            field[i] = left.astype(np.float32) @ right
        return self.level_of(field)

    def at(self, points_zyx: Floats) -> Floats:
        return self.level_of(np.cos(points_zyx @ self.vectors_zyx.T + self.phases) @ self.amplitudes)

    def derivatives(self, points_zyx: Floats) -> tuple[Floats, Floats]:
        """(n, 3) gradients and (n, 3, 3) second derivatives of the sum of waves at (n, 3) points."""
        k = self.vectors_zyx
        products = (k[:, :, None] * k[:, None, :]).reshape(-1, 9)
        gradient, hessian = np.empty((len(points_zyx), 3)), np.empty((len(points_zyx), 9))
        for start in range(0, len(points_zyx), POINTS_AT_ONCE):
            part = slice(start, start + POINTS_AT_ONCE)
            angle = points_zyx[part] @ k.T + self.phases
            gradient[part] = -(np.sin(angle) * self.amplitudes) @ k
            hessian[part] = -(np.cos(angle) * self.amplitudes) @ products
        return gradient, hessian.reshape(-1, 3, 3)


def wrapped(coordinate: Floats, period_mm: float) -> Floats:
    """The coordinate relative to the nearest multiple of the period."""
    return coordinate - period_mm * np.round(coordinate / period_mm)


def plates(thickness_mm: float, period_mm: float) -> Solid:
    """Parallel plates, normal to the first axis of the shape."""

    def depth(z: Floats, y: Floats, x: Floats) -> Floats:
        return thickness_mm / 2 - np.abs(wrapped(z, period_mm))

    return Solid(depth)


def rods(diameter_mm: float, period_mm: float) -> Solid:
    """Rods along the first axis of the shape, in a square array."""

    def depth(z: Floats, y: Floats, x: Floats) -> Floats:
        return diameter_mm / 2 - np.hypot(wrapped(y, period_mm), wrapped(x, period_mm))

    return Solid(depth)


def lattice(diameter_mm: float, period_mm: float) -> Solid:
    """Rods along all three axes; the axes of three rods meet in each node."""

    def depth(z: Floats, y: Floats, x: Floats) -> Floats:
        squares = [wrapped(c, period_mm) ** 2 for c in (z, y, x)]
        largest = np.maximum(np.maximum(squares[0], squares[1]), squares[2])
        return diameter_mm / 2 - np.sqrt(np.maximum(squares[0] + squares[1] + squares[2] - largest, 0))

    return Solid(depth)


def spheres(diameter_mm: float, period_mm: float) -> Solid:
    """Spheres in a cubic array."""

    def depth(z: Floats, y: Floats, x: Floats) -> Floats:
        return diameter_mm / 2 - _radius(z, y, x, period_mm)

    return Solid(depth)


def shells(outer_mm: float, thickness_mm: float, period_mm: float) -> Solid:
    """Hollow spheres in a cubic array."""
    middle = (outer_mm - thickness_mm) / 2

    def depth(z: Floats, y: Floats, x: Floats) -> Floats:
        return thickness_mm / 2 - np.abs(_radius(z, y, x, period_mm) - middle)

    return Solid(depth)


def gyroid(period_mm: float, level: float) -> Waves:
    """One labyrinth of a gyroid: sin x cos y + sin y cos z + sin z cos x > level."""
    pairs = ((2, 1), (1, 0), (0, 2))
    vectors, phases = [], []
    for first, second in pairs:
        for sign in (1, -1):  # sin a cos b = (sin(a + b) + sin(a - b)) / 2
            vector = np.zeros(3)
            vector[first], vector[second] = 1, sign
            vectors.append(vector)
            phases.append(-np.pi / 2)
    return Waves(
        2 * np.pi / period_mm * np.array(vectors), np.array(phases), np.full(6, 0.5), lambda field: field - level
    )


def schwarz_sheet(period_mm: float, level: float) -> Waves:
    """The sheet around a Schwarz P surface: abs(cos x + cos y + cos z) < level."""
    return Waves(2 * np.pi / period_mm * np.eye(3), np.zeros(3), np.ones(3), lambda field: level - np.abs(field))


def schwarz_surface(period_mm: float) -> Waves:
    """The Schwarz P surface itself, as the surface of one of its two labyrinths."""
    return Waves(2 * np.pi / period_mm * np.eye(3), np.zeros(3), np.ones(3), lambda field: field)


def random_waves(count: int, wavelength_mm: float, stretch: float, level: float, seed: int) -> Waves:
    """An approximately Gaussian random field of unit variance, above a level.

    The directions are random and the wave numbers vary by 15 %, so that the spectrum that was drawn differs from the
    nominal one; the truth is that of the spectrum that was drawn.

    Args:
        count: waves.
        wavelength_mm: geometric mean of the wavelengths along the axes.
        stretch: length along the first axis relative to the others.
        level: of the field in bone.
        seed: of the waves.
    """
    rng = np.random.default_rng([seed, count])
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    sizes = 2 * np.pi / wavelength_mm * rng.normal(1.0, 0.15, (count, 1))
    scale = np.array([stretch ** (-2 / 3), stretch ** (1 / 3), stretch ** (1 / 3)])
    return Waves(
        directions * sizes * scale, rng.uniform(0, 2 * np.pi, count), np.full(count, np.sqrt(2 / count)),
        lambda field: field - level,
    )  # fmt: skip


def _radius(z: Floats, y: Floats, x: Floats, period_mm: float) -> Floats:
    return np.sqrt(wrapped(z, period_mm) ** 2 + wrapped(y, period_mm) ** 2 + wrapped(x, period_mm) ** 2)
