"""The protocol: every event survives a round trip, and nothing else is taken for an event."""

from __future__ import annotations

import io

import pytest

from CTSMALib.errors import (
    AnatomyError,
    CancelledError,
    CTSMAError,
    InputError,
    MissingDependencyError,
    OutputError,
)
from CTSMALib.jobs.protocol import (
    PROTOCOL,
    Event,
    Failed,
    Finished,
    Progressed,
    ProtocolError,
    Started,
    decode,
    encode,
    failure,
)
from CTSMALib.jobs.reporters import JsonLines, PlainLines, TerminalBar


@pytest.mark.parametrize(
    "event",
    [
        Started("analyze", "0.1.0"),
        Started("analyze", "0.1.0", pid=4711, device="CPU, 2 cores"),
        Progressed("Finding the bones", 0.25, "tibia\nfemur"),
        Finished("/data/Ergebnis ü"),
        Failed('The file "x" is empty.', "Choose another.", "input"),
    ],
)
def test_events_survive_a_round_trip(event: Event) -> None:
    line = encode(event)
    assert line.isascii()
    assert "\n" not in line
    assert decode(line + "\n") == event


def test_fields_of_later_versions_are_ignored() -> None:
    assert decode('{"event": "result", "path": "a", "seconds": 3}') == Finished("a")


def test_a_worker_may_keep_silent_about_itself() -> None:
    line = '{"event": "start", "job": "analyze", "software_version": "0.1.0", "protocol": 1}'
    assert decode(line) == Started("analyze", "0.1.0", pid=0, device="")


@pytest.mark.parametrize(
    "line",
    [
        *("", "hello", "[1]", "null", "{}", '{"event": "party"}', '{"event": "result"}', '{"event": ["result"]}'),
        *(
            '{"event": "result", "path": 3}',
            '{"event": "progress", "stage": "Work", "fraction": "half", "message": ""}',
        ),
        *('{"event": "progress", "stage": "Work", "fraction": true, "message": ""}', "[" * 100_000),
        '{"event": "start", "job": "analyze", "software_version": "0.1.0", "protocol": 1, "pid": "many"}',
    ],
    ids=lambda line: line[:40],
)
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


def test_another_protocol_is_refused() -> None:
    with pytest.raises(ProtocolError, match="protocol"):
        decode(encode(Started("analyze", "9.0", PROTOCOL + 1)))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputError("a", "b"), "input"),
        (AnatomyError("a", "b"), "anatomy"),
        (OutputError("a", "b"), "output"),
        (MissingDependencyError("a", "b"), "dependency"),
        (CancelledError(), "cancelled"),
    ],
)
def test_every_error_has_a_kind(error: CTSMAError, kind: str) -> None:
    assert failure(error) == Failed(error.message, error.remedy, kind)


def test_fractions_never_fall() -> None:
    stream = io.StringIO()
    report = JsonLines(stream)
    for fraction in (0.5, 0.2, 0.7, 1.5):
        report("Work", fraction)
    assert [decode(line).fraction for line in stream.getvalue().splitlines()] == [0.5, 0.5, 0.7, 1.0]


def test_plain_lines_name_each_stage_once() -> None:
    stream = io.StringIO()
    report = PlainLines(stream)
    for stage, fraction in (("Reading", 0.0), ("Reading", 0.1), ("Measuring", 0.5)):
        report(stage, fraction)
    report.fail(Failed("It broke.", "Mend it.", "input"))
    assert stream.getvalue().splitlines() == ["[  0%] Reading", "[ 50%] Measuring", "Error: It broke.", "Mend it."]


def test_the_bar_shows_stage_and_share_and_goes_away() -> None:
    stream = io.StringIO()
    report = TerminalBar(stream)
    report("Finding the bones", 0.5)
    assert "Finding the bones" in stream.getvalue()
    assert "###" in stream.getvalue()
    assert " 50%" in stream.getvalue()
    report.finish(Finished("x"))
    assert stream.getvalue().endswith("\r")
