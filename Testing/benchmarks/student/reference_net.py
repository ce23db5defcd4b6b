"""The published student and teacher: a video network of 50 layers behind a small front, re-implemented.

What the released code and its libraries state: teacher with two residual blocks of 3 x 3 x 3 convolutions, student
with two transposed convolutions (each doubles the edge), then a "slow" ResNet-50 whose first axis is taken for time and
never made coarser (kernels of the first convolution of each block 1, 1, 3, 3 along it), an average over all places, 61
numbers, and four sigmoids. Width (64) and edge (64) can be reduced for a CPU; the depth stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

FULL_WIDTH, FULL_EDGE, CT_EDGE = 64, 64, 16
DEPTHS, TIME_KERNELS, STRIDES = (3, 4, 6, 3), (1, 1, 3, 3), (1, 2, 2, 2)
HIDDEN, OUTPUTS = 61, 4


@dataclass(frozen=True)
class Size:
    """Attributes: channels of the front and the first stage; samples along the edge of a cube."""

    width: int = FULL_WIDTH
    edge: int = FULL_EDGE


REDUCED = Size(16, 32)  # what two CPU cores can train in hours


class ReferenceNet(nn.Module):
    """Teacher (``"mr"``) or student (``"ct"``).

    Args:
        modality: which.
        size: of the network.
    """

    def __init__(self, modality: str, size: Size) -> None:
        super().__init__()
        width = size.width
        if modality == "mr":
            self.front = nn.Sequential(_Residual(2, width), _Residual(width, width))
        else:
            layers, channels, edge = [], 2, CT_EDGE
            while edge < size.edge:
                layers += [nn.ConvTranspose3d(channels, width, 2, 2), nn.ReLU()]
                channels, edge = width, 2 * edge
            self.front = nn.Sequential(*layers)
        self.stem = nn.Sequential(
            nn.Conv3d(width, width, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False), nn.BatchNorm3d(width), nn.ReLU(),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )  # fmt: skip
        stages, channels = [], width
        for number, (depth, kernel, stride) in enumerate(zip(DEPTHS, TIME_KERNELS, STRIDES, strict=True)):
            inner = width * 2**number
            blocks = [_Bottleneck(channels if n == 0 else 4 * inner, inner, kernel, stride if n == 0 else 1)
                      for n in range(depth)]  # fmt: skip
            stages.append(nn.Sequential(*blocks))
            channels = 4 * inner
        self.stages = nn.ModuleList(stages)
        self.head = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(channels, HIDDEN), nn.Linear(HIDDEN, OUTPUTS), nn.Sigmoid()
        )

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(n, 2, z, y, x) cube and mask to (n, 4) values between 0 and 1, and the maps of the four stages."""
        found, maps = self.stem(self.front(image)), []
        for stage in self.stages:
            found = stage(found)
            maps.append(found)
        return self.head(found.mean(dim=(2, 3, 4))), maps


class _Residual(nn.Module):
    """Two 3 x 3 x 3 convolutions beside one of a single voxel."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.long = nn.Sequential(
            nn.Conv3d(channels, width, 3, padding=1), nn.BatchNorm3d(width), nn.ReLU(),
            nn.Conv3d(width, width, 3, padding=1), nn.BatchNorm3d(width),
        )  # fmt: skip
        self.short = nn.Conv3d(channels, width, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = nn.functional.relu(self.long(image) + self.short(image))
        return found


class _Bottleneck(nn.Module):
    """Along the first axis, then across it, then to four times as many channels."""

    def __init__(self, channels: int, inner: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = 4 * inner
        self.long = nn.Sequential(
            nn.Conv3d(channels, inner, (kernel, 1, 1), padding=(kernel // 2, 0, 0), bias=False), nn.BatchNorm3d(inner),
            nn.ReLU(),
            nn.Conv3d(inner, inner, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False), nn.BatchNorm3d(inner),
            nn.ReLU(), nn.Conv3d(inner, wide, 1, bias=False), nn.BatchNorm3d(wide),
        )  # fmt: skip
        same = channels == wide and stride == 1
        self.short: nn.Module = nn.Identity() if same else nn.Sequential(
            nn.Conv3d(channels, wide, 1, (1, stride, stride), bias=False), nn.BatchNorm3d(wide)
        )  # fmt: skip

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = nn.functional.relu(self.long(image) + self.short(image))
        return found


def multiply_adds(net: nn.Module, *inputs: torch.Tensor) -> float:
    """Multiply-adds of convolutions and linear layers in one run of a network."""
    total = 0.0

    def count(module: nn.Module, given: tuple[torch.Tensor, ...], found: torch.Tensor) -> None:
        nonlocal total
        weights = module.weight.numel()  # type: ignore[union-attr]
        if isinstance(module, nn.Linear):
            total += weights * found.shape[0]
        elif isinstance(module, nn.ConvTranspose3d):
            total += weights * given[0].shape[0] * math.prod(given[0].shape[2:])
        else:
            total += weights * found.shape[0] * math.prod(found.shape[2:])

    kinds = (nn.Conv3d, nn.ConvTranspose3d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, kinds)]
    with torch.inference_mode():
        net.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    return total
