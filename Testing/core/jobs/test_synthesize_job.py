"""``ctsma synthesize``: from an MR to a folder, and what stops it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.cli import main
from CTSMALib.errors import CancelledError, MissingDependencyError, OutputError
from CTSMALib.jobs import learning_packages, synthesize
from CTSMALib.jobs.__main__ import _parser
from CTSMALib.jobs.arguments.register import synthesize_request
from CTSMALib.jobs.commands import output_of, synthesize_arguments
from CTSMALib.jobs.request import SynthesizeRequest
from CTSMALib.synthesis.folder import load_synthesis
from Testing.core.small_networks import a_bundle

FILES = ["bones.nii.gz", "overview.png", "synthesis.json", "synthetic_ct.nii.gz", "synthetic_ct_error.nii.gz"]


@pytest.fixture(scope="module")
def an_mr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    z, y, x = np.mgrid[:24, :36, :36].astype(float)
    signal = 100.0 + 400.0 * (np.hypot(np.hypot(2 * (z - 12), y - 18), x - 18) < 14)
    signal += np.random.default_rng(1).uniform(0, 30, signal.shape)
    image = sitk.GetImageFromArray(signal.astype(np.float32))
    image.SetSpacing((1.0, 1.0, 1.5))
    path = tmp_path_factory.mktemp("mr") / "mr.nii.gz"
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module")
def a_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_bundle(tmp_path_factory.mktemp("models") / "m").folder


def test_an_mr_becomes_a_folder(an_mr: Path, a_model: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "s"
    assert main(["synthesize", str(an_mr), "--out", str(out), "--model", str(a_model)]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:2] == [f"Result       {out}", f"Model        {load_synthesis(out).model}"]
    assert lines[2].startswith("Femur        ") and lines[2].endswith(" ml")
    assert lines[-2:] == [f"Picture      {out / 'overview.png'}", "Research use only: not a medical device."]
    assert "Making the CT" in printed.err
    assert sorted(path.name for path in out.iterdir()) == FILES
    bones, mr = sitk.ReadImage(str(out / "bones.nii.gz")), sitk.ReadImage(str(an_mr))
    assert bones.GetSize() == mr.GetSize() and sitk.GetArrayFromImage(bones).any()
    assert main(["synthesize", str(an_mr), "--out", str(out), "--model", str(a_model)]) == 2
    assert "already exists" in capsys.readouterr().err


def test_only_a_synthesis_is_replaced(an_mr: Path, a_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="no CTSMA result"):
        synthesize.run(SynthesizeRequest(an_mr, tmp_path, a_model, overwrite=True))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "synthesis.json").write_text('{"schema": "ctsma-synthesis"}')
    assert synthesize.run(SynthesizeRequest(an_mr, tmp_path / "s", a_model, overwrite=True)) == tmp_path / "s"
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == FILES


def test_what_is_no_mr_is_refused_and_nothing_is_left(an_mr: Path, a_model: Path, tmp_path: Path, capsys) -> None:
    image = sitk.ReadImage(str(an_mr))
    for name, other, said in (
        ("ct", image * 3.0 - 1000.0, "negative values"),
        ("empty", image * 0.0, ""),
        ("small", image[:10, :10, :10], "measures"),
    ):
        path = tmp_path / f"{name}.nii.gz"
        sitk.WriteImage(other, str(path))
        assert main(["synthesize", str(path), "--out", str(tmp_path / "s"), "--model", str(a_model)]) == 2, name
        told = capsys.readouterr().err
        assert said in told and "Error:" in told and "unexpected" not in told
    assert not (tmp_path / "s").exists() and not list(tmp_path.glob(".*"))


def test_a_model_that_is_none_is_told_before_the_mr_is_read(an_mr: Path, tmp_path: Path, capsys) -> None:
    other = a_bundle(tmp_path / "other", task="something").folder
    for model, said in ((tmp_path / "none", "does not exist"), (other, "not for 'synthesis'")):
        assert main(["synthesize", str(an_mr), "--out", str(tmp_path / "s"), "--model", str(model)]) == 2
        told = capsys.readouterr().err
        assert said in told and "Reading" not in told


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    find = learning_packages.find_spec
    monkeypatch.setattr(learning_packages, "find_spec", lambda name: None if name == "torch" else find(name))
    monkeypatch.setitem(sys.modules, "torch", None)
    yield


@pytest.mark.usefixtures("no_torch")
def test_a_missing_package_is_told_with_its_remedy(an_mr: Path, a_model: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(MissingDependencyError, match="torch"):
        synthesize.run(SynthesizeRequest(an_mr, tmp_path / "s", a_model))
    for command in (
        ["synthesize", str(an_mr), "--out", str(tmp_path / "s")],
        ["register", str(an_mr), str(an_mr), "--with", "synthetic", "--out", str(tmp_path / "s")],
        ["train", "synthesis", "--out", str(tmp_path / "s")],
    ):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert "Models need the package torch." in told and "pip install" in told
    assert not (tmp_path / "s").exists()


def test_a_synthesis_that_is_cancelled_leaves_nothing(an_mr: Path, a_model: Path, tmp_path: Path) -> None:
    def told(stage: str, fraction: float, message: str = "") -> None:
        if stage == "Making the CT":
            raise CancelledError

    with pytest.raises(CancelledError):
        synthesize.run(SynthesizeRequest(an_mr, tmp_path / "s", a_model), told)
    assert list(tmp_path.iterdir()) == []


def test_the_worker_takes_the_same_arguments() -> None:
    for request in (
        SynthesizeRequest(Path("a"), Path("-b"), Path("--out"), "7", overwrite=True),
        SynthesizeRequest(Path("/a b"), Path("c")),
    ):
        arguments = synthesize_arguments(request)
        assert synthesize_request(_parser().parse_args(arguments)) == request
        assert output_of(arguments) is not None
