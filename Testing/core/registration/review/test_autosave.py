"""A review is saved whole or not at all, and never over the work of somebody else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError, OutputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import load_record, save_findings
from CTSMALib.registration.review import autosave
from CTSMALib.registration.review.autosave import load, save
from CTSMALib.registration.review.corrections import Corrections
from CTSMALib.registration.review.decisions import decided
from CTSMALib.volumes.rigid import read_itk
from Testing.core.registration.made_up_record import a_record_folder


def corrected(record: RegistrationRecord) -> RegistrationRecord:
    moved = Corrections.of_record(record).turned("femur", [1.0, 2.0, 3.0], 3.0).applied_to(record)
    return decided(moved, "tibia", "accepted", "B")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    folder = a_record_folder(tmp_path / "registration")
    (folder / "overview.png").write_bytes(b"a picture")
    return folder


def test_what_was_saved_comes_back_with_its_transforms(a_folder: Path) -> None:
    record, token = load(a_folder)
    changed = corrected(record)
    token = save(changed, a_folder, token)
    again, same = load(a_folder)
    assert again == changed and same == token
    expected = changed.bones[0].fixed_to_moving_lps
    assert read_itk(a_folder / "transforms" / "femur.tfm") == pytest.approx(expected, abs=1e-9)
    matrices = json.loads((a_folder / "transforms" / "moving_to_fixed_ras.json").read_text())
    assert np.array(matrices["femur"]) == pytest.approx(changed.bones[0].moving_to_fixed_ras)
    assert set(os.listdir(a_folder)) == {"registration.json", "patches.csv", "transforms", "overview.png"}


def test_saving_goes_on_with_each_new_token(a_folder: Path) -> None:
    record, token = load(a_folder)
    for _ in range(3):
        record = corrected(record)
        token = save(record, a_folder, token)
    assert load_record(a_folder) == record
    assert save(record, a_folder, token) == token


def test_nothing_changes_on_disk_where_nothing_was_changed(a_folder: Path) -> None:
    before = contents(a_folder)
    record, token = load(a_folder)
    assert save(record, a_folder, token) == token
    assert contents(a_folder) == before


def test_the_work_of_somebody_else_is_not_written_over(a_folder: Path) -> None:
    record, token = load(a_folder)
    others = decided(record, "femur", "rejected", "Somebody", "no")
    save_findings(others, a_folder)
    before = contents(a_folder)
    with pytest.raises(InputError, match="changed by somebody else"):
        save(corrected(record), a_folder, token)
    assert contents(a_folder) == before
    fresh, token = load(a_folder)
    save(corrected(fresh), a_folder, token)
    assert {review.reviewer for review in load_record(a_folder).reviews} == {"Reader, Ä.", "Somebody", "B"}


def test_an_old_token_is_worth_nothing(a_folder: Path) -> None:
    record, token = load(a_folder)
    save(corrected(record), a_folder, token)
    with pytest.raises(InputError, match="changed by somebody else"):
        save(record, a_folder, token)


def test_a_folder_that_vanished_is_told(a_folder: Path) -> None:
    record, token = load(a_folder)
    (a_folder / "registration.json").unlink()
    with pytest.raises(InputError, match="changed by somebody else"):
        save(record, a_folder, token)
    with pytest.raises(InputError, match="no complete registration"):
        load(a_folder)


@pytest.mark.parametrize("failing", range(5))
def test_everything_stays_as_it_was_if_saving_fails(a_folder: Path, monkeypatch, failing: int) -> None:
    record, token = load(a_folder)
    before = contents(a_folder)
    replaced, real = [], os.replace

    def failing_replace(source: Path, target: Path) -> None:
        if a_folder in Path(target).parents and ".review-" not in str(target):
            replaced.append(target)
            if len(replaced) > failing:
                raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(autosave.os, "replace", failing_replace)
    with pytest.raises(OutputError, match="No space left"):
        save(corrected(record), a_folder, token)
    assert len(replaced) == failing + 1
    assert contents(a_folder) == before
    monkeypatch.undo()
    save(corrected(record), a_folder, token)
    assert load_record(a_folder) == corrected_like(record, load_record(a_folder))


def corrected_like(record: RegistrationRecord, saved: RegistrationRecord) -> RegistrationRecord:
    """The corrected record with the times of the saved one."""
    return RegistrationRecord(**{**vars(corrected(record)), "reviews": saved.reviews})


def test_nothing_is_exchanged_if_writing_aside_fails(a_folder: Path, monkeypatch) -> None:
    record, token = load(a_folder)
    before = contents(a_folder)

    def failing_write(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(autosave, "write_record", failing_write)
    with pytest.raises(OutputError, match="kept"):
        save(corrected(record), a_folder, token)
    assert contents(a_folder) == before
