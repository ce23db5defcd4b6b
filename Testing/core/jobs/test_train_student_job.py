"""``ctsma train teacher|student``: from a patch set to a bundle that an analysis can use, and how it is stopped."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.bundles.bundle import read_bundle, sha256_of
from CTSMALib.cli import main
from CTSMALib.errors import CancelledError, InputError
from CTSMALib.jobs.commands import worker_environment
from CTSMALib.jobs.evaluate import EvaluateRequest
from CTSMALib.jobs.evaluate import run as run_evaluation
from CTSMALib.jobs.train_student import TrainStudentRequest, read_config, run
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.learning.student import chain
from CTSMALib.learning.student.chain_config import ChainConfig
from CTSMALib.learning.student.data import ct_cubes, table_of
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.model import load_student
from CTSMALib.student.summary import MOST_FEATURES, feature_column
from Testing.core.student.made_up_set import made_up_set

SMALL = {"teacher": {"widths": [4, 6, 8], "batch": 8, "check_every": 4, "steps": 8, "learning_rate": 0.01}}
SMALL["student"] = {**SMALL["teacher"], "distillation": "pooled", "subjects": 4}


@pytest.fixture(scope="module")
def a_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_set(tmp_path_factory.mktemp("sets") / "set")


@pytest.fixture(scope="module")
def a_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("configs") / "small.json"
    path.write_text(json.dumps(SMALL))
    return path


@pytest.fixture(scope="module")
def a_training(a_set: Path, a_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trainings") / "training"
    words = ["train", "student", "--patches", str(a_set), "--out", str(out), "--config", str(a_config)]
    assert main([*words, "--seeds", "2", "--threads", "1"]) == 0
    return out


def test_the_bundle_reads_patches_of_a_ct(a_training: Path, a_set: Path) -> None:
    model = load_student(read_bundle(a_training / "bundle", "student"))
    test = read_patch_set(a_set).of_split("test")
    found = model.estimate(ct_cubes(test), test.covariates, table_of(test).features)
    assert found.values.shape == found.uncertainties.shape == (len(test), 4)
    assert np.allclose(found.values[:, 1] * found.values[:, 3], found.values[:, 0], rtol=1e-4)
    assert np.corrcoef(found.values[:, 0], test.targets[:, 0])[0, 1] > 0.9  # the ridge regression has a share
    assert model.simulated and len(model.nets) == 2 and (found.uncertainties > 0).all()
    assert not model.outside(test.covariates[0]) and model.outside(8.0 * test.covariates[0])
    coarse = model.estimate(ct_cubes(test), 8.0 * test.covariates, table_of(test).features)
    assert (coarse.distances > 1.0).all()
    quick = model.estimate(ct_cubes(test), test.covariates, table_of(test).features, quick=True)
    assert not np.array_equal(quick.uncertainties, found.uncertainties)  # one network knows of no differences
    assert quick.features is None and found.features is not None and np.isfinite(found.features).all()
    half = np.arange(len(test)) < 5  # features do not depend on the patches beside
    part = test.select(half)
    alone = model.estimate(ct_cubes(part), part.covariates, table_of(part).features)
    assert np.allclose(alone.features, found.features[half], atol=1e-4)


def test_subjects_that_were_seen_are_not_predicted(a_training: Path) -> None:
    names = {path.stem for path in (a_training / "predictions").glob("*.csv")}
    assert names == {"teacher", "student", "networks", "student-s0", "student-s1", "mean_hu", "ridge", "boosting"}
    with (a_training / "predictions" / "student.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    knees = {row["knee"] for row in rows}
    assert not knees & {f"vk{n:04d}_right" for n in range(7)}  # the teacher saw all six of the split train
    assert len(knees) == 5 and all(float(row[f"u:{key}"]) > 0 for row in rows for key in KEYS)
    features = np.array([[float(row[feature_column(number)]) for number in range(MOST_FEATURES)] for row in rows])
    assert np.isfinite(features).all() and (features.std(axis=0) > 0.0).all()


def test_where_the_truth_is_known_the_student_also_tells_the_structure(a_config: Path, tmp_path: Path) -> None:
    splits = ("train",) * 10 + ("stop", "tune", "calibrate", "test", "test")
    patches = made_up_set(tmp_path / "set", splits, truth=True)
    run(TrainStudentRequest(patches, tmp_path / "out", config=a_config, seeds=1, threads=1))
    bundle = read_bundle(tmp_path / "out" / "bundle", "student")
    model, test = load_student(bundle), read_patch_set(patches).of_split("test")
    found = model.estimate(ct_cubes(test), test.covariates, table_of(test).features)
    assert found.structure is not None and np.corrcoef(found.structure.values[:, 1], test.truth[:, 1])[0, 1] > 0.9
    assert "cal. Tb.Sp" in (bundle.folder / "docs" / "README.md").read_text()
    with (tmp_path / "out" / "predictions" / "structure.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["knee"] for row in rows} == {f"vk{n:04d}_right" for n in (12, 13, 14)}  # nothing was learned from them
    run_evaluation(EvaluateRequest(patches, tmp_path / "out" / "predictions", tmp_path / "evaluation"))
    with (tmp_path / "evaluation" / "findings.csv").open(newline="") as file:
        told = [row for row in csv.DictReader(file) if row["arm"] in ("structure", "structure_ridge")]
    assert {(row["arm"], row["target"]) for row in told} == {
        ("structure", "truth-calibrated"), ("structure_ridge", "truth-calibrated"),
    }  # fmt: skip
    assert any(row["statistic"] == "coverage" for row in told)
    with pytest.raises(InputError, match="not on the scale of the MR"):
        run_evaluation(EvaluateRequest(patches, tmp_path / "out" / "predictions", tmp_path / "other", arm="structure"))


def refused(*arguments: object) -> None:
    raise AssertionError("It is done already.")


def test_the_same_command_does_nothing_twice(
    a_training: Path, a_set: Path, a_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times() -> dict[Path, int]:
        ours = (path for path in a_training.rglob("*") if path.is_file() and path.parent != a_training)
        return {path: path.stat().st_mtime_ns for path in ours}

    before = times()
    monkeypatch.setattr(chain, "finish", refused)
    monkeypatch.setattr(chain, "predict", refused)
    run(TrainStudentRequest(a_set, a_training, config=a_config, seeds=2, threads=1))
    assert times() == before and len([path for path in before if path.parent.name == "predictions"]) == 8


def rewritten(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda training, _: (training / "finished.json").unlink(),
        lambda training, _: (training / "finished.json").write_text("{"),
        lambda training, _: (training / "predictions" / "ridge.csv").unlink(),
        lambda training, _: rewritten(training / "predictions" / "student.csv", "0.", "1."),
        lambda training, _: shutil.rmtree(training / "bundle"),
        lambda training, _: rewritten(training / "bundle" / "configs" / "metadata.json", '"1.0"', '"2.0"'),
        lambda training, _: rewritten(training / "bundle" / "configs" / "inference.json", "0.", "1."),
        lambda training, _: shutil.copy(training / "student-s1" / "state.pt", training / "student-s0"),
        lambda training, _: shutil.copy(training / "student-s1" / "state.pt", training / "teacher"),
        lambda _, patches: rewritten(patches / "patches.csv", "0.", "1."),
        lambda _, patches: rewritten(patches / "knees.csv", ",F,", ",M,"),
        lambda _, patches: rewritten(patches / "patches.json", '"made_from": "x"', '"made_from": "y"'),
    ],
)  # fmt: skip
def test_in_any_doubt_the_bundle_is_made_again(
    change: Callable[[Path, Path], object], a_training: Path, a_set: Path, a_config: Path, tmp_path: Path
) -> None:
    training, patches = tmp_path / "training", tmp_path / "set"
    shutil.copytree(a_training, training)
    shutil.copytree(a_set, patches)
    config = read_config(TrainStudentRequest(patches, training, config=a_config, seeds=2))
    places = [training / name for name in ("teacher", "student-s0", "student-s1")]

    def finished(config: ChainConfig) -> bool:
        return chain._finished(chain._made_of(config, read_patch_set(patches), places), training) is not None

    assert finished(config) and not finished(replace(config, seeds=1))
    change(training, patches)
    assert not finished(config)


def test_a_bundle_that_is_gone_is_made_again(a_training: Path, a_set: Path, a_config: Path, tmp_path: Path) -> None:
    training = tmp_path / "training"
    shutil.copytree(a_training, training)
    shutil.rmtree(training / "bundle")
    run(TrainStudentRequest(a_set, training, config=a_config, seeds=2, threads=1))
    names = ("bundle/models/model.safetensors", "predictions/student.csv", "finished.json")
    assert all((training / name).read_bytes() == (a_training / name).read_bytes() for name in names)


def test_other_settings_or_patches_are_refused(a_training: Path, a_set: Path, a_config: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch"):
        run(TrainStudentRequest(a_set, a_training, config=a_config, changes=(("batch", 4),)))
    other = made_up_set(tmp_path / "other", ("train", "train", "stop", "tune", "calibrate", "test"))
    with pytest.raises(InputError, match=r"patch_set\.knees"):
        run(TrainStudentRequest(other, a_training, config=a_config))


def test_a_training_of_a_version_that_read_other_ct_numbers_is_refused(
    a_training: Path, a_set: Path, a_config: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(a_training, old)
    record = json.loads((old / "training.json").read_text())
    assert record["config"]["student"].pop("ct_scale") == "120 kV"
    (old / "training.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"student\.ct_scale = None, not 120 kV"):
        run(TrainStudentRequest(a_set, old, config=a_config, seeds=2, threads=1))


@pytest.mark.parametrize("scale", [None, {"ct_marrow_hu": -53.5, "ct_bone_tissue_hu": 1400.0}])
def test_a_bundle_whose_networks_read_other_ct_numbers_is_refused(
    a_training: Path, tmp_path: Path, scale: dict | None
) -> None:
    old = tmp_path / "bundle"
    shutil.copytree(a_training / "bundle", old)
    path = old / "configs" / "inference.json"
    config = json.loads(path.read_text())
    config["ctsma_student"]["scale"] = scale
    if scale is None:
        del config["ctsma_student"]["scale"]
    path.write_text(json.dumps(config))
    metadata = json.loads((old / "configs" / "metadata.json").read_text())
    metadata["ctsma"]["config_sha256"] = sha256_of(path)
    (old / "configs" / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(InputError, match="Train it again with this version"):
        load_student(read_bundle(old, "student"))


def test_a_teacher_can_be_trained_alone_and_is_taken_over(a_set: Path, a_config: Path, tmp_path: Path) -> None:
    out = run(TrainStudentRequest(a_set, tmp_path / "t", only_teacher=True, config=a_config, threads=1))
    assert (out / "teacher" / "state.pt").is_file() and not (out / "bundle").exists()
    before = (out / "teacher" / "state.pt").stat().st_mtime_ns
    run(TrainStudentRequest(a_set, out, config=a_config, seeds=1, threads=1))
    assert (out / "teacher" / "state.pt").stat().st_mtime_ns == before and (out / "bundle").is_dir()


def test_how_a_teacher_would_distil_does_not_matter(a_set: Path, a_config: Path, tmp_path: Path) -> None:
    """Trainings of older versions name a way there, which was the default."""
    settings = json.loads(a_config.read_text())
    settings["teacher"] |= {"distillation": "pooled", "stages": [3]}
    (tmp_path / "old.json").write_text(json.dumps(settings))
    old = TrainStudentRequest(a_set, tmp_path / "t", only_teacher=True, config=tmp_path / "old.json", threads=1)
    state = run(old) / "teacher" / "state.pt"
    before = state.stat().st_mtime_ns
    run(TrainStudentRequest(a_set, tmp_path / "t", config=a_config, seeds=1, threads=1))
    assert state.stat().st_mtime_ns == before and (tmp_path / "t" / "bundle").is_dir()


def test_a_teacher_of_another_training_can_be_begun_with(a_training: Path, a_set: Path, a_config, tmp_path) -> None:
    out = tmp_path / "t"
    shutil.copytree(a_training / "teacher", out / "teacher")
    run(TrainStudentRequest(a_set, out, config=a_config, changes=(("distillation", "l1"),), seeds=1, threads=1))
    states = [(where / "teacher" / "state.pt").read_bytes() for where in (a_training, out)]
    assert states[0] == states[1] and (out / "bundle").is_dir()


@pytest.mark.parametrize("missing", ["stop", "calibrate"])
def test_a_set_without_a_split_is_refused_before_anything_is_trained(missing: str, a_config, tmp_path: Path) -> None:
    splits = tuple(s for s in ("train", "train", "stop", "tune", "calibrate", "test") if s != missing)
    other = made_up_set(tmp_path / "other", splits)
    with pytest.raises(InputError, match=f"'{missing}' has patches of 0 subjects"):
        run(TrainStudentRequest(other, tmp_path / "t", config=a_config))
    assert not (tmp_path / "t").exists()


def test_two_processes_train_as_torchrun_starts_them(a_set: Path, a_config: Path, tmp_path: Path) -> None:
    out = tmp_path / "t"
    words = [
        "train",
        "student",
        "--patches",
        a_set,
        "--out",
        out,
        "--config",
        a_config,
        "--seeds",
        "1",
        "--threads",
        "1",
    ]
    program = tmp_path / "program.py"  # the command, and whether it let go of the other process
    program.write_text(
        "import sys, torch.distributed as dist\n"
        "from CTSMALib.cli import main\n"
        "sys.exit(main(sys.argv[1:]) or 100 * dist.is_initialized())\n"
    )
    launch = ["torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29517", program]
    environment = worker_environment()
    done = subprocess.run(
        [sys.executable, "-m", *map(str, (*launch, *words))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert load_student(read_bundle(out / "bundle", "student")).simulated
    assert (out / "student-s0" / "history.csv").read_text().count("\n") == 3


def test_a_training_that_is_stopped_keeps_its_last_check(a_set: Path, a_config: Path, tmp_path: Path) -> None:
    def stop_later(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("step 6 "):
            raise CancelledError

    wanted = TrainStudentRequest(a_set, tmp_path / "t", only_teacher=True, config=a_config, threads=1)
    with pytest.raises(CancelledError):
        run(wanted, stop_later)
    assert (tmp_path / "t" / "teacher" / "history.csv").read_text().count("\n") == 2
    run(wanted)
    assert (tmp_path / "t" / "teacher" / "history.csv").read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"student": {"distillation": "osmosis"}}', "osmosis"),
        ('{"student": {"step": 3}}', "student.step"),
        ('{"seeds": 0}', "seeds"),
        ('{"student": {"widths": [4, 4, 4]}}', "widths"),
        ("[1]", "no names"),
    ],
)
def test_a_wrong_configuration_is_named(content: str, said: str, a_set: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        run(TrainStudentRequest(a_set, tmp_path / "t", config=path))
    assert not (tmp_path / "t").exists()
