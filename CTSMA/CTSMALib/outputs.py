"""Files that are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file completely or not at all.

    Raises:
        OSError: it could not be written; what was there is kept.
    """
    with replacing(path) as aside:
        aside.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a hidden file beside ``path`` to write to; it takes that place when the block ends well.

    It is deleted when the block ends with any error, and what was in its place is kept. Processes have files of their
    own. Close the file in the block.

    Raises:
        OSError: it could not be renamed.
    """
    aside = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
