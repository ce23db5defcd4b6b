"""Where a training runs: CPU, one GPU, or several processes that ``torchrun`` started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Place:
    """Where this process computes.

    Attributes:
        device: of its tensors.
        rank: number of this process; the first one, 0, writes.
        world: how many processes there are.
        began: whether :func:`find_place` let the processes talk to each other.
    """

    device: torch.device
    rank: int = 0
    world: int = 1
    began: bool = False

    @property
    def writes(self) -> bool:
        """Whether this process writes files and tells of progress."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager:
        """Mixed precision on a GPU that knows bfloat16; single precision elsewhere."""
        if self.device.type != "cuda" or not torch.cuda.is_bf16_supported():
            return nullcontext()
        return torch.autocast("cuda", dtype=torch.bfloat16)

    def agreed(self, value: float) -> float:
        """What the first process found, for all: they must decide alike."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(told, 0)
        return float(told)

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Make gradients the mean over all processes."""
        if self.world == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.world


def find_place() -> Place:
    """This process's place: as ``torchrun`` says, else the first GPU, else the CPU."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    gpu = torch.cuda.is_available()
    if world == 1:
        return Place(torch.device("cuda" if gpu else "cpu"))
    began = not dist.is_initialized()
    if began:
        dist.init_process_group("nccl" if gpu else "gloo")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if gpu else torch.device("cpu")
    return Place(device, dist.get_rank(), world, began)


def leave(place: Place) -> None:
    """End the talk of processes that :func:`find_place` began.

    To be called where all have done the same steps: on GPUs they wait for each other. After a failure the others never
    come, so that a process which fails just ends.

    Args:
        place: of this process; of no more use for a training afterwards.
    """
    if place.began and dist.is_initialized():
        dist.destroy_process_group()
