"""Files that are written completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file completely or not at all.

    Raises:
        OSError: it could not be written; what was there is kept.
    """
    aside = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
