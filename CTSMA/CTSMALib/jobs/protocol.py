"""What a worker says to the program that started it: one JSON object per line on standard output.

The first line is ``start`` and carries the protocol number; ``progress`` follows any number of times;
the last line is ``result`` or ``error``. A worker that was killed ends without either.
Readers ignore fields they do not know; a change that would mislead an older reader raises :data:`PROTOCOL`.
"""

from __future__ import annotations

import json
from dataclasses import Field, asdict, dataclass, fields
from typing import Any, ClassVar

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
    """The worker lives.

    Attributes:
        job: the job's name.
        software_version: of the worker.
        protocol: what the worker speaks.
        pid: the worker's own process id, 0 if it is not told. The program that was started may be another
            process, such as a launcher. An attached worker leads the process group of this number.
        device: what the job computes on, for people; empty if it is not told.
    """

    event: ClassVar[str] = "start"
    job: str
    software_version: str
    protocol: int = PROTOCOL
    pid: int = 0
    device: str = ""


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


_MAY_BE_ABSENT = ("pid", "device")  # fields that the first workers did not send
_JSON_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float)}


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
        ProtocolError: the line is not JSON, names no known event, lacks a field or has one of a wrong type, or
            speaks another protocol.
    """
    try:
        content = json.loads(line)
        kind = _EVENTS[content["event"]]
        event = kind(**{field.name: _value(content, field) for field in _fields_in(content, kind)})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"not an event of this protocol: {line.strip()[:200]!r}") from error
    if isinstance(event, Started) and event.protocol != PROTOCOL:
        raise ProtocolError(f"the worker speaks protocol {event.protocol}, this program protocol {PROTOCOL}")
    return event


def _fields_in(content: dict[str, Any], kind: type) -> list[Field[Any]]:
    return [field for field in fields(kind) if field.name in content or field.name not in _MAY_BE_ABSENT]


def _value(content: dict[str, Any], field: Field[Any]) -> Any:
    value = content[field.name]
    if not isinstance(value, _JSON_TYPES[str(field.type)]) or isinstance(value, bool):
        raise TypeError(f"{field.name} is {value!r}")
    return value
