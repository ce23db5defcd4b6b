"""What is written of a registration comes back, follows its schema, and is refused when it is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.registration.record import rows
from CTSMALib.registration.record_folder import SCHEMA_FILE, load_record, registration_schema, write_record
from CTSMALib.volumes.rigid import applied, moving_to_fixed_ras, read_itk, turned
from Testing.core.registration.made_up_record import FEMUR_MOTION, a_record, a_record_folder


@pytest.fixture
def a_folder(tmp_path: Path) -> Path:
    return a_record_folder(tmp_path / "registration")


def changed(folder: Path, change) -> None:
    path = folder / "registration.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_record_comes_back_as_it_was(a_folder: Path) -> None:
    assert load_record(a_folder) == a_record()


def test_transforms_are_there_as_itk_and_slicer_use_them(a_folder: Path) -> None:
    assert read_itk(a_folder / "transforms" / "femur.tfm") == pytest.approx(FEMUR_MOTION, abs=1e-9)
    stored = json.loads((a_folder / "transforms" / "moving_to_fixed_ras.json").read_text())
    assert np.array(stored["femur"]) == pytest.approx(moving_to_fixed_ras(FEMUR_MOTION), abs=1e-12)


def test_a_correction_acts_after_what_was_found(tmp_path: Path) -> None:
    """In the frame of the CT: it moves what the MR shows, where the found motion put it."""
    record = a_record()
    shift = turned(np.array([0.0, 0.0, 4.0]), np.array(record.bones[0].center_fixed_ras_mm), np.array([1.0, 0.0, 0.0]))
    femur = replace(record.bones[0], user_moving_to_fixed_ras=rows(shift))
    seen = np.array([[12.0, -3.0, 8.0]])
    found = applied(np.array(femur.auto_moving_to_fixed_ras), seen)
    assert applied(femur.moving_to_fixed_ras, seen) == pytest.approx(applied(shift, found))
    write_record(replace(record, bones=(femur, *record.bones[1:])), tmp_path)
    assert read_itk(tmp_path / "transforms" / "femur.tfm") == pytest.approx(femur.fixed_to_moving_lps, abs=1e-9)
    back = np.linalg.inv(np.diag([-1, -1, 1, 1]) @ femur.moving_to_fixed_ras @ np.diag([-1, -1, 1, 1]))
    assert femur.fixed_to_moving_lps == pytest.approx(back, abs=1e-9)


def test_the_json_follows_the_schema(a_folder: Path) -> None:
    document = json.loads((a_folder / "registration.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, registration_schema())
    del document["bones"][0]["verdict"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, registration_schema())


def test_the_schema_file_is_that_of_the_dataclasses() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json.loads(json.dumps(registration_schema()))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("bones"),
        lambda d: d["bones"][0].update(verdict=3),
        lambda d: d["bones"][0]["auto_moving_to_fixed_ras"].pop(),
        lambda d: d["patches"].update(rows=1),
        lambda d: d.update(patches=[]),
        lambda d: d["bones"][0]["user_moving_to_fixed_ras"][0].__setitem__(0, -3.0),
        lambda d: d.update(created="yesterday"),
    ],
    ids=["a part missing", "another type", "a matrix cut short", "rows lost", "patches within", "no motion", "no time"],
)
def test_damaged_content_is_refused(a_folder: Path, change) -> None:
    changed(a_folder, change)
    with pytest.raises(InputError, match="damaged"):
        load_record(a_folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": "1.0"}', "\0\0"])
def test_no_json_of_a_registration_is_refused(a_folder: Path, text: str) -> None:
    (a_folder / "registration.json").write_text(text)
    with pytest.raises(InputError, match="damaged"):
        load_record(a_folder)


def test_another_version_is_refused_and_named(a_folder: Path) -> None:
    changed(a_folder, lambda d: d.update(schema_version="7.0"))
    with pytest.raises(InputError, match=r"7\.0"):
        load_record(a_folder)


def test_what_is_missing_is_named(a_folder: Path, tmp_path: Path) -> None:
    (a_folder / "patches.csv").unlink()
    with pytest.raises(InputError, match=r"patches\.csv is missing"):
        load_record(a_folder)
    with pytest.raises(InputError, match=r"registration\.json is missing"):
        load_record(tmp_path / "nothing")


@pytest.mark.parametrize("place", ["/etc/hosts", "../elsewhere.csv"])
def test_the_table_is_never_read_from_elsewhere(a_folder: Path, place: str) -> None:
    """A record from others must not make the program read other files, even such as hold the same table."""
    (a_folder.parent / "elsewhere.csv").write_bytes((a_folder / "patches.csv").read_bytes())
    changed(a_folder, lambda d: d["patches"].update(file=place))
    with pytest.raises(InputError):
        load_record(a_folder)
