"""The network: a U-Net of MONAI at half the resolution of the voxels it reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from monai.networks.nets import BasicUNet
from monai.networks.utils import pixelshuffle, pixelunshuffle

CLASSES = 5  # background and four bones
HU_SCALE, HU_OFFSET = 500.0, 0.0
LEAST_SCALE_HU = 5.0
FACTOR = 2


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network says of an MR.

    Attributes:
        hu: (n, 1, z, y, x) CT numbers.
        scale_hu: likewise, scale of the Laplace distribution of their error.
        logits: (n, 5, z, y, x) of background and bones.
    """

    hu: torch.Tensor
    scale_hu: torch.Tensor
    logits: torch.Tensor


class SynthesisNet(torch.nn.Module):
    """MR to CT numbers with their uncertainty, and bones.

    Blocks of 2 x 2 x 2 voxels become channels before the U-Net and voxels again after it (Shi W et al., CVPR 2016),
    which spares most of the work of full resolution. Norms are those of the instance: the scale of an MR plays no part.

    Args:
        features: widths of the levels and of the last layer, see :class:`monai.networks.nets.BasicUNet`.
    """

    def __init__(self, features: Sequence[int] = (32, 32, 64, 96, 128, 32)) -> None:
        super().__init__()
        volume = FACTOR**3
        self.unet = BasicUNet(
            spatial_dims=3, in_channels=volume, out_channels=(2 + CLASSES) * volume, features=tuple(features),
            norm=("instance", {"affine": True}), upsample="nontrainable",
        )  # fmt: skip

    def forward(self, mr: torch.Tensor) -> torch.Tensor:
        """(n, 1, z, y, x) MR to (n, 7, z, y, x): CT numbers, their scale, logits, all before :func:`read_out`."""
        return self.with_summary(mr)[0]

    def with_summary(self, mr: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The output of :meth:`forward`, and (n, c) means of the deepest features: what the MR looks like to it."""
        deepest: list[torch.Tensor] = []
        hook = self.unet.down_4.register_forward_hook(lambda module, given, found: deepest.append(found))
        try:
            raw: torch.Tensor = pixelshuffle(self.unet(pixelunshuffle(mr, 3, FACTOR)), 3, FACTOR)
        finally:
            hook.remove()
        return raw, deepest[0].mean(dim=(2, 3, 4))


def read_out(raw: torch.Tensor) -> Prediction:
    """The output of :class:`SynthesisNet` in its units."""
    scale = torch.nn.functional.softplus(raw[:, 1:2]) * HU_SCALE * 0.2 + LEAST_SCALE_HU
    return Prediction(raw[:, :1] * HU_SCALE + HU_OFFSET, scale, raw[:, 2:])
