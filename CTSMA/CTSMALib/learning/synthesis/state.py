"""The state of a training on disk: complete or that of the check before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from CTSMALib.learning.state_file import read_state_file, unreadable, write_state_file
from CTSMALib.learning.synthesis.check import Check
from CTSMALib.learning.synthesis.config import TrainingConfig

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
    content = {
        "version": VERSION, "step": state.step, "config": asdict(state.config),
        "history": [asdict(c) for c in state.history], "parts": state.parts,
    }  # fmt: skip
    write_state_file(content, folder)


def read_state(folder: Path) -> State | None:
    """The state in a folder, or ``None`` where there is none.

    Raises:
        InputError: it cannot be read.
    """
    content = read_state_file(folder)
    if content is None:
        return None
    try:
        config = msgspec.convert(content["config"], TrainingConfig)
        history = tuple(msgspec.convert(c, Check) for c in content["history"])
        return State(int(content["step"]), config, history, content["parts"])
    except (KeyError, ValueError, TypeError) as error:
        raise unreadable(folder) from error
