"""The state of a training on disk: complete or that of the check before."""

from __future__ import annotations

import os
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from CTSMALib.errors import InputError
from CTSMALib.learning.synthesis.check import Check
from CTSMALib.learning.synthesis.config import TrainingConfig

STATE_FILE = "state.pt"
VERSION = 1


@dataclass(frozen=True, eq=False)
class State:
    """Attributes: steps done; the configuration; checks so far; states of network, optimizer, schedule and average."""

    step: int
    config: TrainingConfig
    history: tuple[Check, ...]
    parts: dict[str, Any]


def write_state(state: State, folder: Path) -> None:
    """Write aside, then rename."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "version": VERSION, "step": state.step, "config": asdict(state.config),
        "history": [asdict(c) for c in state.history], "parts": state.parts,
    }  # fmt: skip
    part = folder / f"{STATE_FILE}.part"
    torch.save(content, part)
    os.replace(part, folder / STATE_FILE)


def read_state(folder: Path) -> State | None:
    """The state in a folder, or ``None`` where there is none.

    Raises:
        InputError: it cannot be read.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        content = torch.load(path, weights_only=True)  # a pickle with code in it is refused
        config = msgspec.convert(content["config"], TrainingConfig)
        history = tuple(msgspec.convert(c, Check) for c in content["history"])
        return State(int(content["step"]), config, history, content["parts"])
    except (OSError, EOFError, RuntimeError, KeyError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise InputError(f"{path} cannot be read.", "Delete it to train anew.") from error
