"""The colors of quantities: perceptually uniform maps, the same in reports, slice views and on bones.

Given here at 33 equally spaced places, so that they can be drawn where matplotlib is not installed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.catalogue import Quantity

NOT_MEASURED = (212, 216, 220)  # RGB of what has no value
BONE_RGB = {"femur": (232, 214, 180), "tibia": (222, 200, 160), "patella": (214, 190, 170), "fibula": (205, 196, 180)}

# The maps "viridis" and "plasma" by S. van der Walt and N. Smith, in the public domain (CC0); RGB in hexadecimal.
_ANCHORS = {
    "viridis": (
        "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d "
        "2f6b8e 2c728e 297a8e 26828e 23898e 21908c 1f978b 1f9f88 21a685 27ad81 31b57b "
        "3ebc74 4dc26c 5cc863 6ece58 82d34d 95d840 aadc32 c0df25 d5e21a eae51a fde725"
    ),
    "plasma": (
        "0d0887 220690 310597 3f049c 4c02a1 5901a5 6600a7 7201a8 7e03a8 8909a5 9511a1 "
        "9f1a9c a92395 b32c8e bc3587 c43e7f cc4678 d25071 d9596a df6263 e56b5d eb7556 "
        "f07f4f f48a48 f89441 fb9f3a fdab33 feb72d fdc328 fcd025 f9dd25 f5eb27 f0f921"
    ),
}
FLAGGED, WIDTH = "flagged", "width of "  # key of a yes or no; beginning of the keys of widths of intervals
_ANCHORS["two"] = " ".join(["56b4e9"] * 16 + ["d55e00"] * 17)  # Okabe and Ito: no is sky blue, yes is vermilion
_OTHER_MAPS = {"ct_plate_thickness_mm": "plasma", FLAGGED: "two"}


def color_map(name: str, count: int = 256) -> NDArray[np.uint8]:
    """A color map as a table.

    Args:
        name: ``"viridis"``, ``"plasma"`` or ``"two"``.
        count: number of rows.

    Returns:
        (count, 3) RGB.
    """
    anchors = np.array([list(bytes.fromhex(word)) for word in _ANCHORS[name].split()], dtype=float)
    places = np.linspace(0, len(anchors) - 1, count)
    table = np.stack([np.interp(places, np.arange(len(anchors)), channel) for channel in anchors.T], axis=1)
    return np.rint(table).astype(np.uint8)


def map_name(quantity: Quantity) -> str:
    """The name of a quantity's color map."""
    usual = "plasma" if quantity.key.startswith(WIDTH) else "viridis"
    return _OTHER_MAPS.get(quantity.key, usual)


def colors_of(quantity: Quantity, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Colors of values over the fixed display range of their quantity.

    Args:
        quantity: gives map and range; values beyond the range take the color at its end.
        values: (n,), NaN where there is none.

    Returns:
        (n, 3) RGB; :data:`NOT_MEASURED` for NaN.
    """
    low, high = quantity.display_range
    table = color_map(map_name(quantity))
    known = np.isfinite(values)
    share = (np.where(known, values, low) - low) / (high - low)
    colors = table[np.clip(np.rint(share * (len(table) - 1)), 0, len(table) - 1).astype(int)]
    colors[~known] = NOT_MEASURED
    return colors
