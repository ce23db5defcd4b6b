"""The state of a training is read as it was written, or not at all."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from CTSMALib.errors import InputError
from CTSMALib.learning.state_file import STATE_FILE, read_state, read_state_file, write_state, write_state_file
from Testing.full_disk import full_disk


@dataclass(frozen=True)
class Check:
    step: int
    error: float


@dataclass(frozen=True, eq=False)
class State:
    step: int
    history: tuple[Check, ...]
    parts: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Other:
    step: int


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = State(3, (Check(1, 0.5), Check(3, 0.25)), {"net": {"weight": torch.arange(3.0)}})
    write_state(kept, tmp_path)
    found = read_state(State, tmp_path)
    assert found is not None and (found.step, found.history) == (kept.step, kept.history)
    assert torch.equal(found.parts["net"]["weight"], torch.arange(3.0))
    assert read_state(State, tmp_path / "nothing") is None


@pytest.mark.parametrize("change", [{"version": 2}, {"step": "three"}, {"history": 3}, {"more": 1}])
def test_another_version_or_kind_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    write_state(State(3, (), {}), tmp_path)
    content = read_state_file(tmp_path)
    assert content is not None
    write_state_file(content | change, tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_state(State, tmp_path)
    with pytest.raises(InputError):
        read_state(Other, tmp_path)


def test_a_full_disk_is_told_as_such_and_keeps_the_state_before(tmp_path: Path) -> None:
    write_state(State(3, (), {}), tmp_path)
    with full_disk(4096), pytest.raises(OSError) as caught:
        write_state(State(4, (), {"net": {"weight": torch.zeros(100_000)}}), tmp_path)
    assert caught.value.errno == errno.EFBIG
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]
    found = read_state(State, tmp_path)
    assert found is not None and found.step == 3


def test_what_cannot_be_stored_is_no_error_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(content: object, file: IO[bytes]) -> None:
        file.write(b"half")
        raise RuntimeError("of the GPU")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(RuntimeError, match="of the GPU"):
        write_state_file({}, tmp_path)
    assert not any(tmp_path.iterdir())
