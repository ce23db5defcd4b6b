"""``ctsma train synthesis``: configuration, training, going on, and what stops it."""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.cli import main
from CTSMALib.errors import CancelledError, InputError, OutputError
from CTSMALib.jobs import train_synthesis
from CTSMALib.jobs.train_synthesis import TrainSynthesisRequest
from CTSMALib.jobs.training_config import read_config, recorded_config, write_record
from CTSMALib.learning.synthesis import finish as finishing
from CTSMALib.learning.synthesis import prepare as preparing
from CTSMALib.learning.synthesis import train as training
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.synthesis.model import load_model
from Testing.core.jobs.worker_tools import LONGEST_END_S, environment, wait_until
from Testing.core.small_networks import a_scanned_mr, small_training, write_knees

ROOT = Path(__file__).parents[3]
QUICK = small_training(coarse_steps=2, steps=2, check_every=1)


@pytest.fixture(scope="module", autouse=True)
def few_images() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "CHECKS_EACH", 1)
        for name, value in (("LEARNED", 5), ("HELD_OUT", 3), ("stop_scans", lambda config: [a_scanned_mr()])):
            patch.setattr(finishing, name, value)
        yield


def prepared(folder: Path, config: TrainingConfig = QUICK) -> Path:
    """A training that was begun: its knees are there. Gives the file with its configuration."""
    write_knees(config, folder / "t" / train_synthesis.KNEES)
    write_record(config, folder / "t")
    path = folder / "config.json"
    path.write_text(json.dumps(asdict(config)))
    return path


