"""The list of cases survives whatever lies in the folder of a cohort."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from CTSMALib.errors import InputError, OutputError
from CTSMALib.registration.record import Review
from CTSMALib.registration.record_folder import load_record, write_record
from CTSMALib.registration.review import case_notes
from CTSMALib.registration.review.case_list import (
    CaseFilter,
    as_seen,
    first_second_reading,
    first_unreviewed,
    next_case,
    previous_case,
    progress,
    read_case,
    read_cases,
    second_progress,
)
from CTSMALib.registration.review.case_notes import read_notes, write_note
from CTSMALib.registration.review.decisions import decided
from Testing.core.registration.made_up_record import a_record, a_record_folder

COLUMNS = ["subject", "side", "ct", "mr", "age at scan", "registration"]


def reviews(*decisions: str) -> tuple[Review, ...]:
    both = zip(("femur", "tibia"), decisions, strict=False)
    return tuple(Review(bone, decision, "A", "2025-01-02T03:04:05+00:00", "so", "0.1") for bone, decision in both)


def write_rows(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def a_cohort(tmp_path: Path) -> Path:
    """Accepted, in part, unreviewed, damaged, refused, not reached yet; and a row without an MR."""
    good = tuple(replace(bone, verdict="good") for bone in a_record().bones)
    a_record_folder(tmp_path / "p1-left", reviews=reviews("accepted", "accepted"), bones=good)
    a_record_folder(tmp_path / "p2-left", reviews=reviews("accepted"))
    failed = (replace(a_record().bones[0], verdict="failed"), a_record().bones[1])
    a_record_folder(tmp_path / "p3", reviews=(), bones=failed)
    (a_record_folder(tmp_path / "p4") / "registration.json").write_text('{"schema_version": "1.0", "patches": 3}')
    rows = [[f"p{n}", "left" if n < 3 else "", f"../ct {n}.nii.gz", f"../mr {n}.nii.gz", "60"] for n in range(1, 7)]
    rows[3] = ["p4", "", "a.nii.gz", "b.nii.gz", "60"]
    names = ["p1-left", "p2-left", "p3", "", "", ""]
    table = [COLUMNS, *([*row, name] for row, name in zip(rows, names, strict=True))]
    write_rows(tmp_path / "manifest.csv", [*table, ["p7", "", "ct.nii.gz", "", "60", ""]])
    status = [["subject", "side", "folder", "bone", "verdict", "estimated_error_mm", "reasons"]]
    status += [["p1", "left", "p1-left", "femur", "good", "0.1", ""]]
    status += [["p5", "", "p5", "", "refused", "", "The MR shows the other knee."]]
    write_rows(tmp_path / "status.csv", status)
    return tmp_path


def test_every_pair_is_a_case_with_where_it_stands(a_cohort: Path) -> None:
    cases = read_cases(a_cohort)
    assert [(case.name, case.status, case.verdict) for case in cases] == [
        ("p1-left", "accepted", "good"),
        ("p2-left", "in part", "check"),
        ("p3", "unreviewed", "failed"),
        ("p4", "damaged", ""),
        ("p5", "refused", ""),
        ("p6", "not registered", ""),
    ]
    assert cases[0].ct == a_cohort / "../ct 1.nii.gz" and cases[0].folder == a_cohort / "p1-left"
    assert "damaged" in cases[3].reason
    assert cases[4].reason == "The MR shows the other knee." and cases[4].folder is None


def test_a_case_keeps_its_name_when_its_side_is_found(a_cohort: Path) -> None:
    table = (a_cohort / "manifest.csv").read_text(encoding="utf-8")
    (a_cohort / "manifest.csv").write_text(table.replace("p3,,", "p3,right,"), encoding="utf-8")
    write_note(a_cohort, "p3", "look again")
    found = next(case for case in read_cases(a_cohort) if case.subject == "p3")
    assert (found.name, found.side, found.note) == ("p3", "right", "look again") and found.folder == a_cohort / "p3"


def test_progress_counts_every_case(a_cohort: Path) -> None:
    found = progress(read_cases(a_cohort))
    assert (found.cases, found.registered, found.reviewed) == (6, 3, 1)
    assert sum(found.by_status.values()) == 6 and found.by_status["damaged"] == 1


def test_review_goes_on_at_the_first_case_that_lacks_a_decision(a_cohort: Path) -> None:
    cases = read_cases(a_cohort)
    assert first_unreviewed(cases).name == "p2-left"
    assert first_unreviewed(cases[:1]) is None
    a_record_folder(a_cohort / "p2-left", reviews=reviews("accepted", "rejected"))
    assert read_case(cases[1]).status == "rejected" and read_case(cases[5]) is cases[5]
    assert first_unreviewed(read_cases(a_cohort)).name == "p3"


def test_filters_choose_by_status_verdict_and_words(a_cohort: Path) -> None:
    write_note(a_cohort, "p3", "Look at the Patella, ÄRGER")
    cases = read_cases(a_cohort)

    def names(**wanted: str) -> list[str]:
        return [case.name for case in CaseFilter(**wanted).chosen(cases)]

    assert names(status="accepted") == ["p1-left"]
    assert names(verdict="failed") == ["p3"]
    assert names(text="patella  ärger") == ["p3"] and names(text="patella left") == []
    assert names(text="OTHER knee") == ["p5"]
    assert names(text="left", verdict="check") == ["p2-left"]
    assert len(names()) == 6


def test_next_and_previous_walk_through_a_filter_from_anywhere(a_cohort: Path) -> None:
    cases = read_cases(a_cohort)
    wanted = CaseFilter(text="p")
    assert next_case(cases, "p1-left").name == "p2-left"
    assert next_case(cases, "p6") is None and previous_case(cases, "p1-left") is None
    only = CaseFilter(status="unreviewed")
    assert next_case(cases, "p1-left", only).name == "p3"
    assert previous_case(cases, "p6", only).name == "p3"
    assert next_case(cases, "p3", only) is None
    assert next_case(cases, "", wanted).name == "p1-left" and previous_case(cases, "", wanted).name == "p6"


def test_an_empty_cohort_is_empty(tmp_path: Path) -> None:
    write_rows(tmp_path / "manifest.csv", [COLUMNS])
    cases = read_cases(tmp_path)
    assert cases == () and first_unreviewed(cases) is None and next_case(cases, "x") is None
    assert progress(cases).cases == 0 and progress(cases).by_status == {}


def test_what_is_no_cohort_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_cases(tmp_path)
    write_rows(tmp_path / "manifest.csv", [COLUMNS[:-1]])
    with pytest.raises(InputError, match="no column registration"):
        read_cases(tmp_path)
    write_rows(tmp_path / "manifest.csv", [COLUMNS, ["p1", "left"]])
    with pytest.raises(InputError, match="wrong number of cells"):
        read_cases(tmp_path)
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="no CSV table"):
        read_cases(tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"other,columns\n1,2\n"], ids=["gone", "bytes", "columns"])
def test_cases_are_read_without_a_table_of_status(a_cohort: Path, content: bytes | None) -> None:
    (a_cohort / "status.csv").unlink() if content is None else (a_cohort / "status.csv").write_bytes(content)
    assert [case.status for case in read_cases(a_cohort)][3:] == ["damaged", "not registered", "not registered"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1, 2]", b'{"schema_version": "9.0"}', b"{}"])
def test_whatever_a_record_holds_the_other_cases_are_read(a_cohort: Path, content: bytes) -> None:
    (a_cohort / "p2-left" / "registration.json").write_bytes(content)
    cases = read_cases(a_cohort)
    assert cases[1].status == "damaged" and cases[1].reason
    assert cases[0].status == "accepted" and cases[2].status == "unreviewed"


def test_a_registration_that_was_deleted_is_told(a_cohort: Path) -> None:
    (a_cohort / "p1-left" / "registration.json").unlink()
    found = read_cases(a_cohort)[0]
    assert found.status == "damaged" and "registration.json is missing" in found.reason


def test_notes_stay_until_they_are_emptied(a_cohort: Path) -> None:
    write_note(a_cohort, "p1-left", " first ")
    write_note(a_cohort, "p3", 'Zweite "Ä"')
    assert read_notes(a_cohort) == {"p1-left": "first", "p3": 'Zweite "Ä"'}
    assert read_cases(a_cohort)[2].note == 'Zweite "Ä"'
    assert write_note(a_cohort, "p1-left", "  ") == {"p3": 'Zweite "Ä"'}
    document = json.loads((a_cohort / "notes.json").read_text(encoding="utf-8"))
    assert document["schema"] == "ctsma-case-notes" and document["schema_version"] == "1.0"


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"schema": "ctsma-case-notes", "schema_version": "2.0", "notes": {}}',
     b'{"schema": "ctsma-case-notes", "schema_version": "1.0", "notes": {"a": 1}}', b"\xff"],
    ids=["cut", "list", "version", "number", "bytes"],
)  # fmt: skip
def test_damaged_notes_are_not_written_over(a_cohort: Path, content: bytes) -> None:
    (a_cohort / "notes.json").write_bytes(content)
    with pytest.raises(InputError, match="notes"):
        write_note(a_cohort, "p3", "new")
    assert (a_cohort / "notes.json").read_bytes() == content
    assert len(read_cases(a_cohort)) == 6


def test_a_note_that_cannot_be_saved_is_told(a_cohort: Path, monkeypatch) -> None:
    write_note(a_cohort, "p3", "old")

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(case_notes, "replace_file", failing)
    with pytest.raises(OutputError, match="No space left"):
        write_note(a_cohort, "p3", "new")
    assert read_notes(a_cohort) == {"p3": "old"}


def test_a_second_reader_sees_where_she_stands_herself(a_cohort: Path) -> None:
    cases = read_cases(a_cohort)
    seen = [as_seen(replace(case, note="fine"), "B") for case in cases[:2]]
    assert [(case.status, case.note, case.readings) for case in seen] == [("unreviewed", "", ())] * 2
    assert as_seen(cases[0], "A") == cases[0]
    assert as_seen(cases[1], "A").status == "in part"
    assert [as_seen(case, "B").status for case in cases[3:]] == ["damaged", "refused", "not registered"]


def test_second_readings_go_through_what_others_have_read(a_cohort: Path) -> None:
    cases = read_cases(a_cohort)
    assert first_second_reading(cases, "B").name == "p1-left"
    assert first_second_reading(cases, "A") is None  # who alone has read anything
    assert second_progress(cases, "B") == (0, 2)
    record = load_record(a_cohort / "p1-left")
    for bone in ("femur", "tibia"):
        record = decided(record, bone, "accepted", "B")
    write_record(record, a_cohort / "p1-left")
    cases = read_cases(a_cohort)
    assert first_second_reading(cases, "B").name == "p2-left"
    assert second_progress(cases, "B") == (1, 2)
    assert first_second_reading(cases, "A") is None
