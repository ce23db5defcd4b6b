"""Cleaning a bone image before it is measured: noise, islands, and the stairs of a segmentation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.morphometry.trabecular.bone_image import BINARY, GRAY, BoneImage
from CTSMALib.morphometry.trabecular.sample_box import sample_box

QUIET = 0.04  # noise relative to the contrast that does not disturb the surface
STAIRS_SIGMA = 0.85  # voxels; turns the stairs of a segmentation into a surface
LEFT = 0.06  # noise that may stay: smoothing further costs more than it gains
SIGMAS = (0.6, 0.75, 0.9, 1.05, 1.2, 1.4)  # voxels; more would close gaps
FEWEST = 500  # voxels that a scatter is read from
AROUND = 5  # voxels; edge of the cube that must be pure
PURE = 0.25  # how far the mean of 3 x 3 x 3 voxels may be from bone or marrow there
ISLAND_VOXELS = 8  # 2 x 2 x 2: what is smaller is no structure that could be measured
NOISE_VOXELS = 64  # the same where noise had to be smoothed: what is smaller may be left of it
BORDER_VOXELS = 8  # the same for what the border of the image may have cut off


def noise_sd(image: BoneImage) -> float:
    """Standard deviation of the noise, relative to the contrast between bone and marrow.

    The larger of two estimates: the scatter around the local mean (5 x 5 x 5 voxels) well inside either phase, which
    sees correlated noise too but needs thick structures; and the median second difference of second differences
    within slices, which sees uncorrelated noise only but needs less room (Immerkaer, Comput Vis Image Underst 1996,
    with a median in place of the mean). They are read where most of the mask is. A segmentation has none.
    """
    if image.kind == BINARY:
        return 0.0
    part = image.crop(sample_box(image.mask))
    pure = part.mask & _pure(part.fraction)
    found = pure if np.count_nonzero(pure) >= FEWEST else part.mask
    return max(_scatter(part.fraction, pure), _second_differences(part.fraction, found))


def _pure(fraction: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Voxels around which there is nothing but bone, or nothing but marrow, apart from noise."""
    smooth = ndimage.uniform_filter(fraction, 3, mode="nearest")
    lowest, highest = (
        operation(smooth, AROUND, mode="nearest") for operation in (ndimage.minimum_filter, ndimage.maximum_filter)
    )
    return (highest < PURE) | (lowest > 1.0 - PURE)


def _scatter(fraction: NDArray[np.float32], pure: NDArray[np.bool_]) -> float:
    """Scatter around the local mean, inside bone or marrow; the smaller of the two is free of other structure."""
    away = fraction - ndimage.uniform_filter(fraction, 5, mode="nearest")
    found = [away[pure & phase] for phase in (fraction > 0.5, fraction <= 0.5)]
    return min((_spread(part) for part in found if part.size >= FEWEST), default=0.0)


def _second_differences(fraction: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    if min(fraction.shape[1:]) < 3:
        return 0.0
    rows = fraction[:, :-2] - 2.0 * fraction[:, 1:-1] + fraction[:, 2:]
    both = rows[:, :, :-2] - 2.0 * rows[:, :, 1:-1] + rows[:, :, 2:]
    values = both[where[:, 1:-1, 1:-1]]
    return _spread(values) / 6.0 if values.size else 0.0


def _spread(values: NDArray[np.float32]) -> float:
    """Standard deviation, from the median of the absolute values."""
    return float(np.median(np.abs(values))) * 1.4826


def clean(image: BoneImage, denoise: bool | None = None, islands: bool = True) -> BoneImage:
    """The image without noise, stairs and islands.

    Args:
        image: any bone image.
        denoise: smooth it; with ``None`` only if its noise exceeds :data:`QUIET`. Segmentations are always smoothed.
        islands: remove separate pieces of bone, and holes in it, of fewer than :data:`ISLAND_VOXELS` voxels, or of
            fewer than :data:`NOISE_VOXELS` if the image was smoothed for its noise.
    """
    least = ISLAND_VOXELS
    if image.kind == BINARY:
        image = smoothed(image)
    elif denoise or (denoise is None and noise_sd(image) > QUIET):
        image, least = _quieted(image), NOISE_VOXELS
    return without_islands(image, least) if islands else image


def smoothed(image: BoneImage) -> BoneImage:
    """A segmentation as a gray image, whose surface no longer follows the faces of voxels."""
    return replace(image, fraction=flat_smoothed(image.fraction, STAIRS_SIGMA), kind=GRAY)


def flat_smoothed(fraction: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian smoothing (sigma in voxels) whose second moment is taken back by a Laplacian.

    A Gaussian alone moves a curved surface inward by sigma^2 times its mean curvature, which thins trabeculae by a
    tenth. Without a second moment the kernel leaves curved surfaces where they are, to the fourth order.
    """
    blurred = ndimage.gaussian_filter(fraction, sigma, mode="nearest")
    blurred -= np.float32(0.5 * sigma * sigma) * ndimage.laplace(blurred, mode="nearest")
    return blurred


def without_islands(image: BoneImage, least: int = ISLAND_VOXELS) -> BoneImage:
    """Separate pieces of fewer than ``least`` voxels take the phase around them.

    Bone is connected by corners, marrow by faces.
    """
    fraction = image.fraction
    for is_bone in (True, False):
        phase = (fraction > 0.5) == is_bone
        pieces, _ = ndimage.label(phase, np.ones((3, 3, 3)) if is_bone else None)
        sizes = np.bincount(pieces.ravel())
        small = sizes < least
        cut = _at_border(pieces)
        small[cut] = sizes[cut] < min(BORDER_VOXELS, least)
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
    middle = image.crop(sample_box(image.mask))
    for sigma in SIGMAS:
        sample = replace(middle, fraction=flat_smoothed(middle.fraction, sigma))
        if noise_sd(sample) <= LEFT:
            break
    return replace(image, fraction=flat_smoothed(image.fraction, sigma))
