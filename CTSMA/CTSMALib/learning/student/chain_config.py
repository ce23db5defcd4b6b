"""What the training of teacher and students is made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from CTSMALib.errors import InputError
from CTSMALib.learning.student.config import StudentConfig


@dataclass(frozen=True)
class ChainConfig:
    """Teacher and students.

    Attributes:
        teacher: how the teacher is trained.
        student: how each student is.
        seeds: students that differ in their seed alone and read together; also counts from the seed of ``student``.
    """

    teacher: StudentConfig = field(default_factory=StudentConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    seeds: int = 3

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if not 1 <= self.seeds <= 20:
            raise InputError(f"{self.seeds} students are none or too many.", "Give 1 to 20 seeds.")
        if self.teacher.widths != self.student.widths:
            raise InputError("Teacher and student have other widths.", "Give both the same, so that maps compare.")