@pytest.fixture(scope="module")
def a_training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that ended. Do not write into it."""
    folder = tmp_path_factory.mktemp("training")
    path = prepared(folder)
    return train_synthesis.run(TrainSynthesisRequest(folder / "t", path))


def test_a_training_ends_with_a_bundle_and_a_table(a_training: Path) -> None:
    assert sorted(path.name for path in a_training.iterdir()) == [
        *("bundle", "coarse", "fine", "knees", "training.csv", "training.json"),
    ]
    with (a_training / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["network"], row["step"]) for row in rows] == [
        *(("coarse", "1"), ("coarse", "2")),
        *(("fine", "1"), ("fine", "2")),
    ]
    assert rows[0]["soft_hu"] == "" and float(rows[-1]["soft_hu"]) > 0 and 0 <= float(rows[-1]["dice"]) <= 1
    model = load_model(read_bundle(a_training / "bundle", "synthesis"))
    assert model.spacing_mm == QUICK.network.spacing_mm
    assert recorded_config(a_training) == QUICK


def test_the_same_command_again_does_nothing_and_sums_up(
    a_training: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "prepare", None)
    config = a_training.parent / "config.json"
    assert main(["train", "synthesis", "--out", str(a_training), "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Training     {a_training}"
    assert "step 2: mean absolute error" in lines[1] and "HU in bone" in lines[1] and "Dice" in lines[1]
    assert lines[3].startswith(f"Model        {a_training / 'bundle'}, synthesis 1.0 (")
    assert lines[4].endswith(f"ctsma synthesize MR --out DIR --model {a_training / 'bundle'}")
    assert lines[-1] == "Research use only: not a medical device."


def test_another_configuration_is_refused_and_what_differs_is_named(
    a_training: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ordered = ["train", "synthesis", "--out", str(a_training), "--config", str(a_training.parent / "config.json")]
    for more, said in (
        (["--steps", "3"], "begun with coarse_steps = 2, not 3"),
        (["--seed", "4"], "begun with seed = 3, not 4"),
        (["--knees", "9"], "begun with knees = 1, not 9"),
    ):
        assert main([*ordered, *more]) == 2
        assert said in capsys.readouterr().err


def test_a_training_that_was_stopped_goes_on(a_training: Path, tmp_path: Path, capsys) -> None:
    path, out = prepared(tmp_path), tmp_path / "t"
    seen: list[str] = []

    def stopped(stage: str, fraction: float, message: str = "") -> None:
        seen.append(stage)
        if stage == "Training the fine network" and message.startswith("step 2 "):
            raise CancelledError

    with pytest.raises(CancelledError):
        train_synthesis.run(TrainSynthesisRequest(out, path), stopped)
    with (out / "training.csv").open(newline="") as file:
        assert [row["network"] for row in csv.DictReader(file)] == ["coarse", "coarse", "fine"]
    assert not (out / "bundle").exists()
    seen.clear()
    train_synthesis.run(TrainSynthesisRequest(out, path), lambda stage, fraction, message="": seen.append(stage))
    assert seen.count("Training the fine network") == 1 and "Training the coarse network" not in seen
    bundles = [read_bundle(folder / "bundle") for folder in (out, a_training)]
    assert bundles[0].sha256 == bundles[1].sha256


def test_a_folder_with_something_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="no CTSMA result"):
        train_synthesis.run(TrainSynthesisRequest(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.toml", "knee = 3", "unknown name 'knee'"),
        ("c.toml", "[network]\nwidths = [1]", "unknown name 'network.widths'"),
        ("c.json", '{"knees": "many"}', "Expected `int`"),
        ("c.toml", "[network]\nfeatures = [4, 4]", "length 6"),
        ("c.toml", "seed = 950", "reserved for tests"),
        ("c.toml", "seed = -1", "negative"),
        ("c.toml", 'sources = ["knee9"]', "'knee9' is unknown"),
        ("c.toml", "edge = 32", "32 voxels"),
        ("c.toml", "wide_edge = 32", "32 voxels"),
        ("c.toml", "knees = 501", "no more than 500 knees"),
        ("c.toml", "learning_rate = nan", "learning_rate = nan"),
        ("c.toml", "wide_learning_rate = -1.0", "wide_learning_rate = -1.0"),
        ("c.toml", "knees", "no TOML or JSON"),
        ("c.json", "[1]", "no names and values"),
        ("c.json", "{", "no TOML or JSON"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["train", "synthesis", "--out", str(tmp_path / "t"), "--config", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "t").exists()


def test_a_file_and_arguments_make_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("knees = 5\nlearning_rate = 1\n[network]\nspacing_mm = 0.9\n")
    found = read_config(path, {"seed": 7, "knees": 6})
    assert found == replace(
        TrainingConfig(), knees=6, seed=7, learning_rate=1.0, network=replace(TrainingConfig().network, spacing_mm=0.9)
    )
    assert read_config(None, {}) == TrainingConfig()
    options = argparse.ArgumentParser()
    train_synthesis.add_train_synthesis_arguments(options)
    asked = train_synthesis.train_synthesis_request(options.parse_args(["--out", "t", "--steps", "12"]))
    assert read_config(None, dict(asked.changes)) == TrainingConfig(coarse_steps=12, steps=12, wide_steps=3)
    with pytest.raises(InputError, match="reserved"):
        read_config(None, {"seed": 900})


@pytest.mark.parametrize("option", [["--jobs", "0"], ["--threads", "0"], ["--config", "none.toml"], ["--steps", "0"]])
def test_impossible_orders_leave_nothing(tmp_path: Path, option: list[str], capsys) -> None:
    assert main(["train", "synthesis", "--out", str(tmp_path / "t"), *option]) == 2
    assert "unexpected" not in capsys.readouterr().err and not (tmp_path / "t").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_training_within_seconds(tmp_path: Path, number: signal.Signals) -> None:
    """The state of the last check stays; a terminal sends Ctrl-C to the processes that draw samples as well."""
    config = small_training(coarse_steps=100_000, steps=100_000, check_every=1)
    path, out = prepared(tmp_path, config), tmp_path / "t"
    command = ["-m", "CTSMALib.cli", "train", "synthesis", "--out", str(out), "--config", str(path), "--threads", "1"]
    surroundings = {**environment(), "PYTHONPATH": f"{ROOT / 'CTSMA'}", "PATH": "", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *command], env=surroundings, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert wait_until((out / "training.csv").exists, 120.0)
        asked = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, told = process.communicate(timeout=20)
        assert time.monotonic() - asked < LONGEST_END_S
    assert process.returncode == 128 + number
    assert "Traceback" not in told and "last check are kept; give the same command again" in told
    assert (out / "coarse" / "state.pt").is_file() and not (out / "bundle").exists()
