"""Cleaning a bone image before it is measured: noise, islands, and the stairs of a segmentation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import BINARY, BoneImage

QUIET = 0.04  # noise relative to the contrast that does not disturb the surface
STAIRS_SIGMA = 0.85  # voxels; turns the stairs of a segmentation into a surface
LEFT = 0.06  # noise that may stay: smoothing further costs more than it gains
SIGMAS = (0.6, 0.75, 0.9, 1.05, 1.2, 1.4)  # voxels; more would close gaps
SAMPLE = 96  # voxels along each axis that noise is looked for in
FEWEST = 500  # voxels that a scatter is read from
INSIDE = 1e-3  # share of the other phase among the 7 x 7 x 7 voxels around
ISLAND_VOXELS = 64  # 4 x 4 x 4: what is smaller is no structure that could be measured
BORDER_VOXELS = 8  # the same for what the border of the image may have cut off


def noise_sd(image: BoneImage) -> float:
    """Standard deviation of the noise, relative to the contrast between bone and marrow.

    The larger of two estimates: the scatter around the local mean (5 x 5 x 5 voxels) well inside either phase, which
    sees correlated noise too but needs thick structures; and the median second difference of second differences
    within slices, which sees uncorrelated noise only but everywhere (Immerkaer, Comput Vis Image Underst 1996, with a
    median in place of the mean).
    """
    part = _middle(image)
    return max(_scatter_within(part.fraction, part.mask), _second_differences(part.fraction, part.mask))


def _middle(image: BoneImage) -> BoneImage:
    """The middle of the mask, large enough for its noise to be known."""
    found = ndimage.find_objects(image.mask.view(np.uint8))
    if not found:
        return image
    z, y, x = (
        slice(
            max(part.start, (part.start + part.stop - SAMPLE) // 2),
            min(part.stop, (part.start + part.stop + SAMPLE) // 2),
        )
        for part in found[0]
    )
    return image.crop((z, y, x))


def _scatter_within(fraction: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Scatter around the local mean, inside bone or marrow; the smaller of the two is free of other structure."""
    bone = ndimage.uniform_filter((fraction > 0.5).astype(np.float32), 7, mode="nearest")
    away = fraction - ndimage.uniform_filter(fraction, 5, mode="nearest")
    found = [away[mask & inside] for inside in (bone < INSIDE, bone > 1.0 - INSIDE)]
    spreads = [float(np.median(np.abs(part))) * 1.4826 for part in found if part.size >= FEWEST]
    return min(spreads, default=0.0)


def _second_differences(fraction: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    if min(fraction.shape[1:]) < 3:
        return 0.0
    rows = fraction[:, :-2] - 2.0 * fraction[:, 1:-1] + fraction[:, 2:]
    both = rows[:, :, :-2] - 2.0 * rows[:, :, 1:-1] + rows[:, :, 2:]
    values = both[mask[:, 1:-1, 1:-1]]
    return float(np.median(np.abs(values)) * 1.4826 / 6.0) if values.size else 0.0


def clean(image: BoneImage, denoise: bool | None = None, islands: bool = True) -> BoneImage:
    """The image without noise, stairs and islands.

    Args:
        image: any bone image.
        denoise: smooth it; with ``None`` only if its noise exceeds :data:`QUIET`. Segmentations are always smoothed.
        islands: remove separate pieces of bone, and holes in it, of fewer than :data:`ISLAND_VOXELS` voxels.
    """
    if image.kind == BINARY:
        image = smoothed(image)
    elif denoise or (denoise is None and noise_sd(image) > QUIET):
        image = _quieted(image)
    return without_islands(image) if islands else image


def smoothed(image: BoneImage) -> BoneImage:
    """A segmentation as a gray image, whose surface no longer follows the faces of voxels."""
    return replace(image, fraction=flat_smoothed(image.fraction, STAIRS_SIGMA))


def flat_smoothed(fraction: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian smoothing (sigma in voxels) whose second moment is taken back by a Laplacian.

    A Gaussian alone moves a curved surface inward by sigma^2 times its mean curvature, which thins trabeculae by a
    tenth. Without a second moment the kernel leaves curved surfaces where they are, to the fourth order.
    """
    blurred = ndimage.gaussian_filter(fraction, sigma, mode="nearest")
    blurred -= np.float32(0.5 * sigma * sigma) * ndimage.laplace(blurred, mode="nearest")
    return blurred


def without_islands(image: BoneImage) -> BoneImage:
    """Small separate pieces take the phase around them: bone is connected by corners, marrow by faces."""
    fraction = image.fraction
    for is_bone in (True, False):
        phase = (fraction > 0.5) == is_bone
        pieces, _ = ndimage.label(phase, np.ones((3, 3, 3)) if is_bone else None)
        sizes = np.bincount(pieces.ravel())
        small = sizes < ISLAND_VOXELS
        cut = _at_border(pieces)
        small[cut] = sizes[cut] < BORDER_VOXELS
        small[0] = False
        if small.any() and not small[1:].all():
            if fraction is image.fraction:
                fraction = fraction.copy()
            fraction[small[pieces]] = 0.0 if is_bone else 1.0
    return image if fraction is image.fraction else replace(image, fraction=fraction)


def _at_border(pieces: NDArray[np.integer]) -> NDArray[np.integer]:
    """Labels of pieces that the border of the image may have cut from something larger."""
    faces = [np.unique(np.take(pieces, side, axis=axis)) for axis in range(3) for side in (0, -1)]
    return np.unique(np.concatenate(faces))


def _quieted(image: BoneImage) -> BoneImage:
    """The image under the mildest smoothing that makes its noise quiet."""
    middle = _middle(image)
    for sigma in SIGMAS:
        sample = replace(middle, fraction=flat_smoothed(middle.fraction, sigma))
        if noise_sd(sample) <= LEFT:
            break
    return replace(image, fraction=flat_smoothed(image.fraction, sigma))
