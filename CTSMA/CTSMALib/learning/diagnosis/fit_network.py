"""The aggregators that are networks: the Transformer and multiple-instance learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.diagnosis.attention_mil import AttentionMIL
from CTSMALib.diagnosis.attribution import presence_contributions
from CTSMALib.diagnosis.batch import Batch, packed, whole_batch
from CTSMALib.diagnosis.calibration import GRADES
from CTSMALib.diagnosis.layers import NetworkShape, Output
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.tokens import COMPARTMENT, KneeTokens
from CTSMALib.diagnosis.transformer import PatchTransformer
from CTSMALib.learning.diagnosis.candidates import TRANSFORMER
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case
from CTSMALib.learning.diagnosis.fitted import Fit, Scores, Tick

CLIP, WARM_UP, AT_A_TIME = 1.0, 0.1, 128


@dataclass(frozen=True, eq=False)
class NetworkFit:
    """A network in evaluation mode, and what is usual for it."""

    net: nn.Module
    standardizer: Standardizer

    def scores(self, cases: Sequence[Case]) -> Scores:
        """What it says of knees with all their patches."""
        outputs = []
        with torch.inference_mode():
            for start in range(0, len(cases), AT_A_TIME):
                some = [case.tokens for case in cases[start : start + AT_A_TIME]]
                outputs.append(self.net(*packed(whole_batch(some, self.standardizer))))
        logits = torch.cat([found.logit for found in outputs]).double().numpy()
        return Scores(logits, torch.cat([found.severity for found in outputs]).double().numpy())

    def logits(self, knees: Sequence[KneeTokens]) -> NDArray[np.float64]:
        """(n,) log odds of knees."""
        with torch.inference_mode():
            found: torch.Tensor = self.net(*packed(whole_batch(knees, self.standardizer))).logit
        return np.asarray(found.double().numpy(), dtype=np.float64)

    def contributions(self, tokens: KneeTokens) -> tuple[NDArray[np.float64], float]:
        """As :func:`~CTSMALib.diagnosis.attribution.presence_contributions`; of a Transformer alone."""
        assert isinstance(self.net, PatchTransformer)
        return presence_contributions([self.net], packed(whole_batch([tokens], self.standardizer)))


def fit_network(
    what: Fit, cases: Sequence[Case], config: DiagnosisConfig, standardizer: Standardizer | None, tick: Tick
) -> NetworkFit:
    """Fit a network; arguments as in :func:`fit`.

    Every knee loses patches by chance in every step, whole compartments too, so that the network does not count on any,
    nor on their number, and what it says changes gently where some are missing. The Transformer sees some knees without
    any patch; attention pooling has no answer to these.
    """
    standardizer = standardizer or Standardizer.of([case.tokens for case in cases])
    batch = whole_batch([case.tokens for case in cases], standardizer)
    targets = _targets(cases)
    all_lost = config.all_lost if what.aggregator == TRANSFORMER else 0.0
    steps = what.candidate.epochs * ceil(len(cases) / config.batch)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(what.seed)
        net = new_network(what.aggregator, shape_of(config, batch.inputs.shape[2]))
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=what.candidate.learning_rate, weight_decay=what.candidate.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, what.candidate.learning_rate, total_steps=steps + 1, pct_start=WARM_UP
        )
        order = torch.empty(0, dtype=torch.long)
        net.train()
        for _ in range(steps):
            tick()
            if len(order) < config.batch:
                order = torch.cat([order, torch.randperm(len(cases))])
            drawn, order = order[: config.batch], order[config.batch :]
            some = _thinned(Batch(*(part[drawn] for part in batch)), config, all_lost)
            optimizer.zero_grad(set_to_none=True)
            _loss(net(*some), targets[drawn], config.grade_weight).backward()
            nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            optimizer.step()
            schedule.step()
    return NetworkFit(net.eval().requires_grad_(False), standardizer)


def new_network(aggregator: str, shape: NetworkShape) -> nn.Module:
    """A network with weights by chance."""
    return (PatchTransformer if aggregator == TRANSFORMER else AttentionMIL)(shape)


def shape_of(config: DiagnosisConfig, inputs: int) -> NetworkShape:
    """The shape of a network for tokens with so many features."""
    return NetworkShape(inputs, **asdict(config.network))


def _targets(cases: Sequence[Case]) -> torch.Tensor:
    """(n, 5) osteoarthritis, and whether the grade is 1, 2, 3 and 4 or more."""
    grades = np.array([case.grade for case in cases])
    least = grades[:, None] >= np.arange(1, GRADES)
    diseased = np.array([case.has_oa for case in cases])
    return torch.from_numpy(np.column_stack([diseased, least]).astype(np.float32))


def _thinned(batch: Batch, config: DiagnosisConfig, all_lost: float) -> Batch:
    knees = len(batch.inputs)
    lost = torch.rand(knees, len(COMPARTMENTS)) < config.compartment_lost
    kept = batch.present & ~lost[:, torch.from_numpy(COMPARTMENT)]
    kept = torch.where(kept.any(dim=1, keepdim=True), kept, batch.present)
    kept = kept & (torch.rand(knees, 1) >= all_lost)
    shares = config.least_kept + (1.0 - config.least_kept) * torch.rand(knees)
    return packed(batch._replace(present=kept), shares, torch.rand(kept.shape))


def _loss(output: Output, targets: torch.Tensor, grade_weight: float) -> torch.Tensor:
    binary = F.binary_cross_entropy_with_logits(output.logit, targets[:, 0])
    return binary + grade_weight * F.binary_cross_entropy_with_logits(output.cumulative, targets[:, 1:])
