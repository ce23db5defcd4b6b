"""Saving a review after each change, without stopping the reviewer when that fails."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from CTSMALib.errors import CTSMAError, OutputError
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


def keep_aside(record: RegistrationRecord, labels: sitk.Image, folder: Path, elsewhere: Path) -> Path:
    """Write a review that could not be saved into a new folder that can be opened as a registration.

    Args:
        record: all of it.
        labels: bones of the CT.
        folder: of the registration; the new one is beside it and begins with its name.
        elsewhere: folder for the new one where it cannot be there.

    Returns:
        The new folder.

    Raises:
        OutputError: it cannot be written in either place.
    """
    for parent in (folder.parent, elsewhere):
        try:
            return _kept_in(parent, f"{folder.name}-unsaved-", record, labels)
        except OSError:
            continue
    raise OutputError(f"Nor could it be kept in {folder.parent} or {elsewhere}.", "Free some space there.")


def _kept_in(parent: Path, prefix: str, record: RegistrationRecord, labels: sitk.Image) -> Path:
    from CTSMALib.registration.outcome import LABELS_FILE  # these need packages that are installed later
    from CTSMALib.registration.record_folder import write_record
    from CTSMALib.volumes.media import write_image

    aside = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        write_image(labels, aside / LABELS_FILE)
        write_record(replace(record, files={"labels": LABELS_FILE}), aside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return aside
