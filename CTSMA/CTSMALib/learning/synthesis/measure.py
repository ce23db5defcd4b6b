"""How good both networks together are on whole knees, as they are used: the fine one gets what the coarse one says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.check import AIR_HU
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.draw_sample import draw_sample
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.network import COARSE, COARSER, SynthesisNet
from CTSMALib.synthesis.windows import seen_by

THINNED = 20_000  # voxels of each image that ratios are kept of
_STREAM = 5  # of random numbers


@dataclass(frozen=True, eq=False)
class Measured:
    """Of whole images.

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
    ratios: NDArray[np.float32]


def measure(
    net: SynthesisNet, config: TrainingConfig, cases: list[TissueCase], count: int, progress: Progress = silent
) -> Measured:  # fmt: skip
    """Measure on images that are drawn as those of the training are.

    Args:
        net: both networks, in evaluation mode.
        config: of the training.
        cases: that they did not learn from.
        count: images.
        progress: told about each.
    """
    soft, bone, overlap, ratios = [], [], np.zeros(2), []
    for number in range(count):
        progress("Measuring both networks together", number / count)
        rng = np.random.default_rng([config.seed, _STREAM, number])
        edge = config.edge * COARSER
        sample = draw_sample(cases[number % len(cases)], edge, config.network.spacing_mm, rng, COARSE)
        known, hu, bones = sample.known[0].numpy(), sample.hu[0].numpy(), sample.bones.numpy()
        found = seen_by(net, sample.mr[0].numpy(), known).prediction
        off = np.abs(found.hu[0, 0].numpy() - hu)
        labels = np.where(known, found.logits[0].argmax(dim=0).numpy(), 0)
        inside = known & (bones > 0)
        outside = known & (bones == 0) & (hu > AIR_HU)
        soft.append(off[outside].mean())
        bone.append(off[inside].mean())
        overlap += [2.0 * ((labels == bones) & (labels > 0)).sum(), (labels > 0).sum() + inside.sum()]
        ratio = (off / found.scale_hu[0, 0].numpy())[inside | outside]
        ratios.append(ratio[:: max(1, len(ratio) // THINNED)].astype(np.float32))
    dice = float(overlap[0] / max(overlap[1], 1.0))
    return Measured(count, float(np.mean(soft)), float(np.mean(bone)), dice, np.concatenate(ratios))
