"""``ctsma train all``: from a cohort to student, diagnosis and evaluation in one folder, and how it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.cli import main
from CTSMALib.diagnosis.names import SETTINGS
from CTSMALib.errors import InputError
from CTSMALib.jobs import train_all
from CTSMALib.jobs.patches import PatchesRequest
from CTSMALib.jobs.training_project import CohortKind, Project
from CTSMALib.jobs.training_steps import is_done
from CTSMALib.scene.training_state import STEPS, TrainingState
from Testing.core.student.made_up_set import made_up_set

SHORT = ("logistic", "transformer")
SPLITS = ("train",) * 2 + ("stop", "tune", "calibrate", "calibrate") + ("test",) * 18
NETWORK = {"widths": [4, 6, 8], "batch": 8, "check_every": 4, "steps": 8, "learning_rate": 0.01}
SMALL = {
    "seeds": 1,
    "teacher": NETWORK,
    "student": {**NETWORK, "distillation": "pooled"},
    "diagnosis": {"outer_folds": 2, "inner_folds": 2, "budget": 1, "resamplings": 50, "aggregators": list(SHORT)},
}


@pytest.fixture
def a_cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for a cohort; its patches are made up."""

    def make(request: PatchesRequest, progress: object) -> None:
        if not request.out.exists():
            made_up_set(request.out, SPLITS)

    monkeypatch.setattr(train_all.patches, "run", make)
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    return cohort


@pytest.fixture
def a_config(tmp_path: Path) -> Path:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL))
    return path


def test_one_command_ends_with_two_models_and_their_evaluation(
    a_cohort: Path, a_config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all"
    words = ["train", "all", "--cohort", str(a_cohort), "--out", str(out), "--config", str(a_config), "--threads", "1"]
    assert main(words) == 0
    project = Project(a_cohort, CohortKind.VIRTUAL_PATCHES, out)  # which CTSMATraining opens
    student, diagnosis = (read_bundle(part / "bundle") for part in (project.training, project.diagnosis))
    assert all(is_done(step, TrainingState(), project) for step in STEPS if step not in ("register", "model"))
    assert diagnosis.config[SETTINGS]["values_sha256"] == student.sha256
    assert (out / "evaluation" / "evaluation.html").is_file()
    told = capsys.readouterr().out
    assert "AUC" in told and "Mean ICC(2,1)" in told and student.identity in told

    state = (project.training / "student-s0" / "state.pt").stat().st_mtime_ns
    assert main(words) == 0  # goes on, and finds nothing to do
    assert (project.training / "student-s0" / "state.pt").stat().st_mtime_ns == state
    a_config.write_text(json.dumps({**SMALL, "seeds": 2}))
    with pytest.raises(InputError, match="another configuration of the students"):
        train_all.run(train_all.TrainAllRequest(a_cohort, out, a_config))
    (out / "students.json").write_text("{")
    with pytest.raises(InputError, match="is damaged") as caught:
        train_all.run(train_all.TrainAllRequest(a_cohort, out, a_config))
    assert "students.json" in caught.value.remedy


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"threads": 0}])
def test_counts_are_checked_before_anything_is_made(wrong: dict[str, int], a_cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a process and a thread"):
        train_all.run(train_all.TrainAllRequest(a_cohort, tmp_path / "all", **wrong))
    assert not (tmp_path / "all").exists()


def test_a_wrong_configuration_is_refused_before_anything_is_made(a_cohort: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    for wrong, message in (({"diagnosis": {"folds": 3}}, "unknown name 'folds'"), ({"diagnosis": 3}, "no section")):
        path.write_text(json.dumps(wrong))
        with pytest.raises(InputError, match=message):
            train_all.run(train_all.TrainAllRequest(a_cohort, tmp_path / "all", path))
    assert not (tmp_path / "all").exists()
