"""A small Transformer over the patches of a knee."""

from __future__ import annotations

import torch
from torch import nn

from CTSMALib.diagnosis.layers import Embedding, Heads, NetworkShape, Output


class PatchTransformer(nn.Module):
    """Encoder with a token of its own that sums up (Vaswani et al. 2017; normalization first).

    Args:
        shape: of the network.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.embedding = Embedding(shape)
        self.whole = nn.Parameter(torch.zeros(shape.width))
        layer = nn.TransformerEncoderLayer(
            shape.width, shape.heads, 2 * shape.width, shape.dropout, "gelu", batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(shape.width)
        self.encoder = nn.TransformerEncoder(layer, shape.layers, norm, enable_nested_tensor=False)
        self.heads = Heads(shape.width)

    def forward(self, inputs: torch.Tensor, places: torch.Tensor, present: torch.Tensor) -> Output:
        """What it says of knees.

        Args:
            inputs: (b, t, f) features of patches, from :class:`~CTSMALib.diagnosis.standardizer.Standardizer`.
            places: (b, t) their numbers on the learning grid.
            present: (b, t) which are there; the others have no influence. Numbers from 0 to 1 in place of flags weigh
                them in all attentions: 1 is there, 0 is absent. None need be there.
        """
        tokens = self.embedding(inputs, places)
        whole = self.whole.expand(len(tokens), 1, -1)
        # a mask of flags forbids, one of numbers is added to the scores of the attention
        mask = ~present if present.dtype == torch.bool else present.log()
        mask = torch.cat([torch.zeros_like(mask[:, :1]), mask], dim=1)
        found = self.encoder(torch.cat([whole, tokens], dim=1), src_key_padding_mask=mask)
        return self.heads(found[:, 0])
