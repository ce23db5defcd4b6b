"""Bytes from a process become lines, and lines a log that stays within bounds."""

from __future__ import annotations

import codecs
from collections import deque

LONGEST_LINE = 65_536  # characters; the rest begins a new line
LOG_SIZE = 400_000  # characters


class Lines:
    """Cuts a stream of bytes into lines, whatever its pieces are."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes, last: bool = False) -> list[str]:
        """The lines that ``data`` completes, without their ends.

        Args:
            data: the next bytes.
            last: nothing follows, so that an unfinished line is complete.
        """
        text = self._rest + self._decoder.decode(data, last)
        *lines, self._rest = text.split("\n")
        while len(self._rest) > LONGEST_LINE:
            lines.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        if last and self._rest:
            lines.append(self._rest)
            self._rest = ""
        return [_shown(line) for line in lines]


class Log:
    """The newest lines, up to :data:`LOG_SIZE` characters."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0

    def add(self, line: str) -> None:
        """Append a line; the oldest give way."""
        line = line[:LONGEST_LINE]
        self._lines.append(line)
        self._size += len(line) + 1
        while self._size > LOG_SIZE:
            self._size -= len(self._lines.popleft()) + 1
            self._dropped += 1

    def __str__(self) -> str:
        lines = list(self._lines)  # in one step, because another thread may be adding
        left_out = [f"[{self._dropped} earlier lines are left out]"] if self._dropped else []
        return "\n".join([*left_out, *lines])


def _shown(line: str) -> str:
    """What a terminal shows of a line that was written over with carriage returns."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]
