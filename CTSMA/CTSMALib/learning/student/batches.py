"""Batches of patches: step and seed determine them, so that a training can be resumed to the same result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.learning.student.config import StudentConfig
from CTSMALib.student.covariates import COVARIATES, INPLANE_FWHM, NOISE_SD, THROUGH_FWHM, scaled
from CTSMALib.student.cubes import CT_STEPS_MM, Cubes
from CTSMALib.student.reference_scale import on_reference_scale

MOST_BLUR_MM = 0.5  # full width at half maximum of what is added in quadrature
BLURRED, NOISY, OTHER_MASK = 0.5, 0.5, 0.5  # share of batches
MOST_NOISE_HU = 40.0
LEVEL_HU, GAIN = 8.0, 0.015  # standard deviations: calibration differs from scanner to scanner
# Relative standard deviations of the covariates, as they are measured on whole virtual scans.
KNOWN_TO = (0.04, 0.1, 0.03, 0.0, 0.0)
FWHM_TO_SD = 1.0 / 2.3548
_TRAINING = 11  # stream of random numbers


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches to learn from.

    Attributes:
        ct, mr: cubes of either scan, CT numbers as the scan has them.
        values: (n, 4) targets in the order of ``KEYS``.
        covariates: (n, 5) of the CT, in the order of :data:`~CTSMALib.student.covariates.COVARIATES`.
        references: (n, 2) of the CT, see :mod:`CTSMALib.student.reference_scale`.
        subjects: (n,) whose.
    """

    ct: Cubes
    mr: Cubes
    values: NDArray[np.float64]
    covariates: NDArray[np.float64]
    references: NDArray[np.float64]
    subjects: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: NDArray) -> Patches:
        """Some of them, by index or mask."""
        return Patches(
            self.ct.select(rows), self.mr.select(rows), self.values[rows], self.covariates[rows],
            self.references[rows], self.subjects[rows],
        )  # fmt: skip

    @property
    def hu(self) -> NDArray[np.float32]:
        """(n, z, y, x) CT numbers on the scale that networks read."""
        return on_reference_scale(self.ct.values, *self.references.T)


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from, as tensors; shapes as in :class:`Patches`."""

    ct: torch.Tensor
    ct_valid: torch.Tensor
    mr: torch.Tensor
    mr_valid: torch.Tensor
    values: torch.Tensor
    covariates: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def training_batch(patches: Patches, config: StudentConfig, step: int) -> Batch:
    """The batch of a step.

    Patients come up equally often, whatever the number of their patches.

    Args:
        patches: to draw from.
        config: of the training.
        step: from 0.
    """
    rng = np.random.default_rng([config.seed, _TRAINING, step])
    rows = _drawn(patches.subjects, config.batch, rng)
    return augmented(patches.select(rows), config, rng) if config.augment else plain_batch(patches.select(rows))


def plain_batch(patches: Patches) -> Batch:
    """Patches as they are."""
    return _batch(patches.hu, patches.ct.valid, patches.mr.values, patches.mr.valid, patches)


def augmented(patches: Patches, config: StudentConfig, rng: np.random.Generator) -> Batch:
    """Patches turned over, of another sharpness, noise and level; covariates follow."""
    hu, valid = patches.hu, patches.ct.valid
    covariates = patches.covariates.copy()
    if config.misregistration_mm:
        hu, valid = _displaced(hu, valid, config.misregistration_mm, rng)
    if rng.random() < OTHER_MASK:
        valid = _other_mask(valid, rng)
    if rng.random() < BLURRED:
        hu = _blurred(hu, covariates, rng)
    if rng.random() < NOISY:
        hu = _noisy(hu, covariates, rng)
    count = (len(hu), 1, 1, 1)
    hu = (hu * (1.0 + GAIN * rng.standard_normal(count)) + LEVEL_HU * rng.standard_normal(count)).astype(np.float32)
    covariates *= np.exp(np.array(KNOWN_TO) * rng.standard_normal(covariates.shape))
    mr, mr_valid = patches.mr.values.astype(np.float32), patches.mr.valid
    for axis in (1, 2, 3):
        if rng.random() < 0.5:  # of both scans, so that their maps stay comparable
            hu, mr = np.flip(hu, axis), np.flip(mr, axis)
            valid, mr_valid = np.flip(valid, axis), np.flip(mr_valid, axis)
    return _batch(hu, valid, mr, mr_valid, replace(patches, covariates=covariates))


def _drawn(subjects: NDArray[np.str_], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    names, codes = np.unique(subjects, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    whose = rng.integers(0, len(names), count)
    within = (rng.random(count) * (first[whose + 1] - first[whose])).astype(np.intp)
    found: NDArray[np.intp] = order[first[whose] + within]
    return found


def _displaced(
    hu: NDArray, valid: NDArray, sd_mm: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    moved, inside = np.empty_like(hu), np.empty_like(valid)
    for row, (image, mask) in enumerate(zip(hu, valid, strict=True)):
        shift = sd_mm * rng.standard_normal(3) / CT_STEPS_MM
        moved[row] = ndimage.shift(image, shift, order=1, mode="nearest")
        inside[row] = ndimage.shift(mask, np.rint(shift), order=0, mode="nearest")
    return moved, inside


def _other_mask(valid: NDArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Trabecular bone one sample narrower or wider, as outlines that are found differ from true ones."""
    cross = ndimage.generate_binary_structure(3, 1)[None]
    change = ndimage.binary_erosion if rng.random() < 0.5 else ndimage.binary_dilation
    border = {"border_value": 1} if change is ndimage.binary_erosion else {}
    found = change(valid > 0, cross, **border).astype(np.uint8)
    empty = ~found.any(axis=(1, 2, 3))
    found[empty] = valid[empty]
    return found


def _blurred(hu: NDArray, covariates: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Blur a batch by one Gaussian; noise is taken to fall as the scan's own sharpness does."""
    fwhm = float(rng.uniform(0.0, MOST_BLUR_MM))
    sds = [fwhm * FWHM_TO_SD / step for step in CT_STEPS_MM]
    found: NDArray[np.float32] = ndimage.gaussian_filter(hu, [0.0, *sds], mode="nearest")
    for name in (INPLANE_FWHM, THROUGH_FWHM):
        column = covariates[:, COVARIATES.index(name)]
        before = column.copy()
        column[:] = np.hypot(column, fwhm)
        covariates[:, COVARIATES.index(NOISE_SD)] *= before / column
    return found


def _noisy(hu: NDArray, covariates: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Add noise that is correlated over about a voxel of the scan.

    The covariate is in HU of the scan, the noise on the scale of 120 kV; that they differ by a tenth at 100 or 140 kV
    is left aside.
    """
    added = float(rng.uniform(0.0, MOST_NOISE_HU))
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape).astype(np.float32), [0.0, 0.5, 0.6, 0.6])
    noise *= added / max(float(noise.std()), 1e-6)
    column = covariates[:, COVARIATES.index(NOISE_SD)]
    column[:] = np.hypot(column, added)
    return hu + noise


def _batch(hu: NDArray, valid: NDArray, mr: NDArray, mr_valid: NDArray, patches: Patches) -> Batch:
    images = [torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32)) for a in (hu, valid, mr, mr_valid)]
    values = torch.from_numpy(patches.values.astype(np.float32))
    hu_tensor, valid_tensor, mr_tensor, mr_valid_tensor = images
    facts = torch.from_numpy(scaled(patches.covariates))
    return Batch(hu_tensor, valid_tensor, mr_tensor, mr_valid_tensor, values, facts)
