"""Files are written whole, or what was there is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from CTSMALib.outputs import replace_file, replacing
from Testing.full_disk import full_disk


def test_a_file_takes_its_place_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with replacing(path) as aside:
        aside.write_text("after")
        assert path.read_text() == "before"
        assert aside.parent == tmp_path and aside.match(f".a.txt.part-{os.getpid()}")
    assert path.read_text() == "after" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [OSError, RuntimeError, KeyboardInterrupt])
def test_what_was_there_stays_and_nothing_else(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(error), replacing(path) as aside:
        aside.write_text("half")
        raise error
    assert path.read_text() == "before" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    with full_disk(10), pytest.raises(OSError):
        replace_file(tmp_path / "a.txt", b"x" * 100)
    assert os.listdir(tmp_path) == []
