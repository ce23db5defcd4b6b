"""Measuring on a thread of its own, so that views are never held up. Nothing there may touch a scene."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """One thread that does one thing after the other."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._found: dict[Hashable, Future[Any]] = {}

    def start(self, key: Hashable, work: Callable[[], Any]) -> None:
        """Do something once; a key that is known already is left alone.

        Args:
            key: to ask for it by.
            work: numbers and images only, no nodes: scenes belong to the thread of the application.
        """
        if key not in self._found:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "review")
            self._found[key] = self._pool.submit(work)

    def drop(self, wanted: Callable[[Hashable], bool]) -> None:
        """Do not begin what is not wanted any more; what runs or is done stays."""
        self._found = {key: done for key, done in self._found.items() if wanted(key) or not done.cancel()}

    def ready(self, key: Hashable) -> bool:
        """Whether something is done, or failed."""
        return key in self._found and self._found[key].done()

    def result(self, key: Hashable) -> Any:
        """What was made; waits for it.

        Raises:
            KeyError: it was not started.
            Exception: what the work raised.
        """
        return self._found[key].result()

    @property
    def busy(self) -> bool:
        """Whether anything is still to be done."""
        return any(not done.done() for done in self._found.values())

    def close(self) -> None:
        """Begin nothing any more; what runs ends by itself, and nobody asks for it."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool, self._found = None, {}
