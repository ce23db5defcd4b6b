"""The file that holds a training between runs: complete, or that of the check before."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from CTSMALib.errors import InputError

STATE_FILE = "state.pt"


def write_state_file(content: dict[str, Any], folder: Path) -> None:
    """Write aside, then rename.

    Args:
        content: plain values and tensors.
        folder: made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{STATE_FILE}.part"
    torch.save(content, part)
    os.replace(part, folder / STATE_FILE)


def read_state_file(folder: Path) -> dict[str, Any] | None:
    """What the file holds, or ``None`` where there is none.

    Raises:
        InputError: it cannot be read, or holds code.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)  # a pickle with code in it is refused
    except (OSError, EOFError, RuntimeError, KeyError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise unreadable(folder) from error
    if not isinstance(content, dict):
        raise unreadable(folder)
    return content


def unreadable(folder: Path) -> InputError:
    """The error of a state that is none."""
    return InputError(f"{folder / STATE_FILE} cannot be read.", "Delete it to train anew.")
