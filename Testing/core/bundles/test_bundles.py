"""Bundles: what is written is read back; whatever was altered, or could run code, is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from CTSMALib.bundles import write
from CTSMALib.bundles.bundle import CONFIG, METADATA, README, WEIGHTS, Bundle, read_bundle, read_weights
from CTSMALib.bundles.write import write_bundle
from CTSMALib.errors import InputError, OutputError
from Testing.full_disk import full_disk

TENSORS = {"single": torch.tensor([[1.5, -2.0]]), "double": torch.tensor([1e-12, 3.0], dtype=torch.float64)}


@pytest.fixture
def a_bundle(tmp_path: Path) -> Bundle:
    return written(tmp_path / "b")


def written(folder: Path, version: str = "1.0") -> Bundle:
    return write_bundle(folder, "task", {"name": "n", "version": version}, {"a": [1, 2]}, TENSORS, "# Card\n")


def test_a_bundle_comes_back_as_it_was_written(a_bundle: Bundle) -> None:
    found = read_bundle(a_bundle.folder, "task")
    assert found == a_bundle
    assert (found.name, found.version, found.task, found.config) == ("n", "1.0", "task", {"a": [1, 2]})
    assert found.identity == f"n 1.0 ({found.sha256[:8]})"
    assert (found.folder / README).read_text() == "# Card\n"
    tensors = read_weights(found)
    assert {name: value.dtype for name, value in tensors.items()} == {"single": torch.float32, "double": torch.float64}
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_another_bundle_takes_the_place_of_one(a_bundle: Bundle) -> None:
    assert written(a_bundle.folder, "2.0").version == "2.0"
    assert [path.name for path in a_bundle.folder.parent.iterdir()] == ["b"]


def test_a_bundle_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "file" / "b")


def test_a_full_disk_is_told_in_words_and_keeps_the_bundle_before(a_bundle: Bundle) -> None:
    big = {"w": torch.zeros(100_000)}
    with full_disk(4096), pytest.raises(OutputError, match=r"cannot be written to .*: File too large"):
        write_bundle(a_bundle.folder, "task", {"name": "n", "version": "2.0"}, {}, big, "# Card\n")
    assert [path.name for path in a_bundle.folder.parent.iterdir()] == ["b"]
    assert read_bundle(a_bundle.folder) == a_bundle


def test_a_bundle_comes_back_where_a_run_was_killed_between_two_names(a_bundle: Bundle) -> None:
    a_bundle.folder.rename(a_bundle.folder.with_name(".b.previous"))
    with pytest.raises(TypeError):
        write_bundle(a_bundle.folder, "task", {"name": object()}, {}, TENSORS, "# Card\n")
    assert read_bundle(a_bundle.folder) == a_bundle


def test_nothing_is_left_of_a_bundle_whose_card_cannot_be_made(a_bundle: Bundle) -> None:
    with pytest.raises(TypeError):
        write_bundle(a_bundle.folder, "task", {"name": object()}, {}, TENSORS, "# Card\n")
    assert [path.name for path in a_bundle.folder.parent.iterdir()] == ["b"]


@pytest.mark.parametrize("error", [OSError(1, "no"), KeyboardInterrupt()])
def test_the_bundle_before_stays_where_another_cannot_take_its_place(
    error: BaseException, a_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if source.name == "b.part":
            assert read_bundle(a_bundle.folder.with_name(".b.previous")).version == "1.0"  # whole until the last moment
            raise error
        real(source, target)

    monkeypatch.setattr(write.os, "replace", replace)
    with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
        written(a_bundle.folder, "2.0")
    assert [path.name for path in a_bundle.folder.parent.iterdir()] == ["b"]
    assert read_bundle(a_bundle.folder) == a_bundle


def test_what_a_killed_run_left_is_cleared_away(a_bundle: Bundle) -> None:
    for name in ("b.part", ".b.previous"):
        (a_bundle.folder.with_name(name) / "models").mkdir(parents=True)
    assert written(a_bundle.folder, "2.0").version == "2.0"
    assert [path.name for path in a_bundle.folder.parent.iterdir()] == ["b"]


def test_altered_weights_are_refused(a_bundle: Bundle) -> None:
    content = bytearray(a_bundle.weights_path.read_bytes())
    content[-1] ^= 1
    a_bundle.weights_path.write_bytes(content)
    with pytest.raises(InputError, match="not those of the bundle"):
        read_bundle(a_bundle.folder)


def test_altered_settings_are_refused_and_bundles_without_their_checksum_are_read(a_bundle: Bundle) -> None:
    (a_bundle.folder / CONFIG).write_text('{"a": [1, 3]}')
    with pytest.raises(InputError, match=r"settings in .* are not those of the bundle"):
        read_bundle(a_bundle.folder)
    metadata = json.loads((a_bundle.folder / METADATA).read_text())
    del metadata["ctsma"]["config_sha256"]
    (a_bundle.folder / METADATA).write_text(json.dumps(metadata))
    assert read_bundle(a_bundle.folder).config == {"a": [1, 3]}


@pytest.mark.parametrize("name", ["models/model.pt", "extra/code.PKL", "x.ckpt"])
def test_a_pickle_is_refused_wherever_it_lies(a_bundle: Bundle, name: str) -> None:
    path = a_bundle.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="can run code"):
        read_bundle(a_bundle.folder)


def test_a_bundle_for_another_task_is_refused(a_bundle: Bundle) -> None:
    with pytest.raises(InputError, match="for 'task', not for 'synthesis'"):
        read_bundle(a_bundle.folder, "synthesis")


@pytest.mark.parametrize(
    ("name", "said"), [(METADATA, "metadata.json"), (CONFIG, "inference.json"), (WEIGHTS, "no weights")]
)
def test_a_missing_file_is_named(a_bundle: Bundle, name: str, said: str) -> None:
    (a_bundle.folder / name).unlink()
    with pytest.raises(InputError, match=said):
        read_bundle(a_bundle.folder)


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_damaged_metadata_are_told_in_words(a_bundle: Bundle, text: str) -> None:
    (a_bundle.folder / METADATA).write_text(text)
    with pytest.raises(InputError, match=r"metadata\.json"):
        read_bundle(a_bundle.folder)


@pytest.mark.parametrize(("key", "value"), [("name", None), ("name", ""), ("version", None), ("version", 1.0)])
def test_metadata_without_name_or_version_are_refused(a_bundle: Bundle, key: str, value: object) -> None:
    metadata = {**json.loads((a_bundle.folder / METADATA).read_text()), key: value}
    (a_bundle.folder / METADATA).write_text(json.dumps({k: v for k, v in metadata.items() if v is not None}))
    with pytest.raises(InputError, match=f"says no {key}"):
        read_bundle(a_bundle.folder)


def test_a_bundle_of_others_and_a_folder_that_is_none_are_refused(a_bundle: Bundle, tmp_path: Path) -> None:
    metadata = json.loads((a_bundle.folder / METADATA).read_text())
    for own in ({}, [], {**metadata["ctsma"], "schema_version": 2}):
        (a_bundle.folder / METADATA).write_text(json.dumps({**metadata, "ctsma": own}))
        with pytest.raises(InputError, match="not one of CTSMA"):
            read_bundle(a_bundle.folder)
    with pytest.raises(InputError, match="no model"):
        read_bundle(tmp_path / "none")
