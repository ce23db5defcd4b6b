"""The compact networks: the teacher reads cubes of an MR, the student those of a CT, with maps of the same widths.

Cubes are read at about the resolution of the scan, without enlarging them. Mean and standard deviation over the bone of
the cube summarize the last map: texture, not place, is what counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from CTSMALib.student.covariates import COVARIATES
from CTSMALib.student.cubes import HU_OFFSET, HU_SCALE
from CTSMALib.student.tied_values import OUTPUTS

CT, MR = "ct", "mr"
# Strides of the stages along (proximal, anterior, lateral): samples of either become about cubic on the way.
STRIDES = {CT: ((1, 1, 1), (2, 2, 2), (2, 2, 2)), MR: ((2, 2, 1), (2, 2, 1), (2, 2, 2))}
LEAST_VARIANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Read:
    """What a network makes of cubes.

    Attributes:
        outputs: (n, 5), see :mod:`CTSMALib.student.tied_values`.
        maps: of each stage, (n, channels, z, y, x).
        pooled: (n, 2 channels) mean and standard deviation of the last map.
    """

    outputs: torch.Tensor
    maps: tuple[torch.Tensor, ...]
    pooled: torch.Tensor


class PatchNet(nn.Module):
    """Reads apparent parameters off cubes.

    Args:
        modality: :data:`CT` or :data:`MR`.
        widths: channels of the three stages.
        dropout: share of the summary that is left out in training.
    """

    def __init__(self, modality: str, widths: Sequence[int] = (16, 32, 64), dropout: float = 0.1) -> None:
        super().__init__()
        self.modality = modality
        self.facts = len(COVARIATES) if modality == CT else 0
        stages, channels = [], 2
        for number, (width, stride) in enumerate(zip(widths, STRIDES[modality], strict=True)):
            stages.append(_stage(channels, width, stride, convolutions=1 if number == 0 else 2))
            channels = width
        self.stages = nn.ModuleList(stages)
        self.head = nn.Sequential(
            nn.Linear(2 * channels + self.facts, channels), nn.ReLU(), nn.Dropout(dropout), nn.Linear(channels, OUTPUTS)
        )

    def forward(self, values: torch.Tensor, valid: torch.Tensor, covariates: torch.Tensor | None = None) -> Read:
        """Read cubes.

        Args:
            values: (n, z, y, x) CT numbers on the scale of :mod:`CTSMALib.student.reference_scale`, or apparent bone
                fractions.
            valid: likewise 1 in trabecular bone; what lies elsewhere is blotted out.
            covariates: (n, 5) scaled, of a CT.
        """
        inside = valid.to(values.dtype)
        level = (values - HU_OFFSET) / HU_SCALE if self.modality == CT else values - 0.3
        found, maps = torch.stack([level * inside, inside], dim=1), []
        for stage in self.stages:
            found = stage(found)
            maps.append(found)
        pooled = summarized(found, inside)
        known = pooled if covariates is None or not self.facts else torch.cat([pooled, covariates], dim=1)
        return Read(self.head(known), tuple(maps), pooled)


def summarized(features: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """(n, 2 channels) mean and standard deviation of a map (n, channels, z, y, x) over bone (n, Z, Y, X)."""
    share = nn.functional.adaptive_avg_pool3d(inside[:, None], _zyx(features))
    total = share.sum(dim=(2, 3, 4)).clamp_min(1e-3)
    mean = (features * share).sum(dim=(2, 3, 4)) / total
    square = (features**2 * share).sum(dim=(2, 3, 4)) / total
    return torch.cat([mean, torch.sqrt((square - mean**2).clamp_min(LEAST_VARIANCE))], dim=1)


def _zyx(features: torch.Tensor) -> tuple[int, int, int]:
    z, y, x = features.shape[2:]
    return z, y, x


def _stage(channels: int, width: int, stride: tuple[int, int, int], convolutions: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(convolutions):
        layers += [
            nn.Conv3d(channels if number == 0 else width, width, 3, stride if number == 0 else 1, 1, bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
