"""What a training of a teacher or a student is made with."""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.errors import InputError

TEACHER = "teacher"
NONE, RAW_L1, COSINE, ATTENTION, RELATIONAL, POOLED, VALUES = (
    "none", "l1", "cosine", "attention", "relational", "pooled", "values",
)  # fmt: skip
DISTILLATIONS = (NONE, RAW_L1, COSINE, ATTENTION, RELATIONAL, POOLED, VALUES)
OF_DISTILLING = ("distillation", "weight", "stages")  # settings without meaning for a teacher


@dataclass(frozen=True)
class StudentConfig:
    """One training; the same defaults for every arm.

    Nothing is distilled by default: on virtual knees no way of it has been shown to help (docs/student.md).

    Attributes:
        distillation: one of :data:`DISTILLATIONS`; without meaning for a teacher.
        weight: of what is distilled, beside the error of the values.
        stages: whose maps are distilled, from 1.
        subjects: so many of the split ``train`` are used, those that come first; 0 takes all.
        misregistration_mm: standard deviation, along each axis, by which cubes of the CT miss their place in training.
        widths: channels of the stages.
        dropout: of the summary.
        steps: at most so many.
        batch: patches a step.
        learning_rate: the highest.
        weight_decay: of AdamW.
        check_every: steps between checks on the split ``stop``.
        patience: checks without a better one after which the training ends; 0 never ends early.
        augment: whether sharpness, noise, level and orientation of cubes are varied.
        seed: of weights, order and augmentation.
    """

    distillation: str = NONE
    weight: float = 1.0
    stages: tuple[int, ...] = (2, 3)
    subjects: int = 0
    misregistration_mm: float = 0.0
    widths: tuple[int, int, int] = (16, 32, 64)
    dropout: float = 0.1
    steps: int = 1000
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    check_every: int = 100
    patience: int = 6
    augment: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.distillation not in DISTILLATIONS:
            raise InputError(
                f"The distillation '{self.distillation}' is unknown.", f"Take one of {', '.join(DISTILLATIONS)}."
            )
        if not self.stages or not set(self.stages) <= {1, 2, 3}:
            raise InputError(f"There are no stages {self.stages}.", "Give some of 1, 2 and 3.")
        for name in ("steps", "batch", "check_every"):
            if getattr(self, name) < 1:
                raise InputError(f"A training with {name} = {getattr(self, name)} is none.", "Give 1 or more.")
        for name in ("subjects", "patience", "seed", "weight", "misregistration_mm", "weight_decay"):
            if getattr(self, name) < 0:
                raise InputError(f"A training with {name} = {getattr(self, name)} is none.", "Give 0 or more.")
        if not 0.0 < self.learning_rate < 1.0 or not 0.0 <= self.dropout < 1.0 or min(self.widths) < 1:
            raise InputError(
                "Learning rate, dropout or widths make no sense.", "Leave them out to take the usual ones."
            )
