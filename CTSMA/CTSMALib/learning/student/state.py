"""The state of a training of a teacher or student between runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CTSMALib.learning import state_file
from CTSMALib.learning.state_file import write_state
from CTSMALib.learning.student.config import StudentConfig

__all__ = ["Check", "State", "read_state", "write_state"]


@dataclass(frozen=True)
class Check:
    """What was found on the split ``stop``.

    Attributes:
        step: after how many steps.
        training_loss: mean since the check before.
        error: mean squared error of the four values, each over its standard deviation in training.
        icc: mean ICC(2,1) of the four values with the targets, single patches.
    """

    step: int
    training_loss: float
    error: float
    icc: float

    def __str__(self) -> str:
        return f"step {self.step}: loss {self.training_loss:.3f}, error {self.error:.3f}, ICC {self.icc:.3f}"


@dataclass(frozen=True, eq=False)
class State:
    """A training as it stands.

    Attributes:
        step: steps done.
        kind: ``"teacher"`` or ``"student"``.
        config: what it is made with.
        history: checks so far.
        ended: whether nothing is left to do.
        parts: states of network, optimizer and schedule, and the best network so far.
    """

    step: int
    kind: str
    config: StudentConfig
    history: tuple[Check, ...]
    ended: bool
    parts: dict[str, Any]

    @property
    def best(self) -> Check:
        """The check with the smallest error."""
        return min(self.history, key=lambda check: check.error)


def read_state(folder: Path) -> State | None:
    """The state in a folder, or ``None`` where there is none.

    Raises:
        InputError: it cannot be read.
    """
    return state_file.read_state(State, folder)
