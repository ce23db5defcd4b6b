"""``ctsma reproduce``: what it keeps, what it measures of the registration, and its page."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError, OutputError
from CTSMALib.jobs import reproduce
from CTSMALib.jobs.train_student import TrainStudentRequest
from CTSMALib.progress import silent
from CTSMALib.report.html import render_html
from CTSMALib.report.reproduction import reproduction_model


@pytest.fixture
def a_finished_chain(tmp_path: Path) -> Path:
    (tmp_path / "patches").mkdir()
    (tmp_path / "evaluation").mkdir()
    facts = {"patches": 320, "knees": 40, "recipe": "correlation 2"}
    (tmp_path / "patches" / "patches.json").write_text(json.dumps(facts))
    (tmp_path / "reproduction.json").write_text(json.dumps({"preset": "small", "seed": 3}))
    error = {"bones": 2, "mean_target_registration_error_mm": 0.21, "along_each_axis_mm": 0.13}
    (tmp_path / "registration_error.json").write_text(json.dumps(error))
    columns = ("arm", "target", "level", "grouping", "key", "statistic", "value", "low", "high")
    with (tmp_path / "evaluation" / "findings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for arm, value in (("student_none", 0.81), ("student_l1", 0.79), ("ridge", 0.7)):
            writer.writerow([arm, "mr", "patch", "all", "mean", "icc_agreement", value, value - 0.05, ""])
    for name in ("none", "pooled", "l1", "mr"):
        (tmp_path / "diagnosis" / name).mkdir(parents=True)
        text = "aggregator,measure,value,low,high\nlogistic,auc by patient,0.75,0.6,0.9\n"
        (tmp_path / "diagnosis" / name / "evaluation.csv").write_text(text)
    return tmp_path


def test_the_page_says_what_is_virtual_and_keeps_the_paper_apart(a_finished_chain: Path) -> None:
    model = reproduction_model(a_finished_chain)
    agreement, diagnosis, paper = model.leading_tables
    assert model.virtual and "virtual" in model.title.lower()
    assert agreement.rows[0][0].startswith("Ridge") and "0.810 (0.760 to —)" in agreement.rows[1]
    assert diagnosis.rows[0][2] == "0.750 (0.600 to 0.900)" and diagnosis.rows[0][1] == "—"
    assert paper.rows[1][-1] == "0.883"
    page = render_html(model)
    assert "small preset" in page and "no evidence about patients" in page
    assert reproduce.reproduction_summary(a_finished_chain)[1].startswith("Found        Mean ICC(2,1)")


def test_another_preset_or_seed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    reproduce._begin(reproduce.ReproduceRequest(folder, "small", 3), folder)
    reproduce._begin(reproduce.ReproduceRequest(folder, "small", 3), folder)
    with pytest.raises(InputError, match="another preset or seed"):
        reproduce._begin(reproduce.ReproduceRequest(folder, "small", 4), folder)


def test_a_folder_of_a_version_that_did_other_amounts_is_refused(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "chain"
    reproduce._begin(reproduce.ReproduceRequest(folder), folder)
    other = {name: replace(preset, subjects=6) for name, preset in reproduce.PRESETS.items()}
    monkeypatch.setattr(reproduce, "PRESETS", other)
    with pytest.raises(InputError, match="another version"):
        reproduce._begin(reproduce.ReproduceRequest(folder), folder)


def test_half_a_copied_teacher_is_never_trained_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(request: TrainStudentRequest, progress: object) -> None:
        teacher = request.out / "teacher"
        (teacher / "events").mkdir(parents=True, exist_ok=True)
        for name in ("history.csv", "state.pt"):
            (teacher / name).write_text(name)

    def killed(path: Path, to: Path) -> None:
        to.mkdir(parents=True)
        shutil.copy(path / "history.csv", to)
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce.train_student, "run", train)
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", killed)
        reproduce._students(reproduce.PRESETS["small"], tmp_path, silent)
    second = tmp_path / "students" / reproduce.WAYS[1]
    assert not (second / "teacher").exists()
    half = second / ".teacher.part-copy"
    half.mkdir()
    (half / "old.txt").write_text("of a run that had no time to clear up")
    monkeypatch.setattr(reproduce.train_student, "run", lambda request, progress: None)
    reproduce._students(reproduce.PRESETS["small"], tmp_path, silent)
    assert [path.name for path in second.iterdir()] == ["teacher"]
    assert sorted(path.name for path in (second / "teacher").iterdir()) == ["events", "history.csv", "state.pt"]


def test_a_teacher_that_cannot_be_copied_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        reproduce._copy_teacher(tmp_path / "missing", tmp_path / "pooled" / "teacher")


def test_the_error_of_a_registration_is_measured_at_landmarks(tmp_path: Path) -> None:
    pairs, registered = tmp_path / "pairs" / "vk0001", tmp_path / "registered" / "vk0001-right" / "transforms"
    pairs.mkdir(parents=True)
    registered.mkdir(parents=True)
    manifest = "subject,side,registration\nvk0001,right,vk0001-right\nvk0002,left,\n"
    (tmp_path / "registered" / "manifest.csv").write_text(manifest)
    (tmp_path / "pairs" / "vk0002").mkdir()
    (tmp_path / "pairs" / "vk0002" / "landmarks.csv").write_text("bone\n")
    names = ("bone", *(f"{scan}_{axis}_mm" for scan in ("ct", "mr") for axis in "xyz"))
    with (pairs / "landmarks.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([["femur", 1, 2, 3, 11, 2, 3], ["femur", 4, 5, 6, 14, 5, 6], ["patella", 0, 0, 0, 0, 0, 0]])
    for bone, shift in (("femur", (10.0, 0.3, 0.4)), ("patella", (5.0, 0.0, 0.0))):
        sitk.WriteTransform(sitk.TranslationTransform(3, shift), str(registered / f"{bone}.tfm"))
    assert reproduce.true_errors_mm(tmp_path / "pairs", tmp_path / "registered") == pytest.approx([0.5])
