"""The training of a teacher or a student, which can be stopped at any time and goes on to the same result."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.agreement import icc_agreement
from CTSMALib.errors import InputError
from CTSMALib.learning.student.averaging import WeightAverage
from CTSMALib.learning.student.batches import Batch, Patches, plain_batch, training_batch
from CTSMALib.learning.student.config import NONE, OF_DISTILLING, VALUES, StudentConfig
from CTSMALib.learning.student.curves import Curves
from CTSMALib.learning.student.device import Place, find_place
from CTSMALib.learning.student.distill import FeatureDistillation
from CTSMALib.learning.student.loss import scale_loss, value_loss
from CTSMALib.learning.student.state import Check, State, read_state, write_state
from CTSMALib.progress import Progress, silent
from CTSMALib.student.network import CT, MR, PatchNet, Read
from CTSMALib.student.tied_values import latents, tied

TEACHER, STUDENT = "teacher", "student"
MODALITY = {TEACHER: MR, STUDENT: CT}
CLIP, WARM_UP, SCALE_WEIGHT = 5.0, 0.1, 0.1
AT_ONCE = 256
SEEDS = 1_000_003
STATISTICS, FIRST_OF_STATISTICS = 20, 10**9  # batches for the statistics of norms; no step has their numbers


def train(
    config: StudentConfig, kind: str, patches: Patches, stop: Patches, folder: Path, teacher: PatchNet | None = None,
    progress: Progress = silent, place: Place | None = None,
) -> State:  # fmt: skip
    """Train a network, or go on with it.

    Args:
        config: of the training.
        kind: :data:`TEACHER` (reads the MR) or :data:`STUDENT` (reads the CT).
        patches: to learn from.
        stop: of other patients, to check on.
        folder: holds the state between runs.
        teacher: for a student that distils.
        progress: told after every step; stops the training by raising, and the next run goes on from the last check.
        place: where to compute; found out where it is left out.

    Raises:
        InputError: the folder holds another training, a teacher is missing, there is nothing to learn from, or the
            training runs away.
    """
    if not len(patches) or not len(stop):
        raise InputError("There are no patches to learn from, or none to check on.", "Fill the splits train and stop.")
    if kind == STUDENT and config.distillation != NONE and teacher is None:
        raise InputError("There is no teacher to distil from.", "Train a teacher first.")
    place = place or find_place()
    run = _Run.begin(config, kind, patches, teacher, place)
    state = read_state(folder)
    if state is not None:
        run.resume(state)
        if state.ended:
            return state
    first, history = (state.step, list(state.history)) if state else (0, [])
    began, losses = time.monotonic(), []
    with closing(Curves(folder if place.writes else None)) as curves:
        for done in range(first + 1, config.steps + 1):
            batch = training_batch(patches, config, (done - 1) * place.world + place.rank)
            torch.manual_seed(config.seed * SEEDS + done)  # of dropout: the same whether the run was resumed or not
            losses.append(run.step(batch.to(place.device)))
            left = (time.monotonic() - began) / (done - first) * (config.steps - done)
            if place.writes:
                progress(
                    f"Training the {kind}", done / config.steps, f"step {done} of {config.steps}, {told_time(left)}"
                )
            if done % config.check_every and done != config.steps:
                continue
            history.append(run.check(stop, done, float(np.mean(losses))))
            losses = []
            state = run.state(done, history)
            curves.show(history)
            if place.writes:
                write_state(state, folder)
                progress(f"Checking the {kind}", done / config.steps, str(history[-1]))
            if state.ended:
                break
    assert state is not None
    return state


def told_time(seconds: float) -> str:
    """How much time is left, in words."""
    return f"{seconds / 60.0:.0f} min left" if seconds >= 90.0 else f"{seconds:.0f} s left"


def read_in_parts(net: PatchNet, patches: Patches, device: torch.device | None = None) -> torch.Tensor:
    """(n, 5) outputs of a network for patches as they are, on the CPU."""
    device = device or torch.device("cpu")
    net.eval()
    with torch.inference_mode():
        parts = [
            _read(net, plain_batch(patches.select(np.arange(start, min(start + AT_ONCE, len(patches))))).to(device))
            .outputs.float().cpu()
            for start in range(0, len(patches), AT_ONCE)
        ]  # fmt: skip
    return torch.cat(parts)


def best_network(state: State) -> PatchNet:
    """The network of the best check, in evaluation mode."""
    net = PatchNet(MODALITY[state.kind], state.config.widths, state.config.dropout)
    net.load_state_dict(state.parts["best"])
    return net.eval()


@dataclass(eq=False)
class _Run:
    config: StudentConfig
    kind: str
    net: PatchNet
    distillation: FeatureDistillation | None
    teacher: PatchNet | None
    optimizer: torch.optim.Optimizer
    schedule: Any
    spread: torch.Tensor
    place: Place
    patches: Patches
    average: WeightAverage
    best: dict[str, torch.Tensor]

    @classmethod
    def begin(cls, config: StudentConfig, kind: str, patches: Patches, teacher: PatchNet | None, place: Place) -> _Run:
        """A run with weights by chance that begins at the mean of the targets."""
        torch.manual_seed(config.seed)
        net = PatchNet(MODALITY[kind], config.widths, config.dropout)
        _start_at(net, torch.from_numpy(patches.values.astype(np.float32)))
        features = kind == STUDENT and config.distillation not in (NONE, VALUES)
        distillation = FeatureDistillation(config.distillation, config.stages, config.widths) if features else None
        modules = [net.to(place.device)] + ([distillation.to(place.device)] if distillation else [])
        parameters = [parameter for module in modules for parameter in module.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            config.learning_rate,
            total_steps=config.steps + 1,
            pct_start=max(WARM_UP, 2 / (config.steps + 1)),
        )
        spread = torch.from_numpy(np.nanstd(patches.values, axis=0).astype(np.float32)).clamp_min(1e-6)
        teacher = teacher.to(place.device).eval() if teacher else None
        average = WeightAverage(net)
        return cls(
            config, kind, net, distillation, teacher, optimizer, schedule, spread.to(place.device), place, patches,
            average, {},
        )  # fmt: skip

    def step(self, batch: Batch) -> float:
        """Learn from a batch; its loss."""
        self.net.train()
        self.optimizer.zero_grad(set_to_none=True)
        with self.place.autocast():
            loss = self._loss(batch)
        if not bool(torch.isfinite(loss)):
            raise InputError("The training ran away: its loss is no number any more.", "Give a smaller learning_rate.")
        loss.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.place.average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        self.optimizer.step()
        self.schedule.step()
        self.average.update(self.net)
        return float(loss.detach())

    def _loss(self, batch: Batch) -> torch.Tensor:
        read = _read(self.net, batch)
        outputs = read.outputs.float()
        loss = value_loss(outputs, batch.values, self.spread) + SCALE_WEIGHT * scale_loss(
            outputs, batch.values, self.spread
        )
        if self.kind == TEACHER or self.config.distillation == NONE or self.teacher is None:
            return loss
        with torch.no_grad():
            taught = _read(self.teacher, batch)
        if self.distillation is None:
            return loss + self.config.weight * value_loss(outputs, tied(taught.outputs.float()), self.spread)
        return loss + self.config.weight * self.distillation(read, taught, batch.ct_valid)

    def check(self, stop: Patches, step: int, training_loss: float) -> Check:
        """Check the averaged network on other patients; the best one so far is kept."""
        net = self.average.network(self.net, self._batches(), _read)
        outputs = read_in_parts(net, stop, self.place.device)
        values = torch.from_numpy(stop.values.astype(np.float32))
        error = self.place.agreed(float(value_loss(outputs, values, self.spread.cpu())))
        found = Check(step, training_loss, error, mean_icc(tied(outputs).numpy(), stop.values))
        if not self.best or error < self._best_error:
            self._best_error = error
            self.best = {k: v.detach().cpu().clone() for k, v in net.state_dict().items()}
        return found

    def _batches(self) -> Iterator[Batch]:
        """Those for the statistics of norms, the same at every check."""
        for number in range(FIRST_OF_STATISTICS, FIRST_OF_STATISTICS + STATISTICS):
            yield training_batch(self.patches, self.config, number).to(self.place.device)

    _best_error: float = float("inf")

    def state(self, step: int, history: list[Check]) -> State:
        """All that the next run needs."""
        parts = {
            "net": copy.deepcopy(self.net.state_dict()), "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(), "best": self.best, "best_error": self._best_error,
            "distillation": self.distillation.state_dict() if self.distillation else {},
            "average": {name: value.detach().cpu().clone() for name, value in self.average.weights.items()},
        }  # fmt: skip
        best = int(np.argmin([check.error for check in history]))
        tired = 0 < self.config.patience <= len(history) - 1 - best
        return State(step, self.kind, self.config, tuple(history), tired or step >= self.config.steps, parts)

    def resume(self, state: State) -> None:
        """Go on from a state.

        Raises:
            InputError: it is that of another training.
        """
        no_matter = {name: getattr(self.config, name) for name in OF_DISTILLING if self.kind == TEACHER}
        if replace(state.config, **no_matter) != self.config or state.kind != self.kind:
            raise InputError("The folder holds a training with other settings.", "Name a new folder.")
        self.net.load_state_dict(state.parts["net"])
        self.optimizer.load_state_dict(state.parts["optimizer"])
        self.schedule.load_state_dict(state.parts["schedule"])
        self.best, self._best_error = state.parts["best"], float(state.parts["best_error"])
        self.average.weights = {name: v.to(self.place.device) for name, v in state.parts["average"].items()}
        if self.distillation:
            self.distillation.load_state_dict(state.parts["distillation"])


def mean_icc(found: NDArray, values: NDArray) -> float:
    """Mean ICC(2,1) of the four parameters, single patches."""
    return float(np.mean([icc_agreement(np.column_stack(pair)) for pair in zip(found.T, values.T, strict=True)]))


def _read(net: PatchNet, batch: Batch) -> Read:
    read: Read = (
        net(batch.ct, batch.ct_valid, batch.covariates) if net.modality == CT else net(batch.mr, batch.mr_valid)
    )
    return read


def _start_at(net: PatchNet, values: torch.Tensor) -> None:
    """Let a new network say the mean of the training patches, and their spread as its uncertainty."""
    known = latents(values[torch.isfinite(values).all(dim=1)])
    last = net.head[-1]
    assert isinstance(last, torch.nn.Linear)
    with torch.no_grad():
        last.weight *= 0.1
        last.bias[:2] = known.mean(dim=0)
        last.bias[2:4] = known.std(dim=0).clamp_min(1e-3).log()
        last.bias[4] = 0.0
