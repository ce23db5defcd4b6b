"""How connected bone is: the density of its Euler characteristic."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.bone_image import BoneImage

VOXELS_AT_ONCE = 4_000_000
CODES = 256  # of the eight voxels around a corner


def connectivity_density(image: BoneImage) -> float:
    """Minus the Euler characteristic per volume: the loops that could be cut before bone falls apart, per mm^3.

    Bone in several pieces or with closed cavities makes it smaller, even negative. Arguments and result as in
    :func:`euler_density`.
    """
    return 0.0 - euler_density(image)


def euler_density(image: BoneImage) -> float:
    """Euler characteristic of bone per mm^3: pieces minus loops plus cavities.

    Bone is where the fraction is above one half. Voxels of bone that share a corner are connected (26 neighbors), those
    of marrow only if they share a face (6 neighbors). Each corner of the voxel lattice has its share of the Euler
    characteristic of the union of the bone voxels. The mean share of the corners whose eight voxels all lie in the mask
    estimates the density without a bias from the border of the mask, which takes the place of the edge correction of
    Odgaard and Gundersen (1993): bone that is cut by the border is neither closed nor counted there.

    Args:
        image: what to look at.

    Returns:
        The density; NaN where the mask has no eight voxels around a corner.
    """
    counts = _code_counts(image.bone, image.mask)
    corners = int(counts.sum())
    if corners == 0:
        return float("nan")
    return float(counts @ corner_shares()) / (corners * image.voxel_mm3)


@cache
def corner_shares() -> NDArray[np.float64]:
    """(256,) share of the Euler characteristic of a corner by its code.

    Bit 4 z + 2 y + x of a code tells whether the voxel on that side of the corner is bone. The voxels are closed cubes.
    Of the cells that meet at the corner, the corner itself counts 1, its 6 edges -1/2 each (an edge has two corners),
    its 12 faces 1/4 and its 8 cubes -1/8, as far as they belong to a bone voxel.
    """
    shares = np.zeros(CODES)
    for code in range(CODES):
        octants = np.array([code >> bit & 1 for bit in range(8)], dtype=bool).reshape(2, 2, 2)
        # -1, 0 or 1 along each axis: a cell on the lower side, within the corner's plane, or on the upper side.
        for cell in product((-1, 0, 1), repeat=3):
            touched = octants[tuple(slice(None) if side == 0 else slice((side + 1) // 2, None, 2) for side in cell)]
            if touched.any():
                dimension = sum(map(abs, cell))
                shares[code] += (-0.5) ** dimension
    return shares


def _code_counts(bone: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(256,) how many corners within the mask have each code."""
    counts = np.zeros(CODES, np.int64)
    if min(bone.shape) < 2:
        return counts
    slices = max(1, VOXELS_AT_ONCE // (bone.shape[1] * bone.shape[2]))
    for start in range(0, bone.shape[0] - 1, slices):
        part = slice(start, start + slices + 1)
        code = _packed(bone[part].view(np.uint8))
        inside = _packed(mask[part].view(np.uint8)) == CODES - 1
        counts += np.bincount(code[inside], minlength=CODES)
    return counts


def _packed(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of all corners between the voxels of (z, y, x), one smaller along each axis."""
    along_x = bits[:, :, :-1] | np.left_shift(bits[:, :, 1:], np.uint8(1))
    plane = along_x[:, :-1] | np.left_shift(along_x[:, 1:], np.uint8(2))
    codes: NDArray[np.uint8] = plane[:-1] | np.left_shift(plane[1:], np.uint8(4))
    return codes
