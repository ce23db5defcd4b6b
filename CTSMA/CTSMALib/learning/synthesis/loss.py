"""What the synthesis network is to be good at."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss

from CTSMALib.synthesis.network import LEAST_SCALE_HU, Prediction

AIR_HU, AIR_WEIGHT, BONE_WEIGHT = -500.0, 0.2, 3.0
HU_WEIGHT, LABEL_WEIGHT = 1.0, 1.0
SURE = 12.0  # logit
_dice_ce = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, lambda_ce=2.0)


def loss(found: Prediction, hu: torch.Tensor, bones: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of the CT numbers (Laplace), and cross-entropy with Dice of the bones.

    Voxels that the MR does not show do not count.

    Args:
        found: of the network.
        hu: (n, 1, z, y, x).
        bones: (n, z, y, x).
        known: (n, 1, z, y, x).
    """
    weight = torch.where(hu < AIR_HU, AIR_WEIGHT, 1.0) + BONE_WEIGHT * (bones[:, None] > 0)
    weight = weight * known
    error = (found.hu - hu).abs()
    likelihood = error / found.scale_hu + torch.log(found.scale_hu / LEAST_SCALE_HU)
    of_hu = (likelihood * weight).sum() / weight.sum().clamp_min(1.0)
    logits = torch.where(known, found.logits, _background(found.logits))
    return HU_WEIGHT * of_hu + LABEL_WEIGHT * _dice_ce(logits, (bones[:, None] * known).float())


def _background(like: torch.Tensor) -> torch.Tensor:
    """Logits that are sure of the background."""
    sure = torch.zeros(1, like.shape[1], 1, 1, 1)
    sure[:, 0] = SURE
    return sure
