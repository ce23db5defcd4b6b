"""Saving a review after each change, without stopping the reviewer when that fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from CTSMALib.errors import CTSMAError
from CTSMALib.registration.record import RegistrationRecord

PAUSE_S = 0.5  # between two savings of a step that repeats


class Autosaver:
    """Saves the record of one registration.

    Attributes:
        problem: why the last saving failed, and what to do; empty where it did not.
        unsaved: whether the folder lacks the newest record.
    """

    def __init__(self, folder: Path, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with what was loaded.

        Args:
            folder: of the registration.
            token: of :func:`~CTSMALib.registration.review.autosave.load`.
            clock: seconds, rising.
        """
        self.problem, self.unsaved = "", False
        self._folder, self._token, self._clock = folder, token, clock
        self._last_s = -float("inf")

    def changed(self, record: RegistrationRecord, repeats: bool = False) -> bool:
        """Save, or leave it for later where the last saving of a step that repeats was just before.

        Args:
            record: all of it.
            repeats: whether the step is one of many, such as those of a key that is held down.

        Returns:
            Whether nothing went wrong.
        """
        self.unsaved = True
        if repeats and self._clock() - self._last_s < PAUSE_S:
            return not self.problem
        return self.flush(record)

    def flush(self, record: RegistrationRecord) -> bool:
        """Save what was not saved yet.

        Returns:
            Whether the folder holds the record now.
        """
        from CTSMALib.registration.review.autosave import save  # needs a package that is installed later

        if not self.unsaved:
            return True
        self._last_s = self._clock()
        try:
            self._token = save(record, self._folder, self._token)
        except CTSMAError as error:
            self.problem = str(error)
            return False
        except (OSError, ValueError) as error:  # the review goes on whatever happens to the disk
            self.problem = f"The review could not be saved in {self._folder} ({error}). It is tried again."
            return False
        self.problem, self.unsaved = "", False
        return True
