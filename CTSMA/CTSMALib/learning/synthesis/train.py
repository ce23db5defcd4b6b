"""The training of the synthesis network, which can be stopped at any time and goes on where it was."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from CTSMALib.errors import InputError
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.check import Check, check
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.loss import loss_of
from CTSMALib.learning.synthesis.samples import Batch, check_batches, for_kind, training_batches
from CTSMALib.learning.synthesis.state import State, read_state, write_state
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.network import COARSE, FoldedUNet

WARM_UP, EMA, CLIP, WEIGHT_DECAY = 0.05, 0.995, 1.0, 1e-4
CHECKS_EACH = 4  # samples of each stop knee


def train(
    config: TrainingConfig, kind: str, cases: list[TissueCase], stop_cases: list[TissueCase], folder: Path,
    progress: Progress = silent, workers: int = 1,
) -> State:  # fmt: skip
    """Train one of the networks, or go on with it.

    Args:
        config: of the training.
        kind: of the network: ``"coarse"`` or ``"fine"``; neither waits for the other.
        cases: to learn from.
        stop_cases: to check on.
        folder: holds the state between runs; each network has its own.
        progress: told after every step; stops the training by raising, and the next run goes on from the last check.
        workers: processes that draw samples; 0 draws them here.

    Raises:
        InputError: the folder holds a training with another configuration.
    """
    run = _Run.begin(config, kind)
    state = read_state(folder)
    if state is not None:
        run.resume(state)
    first = state.step if state else 0
    if state is not None and first >= run.steps:
        return state
    probes = check_batches(for_kind(stop_cases, kind), config, kind, CHECKS_EACH)
    history: list[Check] = list(state.history) if state else []
    began, losses = time.monotonic(), []
    batches = training_batches(for_kind(cases, kind), config, kind, first, run.steps, workers)
    for done, batch in enumerate(batches, start=first + 1):
        if config.is_wide(kind, done - 1) and not config.is_wide(kind, done - 2):
            run.enter(done - 1)
        losses.append(run.step(batch))
        work = [config.work(kind, step) for step in (first, done, run.steps)]
        left = (time.monotonic() - began) / (work[1] - work[0]) * (work[2] - work[1])
        told = f"step {done} of {run.steps}, {left / 60.0:.0f} min left"
        progress(f"Training the {kind} network", work[1] / work[2], told)
        if done % config.check_every == 0 or done == run.steps:
            history.append(check(run.averaged, kind, probes, done, sum(losses) / len(losses)))
            losses = []
            state = run.state(done, history)
            write_state(state, folder)
            progress(f"Checking the {kind} network", work[1] / work[2], str(history[-1]))
    assert state is not None
    return state


@dataclass(eq=False)
class _Run:
    config: TrainingConfig
    kind: str
    net: FoldedUNet
    optimizer: torch.optim.Optimizer
    schedule: Any
    average: AveragedModel

    @classmethod
    def begin(cls, config: TrainingConfig, kind: str) -> _Run:
        """A run with weights by chance."""
        torch.manual_seed(config.seed)
        net = new_network(config, kind)
        optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=WEIGHT_DECAY)
        average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(EMA))
        run = cls(config, kind, net, optimizer, None, average)
        run.enter(0)
        return run

    @property
    def steps(self) -> int:
        """All steps."""
        return self.config.steps_of(self.kind)

    def enter(self, step: int) -> None:
        """Begin the learning rates of the part of the training, small boxes or large ones, that a step belongs to."""
        config, wide = self.config, self.config.is_wide(self.kind, step)
        narrow = config.coarse_steps if self.kind == COARSE else config.steps
        rate, count = (config.wide_learning_rate, config.wide_steps) if wide else (config.learning_rate, narrow)
        total = count + 1
        # a rise that ends on the first step divides by zero
        warm_up = WARM_UP if abs(WARM_UP * total - 1.0) > 1e-6 else 1.5 / total
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, rate, total_steps=total, pct_start=warm_up)

    @property
    def averaged(self) -> FoldedUNet:
        """The network with averaged weights."""
        module = self.average.module
        assert isinstance(module, FoldedUNet)
        return module

    def step(self, batch: Batch) -> float:
        """Learn from a batch; its loss."""
        self.net.train()
        self.optimizer.zero_grad(set_to_none=True)
        found = loss_of(self.kind, self.net(batch.image), batch)
        found.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.net)
        return float(found.detach())

    def state(self, step: int, history: list[Check]) -> State:
        """All that the next run needs."""
        parts = {
            "net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(), "average": self.average.state_dict(),
        }  # fmt: skip
        return State(step, self.config, tuple(history), parts)

    def resume(self, state: State) -> None:
        """Go on from a state.

        Raises:
            InputError: it is that of another training.
        """
        if state.config != self.config:
            raise InputError("The folder holds a training with other settings.", "Name a new folder.")
        self.net.load_state_dict(state.parts["net"])
        self.enter(state.step - 1)
        self.optimizer.load_state_dict(state.parts["optimizer"])
        self.schedule.load_state_dict(state.parts["schedule"])
        self.average.load_state_dict(state.parts["average"])


def new_network(config: TrainingConfig, kind: str) -> FoldedUNet:
    """A network with weights by chance."""
    return FoldedUNet(kind, config.network.coarse_features if kind == COARSE else config.network.features)


def trained_network(state: State, kind: str) -> FoldedUNet:
    """The network of a state with the average of its latest weights, in evaluation mode."""
    net = new_network(state.config, kind)
    average = state.parts["average"]
    net.load_state_dict({k.removeprefix("module."): v.clone() for k, v in average.items() if k.startswith("module.")})
    return net.eval()
