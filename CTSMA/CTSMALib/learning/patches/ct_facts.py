"""What is known of a CT without its surroundings: tissue references from boxes, and its sharpness and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.learning.patches.scan_boxes import ScanBoxes
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReference, TissueReferences
from CTSMALib.morphometry.direct_ct.tissue_references import (
    BLOCK_MM,
    BONE_TISSUE_HU,
    BONE_TISSUE_TOLERANCE,
    FAT_DEFAULT,
    KVP,
    KVP_FACTOR,
    MARROW_DEFAULT_SD_HU,
    MARROW_DEFAULT_SHARE,
    MARROW_PERCENTILE,
    MARROW_RANGE_HU,
    MUSCLE_DEFAULT,
)

FEWEST_VOXELS = 300


def references_from_boxes(boxes: ScanBoxes, kvp: float | None = None) -> TissueReferences:
    """References of a scan of which only boxes of subchondral bone are known.

    Marrow is the 5th percentile of the CT number, smoothed over 1.5 mm, of trabecular bone in all boxes, as
    :func:`~CTSMALib.morphometry.direct_ct.tissue_references.estimate_tissue_references` has it of whole bones; boxes
    hold more bone than the shafts, so that it is seldom that of marrow, and the usual value is taken. Fat, muscle and
    solid bone are the usual values.

    Args:
        boxes: of the CT, HU.
        kvp: tube voltage; 120 kV without it.
    """
    fat = TissueReference(*FAT_DEFAULT, voxels=0, measured=False)
    muscle = TissueReference(*MUSCLE_DEFAULT, voxels=0, measured=False)
    solid = BONE_TISSUE_HU * float(np.interp(120.0 if kvp is None else kvp, KVP, KVP_FACTOR))
    cortical = TissueReference(solid, BONE_TISSUE_TOLERANCE * solid, 0, measured=False)
    usual = fat.hu + MARROW_DEFAULT_SHARE * (muscle.hu - fat.hu)
    return TissueReferences(fat, muscle, _marrow(boxes, usual), cortical, False, solid)


def _marrow(boxes: ScanBoxes, usual_hu: float) -> TissueReference:
    smooth = _smooth_hu(boxes)
    if len(smooth) >= FEWEST_VOXELS:
        value = float(np.percentile(smooth, MARROW_PERCENTILE))
        if MARROW_RANGE_HU[0] <= value <= MARROW_RANGE_HU[1]:
            lowest = smooth[smooth <= np.percentile(smooth, 2.0 * MARROW_PERCENTILE)]
            return TissueReference(value, float(lowest.std()), len(lowest), measured=True)
    return TissueReference(usual_hu, MARROW_DEFAULT_SD_HU, 0, measured=False)


def _smooth_hu(boxes: ScanBoxes) -> NDArray[np.float64]:
    """Means over about 1.5 mm that lie wholly in trabecular bone, of all boxes."""
    size = [max(1, round(BLOCK_MM / step)) for step in boxes.spacing_mm]
    parts = [np.empty(0)]
    for hu, bone in zip(boxes.values, boxes.trabecular, strict=True):
        means = ndimage.uniform_filter(hu.astype(np.float64), size)
        parts.append(means[ndimage.minimum_filter(bone, size, mode="constant", cval=0)])
    return np.concatenate(parts)
