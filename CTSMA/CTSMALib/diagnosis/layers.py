"""Parts that the networks over patches share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch_grid import COLUMNS, LAYERS, ROWS
from CTSMALib.diagnosis.calibration import GRADES
from CTSMALib.diagnosis.tokens import SPOTS


@dataclass(frozen=True)
class NetworkShape:
    """How large a network is.

    Attributes:
        inputs: features of a token.
        width: features inside.
        heads: of the attention; they divide ``width``.
        layers: of the Transformer.
        dropout: share of features that is left out in training.
    """

    inputs: int
    width: int = 32
    heads: int = 4
    layers: int = 2
    dropout: float = 0.1


class Output(NamedTuple):
    """What a network says of knees.

    Attributes:
        logit: (b,) log odds of osteoarthritis.
        cumulative: (b, 4) log odds of grade 1, 2, 3 and 4 or more; they fall.
    """

    logit: torch.Tensor
    cumulative: torch.Tensor

    @property
    def severity(self) -> torch.Tensor:
        """(b,) one number for the grade."""
        return self.cumulative.mean(dim=1)


class Embedding(nn.Module):
    """Features of a patch, and learned ones of its compartment, row, column and layer."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.features = nn.Linear(shape.inputs, shape.width)
        counts = (len(COMPARTMENTS), ROWS, COLUMNS, len(LAYERS))
        places = [nn.Embedding(count, shape.width) for count in counts]
        for embedding in places:
            nn.init.normal_(embedding.weight, std=0.1)
        self.places = nn.ModuleList(places)
        self.spots: torch.Tensor
        self.register_buffer("spots", torch.from_numpy(SPOTS.copy()), persistent=False)

    def forward(self, inputs: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """(b, t, width) from (b, t, inputs) and (b, t) numbers of places."""
        found = self.features(inputs)
        spots = self.spots[places]
        for number, embedding in enumerate(self.places):
            found = found + embedding(spots[..., number])
        return found


class Heads(nn.Module):
    """Binary log odds and ordinal ones whose thresholds rise."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.binary = nn.Linear(width, 1)
        self.severity = nn.Linear(width, 1)
        self.first = nn.Parameter(torch.tensor(-0.5))
        self.steps = nn.Parameter(torch.zeros(GRADES - 2))

    def forward(self, features: torch.Tensor) -> Output:
        """From (b, width)."""
        above = torch.nn.functional.softplus(self.steps).cumsum(0)
        thresholds = torch.cat([self.first[None], self.first + above])
        return Output(self.binary(features)[:, 0], self.severity(features) - thresholds)
