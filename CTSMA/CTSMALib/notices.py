"""Things a user must be told that do not stop the work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How a notice is to be read."""

    INFO = "info"  # how something was done
    CAUTION = "caution"  # a value is less certain than usual
    REFUSED = "refused"  # something asked for is not reported


@dataclass(frozen=True)
class Notice:
    """One sentence for the reader of a result.

    Attributes:
        code: stable identifier in kebab-case, for example ``"uneven-slices"``.
        text: the sentence, with numbers and units.
        severity: how it is to be read.
    """

    code: str
    text: str
    severity: Severity = Severity.CAUTION
