"""What the step tutorials of all modules have in common: actions that are made, and steps that tell them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_S = 900.0


def no_job_runs(panel: Any) -> bool:
    """What was started has ended."""
    return not panel.jobs.runner.is_busy()


@dataclass(frozen=True)
class Action:
    """One click or entry of a reader.

    Attributes:
        words: that stand in bold in the tutorial's step of the same number.
        do: makes it in a panel; whatever else :func:`play` was given follows the panel.
        until: whether the panel has got there.
    """

    words: str
    do: Callable[..., Any]
    until: Callable[[Any], bool] = no_job_runs


def play(bench: Any, panel: Any, actions: Sequence[Action], *more: Any) -> Iterator[int]:
    """Make actions, one after the other, wait for what each starts, and yield its number."""
    for number, action in enumerate(actions, 1):
        action.do(panel, *more)
        bench.process_events(20)
        end = time.monotonic() + LONGEST_S
        while not action.until(panel):
            assert time.monotonic() < end, f"{number}: {panel.run_bar.ui.stageLabel.property('text')}"
            bench.process_events(20)
        yield number


def tells_exactly(tutorial: Path, words: Sequence[str]) -> None:
    """Check that the numbered steps of a page are these actions, in this order."""
    steps = re.findall(r"^(\d+)\. (.*(?:\n   .*)*)", tutorial.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(words) + 1))
    for (number, text), said in zip(steps, words, strict=True):
        assert f"**{said}**" in text, number
