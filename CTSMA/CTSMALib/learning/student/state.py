"""The state of a training of a teacher or student between runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from CTSMALib.learning.state_file import read_state_file, unreadable, write_state_file
from CTSMALib.learning.student.config import StudentConfig

VERSION = 1


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


def write_state(state: State, folder: Path) -> None:
    """Write aside, then rename."""
    content = {
        "version": VERSION, "step": state.step, "kind": state.kind, "config": asdict(state.config),
        "history": [asdict(check) for check in state.history], "ended": state.ended, "parts": state.parts,
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
        config = msgspec.convert(content["config"], StudentConfig)
        history = tuple(msgspec.convert(check, Check) for check in content["history"])
        return State(
            int(content["step"]), str(content["kind"]), config, history, bool(content["ended"]), content["parts"]
        )
    except (KeyError, ValueError, TypeError) as error:
        raise unreadable(folder) from error
