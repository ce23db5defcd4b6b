"""Fitting an atlas knee, or one of its bones, to the bone found in a CT: where it lies and how large it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.atlas import Atlas, atlases, surface_samples
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import lps_to_index
from CTSMALib.anatomy.labels import BONES, Bone

SCALE_LIMITS = (0.75, 1.3)
START_STEP_MM = 12.0
FINE_SIGMA_MM, COARSE_SIGMA_MM = 2.5, 6.0
TRANSLATION_UNIT_MM = 20.0  # brings translations to the size of the other parameters
LEAST_COVERAGE = 0.4
KEPT = 3
PRIOR_WEIGHT = 0.002
# Rotation about LPS axes in rad (the first is flexion), log scale, translation: of a bone against its knee.
PRIOR_SD = np.array([0.5, 0.2, 0.2, 0.06] + [6.0 / TRANSLATION_UNIT_MM] * 3)
SIZE_SD = 0.1  # log scale of a knee against the atlas: about 10 % between adults


@dataclass(frozen=True, eq=False)
class Pose:
    """A similarity transform from an atlas (LPS, mm) to the patient (LPS, mm).

    Attributes:
        atlas: what is fitted.
        mirrored: ``True`` when the atlas, a right knee, is reflected in the sagittal plane to fit a left one.
        rotation: (3, 3) proper rotation, applied after the reflection.
        scale: isotropic.
        translation_mm: (3,) patient position of the atlas's center.
        residual: root mean square difference of smoothed brightness, 0 to 1, over the points inside the image.
        coverage: share of the sample points inside the image.
        explained: squared brightness that the fit accounts for, per sample point; higher is better.
    """

    atlas: Atlas
    mirrored: bool
    rotation: NDArray[np.float64]
    scale: float
    translation_mm: NDArray[np.float64]
    residual: float = 1.0
    coverage: float = 0.0
    explained: float = -1.0

    def to_patient(self, atlas_points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Atlas points (..., 3) to patient LPS."""
        local = (np.asarray(atlas_points_mm) - self.atlas.center_mm) * _reflection(self.mirrored)
        return self.scale * local @ self.rotation.T + self.translation_mm

    def to_atlas(self, patient_points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Patient LPS points (..., 3) to the atlas."""
        local = (np.asarray(patient_points_mm) - self.translation_mm) @ self.rotation / self.scale
        return local * _reflection(self.mirrored) + self.atlas.center_mm

    def frame(self, bone: Bone) -> JointFrame:
        """The joint frame that this pose gives to a bone."""
        origin, axes = self.atlas.frames[bone.name]
        flip = _reflection(self.mirrored)
        turned = (axes * flip) @ self.rotation.T
        if self.mirrored:
            turned[0] *= -1  # the reflected first axis points left; the frame's points to the patient's right
        return JointFrame(self.to_patient(origin), turned, self.mirrored)


def _reflection(mirrored: bool) -> NDArray[np.float64]:
    return np.array([-1.0 if mirrored else 1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Brightness:
    """How much of each point's neighborhood is bright like cortex, at the scales the fit uses (sigma in mm)."""

    images: dict[float, sitk.Image]

    @classmethod
    def of(cls, image: sitk.Image) -> Brightness:
        """From HU on an axis-aligned grid: 0 at muscle and below, 1 at imaged cortex and above."""
        bright = sitk.Clamp((sitk.Cast(image, sitk.sitkFloat32) - 60.0) / 240.0, sitk.sitkFloat32, 0.0, 1.0)
        return cls({s: sitk.SmoothingRecursiveGaussian(bright, s) for s in (COARSE_SIGMA_MM, FINE_SIGMA_MM)})


def find_knee(
    brightness: Brightness, starts_mm: NDArray[np.float64], sides: tuple[bool, ...],
    turn: NDArray[np.float64] | None = None, bones: tuple[Bone, ...] = BONES,
) -> list[Pose]:  # fmt: skip
    """Fit every atlas from many starting points.

    Args:
        brightness: the patient's cortex.
        starts_mm: (n, 3) LPS positions at which the joint space might lie.
        sides: values of ``mirrored`` to try.
        turn: (3, 3) rotation to start from; upright and facing forward by default.
        bones: those that count.

    Returns:
        The best pose for each atlas and side, best first.
    """
    best = []
    for mirrored in sides:
        first = [_start(atlases()[0], mirrored, p, np.eye(3) if turn is None else turn) for p in starts_mm]
        tries = [fit_atlas(brightness, pose, bones, COARSE_SIGMA_MM, 500, 8) for pose in first]
        for atlas in atlases():
            again = [_restart(pose, atlas) for pose in _promising(tries)]
            fits = [fit_atlas(brightness, p, bones, COARSE_SIGMA_MM, 1500, 20) for p in again]
            fine = [fit_atlas(brightness, p, bones, FINE_SIGMA_MM, 3000, 20) for p in _promising(fits)]
            best.append(min(fine, key=_score))
    return sorted(best, key=_score)


def _promising(poses: list[Pose]) -> list[Pose]:
    """The few fits to go on with: those that explain most, and those that fit best where they see the image."""
    seen = [p for p in poses if p.coverage >= LEAST_COVERAGE]
    chosen: list[Pose] = []
    for key in (_score, lambda p: p.residual):
        chosen += [p for p in sorted(seen or poses, key=key)[:KEPT] if p not in chosen]
    return chosen


def refine_bone(brightness: Brightness, knee: Pose, bone: Bone) -> Pose:
    """Fit one bone, starting from the pose of the whole knee (the joint may be bent differently).

    The whole knee's pose acts as a weak prior, which decides where little of the bone is inside the image.
    """
    coarse = fit_atlas(brightness, knee, (bone,), COARSE_SIGMA_MM, 2000, 20, prior=PRIOR_WEIGHT)
    return fit_atlas(brightness, coarse, (bone,), FINE_SIGMA_MM, 5000, 40, prior=PRIOR_WEIGHT)


def _score(pose: Pose) -> float:
    """Lower is better: a fit is worth what it explains, so bone outside the image neither helps nor harms."""
    return -pose.explained


def _start(atlas: Atlas, mirrored: bool, position_mm: NDArray[np.float64], turn: NDArray[np.float64]) -> Pose:
    return Pose(atlas, mirrored, turn, 1.0, np.asarray(position_mm, dtype=float))


def _restart(pose: Pose, atlas: Atlas) -> Pose:
    return Pose(atlas, pose.mirrored, pose.rotation, pose.scale, pose.translation_mm)


def fit_atlas(
    brightness: Brightness, start: Pose, bones: tuple[Bone, ...], sigma_mm: float, count: int, iterations: int,
    prior: float = 0.0,
) -> Pose:  # fmt: skip
    """Fit an atlas: least squares over rotation vector, log scale and translation about the center of the points.

    Args:
        brightness: the patient's cortex.
        start: pose to start from.
        bones: those that count.
        sigma_mm: scale of the brightness.
        count: of sample points.
        iterations: most evaluations.
        prior: weight of staying near the start; 0 leaves it free.
    """
    image = brightness.images[sigma_mm]
    field = sitk.GetArrayViewFromImage(image)
    points, expected = surface_samples(start.atlas, bones, sigma_mm, count)
    pivot = points.mean(axis=0)
    pivot_in_patient = start.to_patient(pivot)

    def pose_of(x: NDArray[np.float64]) -> Pose:
        rotation = Rotation.from_rotvec(x[:3]).as_matrix() @ start.rotation
        scale = float(start.scale * np.exp(x[3]))
        offset = (start.atlas.center_mm - pivot) * _reflection(start.mirrored)
        translation = pivot_in_patient + TRANSLATION_UNIT_MM * x[4:] + scale * rotation @ offset
        return Pose(start.atlas, start.mirrored, rotation, scale, translation)

    def residuals(x: NDArray[np.float64]) -> NDArray[np.float64]:
        index = lps_to_index(image, pose_of(x).to_patient(points))
        found = map_coordinates(field, index.T, order=1, cval=np.nan)
        # Outside the image nothing is known, and nothing is charged.
        charged = np.nan_to_num(found - expected, nan=0.0)
        size = np.sqrt(PRIOR_WEIGHT * len(points)) * (np.log(start.scale) + x[3]) / SIZE_SD
        return np.concatenate([charged, [size], np.sqrt(prior * len(points)) * x / PRIOR_SD])

    low, high = np.log(SCALE_LIMITS[0] / start.scale), np.log(SCALE_LIMITS[1] / start.scale)
    bounds = ([-1.2] * 3 + [min(low, -1e-3)] + [-4.0] * 3, [1.2] * 3 + [max(high, 1e-3)] + [4.0] * 3)
    solution = least_squares(residuals, np.zeros(7), bounds=bounds, max_nfev=iterations, diff_step=1e-3)
    fitted = pose_of(solution.x)
    index = lps_to_index(image, fitted.to_patient(points))
    inside = np.all((index >= 0) & (index <= np.array(field.shape) - 1), axis=1)
    coverage = float(inside.mean())
    squared = solution.fun[: len(points)][inside] ** 2
    explained = float((expected[inside] ** 2 - squared).sum() / len(points))
    residual = float(np.sqrt(squared.mean())) if inside.any() else 1.0
    return replace(fitted, residual=residual, coverage=coverage, explained=explained)
