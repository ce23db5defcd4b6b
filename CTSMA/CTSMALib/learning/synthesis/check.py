"""How good the network is on knees that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from CTSMALib.synthesis.network import SynthesisNet, read_out

AIR_HU = -300.0


@dataclass(frozen=True)
class Check:
    """Attributes: after how many steps; mean loss since the check before; mean absolute error, HU; mean Dice."""

    step: int
    training_loss: float
    soft_hu: float
    bone_hu: float
    dice: float

    def __str__(self) -> str:
        return (
            f"step {self.step}: loss {self.training_loss:.3f}, error {self.soft_hu:.0f} HU in soft tissue and "
            f"{self.bone_hu:.0f} HU in bone, Dice {self.dice:.3f}"
        )


def check(net: SynthesisNet, probes: Sequence[Sequence[torch.Tensor]], step: int, training_loss: float) -> Check:
    """Check on samples; each is (MR, HU, known, bones)."""
    net.eval()
    errors = torch.zeros(2, 2, dtype=torch.float64)
    overlap = torch.zeros(2, dtype=torch.float64)
    with torch.inference_mode():
        for mr, hu, known, bones in probes:
            found = read_out(net(mr))
            error = (found.hu - hu).abs()
            bone = (bones[:, None] > 0) & known
            soft = ~bone & known & (hu > AIR_HU)
            for row, where in enumerate((soft, bone)):
                errors[row] += torch.stack([error[where].double().sum(), where.double().sum()])
            labels = found.logits.argmax(dim=1)
            same = (labels == bones) & (bones > 0) & known[:, 0]
            overlap += torch.stack(
                [2.0 * same.double().sum(), ((labels > 0) & known[:, 0]).double().sum() + bone.double().sum()]
            )
    means = errors[:, 0] / errors[:, 1].clamp_min(1.0)
    return Check(step, training_loss, float(means[0]), float(means[1]), float(overlap[0] / overlap[1].clamp_min(1.0)))
