"""Volumes whose trabecular structure is known in closed form: partial volumes of shapes in any orientation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_fraction

Floats = NDArray[np.floating]
Spacing = tuple[float, float, float]
# Distance (mm) of points (3, n) from the surface, negative in bone.
Distance = Callable[[Floats], Floats]

VOXEL_MM = (0.1, 0.1, 0.1)
SAMPLES = 3  # across a voxel, along every axis; each is a ramp itself, so few are enough
BAND = 0.15  # relative width of a random field's band of wavelengths
POINTS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Shape:
    """A periodic structure and its true values.

    Attributes:
        distance: of points (3, n) in mm from the surface, negative in bone; near the surface exact to first order.
        truth: catalogue key to value.
    """

    distance: Distance
    truth: dict[str, float]


def a_field(
    shape: Shape,
    size_mm: float | tuple[float, float, float] = 6.0,
    spacing_mm: Spacing = VOXEL_MM,
    rotation: int | None = 0,
    samples: int = SAMPLES,
) -> BoneImage:
    """Partial volumes of a shape in a box.

    Args:
        shape: what is in the box.
        size_mm: edges of the box, (z, y, x).
        spacing_mm: (z, y, x).
        rotation: seed of a random rotation and shift; ``None`` leaves the shape along the axes.
        samples: across a voxel.
    """
    step = np.array(spacing_mm)
    count = np.maximum(np.round(np.broadcast_to(size_mm, 3) / step).astype(int), 1)
    turn, shift = a_pose(rotation)
    axes = [(np.arange(n) - (n - 1) / 2.0) * s for n, s in zip(count, step, strict=True)]
    fraction = np.empty(tuple(count), np.float32)
    slices = max(1, POINTS_AT_ONCE // int(count[1] * count[2]))
    for start in range(0, int(count[0]), slices):
        part = np.stack(np.meshgrid(axes[0][start : start + slices], axes[1], axes[2], indexing="ij"))
        points = (turn @ part.reshape(3, -1) + shift[:, None]).astype(np.float32)
        fraction[start : start + slices] = _partial_volumes(shape.distance, points, turn, step, samples).reshape(
            part.shape[1:]
        )
    return from_fraction(fraction, spacing_mm)


def a_pose(seed: int | None) -> tuple[Floats, Floats]:
    """A rotation matrix and a shift (mm), random but repeatable."""
    if seed is None:
        return np.eye(3), np.zeros(3)
    rng = np.random.default_rng(seed)
    return Rotation.random(random_state=seed).as_matrix(), rng.uniform(0.0, 5.0, 3)


def _partial_volumes(distance: Distance, points: Floats, turn: Floats, step: Floats, samples: int) -> Floats:
    """Bone fraction of voxels at ``points`` (3, n); only those that the surface may touch are sampled."""
    at_center = distance(points)
    fraction = (at_center < 0).astype(np.float32)
    near = np.flatnonzero(np.abs(at_center) < 0.7 * np.linalg.norm(step))
    counts = np.round(samples * step / step.min()).astype(
        int
    )  # nearly cubes, as the ramp is the same in all directions
    ramp = np.float32(np.cbrt(np.prod(step / counts)))
    offsets = np.stack(np.meshgrid(*(((np.arange(n) + 0.5) / n - 0.5) * s for n, s in zip(counts, step, strict=True))))
    total = np.zeros(len(near), np.float32)
    for offset in offsets.reshape(3, -1).T:
        moved = points[:, near] + (turn @ offset).astype(np.float32)[:, None]
        total += np.clip(0.5 - distance(moved) / ramp, 0.0, 1.0)
    fraction[near] = total / counts.prod()
    return fraction


def _to_nearest(coordinates: Floats, period: float) -> Floats:
    """Distance along an axis from the nearest multiple of the period, signed."""
    return coordinates - period * np.round(coordinates / period)


def plates(thickness: float = 0.4, period: float = 1.2) -> Shape:
    """Parallel plates across the first axis."""
    truth = {"bv_tv": thickness / period, "bs_tv_per_mm": 2.0 / period, "smi": 0.0, "tb_pf_per_mm": 0.0}
    truth |= {"da_norm": 1.0, "tb_n_mil_per_mm": 0.5 / period}
    return Shape(lambda p: np.abs(_to_nearest(p[0], period)) - thickness / 2.0, truth)


def rods(diameter: float = 0.4, period: float = 1.2) -> Shape:
    """Parallel rods along the first axis, on a square lattice."""
    radius = diameter / 2.0
    truth = {
        "bv_tv": np.pi * radius**2 / period**2,
        "bs_tv_per_mm": 2.0 * np.pi * radius / period**2,
        "smi": 3.0,
        "tb_pf_per_mm": 1.0 / radius,
        "da_norm": 1.0,
    }
    return Shape(lambda p: np.hypot(_to_nearest(p[1], period), _to_nearest(p[2], period)) - radius, truth)


def lattice(diameter: float = 0.4, period: float = 1.2) -> Shape:
    """Rods along all three axes that meet at the nodes of a cubic lattice."""

    def distance(points: Floats) -> Floats:
        z, y, x = (_to_nearest(c, period) ** 2 for c in points)
        return np.sqrt(np.minimum(np.minimum(y + x, z + x), z + y)) - diameter / 2.0

    return Shape(distance, {"conn_d_per_mm3": 2.0 / period**3, "da_norm": 0.0})


def spheres(diameter: float = 0.8, period: float = 1.2) -> Shape:
    """Balls on a cubic lattice."""
    radius = diameter / 2.0
    truth = {
        "bv_tv": 4.0 / 3.0 * np.pi * radius**3 / period**3,
        "bs_tv_per_mm": 4.0 * np.pi * radius**2 / period**3,
        "smi": 4.0,
        "tb_pf_per_mm": 2.0 / radius,
        "conn_d_per_mm3": -1.0 / period**3,
        "da_norm": 0.0,
    }
    return Shape(lambda p: np.sqrt(sum(_to_nearest(c, period) ** 2 for c in p)) - radius, truth)


def shells(diameter: float = 1.2, thickness: float = 0.3, period: float = 1.5) -> Shape:
    """Hollow balls on a cubic lattice; the diameter is the outer one."""
    middle = (diameter - thickness) / 2.0
    outer, inner = diameter / 2.0, diameter / 2.0 - thickness
    surface, rate = 4.0 * np.pi * (outer**2 + inner**2), 8.0 * np.pi * (outer - inner)
    truth = {
        "bv_tv": 4.0 / 3.0 * np.pi * (outer**3 - inner**3) / period**3,
        "bs_tv_per_mm": surface / period**3,
        "smi": 6.0 * 4.0 / 3.0 * np.pi * (outer**3 - inner**3) * rate / surface**2,
        "tb_pf_per_mm": rate / surface,
        "conn_d_per_mm3": -2.0 / period**3,
        "da_norm": 0.0,
    }

    def distance(points: Floats) -> Floats:
        from_center = np.sqrt(sum(_to_nearest(c, period) ** 2 for c in points))
        return np.abs(from_center - middle) - thickness / 2.0

    return Shape(distance, truth)


def gyroid(period: float = 1.5, level: float = 0.766) -> Shape:
    """The network on one side of a gyroid, a quarter of the volume; four loops in a cube of one period.

    The primitive cell of the body-centered lattice, half the cube, holds a graph of genus 3, so the Euler
    characteristic of a cube is -4.
    """
    wave = np.float32(2.0 * np.pi / period)

    def distance(points: Floats) -> Floats:
        (sz, sy, sx), (cz, cy, cx) = np.sin(wave * points), np.cos(wave * points)
        value = level - (sx * cy + sy * cz + sz * cx)
        slope = np.stack([cz * cx - sy * sz, cy * cz - sx * sy, cx * cy - sz * sx])
        return value / (wave * np.sqrt(np.maximum((slope**2).sum(axis=0), 0.05)))

    return Shape(distance, {"bv_tv": 0.25, "conn_d_per_mm3": 4.0 / period**3, "da_norm": 0.0})


def p_sheet(period: float = 1.5, level: float = 0.525) -> Shape:
    """A sheet along the Schwarz P surface, three tenths of the volume.

    The sheet is homotopic to the P surface, of genus 3 in a cube of one period, so its Euler characteristic is -4.
    """
    wave = np.float32(2.0 * np.pi / period)

    def distance(points: Floats) -> Floats:
        value = np.abs(np.cos(wave * points).sum(axis=0)) - level
        slope = np.sqrt(np.maximum((np.sin(wave * points) ** 2).sum(axis=0), 0.05))
        return value / (wave * slope)

    return Shape(distance, {"bv_tv": 0.3, "conn_d_per_mm3": 4.0 / period**3, "da_norm": 0.0})


@dataclass(frozen=True)
class RandomField:
    """A thresholded Gaussian random field and what its spectrum says of it.

    Attributes:
        image: its partial volumes.
        gradient_zyx: (3, 3) mean product of the field's derivatives, per mm^2, for a variance of one.
    """

    image: BoneImage
    gradient_zyx: Floats

    @property
    def da_norm(self) -> float:
        """Of the true fabric: crossings along u are proportional to sqrt(u' L u) (Rice), L being ``gradient_zyx``."""
        values = np.linalg.eigvalsh(self.gradient_zyx)
        return float(1.0 - values[0] / values[2])

    @property
    def principal_zyx(self) -> Floats:
        """(3,) direction of the longest mean intercept length, up to its sign."""
        return np.linalg.eigh(self.gradient_zyx)[1][:, 0]


def a_random_field(
    size_mm: float = 8.0,
    spacing_mm: Spacing = VOXEL_MM,
    wave_mm: float = 1.2,
    stretch: float = 1.0,
    level: float = 0.8,
    seed: int = 0,
    samples: int = 2,
) -> RandomField:
    """Bone where a periodic Gaussian field of nearly one wavelength is above a level.

    Args:
        size_mm: edge of the cube.
        spacing_mm: (z, y, x).
        wave_mm: wavelength across the stretched axis.
        stretch: of the structure along a random direction.
        level: in standard deviations.
        seed: of field and direction.
        samples: across a voxel.
    """
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    step = np.array(spacing_mm) / samples
    count = np.round(size_mm / step / samples).astype(int) * samples
    waves = [2.0 * np.pi * np.fft.fftfreq(n, s) for n, s in zip(count[:2], step[:2], strict=True)]
    waves.append(2.0 * np.pi * np.fft.rfftfreq(count[2], step[2]))
    k = np.stack(np.meshgrid(*waves, indexing="ij", sparse=False)).astype(np.float32)
    stretched = np.tensordot(axis.astype(np.float32), k, axes=1)
    squared = (k**2).sum(axis=0) + (stretch**2 - 1.0) * stretched**2
    spectrum = np.fft.rfftn(rng.standard_normal(tuple(count), dtype=np.float32))
    waves_per_wave = np.sqrt(squared) * wave_mm / (2.0 * np.pi)
    spectrum *= np.exp(-0.5 * ((waves_per_wave - 1.0) / BAND) ** 2)
    spectrum[0, 0, 0] = 0.0
    power = np.abs(spectrum) ** 2
    power[:, :, 1:-1] *= 2.0  # the conjugate half
    power /= power.sum()
    gradient = np.array([[(power * k[i] * k[j]).sum(dtype=float) for j in range(3)] for i in range(3)])
    field = np.fft.irfftn(spectrum, tuple(count), axes=(0, 1, 2)).astype(np.float32)
    field /= field.std()
    change = np.sqrt(sum(along**2 for along in np.gradient(field)))  # across a fine voxel
    fine = np.clip(0.5 + (field - level) / np.maximum(change, 1e-4), 0.0, 1.0)
    z, y, x = count // samples
    fraction = fine.reshape(z, samples, y, samples, x, samples).mean(axis=(1, 3, 5))
    return RandomField(from_fraction(fraction, spacing_mm), gradient)


def odd_images() -> dict[str, BoneImage]:
    """Images with too little in them to measure, by what they are."""
    voxel = np.zeros((7, 7, 7))
    voxel[3, 3, 3] = 1.0
    noise = np.random.default_rng(0).random((9, 9, 9))
    spacing = (0.1, 0.1, 0.2)
    return {
        "no bone": from_fraction(np.zeros((7, 7, 7)), spacing),
        "all bone": from_fraction(np.ones((7, 7, 7)), spacing),
        "one voxel of bone": from_fraction(voxel, spacing),
        "one voxel": from_fraction(np.ones((1, 1, 1)), spacing),
        "one slice": from_fraction(noise[:1], spacing),
        "one slice across the long axis": from_fraction(noise[:, :, :1], spacing),
        "two slices": from_fraction(noise[:2], spacing),
        "an empty mask": from_fraction(noise, spacing, np.zeros(noise.shape, bool)),
        "a mask of one voxel": from_fraction(noise, spacing, voxel_mask(noise.shape)),
    }


def voxel_mask(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask of the voxel in the middle."""
    mask = np.zeros(shape, bool)
    mask[tuple(size // 2 for size in shape)] = True
    return mask
