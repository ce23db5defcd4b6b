"""The steps from a cohort to a model in the library: what each runs, what it needs, where it writes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from CTSMALib.jobs.training_project import MANIFEST_FILE, CohortKind, Project, names_registrations
from CTSMALib.scene.training_state import (
    DIAGNOSIS,
    EVALUATE,
    MODEL,
    PATCHES,
    REGISTER,
    STEPS,
    STUDENT,
    TEACHER,
    TrainingState,
)

FRESH = TrainingState()  # whose values commands leave out
BUNDLE, PREDICTED, BUNDLE_MARK = "bundle", "predictions", "configs/metadata.json"
PATCHES_MARK, EVALUATION_MARK, STATUS_MARK, RECORD = "patches.json", "evaluation.json", "status.csv", "training.json"
RESUMES = (REGISTER, PATCHES, TEACHER, STUDENT, DIAGNOSIS)  # the same command goes on with what is there


def arguments(step: str, state: TrainingState, project: Project) -> list[str]:
    """What ``ctsma``, or a worker, is given to do a step; values that are the usual ones are left out."""
    made = {
        REGISTER: _register, PATCHES: _patches, TEACHER: _training, STUDENT: _training, EVALUATE: _evaluate,
        DIAGNOSIS: _diagnosis, MODEL: _model,
    }  # fmt: skip
    return made[step](step, state, project)


def command(words: list[str]) -> str:
    """The line that does the same in a terminal; that of Windows knows no single quotes."""
    return f"ctsma {subprocess.list2cmdline(words) if os.name == 'nt' else shlex.join(words)}"


def steps_of(project: Project | None) -> tuple[str, ...]:
    """The steps that a cohort needs; boxes of virtual knees need no registration."""
    if project is not None and project.kind is CohortKind.VIRTUAL_PATCHES:
        return tuple(step for step in STEPS if step != REGISTER)
    return STEPS


def obstacle(step: str, state: TrainingState, project: Project) -> str:
    """Why a step cannot be done now, one sentence with what to do; empty where it can."""
    if step == REGISTER:
        if project.kind is CohortKind.VIRTUAL_PATCHES:
            return "Boxes of virtual knees need no registration; go on with the patches."
        return "" if project.manifest.is_file() else "Find the pairs first, and save the manifest."
    if step == PATCHES:
        return "" if project.patch_source.exists() else "Register the cohort first."
    if not (project.patches / PATCHES_MARK).is_file():
        return "Make the patches first."
    if step == EVALUATE and not (project.training / PREDICTED).is_dir():
        return "Train the student first: it writes the predictions."
    if step == DIAGNOSIS and state.predictions == STUDENT and not student_predictions(project).is_file():
        return "Train the student first, or let the diagnosis learn from the MR."
    if step == MODEL and not (bundle(state, project) / BUNDLE_MARK).is_file():
        return f"Train the {state.model} first: that makes the model."
    return ""


def is_done(step: str, state: TrainingState, project: Project, recorded: bool = False) -> bool:
    """Whether what a step makes is there.

    Args:
        step: which.
        state: says which model is meant.
        project: where.
        recorded: whether a record says so, for steps whose files do not tell.
    """
    if step == REGISTER:
        whole = recorded or names_registrations(project.registrations / MANIFEST_FILE, of_all=True)
        return whole and (project.registrations / STATUS_MARK).is_file()
    if step == PATCHES:
        return (project.patches / PATCHES_MARK).is_file()
    if step == TEACHER:
        return (recorded and has_teacher(project)) or is_done(STUDENT, state, project)
    if step == STUDENT:
        return (project.training / BUNDLE / BUNDLE_MARK).is_file() and (project.training / PREDICTED).is_dir()
    if step == EVALUATE:
        return (project.evaluation / EVALUATION_MARK).is_file()
    if step == DIAGNOSIS:
        return (project.diagnosis / BUNDLE / BUNDLE_MARK).is_file()
    return recorded


def patch_findings(project: Project) -> tuple[tuple[str, str], ...]:
    """What the checks of the patches found: how grave it is, and what it is with what to do; empty where unknown."""
    try:
        content = json.loads((project.patches / "checks.json").read_text(encoding="utf-8"))
        return tuple((str(own["gravity"]), f"{own['text']} {own['remedy']}") for own in content["findings"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def has_teacher(project: Project) -> bool:
    """Whether a teacher has been checked at least once."""
    return (project.training / TEACHER / "history.csv").is_file()


def student_predictions(project: Project) -> Path:
    """Table of what the student reads off patches of subjects that it has not seen."""
    return project.training / PREDICTED / "student.csv"


def bundle(state: TrainingState, project: Project) -> Path:
    """The model that is meant."""
    return (project.training if state.model == STUDENT else project.diagnosis) / BUNDLE


def made_by(step: str, project: Project) -> tuple[Path, ...]:
    """What of a step may be deleted to begin it anew. Registrations never are: people may have corrected them."""
    if step == PATCHES:
        return (project.patches,) if _is_set(project.patches) else ()
    if step in (TEACHER, STUDENT) and _is_record(project.training, "ctsma-student-training"):
        if step == TEACHER:
            return (project.training,)
        return tuple(path for path in sorted(project.training.iterdir()) if path.name != TEACHER)
    if step == DIAGNOSIS and _is_record(project.diagnosis, "ctsma-diagnosis-training"):
        return (project.diagnosis,)
    return ()


def discard(step: str, project: Project) -> None:
    """Delete what a step has made so far; what cannot be deleted stays."""
    for path in made_by(step, project):
        with suppress(OSError):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _register(_step: str, state: TrainingState, project: Project) -> list[str]:
    words = ["register", "--cohort", str(project.manifest), "--out", str(project.registrations)]
    words += _changed(state, {"engine": "--engine", "guide": "--with"})
    return words + (["--local"] if state.local else [])


def _patches(_step: str, state: TrainingState, project: Project) -> list[str]:
    words = ["patches", str(project.patch_source), "--out", str(project.patches)]
    return words + _changed(state, {"jobs": "--jobs"})


def _training(step: str, state: TrainingState, project: Project) -> list[str]:
    words = ["train", step, "--patches", str(project.patches), "--out", str(project.training)]
    options = {
        "config": "--config", "steps": "--steps", "batch": "--batch", "subjects": "--subjects", "seed": "--seed",
        "distillation": "--distillation", "seeds": "--seeds", "threads": "--threads",
    }  # fmt: skip
    return words + _changed(state, options)


def _evaluate(_step: str, state: TrainingState, project: Project) -> list[str]:
    words = ["evaluate", str(project.patches), str(project.training / PREDICTED), "--out", str(project.evaluation)]
    words += _changed(state, {"split": "--split", "resamplings": "--resamplings"})
    return words + (["--overwrite"] if (project.evaluation / EVALUATION_MARK).is_file() else [])


def _diagnosis(_step: str, state: TrainingState, project: Project) -> list[str]:
    predictions = str(student_predictions(project)) if state.predictions == STUDENT else state.predictions
    words = ["train", "diagnosis", "--patches", str(project.patches), "--predictions", predictions]
    return [*words, "--out", str(project.diagnosis), *_changed(state, {"diagnosis_config": "--config"})]


def _model(_step: str, state: TrainingState, project: Project) -> list[str]:
    words = ["models", "add", str(bundle(state, project))]
    return words + ([f"--name={state.model_name}"] if state.model_name else [])


def _changed(state: TrainingState, options: dict[str, str]) -> list[str]:
    """Options whose values are not the usual ones."""
    differing = [name for name in options if getattr(state, name) != getattr(FRESH, name)]
    return [word for name in differing for word in (options[name], str(getattr(state, name)))]


def _is_set(folder: Path) -> bool:
    return (folder / ".parts").is_dir() or (folder / PATCHES_MARK).is_file()


def _is_record(folder: Path, schema: str) -> bool:
    try:
        return bool(json.loads((folder / RECORD).read_text(encoding="utf-8"))["schema"] == schema)
    except (OSError, ValueError, KeyError, TypeError):
        return False
