"""Which index axis of an image runs across the slices."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

SAME_SPACING = 0.05  # relative difference below which two spacings count as equal


def slice_axis(image: sitk.Image) -> int:
    """The axis across the slices: the one whose spacing stands apart.

    Where the spacing is (nearly) isotropic the axis closest to the patient's long axis is taken,
    because CT is acquired that way. The answer follows the image when it is stored in another order.

    Args:
        image: three-dimensional image.

    Returns:
        0, 1 or 2 in SimpleITK's index order (x, y, z).
    """
    spacing = np.asarray(image.GetSpacing())
    apart = np.abs(spacing / np.median(spacing) - 1.0)
    if apart.max() > SAME_SPACING:
        return int(np.argmax(apart))
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    return int(np.argmax(np.abs(direction[2])))
