"""A manifest is corrected by hand, checked, and given splits by subject."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib.errors import InputError
from CTSMALib.jobs.register_cohort import read_pairs
from CTSMALib.learning.pairs.check_cohort import ERROR, check_cohort
from CTSMALib.learning.pairs.cohort_table import CohortTable, read_table, write_table
from CTSMALib.learning.pairs.find_pairs import with_splits
from CTSMALib.learning.pairs.splits import SPLITS, assign_splits
from CTSMALib.learning.patches.pair_manifest import read_pair_manifest
from CTSMALib.virtual.cohort import read

HEAD = "subject,side,ct,mr,split,mine\n"


@pytest.fixture
def a_manifest(tmp_path: Path) -> Path:
    """Six subjects; one with both knees."""
    for name in [f"{kind}{number}" for kind in ("ct", "mr") for number in range(7)]:
        (tmp_path / name).write_text("")
    rows = [f"S{number % 6},{'right' if number == 6 else 'left'},ct{number},mr{number},,kept\n" for number in range(7)]
    path = tmp_path / "manifest.csv"
    path.write_text(HEAD + "".join(rows))
    return path


@pytest.fixture
def a_table(a_manifest: Path) -> CohortTable:
    """That manifest with splits."""
    return with_splits(read_table(a_manifest))


def errors(table: CohortTable) -> list[tuple[int, str]]:
    return [(finding.row, finding.text) for finding in check_cohort(table) if finding.gravity == ERROR]


def test_the_splits_are_those_of_virtual_cohorts() -> None:
    assert SPLITS == read.SPLITS


def test_a_small_cohort_has_two_subjects_to_learn_from_and_one_of_every_other_split() -> None:
    splits = assign_splits([f"S{n}" for n in range(6)], {}, seed=1)
    assert sorted(splits.values()) == ["calibrate", "stop", "test", "train", "train", "tune"]


def test_a_larger_cohort_has_the_usual_shares() -> None:
    splits = list(assign_splits([f"S{n}" for n in range(200)], {}, seed=1).values())
    assert {name: splits.count(name) for name in set(splits)} == {
        "train": 120, "stop": 20, "calibrate": 20, "test": 20, "tune": 20,
    }  # fmt: skip


def test_splits_follow_from_the_seed_and_given_ones_stay() -> None:
    names = [f"S{n}" for n in range(30)]
    first = assign_splits(names, {}, seed=1)
    assert assign_splits(reversed(names), {}, seed=1) == first != assign_splits(names, {}, seed=2)
    given = {"S3": "test", "S4": "unpaired"}
    assert {name: assign_splits(names, given)[name] for name in given} == given


def test_both_knees_of_a_subject_have_one_split(a_table: CohortTable) -> None:
    assert a_table.rows[0]["split"] == a_table.rows[6]["split"] != ""
    changed = a_table.with_cell(6, "split", "tune")
    assert changed.rows[0]["split"] == changed.rows[6]["split"] == "tune"


def test_subjects_without_a_pair_keep_their_split(a_table: CohortTable) -> None:
    alone = a_table.with_cell(1, "mr", "").with_cell(1, "split", "unpaired")
    assert [with_splits(alone, anew=anew).rows[1]["split"] for anew in (False, True)] == ["unpaired", "unpaired"]


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_tables_of_spreadsheets_are_read(between: str, a_manifest: Path) -> None:
    text = a_manifest.read_text().replace(",", between)
    a_manifest.write_bytes(b"\xef\xbb\xbf" + (text + between * 5 + "\n").replace("left", " left ").encode())
    table = read_table(a_manifest)
    assert len(table.rows) == 7 and table.rows[0]["side"] == "left" and table.columns == tuple(HEAD.strip().split(","))
    assert len(read_pairs(a_manifest)[2]) == 7


def test_a_sound_manifest_has_no_errors(a_table: CohortTable) -> None:
    assert errors(a_table) == []


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("side", "", "The side is open."),
        ("side", "both", "The side 'both' is unknown."),
        ("subject", "", "The subject is not named."),
        ("subject", "a/b", "'a/b' cannot name a subject."),
        ("split", "dev", "There is no split 'dev'."),
        ("ct", "gone", "The CT 'gone' is not there."),
        ("mr", "ct1", "CT and MR are the same file."),
        ("mr", "mr0", "The MR is that of row 1 too."),
        ("subject", "S0", "The left knee of S0 is listed 2 times."),
        ("grade", "5", "The grade '5' is none."),
        ("registration", "gone", "The registration 'gone' is not there."),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy(column: str, text: str, said: str, a_table: CohortTable) -> None:
    found = check_cohort(a_table.with_cell(1, column, text))
    (finding,) = (f for f in found if (f.row, f.text) == (1, said))
    assert finding.gravity == ERROR and finding.remedy


def test_a_subject_in_two_splits_is_an_error(a_table: CohortTable) -> None:
    rows = list(a_table.rows)
    rows[6] = {**rows[6], "split": "test" if rows[0]["split"] != "test" else "train"}
    assert (6, "S0 is in more than one split.") in errors(CohortTable(a_table.columns, tuple(rows), a_table.folder))


def test_missing_splits_are_told(a_manifest: Path) -> None:
    table = read_table(a_manifest)
    assert "6 subjects have no split." in [text for _, text in errors(table)]
    told = {finding.text: finding.gravity for finding in check_cohort(table)}
    assert told["The split 'train' has 0 subjects with CT and MR; a training needs 2."] == "warning"


def test_a_row_without_a_scan_stops_nothing(a_table: CohortTable) -> None:
    found = check_cohort(a_table.with_cell(6, "mr", "").with_cell(6, "side", ""))
    assert {f.gravity for f in found if f.row == 6} == {"warning"} and errors(a_table) == []


def test_doubts_stay_until_somebody_confirms(a_table: CohortTable) -> None:
    doubtful = a_table.with_cell(1, "doubts", "Is it?")
    assert [f.text for f in check_cohort(doubtful) if f.row == 1] == ["Is it?"]
    assert [f for f in check_cohort(doubtful.confirmed(1)) if f.row == 1] == []


def test_another_scan_takes_the_place_of_the_one_that_was_chosen(a_table: CohortTable) -> None:
    row = {**a_table.rows[0], "other_mrs": "b|c"}
    table = CohortTable((*a_table.columns, "other_mrs"), (row,), a_table.folder)
    once = table.with_other(0, "mr")
    assert (once.rows[0]["mr"], once.rows[0]["other_mrs"]) == ("b", "c|mr0")
    assert once.with_other(0, "mr").with_other(0, "mr").rows == table.rows
    assert table.with_other(0, "ct") == table


def test_it_is_written_elsewhere_with_paths_that_lead_to_the_same_files(a_table: CohortTable, tmp_path: Path) -> None:
    out = tmp_path / "deeper" / "manifest.csv"
    write_table(a_table, out)
    again = read_table(out)
    assert again.rows[0]["ct"] == "../ct0" and again.rows[0]["mine"] == "kept"
    assert errors(again) == []
    _, _, pairs = read_pairs(out)
    assert [pair.name for pair in pairs][:2] == ["S0-left", "S1-left"] and pairs[0].ct.exists()


def test_with_registrations_it_is_what_patches_are_made_of(a_table: CohortTable, tmp_path: Path) -> None:
    write_table(a_table.with_cell(0, "registration", "ct0"), tmp_path / "all.csv")
    (row,) = read_pair_manifest(tmp_path / "all.csv")
    assert (row.subject, row.side, row.split) == ("S0", "left", a_table.rows[0]["split"])


@pytest.mark.parametrize("content", ["", "subject,side,ct\n", HEAD + "a,b\n", HEAD + '"a\n'])
def test_what_is_no_manifest_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"manifest\.csv"):
        read_table(path)
