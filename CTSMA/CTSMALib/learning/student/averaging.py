"""The average of the latest weights, which is judged and kept in place of the weights of one step.

A network in the midst of a training changes faster than the running statistics of its norms; judged with those it can
look far worse than it is. So the statistics of the average are taken anew from training batches, as for stochastic
weight averaging (Izmailov P et al., UAI 2018).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import torch
from torch import nn

from CTSMALib.learning.student.batches import Batch
from CTSMALib.student.network import PatchNet

DECAY = 0.98
Weights = dict[str, torch.Tensor]


class WeightAverage:
    """An exponential average of the weights of a network.

    Args:
        net: whose; the average begins there.
    """

    def __init__(self, net: PatchNet) -> None:
        self.weights: Weights = {name: value.detach().clone() for name, value in net.named_parameters()}

    def update(self, net: PatchNet) -> None:
        """Take another step into account."""
        with torch.no_grad():
            for name, value in net.named_parameters():
                self.weights[name].lerp_(value, 1.0 - DECAY)

    def network(self, net: PatchNet, batches: Iterable[Batch], read: Callable[[PatchNet, Batch], object]) -> PatchNet:
        """A network with averaged weights and statistics of its own, in evaluation mode.

        Args:
            net: that is trained; it stays as it is.
            batches: to take statistics from.
            read: lets a network read a batch.
        """
        found = copy.deepcopy(net)
        with torch.no_grad():
            for name, value in found.named_parameters():
                value.copy_(self.weights[name])
        norms = [module for module in found.modules() if isinstance(module, nn.BatchNorm3d)]
        usual = [norm.momentum for norm in norms]
        found.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
            norm.train()
        with torch.no_grad():
            for batch in batches:
                read(found, batch)
        for norm, momentum in zip(norms, usual, strict=True):
            norm.momentum = momentum
        return found.eval()
