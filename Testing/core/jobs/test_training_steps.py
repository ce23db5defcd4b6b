"""What a step of a training runs, needs and leaves behind, told without running it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from CTSMALib.errors import InputError
from CTSMALib.jobs import training_steps
from CTSMALib.jobs.__main__ import _parser
from CTSMALib.jobs.remaining import Remaining, in_words
from CTSMALib.jobs.training_project import CohortKind, Project, read_project
from CTSMALib.jobs.training_record import RECORD_FILE, StepRecord, read_records, write_record
from CTSMALib.jobs.training_steps import arguments, command, discard, is_done, made_by, obstacle, steps_of
from CTSMALib.learning.student.chain_config import ChainConfig
from CTSMALib.learning.student.config import StudentConfig
from CTSMALib.registration.names import DEFAULT_ENGINE, MR
from CTSMALib.scene.training_state import STEPS, TrainingState

ALL_CHANGED = TrainingState(
    engine="greedy", guide="both", local=True, jobs=3, steps=5, batch=4, subjects=6, distillation="l1", seeds=2,
    seed=7, threads=1, config="c.toml", diagnosis_config="d.toml", predictions="mr", split="tune", resamplings=200,
    model_name="-mine",
)  # fmt: skip


def a_project(tmp_path: Path, kind: CohortKind = CohortKind.MANIFEST) -> Project:
    return Project(tmp_path / "cohort", kind, tmp_path / "a project")


@pytest.mark.parametrize("state", [TrainingState(), ALL_CHANGED], ids=["usual", "changed"])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_understands_the_arguments_of_every_step(step: str, state: TrainingState, tmp_path: Path) -> None:
    words = arguments(step, state, a_project(tmp_path))
    options = _parser().parse_args(["--attached", *words])
    assert options.job == words[0]
    assert command(words).startswith(f"ctsma {words[0]} ") and "'" in command(words)  # the blank is quoted


def test_the_line_for_a_terminal_of_windows_has_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_steps, "os", SimpleNamespace(name="nt"))
    words = ["patches", "C:\\knees\\manifest.csv", "--out", "C:\\my knees"]
    assert command(words) == 'ctsma patches C:\\knees\\manifest.csv --out "C:\\my knees"'


def test_what_is_left_out_is_the_usual_of_the_trainings() -> None:
    state, usual = TrainingState(), StudentConfig()
    assert (state.steps, state.batch, state.subjects, state.distillation, state.seed) == (
        usual.steps, usual.batch, usual.subjects, usual.distillation, usual.seed,
    )  # fmt: skip
    assert state.seeds == ChainConfig().seeds
    assert (state.engine, state.guide) == (DEFAULT_ENGINE, MR)
    options = _parser().parse_args(["evaluate", "a", "b", "--out", "c"])
    assert (state.split, state.resamplings) == (options.split, options.resamplings)


def test_changed_settings_arrive(tmp_path: Path) -> None:
    from CTSMALib.jobs.train_student import train_student_request

    options = _parser().parse_args(arguments("student", ALL_CHANGED, a_project(tmp_path)))
    request = train_student_request(options)
    assert dict(request.changes) == {"steps": 5, "batch": 4, "subjects": 6, "seed": 7, "distillation": "l1"}
    assert (request.seeds, request.threads, str(request.config)) == (2, 1, "c.toml")


def test_boxes_of_virtual_knees_are_not_registered(tmp_path: Path) -> None:
    project = a_project(tmp_path, CohortKind.VIRTUAL_PATCHES)
    assert steps_of(project) == STEPS[1:]
    assert "no registration" in obstacle("register", TrainingState(), project)
    assert project.patch_source == project.cohort


def test_patches_are_made_of_what_was_registered(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("subject,side,ct,mr\nS1,left,a,b\n")
    project = read_project(str(manifest), str(tmp_path / "p"))
    assert obstacle("patches", TrainingState(), project) == "Register the cohort first."
    manifest.write_text("subject,side,ct,mr,registration\nS1,left,a,b,reg\n")
    assert project.patch_source == manifest  # it names registrations itself
    (tmp_path / "p" / "registrations").mkdir(parents=True)
    (tmp_path / "p" / "registrations" / "manifest.csv").write_text("x")
    assert project.patch_source == tmp_path / "p" / "registrations" / "manifest.csv"


@pytest.mark.parametrize(
    ("cohort", "folder", "said"),
    [
        ("", "p", "No cohort"), ("{}/scans", "", "No project folder"), ("{}/gone", "p", "does not exist"),
        ("{}/x.txt", "p", "no manifest"), ("{}/scans", "{}/x.txt", "is a file"), ("{}/broken", "p", "damaged"),
        ("{}/scans", "{}/scans", "folder of the scans"), ("~nobodyatall/x", "p", "no path"),
        ("a\0b", "p", "exist|no path"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_project_is_told(cohort: str, folder: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "x.txt").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "cohort.json").write_text("{")
    with pytest.raises(InputError, match=said):
        read_project(cohort.format(tmp_path), folder.format(tmp_path))


@pytest.mark.parametrize("step", STEPS)
def test_what_is_not_ours_is_never_deleted(step: str, tmp_path: Path) -> None:
    project = a_project(tmp_path)
    for folder in (project.registrations, project.patches, project.training, project.evaluation, project.diagnosis):
        folder.mkdir(parents=True)
        (folder / "mine.txt").write_text("kept")
    assert made_by(step, project) == ()
    discard(step, project)
    assert len(list(project.folder.glob("*/mine.txt"))) == 5


def test_a_training_of_students_is_not_deleted_as_one_of_a_diagnosis(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    project.diagnosis.mkdir(parents=True)
    (project.diagnosis / "training.json").write_text(json.dumps({"schema": "ctsma-student-training"}))
    assert made_by("diagnosis", project) == ()
    (project.diagnosis / "training.json").write_text(json.dumps({"schema": "ctsma-diagnosis-training"}))
    assert made_by("diagnosis", project) == (project.diagnosis,)


def test_how_steps_ended_is_kept(tmp_path: Path) -> None:
    record = StepRecord("stopped", 0.4, 12.0, "", ("train", "teacher"))
    write_record(tmp_path, "teacher", record)
    write_record(tmp_path, "patches", StepRecord("done", 1.0))
    assert read_records(tmp_path)["teacher"] == record
    write_record(tmp_path, "teacher", None)
    assert list(read_records(tmp_path)) == ["patches"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "other", "steps": {}}', '{"steps": {"a": {}}}'])
def test_a_damaged_record_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / RECORD_FILE).write_text(content)
    assert read_records(tmp_path) == {}


def test_the_time_that_is_left_follows_the_pace() -> None:
    remaining = Remaining()
    assert remaining.seconds(0.0) is None
    for second, fraction in ((0.0, 0.0), (1.0, 0.5), (1.5, 0.5), (11.0, 0.6), (21.0, 0.7)):  # the leap tells nothing
        remaining.note(second, fraction)
    assert remaining.seconds(21.0) == pytest.approx(30.0)
    assert remaining.seconds(26.0) == pytest.approx(25.0)
    remaining.begin()
    assert remaining.seconds(30.0) is None


@pytest.mark.parametrize(("seconds", "words"), [(2, "5 s"), (42, "40 s"), (600, "10 min"), (12_000, "3 h 20 min")])
def test_times_for_people(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_cohort_that_was_registered_elsewhere_counts(tmp_path: Path) -> None:
    """As by ``ctsma`` on another computer: no record of the panel says so."""
    manifest = tmp_path / "cohort.csv"
    manifest.write_text("subject,side,ct,mr\nS1,left,a,b\nS2,left,c,d\nS3,left,e,\n")
    project = read_project(str(manifest), str(tmp_path / "project"))
    project.registrations.mkdir(parents=True)
    (project.registrations / "status.csv").write_text("")
    registered = project.registrations / "manifest.csv"
    registered.write_text("subject,side,ct,mr,registration\nS1,left,a,b,S1-left\nS2,left,c,d,\n")
    assert not is_done("register", TrainingState(), project)
    registered.write_text("subject,side,ct,mr,registration\nS1,left,a,b,S1-left\nS2,left,c,d,S2-left\nS3,left,e,,\n")
    assert is_done("register", TrainingState(), project)
