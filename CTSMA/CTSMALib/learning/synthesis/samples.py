"""Samples in the order of the steps of a training: step and item determine a sample, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.draw_sample import Sample, draw_sample

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
_TRAINING, _CHECK = 1, 2  # streams of random numbers


class _Drawn(Dataset[Batch]):
    def __init__(self, cases: list[TissueCase], config: TrainingConfig, first: int) -> None:
        self.cases, self.config, self.first = cases, config, first

    def __len__(self) -> int:
        return self.config.steps - self.first

    def __getitem__(self, index: int) -> Batch:
        step = self.first + index
        rng = np.random.default_rng([self.config.seed, _TRAINING, step])
        drawn = [self._sample(rng) for _ in range(self.config.batch)]
        return as_batch(drawn)

    def _sample(self, rng: np.random.Generator) -> Sample:
        case = self.cases[int(rng.integers(len(self.cases)))]
        return draw_sample(case, self.config.edge, self.config.network.spacing_mm, rng)


def training_batches(cases: list[TissueCase], config: TrainingConfig, first: int, workers: int) -> Iterator[Batch]:
    """Batches of the steps from ``first`` on, drawn by other processes while the network is at work."""
    data = _Drawn(cases, config, first)
    return iter(DataLoader(data, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None))


def check_batches(cases: list[TissueCase], config: TrainingConfig, each: int) -> list[Batch]:
    """The same samples at every check."""
    found = []
    for number, case in enumerate(cases):
        for again in range(each):
            rng = np.random.default_rng([config.seed, _CHECK, number, again])
            found.append(as_batch([draw_sample(case, config.edge, config.network.spacing_mm, rng)]))
    return found


def as_batch(samples: list[Sample]) -> Batch:
    """MR, HU, known and bones of samples, with a first axis for the samples."""
    return (
        torch.stack([s.mr for s in samples]), torch.stack([s.hu for s in samples]),
        torch.stack([s.known for s in samples]), torch.stack([s.bones for s in samples]),
    )  # fmt: skip
