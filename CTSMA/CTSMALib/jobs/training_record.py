"""What became of the steps of a project, kept in its folder so that it outlasts scene and application."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from CTSMALib.outputs import replace_file

RECORD_FILE, SCHEMA = "steps.json", "ctsma-training-steps"
DONE, STOPPED, FAILED = ENDS = ("done", "stopped", "failed")


@dataclass(frozen=True)
class StepRecord:
    """How a step ended last.

    Attributes:
        end: of :data:`ENDS`.
        fraction: share of the work that was done.
        seconds: that the last run took.
        message: what was wrong, for a failure.
        arguments: of the command.
        ended_at: when, ISO 8601 in UTC.
    """

    end: str
    fraction: float = 0.0
    seconds: float = 0.0
    message: str = ""
    arguments: tuple[str, ...] = ()
    ended_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def read_records(folder: Path) -> dict[str, StepRecord]:
    """The records of a project by step; none where they cannot be read."""
    try:
        content = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            return {}
        return {step: _record(cells) for step, cells in content["steps"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_record(folder: Path, step: str, record: StepRecord | None) -> None:
    """Keep how a step ended, or forget it.

    Raises:
        OSError: it cannot be written; what was there is kept.
    """
    records = read_records(folder)
    records.pop(step, None)
    if record is not None:
        records[step] = record
    folder.mkdir(parents=True, exist_ok=True)
    content = {"schema": SCHEMA, "schema_version": 1, "steps": {name: asdict(own) for name, own in records.items()}}
    replace_file(folder / RECORD_FILE, (json.dumps(content, indent=2) + "\n").encode())


def _record(cells: dict[str, object]) -> StepRecord:
    end, fraction, seconds = str(cells["end"]), cells["fraction"], cells["seconds"]
    words = cells["arguments"]
    if end not in ENDS or not isinstance(fraction, int | float) or not isinstance(seconds, int | float):
        raise ValueError(end)
    if not isinstance(words, list):
        raise ValueError("arguments")
    return StepRecord(
        end, float(fraction), float(seconds), str(cells["message"]), tuple(map(str, words)), str(cells["ended_at"])
    )
