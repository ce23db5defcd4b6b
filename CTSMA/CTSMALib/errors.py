"""The one family of errors a user can meet: what is wrong, and what to do about it."""

from __future__ import annotations


class CTSMAError(Exception):
    """A failure that is explained to the user.

    Args:
        message: one sentence that says what is wrong, in the user's words.
        remedy: one sentence that says what to do next.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


class InputError(CTSMAError):
    """The given files cannot be used."""


class AnatomyError(CTSMAError):
    """The image was read, but no knee could be analyzed in it."""


class OutputError(CTSMAError):
    """The result cannot be written where it was asked for."""


class MissingDependencyError(CTSMAError):
    """A Python package that this task needs is not installed."""


class MissingDecoderError(MissingDependencyError):
    """A package that reads this compressed image is not installed; others may need none."""


class CancelledError(CTSMAError):
    """The user stopped the task; nothing was written."""

    def __init__(self) -> None:
        super().__init__("The work was cancelled.", "Nothing was written; start it again when ready.")
