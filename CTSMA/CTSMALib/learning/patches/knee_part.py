"""The patches of one knee, ready to be put together with those of others."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from CTSMALib.errors import InputError
from CTSMALib.outputs import replacing

Value = str | float | int
ARRAYS = ("ct", "ct_valid", "mr", "mr_valid")

NOT_ACCEPTED = "bone not accepted"  # by the last review of its registration


@dataclass(frozen=True, eq=False)
class KneePart:
    """One knee.

    Attributes:
        knee: its row of ``knees.csv``.
        columns: (n,) each, those of ``patches.csv``.
        ct: (n, 16, 20, 20) int16 HU.
        ct_valid: likewise uint8, 1 in trabecular bone.
        mr: (n, 40, 40, 10) float16, apparent bone fraction.
        mr_valid: likewise uint8.
        left_out: why patches are not among these, and how many; :data:`NOT_ACCEPTED` is one of the reasons.
    """

    knee: dict[str, Value]
    columns: dict[str, NDArray[Any]]
    ct: NDArray[np.int16]
    ct_valid: NDArray[np.uint8]
    mr: NDArray[np.float16]
    mr_valid: NDArray[np.uint8]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        """How many patches it has."""
        return len(self.ct)


def write_part(part: KneePart, path: Path, digest: str) -> None:
    """Write a part, completely or not at all.

    Args:
        part: the patches.
        path: ``.npz`` file.
        digest: of all that it was made from.

    Raises:
        OSError: it could not be written.
    """
    head = {"knee": part.knee, "left_out": dict(part.left_out), "columns": list(part.columns), "digest": digest}
    arrays: dict[str, Any] = {f"column {number}": values for number, values in enumerate(part.columns.values())}
    arrays |= {name: getattr(part, name) for name in ARRAYS}
    with replacing(path) as aside, aside.open("wb") as file:
        np.savez(file, head=np.array(json.dumps(head)), **arrays)


def read_part(path: Path) -> KneePart:
    """Read what :func:`write_part` wrote.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            head = json.loads(str(data["head"]))
            columns = {name: data[f"column {number}"] for number, name in enumerate(head["columns"])}
            ct, ct_valid, mr, mr_valid = (data[name] for name in ARRAYS)
            return KneePart(head["knee"], columns, ct, ct_valid, mr, mr_valid, head["left_out"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"The patches of a knee in {path} cannot be read.", "Delete it; it is made anew.") from error


def made_from(path: Path) -> str:
    """The digest that a part was written with; empty where there is no part that can be read."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return str(json.loads(str(data["head"]))["digest"])
    except Exception:  # whatever is wrong with it, it is made anew
        return ""


class StoredParts(Sequence[KneePart]):
    """Parts on disk, read one at a time whenever they are asked for.

    Args:
        paths: of their files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    def __len__(self) -> int:
        """How many parts there are."""
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> KneePart: ...

    @overload
    def __getitem__(self, index: slice) -> StoredParts: ...

    def __getitem__(self, index: int | slice) -> KneePart | StoredParts:
        """One part, or some."""
        return StoredParts(self._paths[index]) if isinstance(index, slice) else read_part(self._paths[index])

    def __iter__(self) -> Iterator[KneePart]:
        """All parts in turn."""
        return (read_part(path) for path in self._paths)
