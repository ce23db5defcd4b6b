"""How tests are handed out, and what is made once for all of them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from Testing import made_once as room
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
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["shared"]


def test_what_failed_is_made_by_the_next(tmp_path: Path) -> None:
    def fail(partial: Path) -> None:
        (partial / "half.txt").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made_once(tmp_path / "shared", fail)
    assert not (tmp_path / "shared").exists()
    made_once(tmp_path / "shared", lambda partial: None)
    assert list((tmp_path / "shared").iterdir()) == []


DIES = """
import os, sys
from pathlib import Path
from Testing.made_once import made_once
made_once(Path(sys.argv[1]), lambda partial: (partial / "half.txt").write_text("half") and os._exit(9))
"""


def test_a_process_that_dies_meanwhile_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 1.0)
    shared = tmp_path / "shared"
    assert subprocess.run([sys.executable, "-c", DIES, str(shared)], cwd=ROOT, check=False).returncode == 9
    made_once(shared, lambda partial: (partial / "whole.txt").touch())
    assert [path.name for path in shared.iterdir()] == ["whole.txt"]


def test_one_that_does_not_end_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.05)

    def stuck(partial: Path) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(TimeoutError, match="does not end"):
            pool.submit(made_once, tmp_path / "shared", lambda other: None).result()

    made_once(tmp_path / "shared", stuck)
