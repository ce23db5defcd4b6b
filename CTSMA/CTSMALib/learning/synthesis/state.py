"""The state of a training on disk: complete or that of the check before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib.learning import state_file
from CTSMALib.learning.state_file import write_state
from CTSMALib.learning.synthesis.check import Check
from CTSMALib.learning.synthesis.config import TrainingConfig

__all__ = ["State", "read_state", "write_state"]


@dataclass(frozen=True, eq=False)
class State:
    """Attributes: steps done; the configuration; checks so far; states of network, optimizer, schedule and average."""

    step: int
    config: TrainingConfig
    history: tuple[Check, ...]
    parts: dict[str, Any]


def read_state(folder: Path) -> State | None:
    """The state in a folder, or ``None`` where there is none.

    Raises:
        InputError: it cannot be read.
    """
    return state_file.read_state(State, folder)
