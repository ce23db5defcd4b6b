"""One test that looks at every file: thousands of tests of a millisecond each would take minutes to hand out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from Testing.static.checks.sources import relative


def for_each(paths: Iterable[Path], check: Callable[[Path], None]) -> None:
    """Call a check with each file, and fail once with all that it found.

    Raises:
        AssertionError: names every file that does not pass, and why. Also if there are no files.
        Exception: whatever else the check raises, with a note that names the file.
    """
    found, count = [], 0
    for path in paths:
        count += 1
        try:
            check(path)
        except AssertionError as error:
            found.append(f"{relative(path)}: {error}")
        except Exception as error:
            error.add_note(relative(path))
            raise
    assert count, "there is nothing to look at"
    assert not found, "\n\n".join([f"{len(found)} of {count} files", *found])
