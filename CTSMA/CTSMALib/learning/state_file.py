"""The file that holds a training between runs: complete, or that of the check before."""

from __future__ import annotations

import pickle
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import msgspec
import torch

from CTSMALib.errors import InputError
from CTSMALib.outputs import replacing

STATE_FILE = "state.pt"
VERSION = 1
State = TypeVar("State")


def write_state(state: Any, folder: Path) -> None:
    """Keep a state: write it aside, then rename.

    Args:
        state: a dataclass of plain values, dataclasses of such, tuples of these, and dictionaries of tensors.
        folder: made if it is missing.

    Raises:
        OSError: it could not be written; what was there is kept.
    """
    content = {each.name: _plain(getattr(state, each.name)) for each in fields(state)}
    write_state_file({"version": VERSION, **content}, folder)


def read_state(kind: type[State], folder: Path) -> State | None:
    """The state in a folder, or ``None`` where there is none.

    Args:
        kind: the dataclass that was kept.
        folder: where.

    Raises:
        InputError: it cannot be read, or is of another kind or version.
    """
    content = read_state_file(folder)
    if content is None:
        return None
    types = get_type_hints(kind)
    try:
        if content.pop("version") != VERSION or content.keys() != types.keys():
            raise ValueError("of another version")
        return kind(**{name: msgspec.convert(value, types[name]) for name, value in content.items()})
    except (KeyError, ValueError, TypeError) as error:
        raise unreadable(folder) from error


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries; tensors are not copied."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def write_state_file(content: dict[str, Any], folder: Path) -> None:
    """Write aside, then rename.

    Args:
        content: plain values and tensors.
        folder: made if it is missing.

    Raises:
        OSError: it could not be written; what was there is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / STATE_FILE) as aside:
        try:
            with aside.open("wb") as file:  # given a path, PyTorch hides why it could not write
                torch.save(content, file)
        except RuntimeError as error:  # what PyTorch makes of the error of a write
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


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
