"""What a worker says to the program that started it: one JSON object per line on standard output.

The first line is ``start`` and carries the protocol number; ``progress`` follows any number of times;
the last line is ``result`` or ``error``. A worker that was killed ends without either.
Readers ignore fields they do not know; a change that would mislead an older reader raises :data:`PROTOCOL`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from CTSMALib.errors import (
    AnatomyError,
    CancelledError,
    CTSMAError,
    InputError,
    MissingDependencyError,
    OutputError,
)

PROTOCOL = 1


class ProtocolError(ValueError):
    """A line that is not an event of this protocol."""


@dataclass(frozen=True)
class Started:
    """The worker lives."""

    event: ClassVar[str] = "start"
    job: str
    software_version: str
    protocol: int = PROTOCOL


@dataclass(frozen=True)
class Progressed:
    """``stage`` runs; ``fraction`` (0 to 1, never falling) of all work is done."""

    event: ClassVar[str] = "progress"
    stage: str
    fraction: float
    message: str = ""


@dataclass(frozen=True)
class Finished:
    """The complete result is at ``path``."""

    event: ClassVar[str] = "result"
    path: str


@dataclass(frozen=True)
class Failed:
    """Nothing was written.

    Attributes:
        message: what is wrong, one sentence for the user.
        remedy: what to do next, one sentence for the user.
        kind: ``"input"``, ``"anatomy"``, ``"output"``, ``"dependency"``, ``"cancelled"`` or ``"internal"``.
    """

    event: ClassVar[str] = "error"
    message: str
    remedy: str
    kind: str


Event = Started | Progressed | Finished | Failed

_EVENTS: dict[str, type[Started] | type[Progressed] | type[Finished] | type[Failed]] = {
    kind.event: kind for kind in (Started, Progressed, Finished, Failed)
}
_KINDS: tuple[tuple[type[CTSMAError], str], ...] = (
    (InputError, "input"),
    (AnatomyError, "anatomy"),
    (OutputError, "output"),
    (MissingDependencyError, "dependency"),
    (CancelledError, "cancelled"),
)


def failure(error: CTSMAError) -> Failed:
    """The event that tells of ``error``."""
    kind = next((name for family, name in _KINDS if isinstance(error, family)), "internal")
    return Failed(error.message, error.remedy, kind)


def encode(event: Event) -> str:
    """One line of ASCII JSON without its line break."""
    return json.dumps({"event": event.event, **asdict(event)}, allow_nan=False)


def decode(line: str) -> Event:
    """The event that a line tells of.

    Raises:
        ProtocolError: the line is not JSON, names no known event, lacks a field, or speaks another protocol.
    """
    try:
        content = json.loads(line)
        kind = _EVENTS[content["event"]]
        event = kind(**{field.name: content[field.name] for field in fields(kind)})
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError(f"not an event of this protocol: {line.strip()[:200]!r}") from error
    if isinstance(event, Started) and event.protocol != PROTOCOL:
        raise ProtocolError(f"the worker speaks protocol {event.protocol}, this program protocol {PROTOCOL}")
    return event
