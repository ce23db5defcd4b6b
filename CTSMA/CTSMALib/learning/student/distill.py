"""Ways to make a student's feature maps like those of the teacher.

All maps are brought to the smaller of both grids first: they cover the same cube of bone. Sources:

- ``l1``: mean absolute difference of raw maps, as the published method;
- ``cosine``: a learned projection of each place, compared by direction (Romero A et al., ICLR 2015, hints);
- ``attention``: energy over places, normalized (Zagoruyko S, Komodakis N, ICLR 2017);
- ``relational``: distances among the patches of a batch (Park W et al., CVPR 2019);
- ``pooled``: projected mean and standard deviation over the cube, which a shift of it hardly changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from CTSMALib.learning.student.config import ATTENTION, COSINE, POOLED, RAW_L1, RELATIONAL
from CTSMALib.student.network import Read, summarized

_F = nn.functional


class FeatureDistillation(nn.Module):
    """The loss of one way; it has weights of its own where maps are projected.

    Args:
        kind: of :data:`~CTSMALib.learning.student.config.DISTILLATIONS`, one that compares features.
        stages: which maps, from 1.
        widths: channels of the stages, the same in teacher and student.
    """

    def __init__(self, kind: str, stages: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.kind, self.stages = kind, tuple(stages)
        projected = [widths[stage - 1] * (2 if kind == POOLED else 1) for stage in self.stages]
        self.projectors = nn.ModuleList([nn.Linear(n, n) for n in projected] if kind in (COSINE, POOLED) else [])

    def forward(self, student: Read, teacher: Read, inside: torch.Tensor) -> torch.Tensor:
        """Mean loss over the stages.

        Args:
            student, teacher: of the same patches; nothing flows back to the teacher.
            inside: (n, z, y, x) 1 where the CT shows trabecular bone.
        """
        losses = []
        for number, stage in enumerate(self.stages):
            ours, theirs = student.maps[stage - 1], teacher.maps[stage - 1].detach()
            losses.append(self._of_stage(number, *on_smaller_grid(ours, theirs), inside))
        return torch.stack(losses).mean()

    def _of_stage(
        self, number: int, ours: torch.Tensor, theirs: torch.Tensor, inside: torch.Tensor
    ) -> torch.Tensor:  # fmt: skip
        if self.kind == RAW_L1:
            return _F.l1_loss(ours, theirs)
        if self.kind == COSINE:
            moved = self.projectors[number](ours.movedim(1, -1))
            return 1.0 - _F.cosine_similarity(moved, theirs.movedim(1, -1), dim=-1).mean()
        if self.kind == ATTENTION:
            return _F.mse_loss(_attention(ours), _attention(theirs)) * ours[0, 0].numel()
        if self.kind == RELATIONAL:
            return _F.smooth_l1_loss(_distances(summarized(ours, inside)), _distances(summarized(theirs, inside)))
        mine, other = summarized(ours, inside), summarized(theirs, inside)
        return 1.0 - _F.cosine_similarity(self.projectors[number](mine), other, dim=1).mean()


def on_smaller_grid(ours: torch.Tensor, theirs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both maps averaged onto the fewer samples along each axis."""
    z, y, x = (min(a, b) for a, b in zip(ours.shape[2:], theirs.shape[2:], strict=True))
    shape = (z, y, x)
    return _F.adaptive_avg_pool3d(ours, shape), _F.adaptive_avg_pool3d(theirs, shape)


def _attention(features: torch.Tensor) -> torch.Tensor:
    return _F.normalize(features.pow(2).mean(dim=1).flatten(1), dim=1)


def _distances(summary: torch.Tensor) -> torch.Tensor:
    """Distances among the patches of a batch, over their mean."""
    apart = torch.cdist(summary, summary)
    return apart / (apart.sum() / (apart > 0).sum().clamp_min(1)).clamp_min(1e-6)
