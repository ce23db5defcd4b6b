"""What the synthesis networks are to be good at."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss

from CTSMALib.learning.synthesis.samples import Batch
from CTSMALib.synthesis.network import COARSE, LEAST_SCALE_HU, Prediction, read_out

# Air counts for little: norms of the instance take away what is zero, so that networks cannot tell air from the darkest
# tissue; it is found by its signal instead (CTSMALib.synthesis.body).
AIR_HU, AIR_WEIGHT, BONE_WEIGHT = -500.0, 0.05, 3.0
LABEL_WEIGHT = 2.0
USUAL_HU = 100.0  # of an error: scales the part of the loss that CT numbers learn from
SURE = 12.0  # logit
_dice_ce = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, lambda_ce=2.0)


def loss_of(kind: str, raw: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The loss of what a network of a kind wrote."""
    if kind == COARSE:
        return label_loss(raw, batch)
    found = read_out(raw)
    return hu_loss(found, batch) + LABEL_WEIGHT * label_loss(found.logits, batch)


def hu_loss(found: Prediction, batch: Batch) -> torch.Tensor:
    """Absolute error of the CT numbers, and negative log-likelihood (Laplace) of the scale that is said of it.

    The scale does not weigh the error: where a network is wrong it would call itself unsure, and hardly learn any more
    (Seitzer M et al., ICLR 2022). Voxels that the MR does not show do not count.
    """
    weight = torch.where(batch.hu < AIR_HU, AIR_WEIGHT, 1.0) + BONE_WEIGHT * (batch.bones[:, None] > 0)
    weight = weight * batch.known
    error = (found.hu - batch.hu).abs()
    likelihood = error.detach() / found.scale_hu + torch.log(found.scale_hu / LEAST_SCALE_HU)
    return ((error / USUAL_HU + likelihood) * weight).sum() / weight.sum().clamp_min(1.0)


def label_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross-entropy and Dice of the bones; what the MR does not show is background to both."""
    sure = torch.zeros(1, logits.shape[1], 1, 1, 1)
    sure[:, 0] = SURE
    shown = torch.where(batch.known, logits, sure)
    found: torch.Tensor = _dice_ce(shown, (batch.bones[:, None] * batch.known).float())
    return found
