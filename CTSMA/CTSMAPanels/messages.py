"""Telling the user of a problem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import slicer

from CTSMALib.errors import CTSMAError


@contextmanager
def problems_shown(what: str) -> Iterator[None]:
    """Show an error that has a sentence for the user; an unexpected one is shown with its details and goes on.

    Args:
        what: what could not be done, one sentence.
    """
    with slicer.util.tryWithErrorDisplay(what):
        try:
            yield
        except CTSMAError as error:
            slicer.util.errorDisplay(f"{what}\n\n{error}")
