"""``ctsma models``: shipped and added models are listed, checked, found by name, added and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from CTSMALib.bundles import library
from CTSMALib.bundles.bundle import shipped_bundle
from CTSMALib.bundles.library import add_bundle, find_bundle, models_folder, remove_bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.cli import main
from CTSMALib.errors import InputError, MissingDependencyError, OutputError
from CTSMALib.jobs.arguments.values import NO_MODEL, given_model

SHIPPED = "synthesis"


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for models."""
    monkeypatch.setenv(library.FOLDER_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


def a_bundle(folder: Path, name: str = "mine") -> Path:
    metadata = {"name": name, "version": "2.0", "data_source": "made up", "eval_metrics": {"icc": 0.912345}}
    write_bundle(folder, "student", metadata, {"a": 1}, {"w": torch.ones(3)}, "# Card\n")
    return folder


def damage(folder: Path) -> None:
    (folder / "models" / "model.safetensors").write_bytes(b"other")


def test_a_model_is_added_found_and_removed(tmp_path: Path, own_models: Path, capsys) -> None:
    source = a_bundle(tmp_path / "trained")
    assert main(["models", "add", str(source)]) == 0
    assert capsys.readouterr().out.startswith("Added        mine 2.0 (")
    assert find_bundle("mine", "student").folder == own_models / "mine"
    assert [path.name for path in own_models.iterdir()] == ["mine"]
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in listed if line.startswith("mine")] == [["mine", "added", "student"]]
    assert any(line.split()[:2] == [SHIPPED, "shipped"] for line in listed)
    assert main(["models", "remove", "mine"]) == 0
    assert not list(own_models.iterdir()) and source.is_dir()
    with pytest.raises(InputError, match="no model 'mine'"):
        find_bundle("mine")


def test_verifying_tells_what_a_model_is(tmp_path: Path, capsys) -> None:
    folder = a_bundle(tmp_path / "trained")
    for name, said in ((SHIPPED, "soft_tissue_mae_hu"), (str(folder), "icc 0.9123")):
        assert main(["models", "verify", name]) == 0
        told = capsys.readouterr().out
        assert said in told and "SHA-256      " in told and "Learned from " in told
    assert main(["models", "verify", str(folder), "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert (model["name"], model["task"], model["shipped"]) == ("mine", "student", False)
    assert model["metrics"] == {"icc": 0.912345} and model["data_source"] == "made up"


def test_a_damaged_model_is_told_after_all_were_checked(tmp_path: Path, own_models: Path, capsys) -> None:
    add_bundle(a_bundle(tmp_path / "trained"))
    damage(own_models / "mine")
    assert main(["models", "verify"]) == 2
    told = capsys.readouterr()
    assert f"Model        {SHIPPED}, whole" in told.out and "Model        mine: The weights in" in told.out
    assert "Not whole: mine." in told.err
    assert main(["models", "verify", "mine"]) == 2
    assert main(["models", "list"]) == 0 and "damaged" in capsys.readouterr().out
    assert main(["models", "remove", "mine"]) == 0


def test_what_is_no_whole_bundle_is_not_added(tmp_path: Path, own_models: Path, capsys) -> None:
    folder = a_bundle(tmp_path / "trained")
    damage(folder)
    for path, said in ((folder, "not those of the bundle"), (tmp_path, "no readable"), (tmp_path / "x", "not exist")):
        for more in ([], ["--name", "other"]):
            assert main(["models", "add", str(path), *more]) == 2
            told = capsys.readouterr().err
            assert said in told and "unexpected" not in told
    assert not own_models.exists() or not list(own_models.iterdir())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (SHIPPED, "already"),
        ("Synthesis", "already"),
        ("../up", "be called"),
        ("none", "be called"),
        ("None", "be called"),
    ],
)
def test_names_that_are_taken_or_lead_elsewhere_are_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        add_bundle(a_bundle(tmp_path / "trained", name))


def test_a_model_can_be_given_another_name_and_is_found_by_it(tmp_path: Path, own_models: Path) -> None:
    source = a_bundle(tmp_path / "trained", SHIPPED)
    with pytest.raises(InputError, match="already"):
        add_bundle(source)
    added = add_bundle(source, "knees-of-2026")
    assert added.name == "knees-of-2026" and find_bundle("knees-of-2026") == added
    assert given_model("knees-of-2026") == added.folder and given_model("elsewhere") == Path("elsewhere")
    with pytest.raises(MissingDependencyError, match="No model 'nothing' comes with"):
        shipped_bundle("nothing")


def test_no_model_is_no_name_of_one(tmp_path: Path, own_models: Path) -> None:
    assert NO_MODEL == library.NO_MODEL
    a_bundle(own_models / NO_MODEL)  # put there by hand
    assert given_model(NO_MODEL) == Path(NO_MODEL)


def test_a_bad_folder_does_not_stop_the_list(tmp_path: Path, own_models: Path, capsys) -> None:
    add_bundle(a_bundle(tmp_path / "trained"))
    a_bundle(own_models / "bad")
    path = own_models / "bad" / "configs" / "metadata.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "version"}))
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "says no version" in listed and any(line.split()[:2] == ["mine", "added"] for line in listed.splitlines())


def test_nested_metrics_are_told_in_a_row(tmp_path: Path, capsys) -> None:
    metrics = {"age": {"auc": [0.71234, 0.6, 0.8], "brier": 0.2}, "n": 3}
    metadata = {"name": "mine", "version": "2.0", "eval_metrics": metrics}
    write_bundle(tmp_path / "b", "diagnosis", metadata, {"a": 1}, {"w": torch.ones(3)}, "# Card\n")
    assert main(["models", "verify", str(tmp_path / "b")]) == 0
    assert "Metrics      age auc 0.7123 [0.6, 0.8], age brier 0.2, n 3\n" in capsys.readouterr().out
    assert main(["models", "verify", str(tmp_path / "b"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["metrics"] == metrics


def test_a_model_is_not_replaced(tmp_path: Path, own_models: Path) -> None:
    add_bundle(a_bundle(tmp_path / "trained"))
    with pytest.raises(InputError, match="'mine' already"):
        add_bundle(a_bundle(tmp_path / "again"))


@pytest.mark.parametrize("name", [SHIPPED, "other", "", ".", "..", "../models/mine", "a/b"])
def test_only_what_was_added_is_removed(tmp_path: Path, own_models: Path, name: str) -> None:
    add_bundle(a_bundle(tmp_path / "trained"))
    with pytest.raises(InputError, match=r"no model|comes with CTSMA"):
        remove_bundle(name)
    assert find_bundle(SHIPPED) and find_bundle("mine")


def test_a_name_goes_before_a_folder_which_can_be_written_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    a_bundle(tmp_path / SHIPPED, "local")
    assert find_bundle(SHIPPED).name == SHIPPED
    assert find_bundle(f"./{SHIPPED}").name == find_bundle(tmp_path / SHIPPED).name == "local"
    a_bundle(tmp_path / "near", "local")
    assert find_bundle("near").name == "local"
    with pytest.raises(InputError, match="not for 'synthesis'"):
        find_bundle("near", "synthesis")


def test_a_folder_that_cannot_be_written_is_told_in_words(tmp_path: Path, own_models: Path) -> None:
    source = a_bundle(tmp_path / "trained")
    own_models.write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        add_bundle(source)


def test_the_usual_folder_is_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(library.FOLDER_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert models_folder() == tmp_path / ".ctsma" / "models"
