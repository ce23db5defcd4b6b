"""Samples in the order of the steps of a training: step and item determine a sample, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from CTSMALib.learning.synthesis.case import TissueCase, coarser
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.draw_sample import Sample, draw_sample
from CTSMALib.synthesis.network import COARSE, COARSER

Arrays = tuple[NDArray[Any], ...]
_TRAINING, _CHECK = 1, 2  # streams of random numbers
_OF_KIND = {"coarse": 0, "fine": 1}


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples, stacked.

    Attributes:
        image: (n, channels, z, y, x) what the network reads.
        hu, known: (n, 1, z, y, x).
        bones: (n, z, y, x).
    """

    image: torch.Tensor
    hu: torch.Tensor
    known: torch.Tensor
    bones: torch.Tensor

    @classmethod
    def of(cls, samples: list[Sample]) -> Batch:
        """Stack samples."""
        images = [s.mr if s.guess is None else torch.cat([s.mr, s.guess]) for s in samples]
        hu, known, bones = ([getattr(s, key) for s in samples] for key in ("hu", "known", "bones"))
        return cls(torch.stack(images), torch.stack(hu), torch.stack(known), torch.stack(bones))


def for_kind(cases: list[TissueCase], kind: str) -> list[TissueCase]:
    """Cases as finely as a network needs them."""
    return [coarser(case) for case in cases] if kind == COARSE else cases


def spacing_of(config: TrainingConfig, kind: str) -> float:
    """Voxels of the samples of a network, mm."""
    return config.network.spacing_mm * (COARSER if kind == COARSE else 1)


class _Drawn(Dataset[Arrays]):
    def __init__(self, cases: list[TissueCase], config: TrainingConfig, kind: str, first: int, steps: int) -> None:
        self.cases, self.config, self.kind, self.first, self.steps = cases, config, kind, first, steps

    def __len__(self) -> int:
        return self.steps - self.first

    def __getitem__(self, index: int) -> Arrays:
        step = self.first + index
        rng = np.random.default_rng([self.config.seed, _TRAINING, _OF_KIND[self.kind], step])
        edge = self.config.wide_edge if self.config.is_wide(self.kind, step) else self.config.edge
        batch = Batch.of([self._sample(rng, edge) for _ in range(self.config.batch)])
        return batch.image.numpy(), batch.hu.numpy(), batch.known.numpy(), batch.bones.numpy()

    def _sample(self, rng: np.random.Generator, edge: int) -> Sample:
        case = self.cases[int(rng.integers(len(self.cases)))]
        return draw_sample(case, edge, spacing_of(self.config, self.kind), rng, self.kind)


def training_batches(
    cases: list[TissueCase], config: TrainingConfig, kind: str, first: int, steps: int, workers: int
) -> Iterator[Batch]:  # fmt: skip
    """Batches of the steps from ``first`` on, drawn by other processes while the network is at work.

    Args:
        cases: of :func:`for_kind`.
        config: of the training.
        kind: of the network.
        first, steps: the first step and the number of all.
        workers: processes; 0 draws here.
    """
    data = _Drawn(cases, config, kind, first, steps)
    loader = DataLoader(
        data, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None, collate_fn=_as_it_is
    )
    return (Batch(*map(torch.from_numpy, arrays)) for arrays in loader)


def _as_it_is(arrays: Any) -> Any:
    """Arrays cross between processes as they are: handles of shared tensors are served by a thread that complains when
    a training is stopped."""
    return arrays


def check_batches(cases: list[TissueCase], config: TrainingConfig, kind: str, each: int) -> list[Batch]:
    """The same samples at every check."""
    found = []
    for number, case in enumerate(cases):
        for again in range(each):
            rng = np.random.default_rng([config.seed, _CHECK, _OF_KIND[kind], number, again])
            found.append(Batch.of([draw_sample(case, config.edge, spacing_of(config, kind), rng, kind)]))
    return found
