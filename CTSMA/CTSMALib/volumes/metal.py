"""Metal in a CT: implants, screws and staples."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

METAL_HU = 2800  # 12-bit scanners saturate at 3071
CLIPPED_METAL_HU = 2500  # cortex reaches it neither at 70 kV nor with a sharp kernel, noise apart
MIN_VOLUME_MM3 = 15.0
MARGIN_MM = 2.5  # partial volume and blooming around the metal


def metal_mask(image: sitk.Image) -> sitk.Image:
    """Find metal and the voxels it spoils.

    Connected voxels above 2800 HU with a volume of at least 15 mm³ are metal; so are, in a scan whose values are cut
    off between 2500 and 2800 HU, those that all have this highest value. They are grown by 2.5 mm.

    Args:
        image: HU; any geometry.

    Returns:
        ``uint8`` image on the same grid, 1 in metal and around it, 0 elsewhere.
    """
    array = sitk.GetArrayViewFromImage(image)
    mask = np.zeros(array.shape, dtype=np.uint8)
    top = array.max()
    if top >= CLIPPED_METAL_HU:
        _mark(array > METAL_HU if top > METAL_HU else array == top, mask, np.array(image.GetSpacing()[::-1]))
    result = sitk.GetImageFromArray(mask)
    result.CopyInformation(image)
    return result


def has_plateau(image: sitk.Image) -> bool:
    """Whether connected voxels that all have the highest value of an image are as many as metal has at least."""
    array = sitk.GetArrayViewFromImage(image)
    dense, spacing = array == array.max(), np.array(image.GetSpacing())
    if not _may_be_metal(dense, spacing):
        return False
    _, volumes = _components(dense[_bounds(dense)], spacing)
    return bool(volumes.max() >= MIN_VOLUME_MM3)


def _mark(dense: np.ndarray, mask: np.ndarray, spacing: np.ndarray) -> None:
    if not _may_be_metal(dense, spacing):
        return
    around = _widened(_bounds(dense), dense.shape, spacing)
    mask, dense = mask[around], dense[around]
    labels, volumes = _components(dense, spacing)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if volumes[number - 1] < MIN_VOLUME_MM3:
            continue
        wide = _widened(box, dense.shape, spacing)
        distance = ndimage.distance_transform_edt(labels[wide] != number, sampling=spacing)
        mask[wide][distance <= MARGIN_MM] = 1


def _may_be_metal(dense: np.ndarray, spacing: np.ndarray) -> bool:
    """Whether there is enough of it at all, which takes less time than to see how it hangs together."""
    return bool(np.count_nonzero(dense) * np.prod(spacing) >= MIN_VOLUME_MM3)


def _components(dense: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Connected parts, numbered from 1, and their volumes in mm³."""
    labels, count = ndimage.label(dense, structure=np.ones((3, 3, 3)))
    return labels, np.bincount(labels.ravel(), minlength=count + 1)[1:] * np.prod(spacing)


def _bounds(mask: np.ndarray) -> tuple[slice, ...]:
    bounds = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(k for k in range(3) if k != axis)))
        bounds.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return tuple(bounds)


def _widened(box: tuple[slice, ...], shape: tuple[int, ...], spacing: np.ndarray) -> tuple[slice, ...]:
    margin = np.ceil(MARGIN_MM / spacing).astype(int) + 1
    return tuple(
        slice(max(s.start - int(m), 0), min(s.stop + int(m), n)) for s, m, n in zip(box, margin, shape, strict=True)
    )
