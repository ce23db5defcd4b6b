"""Bright marrow on MR: the coil evened out, pieces of marrow told from fat by their size, and cortex around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from CTSMALib.anatomy.grids import AIR_HU
from CTSMALib.anatomy.pose import COARSE_SIGMA_MM, FINE_SIGMA_MM, Brightness

COIL_MM = 18.0  # Gaussian scale over which the coil changes the signal
DARK = 0.6  # below this share of the signal of fat and marrow nearby, a voxel is neither
CREVICE_MM = 6.0  # widest dark sheet between bright tissue: cortex, fascia or tendon
LEAST_RADIUS_MM = 6.0  # of the largest ball inside a piece of marrow
THIN_MM, SURE_RADIUS_MM = 8.0, 14.0  # radius below which fat is as likely, and which fat rarely has
DARK_TISSUE = 0.45  # muscle and air give less
AIR_RADIUS_MM = 6.0  # no bone is dark over as much
DOUBTFUL = 0.25
SKIN_MM, MOST_UNDER_SKIN = 5.0, 0.1  # share of a piece of marrow that may lie as near to the skin
RIM_MM = 1.5  # blurred cortex on either side of the edge of marrow
MARROW = 0.4  # brightness of marrow where cortex has 1, as in the atlases

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of bright tissue, cut where they are narrow.

    Attributes:
        labels: (z, y, x) number of the piece, 0 where it is dark.
        radius_mm: radius of the largest ball inside each piece; entry 0 is 0.
    """

    labels: NDArray[np.int32]
    radius_mm: NDArray[np.float64]


def known_signal(image: sitk.Image) -> tuple[Field, NDArray[np.bool_]]:
    """Signal of an image from :func:`~CTSMALib.anatomy.grids.resample_axis_aligned`, and where it is known.

    Returns:
        (z, y, x) signal, not negative, the nearest known value where the grid leaves the scan; (z, y, x) mask.
    """
    signal = np.nan_to_num(sitk.GetArrayFromImage(image))
    known = signal > AIR_HU + 1.0
    if not known.all() and known.any():
        nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        signal = signal[tuple(nearest)]
    return np.maximum(signal, 0.0).astype(np.float32), known


def evened(signal: Field, spacing_mm: float) -> Field:
    """Signal as a share of what fat and marrow nearby give: about 1 in both, whatever the coil.

    Args:
        signal: (z, y, x), not negative.
        spacing_mm: isotropic spacing.
    """
    highest = np.percentile(signal, 99)
    if highest <= 0:
        return np.zeros_like(signal)
    bright = signal > threshold_otsu(signal[signal > 0.02 * highest])
    level = np.ones_like(signal)
    for _ in range(3):
        weight = ndimage.gaussian_filter(bright.astype(np.float32), COIL_MM / spacing_mm)
        total = ndimage.gaussian_filter(np.where(bright, signal, 0).astype(np.float32), COIL_MM / spacing_mm)
        # Far from everything bright, the level is that of the whole image.
        level = (total + 0.02 * signal[bright].mean()) / (weight + 0.02)
        bright = signal > DARK * level
    return (signal / level).astype(np.float32)


def marrow_pieces(share: Field, spacing_mm: float, crevice: float) -> Pieces:
    """Pieces of bright tissue, marrow and fat alike.

    Args:
        share: (z, y, x) from :func:`evened`.
        spacing_mm: isotropic spacing.
        crevice: a thin structure this much darker than both its sides parts pieces.
    """
    smooth = ndimage.gaussian_filter(share, 0.75 / spacing_mm)
    width = 2 * round(CREVICE_MM / 2 / spacing_mm) + 1
    sheet = ndimage.grey_closing(smooth, size=(width,) * 3) - smooth > crevice
    bright = (share >= DARK) & ~sheet
    radius = ndimage.distance_transform_edt(bright) * spacing_mm
    rounded = ndimage.gaussian_filter(radius, 1.5 / spacing_mm)
    peaks = (rounded == ndimage.maximum_filter(rounded, size=2 * round(6.0 / spacing_mm) + 1)) & (
        radius > LEAST_RADIUS_MM
    )
    seeds, count = ndimage.label(peaks)
    labels = watershed(-rounded, seeds, mask=bright)
    largest = np.array(ndimage.maximum(radius, labels, np.arange(count + 1)), dtype=float)
    # At the border of the image a ball may reach out of it, but then its volume is small.
    volume = np.bincount(labels.ravel(), minlength=count + 1) * spacing_mm**3
    largest = np.minimum(largest, np.cbrt(volume * 3 / (4 * np.pi)))
    largest[0] = 0.0
    return Pieces(labels, largest)


def piece_weights(pieces: Pieces, share: Field, spacing_mm: float) -> NDArray[np.float64]:
    """How likely each piece is marrow: it is thick, and does not lie under the skin.

    Returns:
        0 to 1 for each piece.
    """
    smooth = ndimage.gaussian_filter(share, 1.5 / spacing_mm)
    dark = smooth < DARK_TISSUE
    air = smooth < (threshold_otsu(smooth[dark]) if dark.any() else 0.0)
    to_air = _distance_to(_opened(air, AIR_RADIUS_MM / spacing_mm)) * spacing_mm
    count = len(pieces.radius_mm)
    voxels = np.bincount(pieces.labels.ravel(), minlength=count)
    near = np.bincount(pieces.labels[to_air < SKIN_MM], minlength=count)
    under_skin = near / np.maximum(voxels, 1)
    thick = np.clip((pieces.radius_mm - THIN_MM) / (SURE_RADIUS_MM - THIN_MM), 0.0, 1.0)
    # Muscle may be as dark as air, so what lies beside it is only doubtful.
    return thick * np.clip(1.0 - under_skin / MOST_UNDER_SKIN, DOUBTFUL, 1.0)


def _opened(mask: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """What of a mask balls of a radius (voxels) fit into; they may reach over the border of the image."""
    return _distance_to(_distance_to(~mask) > radius) <= radius


def _distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance (voxels) to a mask; infinite where it is empty."""
    return ndimage.distance_transform_edt(~mask) if mask.any() else np.full(mask.shape, np.inf)


def cortex_brightness(pieces: Pieces, weights: NDArray[np.float64], like: sitk.Image) -> Brightness:
    """What a CT of the same knee would show of cortex, as far as marrow tells: a rim around its pieces.

    Args:
        pieces: of marrow and fat.
        weights: how far each piece counts as marrow, entry 0 for none.
        like: the grid of the pieces.
    """
    spacing = like.GetSpacing()[0]
    chosen = (weights > 0)[pieces.labels]
    away, nearest = ndimage.distance_transform_edt(~chosen, return_indices=True)
    weight = weights[pieces.labels[tuple(nearest)]]
    # Where one piece of bright tissue borders on another there is no cortex.
    inner = ndimage.distance_transform_edt(pieces.labels > 0)
    rim = np.where(chosen, inner, away) * spacing <= RIM_MM
    rim &= chosen | (pieces.labels == 0)
    bright = sitk.GetImageFromArray((np.where(rim, 1.0, np.where(chosen, MARROW, 0.0)) * weight).astype(np.float32))
    bright.CopyInformation(like)
    return Brightness({s: sitk.SmoothingRecursiveGaussian(bright, s) for s in (COARSE_SIGMA_MM, FINE_SIGMA_MM)})
