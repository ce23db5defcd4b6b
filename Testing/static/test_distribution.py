"""How tests are handed out, and what is made once for all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from Testing.distribution import FIRST, LAST, TOGETHER, rank
from Testing.made_once import made_once
from Testing.static.checks.sources import ROOT


def test_the_folders_are_there() -> None:
    for folder in (*TOGETHER, *FIRST, LAST):
        assert list((ROOT / "Testing" / folder).rglob("test_*.py")), folder


def test_what_is_long_comes_first_and_what_is_short_last() -> None:
    order = ["panels/test_module.py", "core/jobs/test_worker.py", "core/volumes/test_rigid.py", "static/test_layers.py"]
    ranks = [rank(f"Testing/{file}::test_it") for file in order]
    assert ranks == sorted(set(ranks))


def test_a_folder_is_made_once_and_seen_whole(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(partial: Path) -> None:
        made.append(partial)
        (partial / "one.txt").write_text("1")
        assert not (tmp_path / "shared").exists()
        (partial / "two.txt").write_text("2")

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: made_once(tmp_path / "shared", make), range(4)))
    assert folders == [tmp_path / "shared"] * 4 and len(made) == 1
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["one.txt", "two.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]


def test_what_failed_is_made_by_the_next(tmp_path: Path) -> None:
    def fail(partial: Path) -> None:
        (partial / "half.txt").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made_once(tmp_path / "shared", fail)
    assert not (tmp_path / "shared").exists()
    made_once(tmp_path / "shared", lambda partial: None)
    assert list((tmp_path / "shared").iterdir()) == []
