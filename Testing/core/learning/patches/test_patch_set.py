"""Patch sets on disk: made, gone on with, read back, and refused where they do not fit together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import CancelledError, InputError
from CTSMALib.learning.patches import build as building
from CTSMALib.learning.patches.build import PARTS_FOLDER, PlannedPart, build, plan_virtual
from CTSMALib.learning.patches.columns import COLUMNS
from CTSMALib.learning.patches.knee_part import StoredParts, read_part, write_part
from CTSMALib.learning.patches.patch_set import ARRAYS, KNEE_COLUMNS, read_patch_set
from CTSMALib.learning.patches.virtual_part import virtual_part
from CTSMALib.learning.patches.write import write_patch_set
from CTSMALib.virtual.cohort.read import read_cohort
from Testing.full_disk import full_disk


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_set_reads_back_what_its_knees_gave(a_cohort: Path, a_set: Path) -> None:
    found = read_patch_set(a_set)
    parts = [virtual_part(knee) for knee in read_cohort(a_cohort).knees]
    assert (len(found), found.facts.patches, found.facts.knees) == (16, 16, 4)
    assert found.facts.virtual and found.facts.left_out["too little trabecular bone"] == 4
    for name, (shape, kind) in ARRAYS.items():
        values = getattr(found, name)
        assert isinstance(values, np.memmap) and values.shape == (16, *shape) and values.dtype == kind
        assert np.array_equal(values, np.concatenate([getattr(part, name) for part in parts]))
    assert tuple(found.patches) == COLUMNS
    assert tuple(found.knees)[: len(KNEE_COLUMNS)] == KNEE_COLUMNS
    for name in ("app_tb_n_per_mm", "ct_hu_mean", "registration_error_mm"):
        assert found.patches[name] == pytest.approx(np.concatenate([part.columns[name] for part in parts]), rel=1e-6)
    assert found.patches["layer"].dtype == np.int64 and set(found.patches["layer"]) == {1, 2}
    assert found.knees["family"].dtype.kind == "U" and found.knees["grade"].dtype == np.float64
    assert found.truth[:, 0] == pytest.approx(0.25) and np.isnan(found.truth[:, 1:]).all()
    assert sorted(path.name for path in a_set.iterdir()) == sorted(
        ["patches.json", "patches.csv", "knees.csv", *(f"{name}.npy" for name in ARRAYS)]
    )


def test_some_patches_keep_their_knees_and_values(a_set: Path) -> None:
    whole = read_patch_set(a_set)
    split = str(whole.knees["split"][0])
    part = whole.of_split(split)
    wanted = whole.of_knee("split") == split
    assert len(part) == wanted.sum() > 0
    assert np.array_equal(part.mr, whole.mr[wanted]) and np.array_equal(part.targets, whole.targets[wanted])
    assert set(part.knees["split"]) == {split}
    key = str(whole.knees["knee"][2])
    own = whole.of_knees([key])
    assert set(own.patches["knee"]) == {key} == set(own.knees["knee"])
    assert own.covariates.shape == (4, 5) and own.uncertainties.shape == (4, 4)
    assert own.select([2, 0]).patches["id"].tolist() == own.patches["id"][[2, 0]].tolist()
    assert len(whole.of_split("unpaired")) == 0


def test_a_stopped_making_goes_on_to_the_same_set(
    a_cohort: Path, a_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = plan_virtual(read_cohort(a_cohort)), tmp_path / "set"

    def stop(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("2 of"):
            raise CancelledError

    with pytest.raises(CancelledError):
        build(plan, out, progress=stop)
    assert [path.name for path in out.iterdir()] == [PARTS_FOLDER]
    with pytest.raises(InputError, match="no patch set"):
        read_patch_set(out)
    made = []
    real = building._make
    monkeypatch.setattr(building, "_make", lambda part, store: (made.append(part.key), real(part, store)))
    build(plan, out)
    assert made == [part.key for part in plan.parts[2:]]
    assert files(out) == files(a_set)
    build(plan, out)  # complete: nothing is left to do
    assert len(made) == 2


def test_several_processes_make_the_same_set(a_cohort: Path, a_set: Path, tmp_path: Path) -> None:
    build(plan_virtual(read_cohort(a_cohort)), tmp_path, jobs=2)
    assert files(tmp_path) == files(a_set)


def test_parts_of_another_making_are_not_taken(a_cohort: Path, tmp_path: Path) -> None:
    plan = plan_virtual(read_cohort(a_cohort))
    first = plan.parts[0]
    store = tmp_path / PARTS_FOLDER
    store.mkdir()
    building._make(PlannedPart(first.key, "another digest", first.make), store)
    made = []
    building._make_parts(plan.parts[:1], store, 1, lambda *told: made.append(told[2]))
    assert made == ["0 of 1 knees", "1 of 1 knees"]


def test_a_cut_or_altered_part_is_refused_in_words(a_cohort: Path, tmp_path: Path) -> None:
    path = tmp_path / "part.npz"
    write_part(virtual_part(read_cohort(a_cohort).knees[0]), path, "digest")
    assert len(read_part(path)) == 4
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 2] ^= 1
    for damaged in (b"", whole[:-100], bytes(altered)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"part\.npz cannot be read") as caught:
            list(StoredParts([path]))
        assert "made anew" in caught.value.remedy
    path.unlink()
    with pytest.raises(InputError):
        read_part(path)


def test_a_full_disk_leaves_neither_half_a_part_nor_half_an_array(a_cohort: Path, tmp_path: Path) -> None:
    part = virtual_part(read_cohort(a_cohort).knees[0])
    with full_disk(4096), pytest.raises(OSError):
        write_part(part, tmp_path / "part.npz", "digest")
    with full_disk(4096), pytest.raises(OSError):
        write_patch_set(tmp_path, [part], "recipe", True, "source")
    assert not any(tmp_path.iterdir())


def test_a_knee_named_twice_is_refused(a_cohort: Path, tmp_path: Path) -> None:
    plan = plan_virtual(read_cohort(a_cohort))
    twice = building.Plan((*plan.parts, plan.parts[0]), plan.recipe, plan.virtual, plan.source)
    with pytest.raises(InputError, match="named twice"):
        build(twice, tmp_path)


def change_json(folder: Path, **changes: object) -> None:
    path = folder / "patches.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def cut(folder: Path, name: str) -> None:
    path = folder / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))


def rename_column(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda f: (f / "patches.json").unlink(), "no patch set"),
        (lambda f: change_json(f, schema="other"), "no patch set"),
        (lambda f: change_json(f, schema_version=2), "format version 2"),
        (lambda f: change_json(f, patches="many"), "damaged"),
        (lambda f: change_json(f, ct_steps_mm=[0.5, 0.5, 0.5]), "other grids"),
        (lambda f: cut(f, "patches.csv"), "holds 15 patches, not 16"),
        (lambda f: cut(f, "knees.csv"), "holds 3 knees, not 4"),
        (lambda f: np.save(f / "mr.npy", np.zeros((3, 40, 40, 10), np.float16)), "holds 3 patches, not 16"),
        (lambda f: np.save(f / "ct.npy", np.zeros((16, 16, 20, 20), np.int32)), "holds int32"),
        (lambda f: (f / "ct_valid.npy").write_bytes(b"\x93NUMPY"), "cannot be read"),
        (lambda f: rename_column(f, "patches.csv", "u:app_bv_tv", "sd"), "no column u:app_bv_tv"),
        (lambda f: rename_column(f, "knees.csv", "vk0002_", "vk9_"), "lacks the knee vk0002_"),
        (lambda f: rename_column(f, "knees.csv", ",61.25,", ",old,"), "could not convert"),
    ],
)
def test_damaged_sets_are_refused(a_set: Path, tmp_path: Path, damage, sentence: str) -> None:
    folder = tmp_path / "set"
    shutil.copytree(a_set, folder)
    damage(folder)
    with pytest.raises(InputError, match=sentence):
        read_patch_set(folder)
