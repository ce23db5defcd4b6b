"""Multiple-instance learning: a knee as a bag of patches, weighed by gated attention."""

from __future__ import annotations

import torch
from torch import nn

from CTSMALib.diagnosis.layers import Embedding, Heads, NetworkShape, Output


class AttentionMIL(nn.Module):
    """Gated attention (Ilse et al., ICML 2018, arXiv:1802.04712, equation 9).

    Args:
        shape: of the network; heads and layers have no meaning here.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.embedding = Embedding(shape)
        self.instance = nn.Sequential(
            nn.GELU(), nn.Dropout(shape.dropout), nn.Linear(shape.width, shape.width), nn.GELU()
        )
        self.content = nn.Linear(shape.width, shape.width)
        self.gate = nn.Linear(shape.width, shape.width)
        self.score = nn.Linear(shape.width, 1)
        self.dropout = nn.Dropout(shape.dropout)
        self.heads = Heads(shape.width)

    def forward(self, inputs: torch.Tensor, places: torch.Tensor, present: torch.Tensor) -> Output:
        """As :meth:`CTSMALib.diagnosis.transformer.PatchTransformer.forward`; each knee needs a patch."""
        found = self.instance(self.embedding(inputs, places))
        scores = self.score(torch.tanh(self.content(found)) * torch.sigmoid(self.gate(found)))[..., 0]
        weights = scores.masked_fill(~present, -torch.inf).softmax(dim=1)
        return self.heads(self.dropout((weights[..., None] * found).sum(dim=1)))
