"""CT numbers of cubes on one scale, whatever the tube voltage: the same bone looks the same to a network.

Solid bone has 1740 HU at 100 kV and 1350 HU at 140 kV, as far as a scan's tissue references tell. Marrow and solid bone
of every scan are brought to the same two numbers, those of 120 kV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Names of the two references in tables of knees and in the settings of a bundle.
MARROW, BONE = REFERENCES = ("ct_marrow_hu", "ct_bone_tissue_hu")
MARROW_HU, BONE_HU = -53.5, 1500.0  # usual ones at 120 kV
SCALE, SCALED = {MARROW: MARROW_HU, BONE: BONE_HU}, "120 kV"  # in a bundle, and in the record of a training

Numbers = NDArray[np.floating] | NDArray[np.integer]


def on_reference_scale(hu: Numbers, marrow_hu: Numbers | float, bone_hu: Numbers | float) -> NDArray[np.float32]:
    """CT numbers as they would be at 120 kV.

    Args:
        hu: (n, ...) of n patches.
        marrow_hu: reference of the scan of each, (n,) or one for all.
        bone_hu: likewise of solid bone.
    """
    marrow, bone = (_along(hu, reference) for reference in (marrow_hu, bone_hu))
    gain = np.float32(BONE_HU - MARROW_HU) / (bone - marrow)
    return np.asarray((hu - marrow) * gain + np.float32(MARROW_HU), dtype=np.float32)


def _along(hu: Numbers, reference: Numbers | float) -> NDArray[np.float32]:
    """A number for each patch, in the shape of its cube."""
    found = np.broadcast_to(np.asarray(reference, dtype=np.float32), len(hu))
    return found.reshape(-1, *(1,) * (hu.ndim - 1))
