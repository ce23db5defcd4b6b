"""Curves of a training: a table always, and TensorBoard's files where it is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from CTSMALib.learning.student.state import Check
from CTSMALib.outputs import replace_file

TABLE, EVENTS = "history.csv", "events"


class Curves:
    """Writes checks as they are made.

    Args:
        folder: of the training; ``None`` writes nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._board: Any = None
        if folder is not None and find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / EVENTS))

    def show(self, history: Sequence[Check]) -> None:
        """Write the checks so far."""
        if self._folder is None:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, [field.name for field in fields(Check)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(check) for check in history)
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_file(self._folder / TABLE, text.getvalue().encode())
        if self._board is not None:
            last = asdict(history[-1])
            for name in ("training_loss", "error", "icc"):
                self._board.add_scalar(name, last[name], last["step"])

    def close(self) -> None:
        """Finish writing."""
        if self._board is not None:
            self._board.close()
