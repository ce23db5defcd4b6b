"""The networks: one sees the whole knee coarsely and says which bone is where, one sees it finely and makes the CT.

Both are U-Nets of MONAI at half the resolution of the voxels that they read and write: blocks of 2 x 2 x 2 voxels
become channels before, and voxels again after (Shi W et al., CVPR 2016), which spares most of the work.
Norms are those of the instance: the scale of an MR plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from monai.networks.nets import BasicUNet
from monai.networks.utils import pixelshuffle, pixelunshuffle

CLASSES = 5  # background and four bones
COARSE, FINE = "coarse", "fine"
CHANNELS = {COARSE: (1, CLASSES), FINE: (1 + CLASSES, 2 + CLASSES)}  # read and written
FACTOR = 2  # of folding
COARSER = 2  # voxels of the fine grid along the edge of a coarse one
HU_SCALE = 500.0
LEAST_SCALE_HU = 5.0


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the fine network says of an MR.

    Attributes:
        hu: (n, 1, z, y, x) CT numbers.
        scale_hu: likewise, scale of the Laplace distribution of their error.
        logits: (n, 5, z, y, x) of background and bones.
    """

    hu: torch.Tensor
    scale_hu: torch.Tensor
    logits: torch.Tensor


class FoldedUNet(torch.nn.Module):
    """One of the networks.

    Args:
        kind: :data:`COARSE` (MR to logits) or :data:`FINE` (MR and coarse likelihoods to what :func:`read_out` takes).
        features: widths of the levels and of the last layer, see :class:`monai.networks.nets.BasicUNet`.
    """

    def __init__(self, kind: str, features: Sequence[int]) -> None:
        super().__init__()
        volume = FACTOR**3
        inputs, outputs = CHANNELS[kind]
        self.unet = BasicUNet(
            spatial_dims=3, in_channels=inputs * volume, out_channels=outputs * volume, features=tuple(features),
            norm=("instance", {"affine": True}), upsample="nontrainable",
        )  # fmt: skip

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(n, inputs, z, y, x) to (n, outputs, z, y, x); edges are multiples of 32."""
        return self.with_summary(image)[0]

    def with_summary(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The output of :meth:`forward`, and (n, c) means of the deepest features: what the MR looks like to it."""
        deepest: list[torch.Tensor] = []
        hook = self.unet.down_4.register_forward_hook(lambda module, given, found: deepest.append(found))
        try:
            raw: torch.Tensor = pixelshuffle(self.unet(pixelunshuffle(image, 3, FACTOR)), 3, FACTOR)
        finally:
            hook.remove()
        return raw, deepest[0].mean(dim=(2, 3, 4))


class SynthesisNet(torch.nn.Module):
    """Both networks.

    Args:
        coarse_features, features: of the two, see :class:`FoldedUNet`.
    """

    def __init__(self, coarse_features: Sequence[int], features: Sequence[int]) -> None:
        super().__init__()
        self.coarse = FoldedUNet(COARSE, coarse_features)
        self.fine = FoldedUNet(FINE, features)

    def forward(self, mr: torch.Tensor) -> torch.Tensor:
        """(n, 1, z, y, x) MR, edges multiples of 64, to (n, 7, z, y, x) that :func:`read_out` takes."""
        logits = self.coarse(torch.nn.functional.avg_pool3d(mr, COARSER))
        found: torch.Tensor = self.fine(torch.cat([mr, finer(logits)], dim=1))
        return found


def finer(logits: torch.Tensor) -> torch.Tensor:
    """(n, 5, z, y, x) logits on the coarse grid as likelihoods on the fine one."""
    likelihood = torch.softmax(logits, dim=1)
    return torch.nn.functional.interpolate(likelihood, scale_factor=COARSER, mode="trilinear", align_corners=False)


def read_out(raw: torch.Tensor) -> Prediction:
    """The output of the fine network in its units."""
    scale = torch.nn.functional.softplus(raw[:, 1:2]) * HU_SCALE * 0.2 + LEAST_SCALE_HU
    return Prediction(raw[:, :1] * HU_SCALE, scale, raw[:, 2:])
