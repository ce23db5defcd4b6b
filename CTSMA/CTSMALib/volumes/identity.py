"""A digest that tells whether two files hold the same image."""

from __future__ import annotations

import hashlib

import numpy as np
import SimpleITK as sitk

_STEP_MM = 1e-2  # NIfTI keeps positions as 32-bit numbers
_STEP_UNIT = 1e-4
# Decimal positions such as 0.005 would sit on the border between two rounded values; this shift moves the borders.
_SHIFT = 0.381966


def image_sha256(image: sitk.Image) -> str:
    """SHA-256 of voxel values and geometry.

    The image is first put in the storage order nearest to LPS, so that neither the container nor
    the order of rows, columns and slices changes the result. Origin is rounded to 0.01 mm, spacing and
    direction to 0.0001.

    Args:
        image: three-dimensional.
    """
    array = sitk.GetArrayViewFromImage(image)
    axes = np.array(image.GetDirection()).reshape(3, 3)
    spacing, origin = np.array(image.GetSpacing()), np.array(image.GetOrigin())
    order = _nearest_axes(axes)
    axes, spacing = axes[:, order], spacing[order]
    array = array.transpose([2 - k for k in order[::-1]])
    for k in range(3):
        if axes[k, k] < 0:
            origin = origin + axes[:, k] * spacing[k] * (array.shape[2 - k] - 1)
            axes[:, k] *= -1
            array = np.flip(array, 2 - k)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    for values, step in ((origin, _STEP_MM), (spacing, _STEP_UNIT), (axes, _STEP_UNIT)):
        digest.update(np.floor(values / step + _SHIFT).astype("<i8").tobytes())
    for plane in array:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()


def _nearest_axes(axes: np.ndarray) -> list[int]:
    """Image axis nearest to L, P and S, each used once: the most parallel pair is assigned first."""
    size = np.abs(axes).copy()
    order = [0, 0, 0]
    for _ in range(3):
        space, image = np.unravel_index(np.argmax(size), size.shape)
        order[space] = int(image)
        size[space, :] = size[:, image] = -1
    return order
