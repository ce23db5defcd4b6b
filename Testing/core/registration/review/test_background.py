"""Work on another thread."""

from __future__ import annotations

import threading
import time

import pytest

from CTSMALib.registration.review.background import Background


def test_work_is_done_once_by_another_thread() -> None:
    background, threads = Background(), []
    for _ in range(3):
        background.start("a", lambda: threads.append(threading.current_thread()))
    background.result("a")
    assert background.ready("a") and not background.busy
    assert len(threads) == 1 and threads[0] is not threading.current_thread()


def test_what_is_not_wanted_any_more_is_not_begun() -> None:
    background, gate, done = Background(), threading.Event(), []
    background.start("runs", gate.wait)
    for key in ("old", "new"):
        background.start(key, lambda key=key: done.append(key))
    background.drop(lambda key: key == "new")
    assert background.busy
    gate.set()
    background.result("new")
    assert done == ["new"] and not background.ready("old")


def test_a_failure_is_told_to_who_asks() -> None:
    background = Background()
    background.start("a", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        background.result("a")
    assert background.ready("a")


def test_closing_forgets_and_does_not_wait() -> None:
    background, gate = Background(), threading.Event()
    background.start("a", gate.wait)
    begun = time.perf_counter()
    background.close()
    assert time.perf_counter() - begun < 1.0 and not background.busy
    gate.set()
