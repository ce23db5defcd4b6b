"""How good a network is on knees that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from CTSMALib.learning.synthesis.samples import Batch
from CTSMALib.synthesis.network import FINE, FoldedUNet, read_out

AIR_HU = -300.0


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        step: after how many steps.
        training_loss: mean since the check before.
        dice: of all bones together, each taken for itself.
        soft_hu, bone_hu: mean absolute errors; ``None`` for the coarse network.
    """

    step: int
    training_loss: float
    dice: float
    soft_hu: float | None = None
    bone_hu: float | None = None

    def __str__(self) -> str:
        told = f"step {self.step}: loss {self.training_loss:.3f}, Dice {self.dice:.3f}"
        if self.soft_hu is None or self.bone_hu is None:
            return told
        return f"{told}, error {self.soft_hu:.0f} HU in soft tissue and {self.bone_hu:.0f} HU in bone"


def check(net: FoldedUNet, kind: str, probes: Sequence[Batch], step: int, training_loss: float) -> Check:
    """Check on samples."""
    net.eval()
    errors = torch.zeros(2, 2, dtype=torch.float64)
    overlap = torch.zeros(2, dtype=torch.float64)
    with torch.inference_mode():
        for batch in probes:
            raw = net(batch.image)
            bone = (batch.bones[:, None] > 0) & batch.known
            logits = raw
            if kind == FINE:
                found = read_out(raw)
                logits = found.logits
                errors += _errors((found.hu - batch.hu).abs(), bone, batch)
            labels = torch.where(batch.known[:, 0], logits.argmax(dim=1), 0)
            same = (labels == batch.bones) & (labels > 0)
            overlap += torch.stack([2.0 * same.sum(), (labels > 0).sum() + bone.sum()]).double()
    dice = float(overlap[0] / overlap[1].clamp_min(1.0))
    if kind != FINE:
        return Check(step, training_loss, dice)
    soft, bones = (float(total / max(float(count), 1.0)) for total, count in errors)
    return Check(step, training_loss, dice, soft, bones)


def _errors(off: torch.Tensor, bone: torch.Tensor, batch: Batch) -> torch.Tensor:
    """(2, 2) sums of absolute errors and numbers of voxels, of soft tissue and of bone."""
    soft = ~bone & batch.known & (batch.hu > AIR_HU)
    return torch.stack([torch.stack([off[where].double().sum(), where.double().sum()]) for where in (soft, bone)])
