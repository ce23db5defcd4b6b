"""Undo and redo with named steps, for states that nobody changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")
LIMIT = 200  # steps that are kept
QUICK_S = 1.0  # pause after which the same step counts as another one


@dataclass(frozen=True, eq=False)
class _Step(Generic[State]):
    """A step and the state after it."""

    name: str
    merge_key: str
    state: State


class History(Generic[State]):
    """States in their order; one of them is the present one."""

    def __init__(
        self, start: State, limit: int = LIMIT, quick_s: float = QUICK_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin.

        Args:
            start: the first state. No state may be changed after it was handed over.
            limit: how many steps can be undone at most, 1 or more.
            quick_s: seconds within which steps of one merge key become one.
            clock: seconds, rising.
        """
        self._steps = [_Step("", "", start)]
        self._at = 0
        self._limit, self._quick_s, self._clock = max(1, limit), quick_s, clock
        self._open_until = -float("inf")  # of the last step, for merging

    @property
    def state(self) -> State:
        """The present one."""
        return self._steps[self._at].state

    @property
    def undo_name(self) -> str:
        """Of the step that :meth:`undo` takes back; empty where there is none."""
        return self._steps[self._at].name if self._at else ""

    @property
    def redo_name(self) -> str:
        """Of the step that :meth:`redo` makes again; empty where there is none."""
        return self._steps[self._at + 1].name if self.can_redo else ""

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to make again."""
        return self._at + 1 < len(self._steps)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the steps that can be undone, the oldest first."""
        return tuple(step.name for step in self._steps[1 : self._at + 1])

    def push(self, name: str | Callable[[State], str], state: State, merge_key: str = "") -> None:
        """A new step; what could be redone is forgotten.

        Args:
            name: for the reader, such as ``"Move 0.5 mm right (femur)"``; or what makes it from the state before the
                step, which for steps that become one is the state before all of them.
            state: after it.
            merge_key: quick steps in a row with the same one become one step with the newest name, such as those of a
                key that is held down; empty keeps every step.
        """
        now = self._clock()
        del self._steps[self._at + 1 :]
        if merge_key and self._at and self._steps[-1].merge_key == merge_key and now <= self._open_until:
            self._steps.pop()
        title = name if isinstance(name, str) else name(self._steps[-1].state)
        self._steps.append(_Step(title, merge_key, state))
        del self._steps[: max(0, len(self._steps) - 1 - self._limit)]
        self._at = len(self._steps) - 1
        self._open_until = now + self._quick_s

    def undo(self) -> State:
        """Take the last step back.

        Returns:
            The state before it, the very object; the present one where there is nothing to undo.
        """
        return self._went(-1 if self.can_undo else 0)

    def redo(self) -> State:
        """Make a step again; the reverse of :meth:`undo`."""
        return self._went(1 if self.can_redo else 0)

    def seal(self) -> None:
        """Let the next step be one of its own, whatever its merge key, as when a key was released."""
        self._open_until = -float("inf")

    def _went(self, by: int) -> State:
        self._at += by
        self.seal()
        return self.state
