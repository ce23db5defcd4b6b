"""The training of the synthesis network, which can be stopped at any time and goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from CTSMALib.errors import InputError
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.check import Check, check
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.loss import loss
from CTSMALib.learning.synthesis.samples import check_batches, training_batches
from CTSMALib.learning.synthesis.state import State, read_state, write_state
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.network import SynthesisNet, read_out

WARM_UP, EMA, CLIP, WEIGHT_DECAY = 0.05, 0.995, 1.0, 1e-4
CHECKS_EACH = 4  # samples of each stop knee


def train(
    config: TrainingConfig, cases: list[TissueCase], stop_cases: list[TissueCase], folder: Path,
    progress: Progress = silent, workers: int = 1,
) -> State:  # fmt: skip
    """Train, or go on with a training.

    Args:
        config: of the training.
        cases: to learn from.
        stop_cases: that tell which state is the best.
        folder: holds the state between runs.
        progress: told after every step; stops the training by raising, and the next run goes on from the last check.
        workers: processes that draw samples; 0 draws them here.

    Raises:
        InputError: the folder holds a training with another configuration.
    """
    torch.manual_seed(config.seed)
    net = SynthesisNet(config.network.features)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.steps + 1, pct_start=WARM_UP
    )
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(EMA))
    run = _Run(config, net, optimizer, schedule, average)
    state = read_state(folder)
    if state is not None:
        run.resume(state)
    probes = check_batches(stop_cases, config, CHECKS_EACH)
    history: list[Check] = list(state.history) if state else []
    began, first = time.monotonic(), state.step if state else 0
    if first >= config.steps and state is not None:
        return state
    losses: list[float] = []
    for step, batch in enumerate(training_batches(cases, config, first, workers), start=first):
        losses.append(run.step(batch))
        done = step + 1
        left = (time.monotonic() - began) / (done - first) * (config.steps - done)
        progress("Training", done / config.steps, f"step {done} of {config.steps}, {left / 60.0:.0f} min left")
        if done % config.check_every == 0 or done == config.steps:
            history.append(check(run.averaged, probes, done, sum(losses) / len(losses)))
            losses = []
            state = run.state(done, history)
            write_state(state, folder)
            progress("Checking", done / config.steps, str(history[-1]))
    assert state is not None
    return state


@dataclass(eq=False)
class _Run:
    config: TrainingConfig
    net: SynthesisNet
    optimizer: torch.optim.Optimizer
    schedule: Any
    average: AveragedModel

    @property
    def averaged(self) -> SynthesisNet:
        """The network with averaged weights."""
        module = self.average.module
        assert isinstance(module, SynthesisNet)
        return module

    def step(self, batch: Sequence[torch.Tensor]) -> float:
        mr, hu, known, bones = batch
        self.net.train()
        self.optimizer.zero_grad(set_to_none=True)
        found = loss(read_out(self.net(mr)), hu, bones, known)
        found.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.net)
        return float(found.detach())

    def state(self, step: int, history: list[Check]) -> State:
        parts = {
            "net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(), "average": self.average.state_dict(),
        }  # fmt: skip
        return State(step, self.config, tuple(history), parts)

    def resume(self, state: State) -> None:
        if state.config != self.config:
            raise InputError("The folder holds a training with other settings.", "Name a new folder.")
        self.net.load_state_dict(state.parts["net"])
        self.optimizer.load_state_dict(state.parts["optimizer"])
        self.schedule.load_state_dict(state.parts["schedule"])
        self.average.load_state_dict(state.parts["average"])
