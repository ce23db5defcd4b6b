"""How good both networks together are on whole MRs: the fine one gets what the coarse one says. Air that is found by
its signal, and pieces of bones that are left out later, are not set yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.learning.synthesis.check import AIR_HU
from CTSMALib.learning.synthesis.scanned import ScannedMR
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.network import SynthesisNet
from CTSMALib.synthesis.windows import seen_by
from CTSMALib.synthesis.working_image import working_image

RATIOS = 20_000  # of each MR, so that all count alike


@dataclass(frozen=True, eq=False)
class Measured:
    """Of whole MRs.

    Attributes:
        count: how many.
        soft_hu, bone_hu: mean absolute errors.
        dice: of all bones together, each taken for itself.
        ratios: (n,) absolute errors over the scales that the network gave.
    """

    count: int
    soft_hu: float
    bone_hu: float
    dice: float
    ratios: NDArray[np.float64]


def measure(
    net: SynthesisNet, spacing_mm: float, scans: Iterable[ScannedMR], count: int, progress: Progress = silent
) -> Measured:
    """Measure on MRs of virtual scanners.

    Samples as those of the training would flatter the network: they are what it learned to be sure of.

    Args:
        net: both networks, in evaluation mode.
        spacing_mm: of its voxels.
        scans: of knees that it did not learn from.
        count: how many these are.
        progress: told about each.
    """
    soft, bone, overlap, ratios = [], [], np.zeros(2), []
    for number, scan in enumerate(scans):
        progress("Measuring both networks together", number / count)
        image = working_image(scan.mr, spacing_mm)
        hu, bones, known = scan.true_ct(image.grid), scan.true_bones(image.grid), image.known
        found = seen_by(net, image.signal, known).prediction
        off = np.abs(found.hu[0, 0].numpy() - hu)
        labels = np.where(known, found.logits[0].argmax(dim=0).numpy(), 0)
        inside = known & (bones > 0)
        outside = known & (bones == 0) & (hu > AIR_HU)
        soft.append(off[outside].mean())
        bone.append(off[inside].mean())
        overlap += [2.0 * ((labels == bones) & (labels > 0)).sum(), (labels > 0).sum() + inside.sum()]
        ratio = (off / found.scale_hu[0, 0].numpy())[inside | outside]
        ratios.append(np.quantile(ratio, (np.arange(RATIOS) + 0.5) / RATIOS))
    dice = float(overlap[0] / max(overlap[1], 1.0))
    return Measured(len(soft), float(np.mean(soft)), float(np.mean(bone)), dice, np.concatenate(ratios))
