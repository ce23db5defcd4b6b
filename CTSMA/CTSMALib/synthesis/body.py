"""Where an MR shows air around the leg: what lies outside the hull of all that is bright in axial slices.

The networks cannot tell air from the darkest tissue, because norms of the instance take away what is zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

DARK = 0.13  # share of the brightest signal that averaged noise of air stays below
MEAN_VOXELS = 3  # that noise is averaged over
AROUND_VOXELS = 1  # border that still is of the body
FEWEST = 50  # bright voxels of a slice that shows a leg


def air_around(signal: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Air beside the body.

    Muscle, cortical bone and suppressed fat are as dark as air, so that brightness alone does not tell: a leg is about
    convex in axial slices, and its skin or what lies beneath is bright. Where noise is too strong for that, there is
    no air.

    Args:
        signal: (z, y, x) about 0 to 1, z along the leg.
        known: (z, y, x) where the MR is.

    Returns:
        (z, y, x), within ``known``.
    """
    share = ndimage.uniform_filter(known.astype(np.float32), MEAN_VOXELS)  # or borders of the MR would look dark
    bright = (ndimage.uniform_filter(signal, MEAN_VOXELS) > DARK * share) & known
    air = np.zeros_like(known)
    for place, plane in enumerate(bright):
        if np.count_nonzero(plane) < FEWEST:
            continue
        body = ndimage.binary_dilation(convex_hull_image(plane), iterations=AROUND_VOXELS)
        air[place] = known[place] & ~body
    return air
