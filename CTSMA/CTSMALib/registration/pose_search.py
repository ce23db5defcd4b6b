"""Where the knee of the CT lies in the MR: every place and many turns, whatever the headers say.

At each turn, the correlation ratio of MR signals and tissue classes of the CT is computed for all translations at
once by fast Fourier transforms; then again at turns between, about the best places. The correlation ratio (Roche A,
Malandain G, Pennec X, Ayache N. MICCAI 1998, 1115-1124) asks only that the MR shows each tissue with its own
brightness, whichever: it depends on no contrast.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.grids import resample_axis_aligned
from CTSMALib.progress import Progress, silent
from CTSMALib.registration.different import different
from CTSMALib.registration.moving_levels import level_of
from CTSMALib.registration.similarity import sampled
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.rigid import Matrix, rigid

SPACING_MM = 6.0
STEP_DEG, MOST_DEG = 18.0, 36.0
FINER_DEG, FINER = 9.0, 3  # turns about the best places that differ, and how many of those
AIR_HU, FAT_HU, DENSE_HU = -250.0, -20.0, 250.0
LEAST_SHARED = 0.3  # of the smaller of both scans
KEPT, SAME_MM = 6, 12.0
SMALLEST_CLASS = 5.0  # voxels; fewer explain whatever they meet
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PoseCandidate:
    """A place that the knee may have.

    Attributes:
        matrix: (4, 4) from LPS points of the CT to those of the MR.
        evidence: log likelihood ratio of tissues with brightnesses of their own against one for all.
        inside: share of the CT that lies in the MR.
    """

    matrix: Matrix
    evidence: float
    inside: float

    @property
    def turn(self) -> Matrix:
        """(3, 3) of the matrix."""
        return self.matrix[:3, :3]


def search_pose(
    ct: sitk.Image, labels: sitk.Image, mr: sitk.Image, progress: Progress = silent
) -> list[PoseCandidate]:  # fmt: skip
    """Places of the CT's knee in the MR, the most likely first.

    Args:
        ct: HU.
        labels: bones of the CT.
        mr: MR signal, without padding.
        progress: told about every turn.

    Returns:
        Few candidates that differ; empty where no place shares enough of both scans.
    """
    classes, grid = tissue_classes(ct, labels)
    moving = resample_axis_aligned(mr, SPACING_MM / 2)
    level = level_of(_known(moving), Grid.of(moving), SPACING_MM / 2)
    center_mm, radius_mm = _ball(mr)
    search = _Search(classes, grid, int(np.ceil(2 * radius_mm / SPACING_MM)) + 1)
    points_mm = _bone_points(labels)
    found: list[PoseCandidate] = []

    def tried(turns: list[Matrix], start: float, stop: float) -> None:
        for number, turn in enumerate(turns):
            progress("Searching the knee in the MR", start + (stop - start) * number / len(turns))
            found.extend(search.best(level.signal, level.to_index, center_mm, turn))

    tried(_turns(), 0.0, 0.3)
    best = _distinct(found, points_mm, FINER)
    tried([turn @ candidate.turn for candidate in best for turn in _finer_turns()], 0.3, 1.0)
    return _distinct(found, points_mm)


def tissue_classes(ct: sitk.Image, labels: sitk.Image) -> tuple[Array, Grid]:
    """Shares of air, fat, soft tissue, spongy and dense bone: (5, z, y, x) on a coarse grid along the axes of LPS."""
    fine = resample_axis_aligned(ct, SPACING_MM / 2)
    hu = sitk.GetArrayFromImage(fine)
    bone = sitk.GetArrayFromImage(
        sitk.Resample(labels, fine, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    )
    dense = hu > DENSE_HU
    spongy = (bone > 0) & ~dense
    rest = ~dense & ~spongy
    masks = [rest & (hu < AIR_HU), rest & (hu >= AIR_HU) & (hu < FAT_HU), rest & (hu >= FAT_HU), spongy, dense]
    known = hu > -1024.0 + 0.5
    halves = [n - n % 2 for n in hu.shape]
    shares = np.stack(
        [_binned((mask & known)[: halves[0], : halves[1], : halves[2]].astype(np.float32)) for mask in masks]
    )
    origin = np.array(fine.GetOrigin()) + SPACING_MM / 4
    size = shares.shape[:0:-1]
    coarse = Grid((size[0], size[1], size[2]), (SPACING_MM,) * 3, tuple(origin), tuple(np.eye(3).ravel()))
    return shares, coarse


def _binned(array: Array) -> Array:
    nz, ny, nx = (n // 2 for n in array.shape)
    result: Array = array.reshape(nz, 2, ny, 2, nx, 2).mean(axis=(1, 3, 5))
    return result


def _known(moving: sitk.Image) -> NDArray[np.float32]:
    array = sitk.GetArrayFromImage(moving)
    array[array < -1000.0] = np.nan  # the grid reaches beyond the scan
    return array


def _ball(image: sitk.Image) -> tuple[Array, float]:
    """Middle and radius (mm) of the ball around an image."""
    corners = Grid.of(image).corners_mm()
    return corners.mean(axis=0), float(np.linalg.norm(corners[0] - corners[-1])) / 2


def _turns() -> list[Matrix]:
    """Rotations up to a largest angle, evenly about."""
    steps = np.arange(-MOST_DEG, MOST_DEG + 0.1, STEP_DEG)
    vectors = [v for v in itertools.product(steps, repeat=3) if np.linalg.norm(v) <= MOST_DEG + 0.1]
    return [Rotation.from_rotvec(v, degrees=True).as_matrix() for v in vectors]


def _finer_turns() -> list[Matrix]:
    """Rotations by half a step about every axis, and any of them together."""
    vectors = [v for v in itertools.product((-FINER_DEG, 0.0, FINER_DEG), repeat=3) if any(v)]
    return [Rotation.from_rotvec(v, degrees=True).as_matrix() for v in vectors]


class _Search:
    """Correlates a turned MR with the classes of the CT."""

    def __init__(self, classes: Array, grid: Grid, width: int) -> None:
        self.grid = grid
        self.moving_shape = (width,) * 3
        self.shape = tuple(fft.next_fast_len(n + width, real=True) for n in classes.shape[1:])
        self.spectra = [fft.rfftn(c, self.shape) for c in classes]
        self.everything = fft.rfftn(classes.sum(axis=0), self.shape)
        self.fixed_volume = float(classes.sum())

    def best(self, signal: NDArray[np.float32], to_index: Array, center_mm: Array, turn: Matrix) -> list[PoseCandidate]:
        """The best place at one turn."""
        half = (np.array(self.moving_shape) - 1) / 2
        local = (np.moveaxis(np.indices(self.moving_shape), 0, -1) - half)[..., ::-1] * SPACING_MM
        points = local.reshape(-1, 3) @ turn.T + center_mm  # the window's axes are those of the CT
        values = sampled(signal, to_index, points).reshape(self.moving_shape)
        known = np.isfinite(values)
        volume = known.sum()
        if volume == 0:
            return []
        values = np.where(known, (values - values[known].mean()) / (values[known].std() + 1e-9), 0.0).astype(np.float32)
        weights = fft.rfftn(known.astype(np.float32), self.shape).conj()
        sums = fft.rfftn(values, self.shape).conj()
        count = self._back(self.everything * weights)
        total = self._back(self.everything * sums)
        squares = self._back(self.everything * fft.rfftn(values**2, self.shape).conj())
        explained = np.zeros(self.shape, dtype=np.float32)
        for spectrum in self.spectra:
            n, s = self._back(spectrum * weights), self._back(spectrum * sums)
            explained += np.where(n > SMALLEST_CLASS, s**2 / np.maximum(n, SMALLEST_CLASS), 0.0)
        enough = count > LEAST_SHARED * min(volume, self.fixed_volume)
        safe = np.maximum(count, 1.0)
        within, whole = squares - explained, squares - total**2 / safe
        ratio = np.clip(within / np.maximum(whole, 1e-9), 1e-3, 1.0)
        evidence = np.where(enough, -0.5 * count * np.log(ratio), -np.inf)
        place = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
        if not np.isfinite(evidence[place]):
            return []
        shift = np.array(
            [p if p < s - m + 1 else p - s for p, s, m in zip(place, self.shape, self.moving_shape, strict=True)]
        )
        middle_in_ct = (shift + half)[::-1] * SPACING_MM + np.array(self.grid.origin_mm)
        inside = min(float(count[place]) / self.fixed_volume, 1.0)
        return [PoseCandidate(rigid(turn, middle_in_ct, center_mm), float(evidence[place]), inside)]

    def _back(self, spectrum: NDArray[np.complex128]) -> Array:
        result: Array = fft.irfftn(spectrum, self.shape)
        return result


def _bone_points(labels: sitk.Image) -> Array:
    array = sitk.GetArrayViewFromImage(labels) > 0
    index = np.argwhere(array)[::997]
    return np.array([labels.TransformIndexToPhysicalPoint([int(v) for v in i[::-1]]) for i in index])


def _distinct(found: list[PoseCandidate], points_mm: Array, kept: int = KEPT) -> list[PoseCandidate]:
    ranked = sorted(found, key=lambda candidate: -candidate.evidence)
    return [ranked[n] for n in different([c.matrix for c in ranked], points_mm, kept, SAME_MM)]
