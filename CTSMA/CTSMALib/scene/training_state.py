"""What the panel of the module CTSMATraining shows, as one typed value that is saved with the scene."""

from __future__ import annotations

from dataclasses import dataclass, replace

MODULE = "CTSMATraining"  # whose parameter node holds the state
REGISTER, PATCHES, TEACHER, STUDENT, EVALUATE, DIAGNOSIS, MODEL = STEPS = (
    "register", "patches", "teacher", "student", "evaluate", "diagnosis", "model",
)  # fmt: skip
CURVES = ("error", "icc", "training_loss")  # columns of the table of a training
PREDICTIONS = ("student", "mr", "truth")  # what a diagnosis learns from
MODELS = (STUDENT, DIAGNOSIS)
MOST_PROCESSES = 64


@dataclass(frozen=True)
class TrainingState:
    """The state of the panel; paths are as the user gave them, and a saved scene holds them so.

    Attributes:
        cohort: a manifest, the folder of a virtual cohort, or a folder with scans.
        project: folder for all that is made.
        step: the chosen one, of :data:`STEPS`.
        go_on: whether the steps after it follow by themselves.
        split_seed: of splits that are drawn.
        engine, guide, local: of the registration, as ``ctsma register`` knows them.
        jobs: processes that make patches.
        steps, batch, subjects, distillation, seeds, seed, threads: of teacher and students; 0 threads take all cores.
        config: file with the configuration of teacher and students; empty for none, as the next one.
        diagnosis_config: likewise of the diagnosis.
        predictions: what the diagnosis learns from, of :data:`PREDICTIONS`.
        split: that is evaluated.
        resamplings: of patients.
        model: which one is added to the library, of :data:`MODELS`.
        model_name: what to call it; empty for its own name.
        curve: what the curves show, of :data:`CURVES`.
    """

    cohort: str = ""
    project: str = ""
    step: str = REGISTER
    go_on: bool = False
    split_seed: int = 0
    engine: str = "mutual-information"
    guide: str = "mr"
    local: bool = False
    jobs: int = 1
    steps: int = 1000
    batch: int = 32
    subjects: int = 0
    distillation: str = "none"
    seeds: int = 3
    seed: int = 0
    threads: int = 0
    config: str = ""
    diagnosis_config: str = ""
    predictions: str = "student"
    split: str = "test"
    resamplings: int = 1000
    model: str = STUDENT
    model_name: str = ""
    curve: str = "error"

    def valid(self) -> TrainingState:
        """The state with the default in the place of every choice that does not exist, as in a damaged scene."""
        choices = {"step": STEPS, "predictions": PREDICTIONS, "model": MODELS, "curve": CURVES}
        wrong = {name for name, allowed in choices.items() if getattr(self, name) not in allowed}
        wrong |= {name for name, least in LEAST.items() if getattr(self, name) < least}
        state = replace(self, **{name: getattr(TrainingState(), name) for name in wrong})
        return replace(state, jobs=min(state.jobs, MOST_PROCESSES))


LEAST = {
    "jobs": 1, "steps": 1, "batch": 1, "subjects": 0, "seeds": 1, "seed": 0, "threads": 0, "resamplings": 100,
    "split_seed": 0,
}  # fmt: skip
