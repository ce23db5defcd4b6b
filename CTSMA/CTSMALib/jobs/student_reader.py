"""What reads apparent parameters off a CT in a job: a bundle that was named, or the one that comes with CTSMA."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError, MissingDependencyError
from CTSMALib.jobs.cancel import held
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.request import AnalyzeRequest
from CTSMALib.notices import Notice, Severity

if TYPE_CHECKING:
    from CTSMALib.student.estimate import PatchReader

NOT_ESTIMATED = "apparent-not-estimated"


def student_reader(request: AnalyzeRequest) -> tuple[PatchReader | None, Notice | None]:
    """The student that a request wants.

    Args:
        request: of an analysis of a CT.

    Returns:
        The student, or ``None`` and the reason where the one that comes with the software cannot be used.

    Raises:
        CTSMAError: a bundle that was named cannot be used.
    """
    if not request.apparent:
        return None, None
    try:
        need_learning_packages()
        with held():
            from CTSMALib.bundles.bundle import read_bundle
            from CTSMALib.student.model import TASK, load_student
        student = load_student(None if request.model is None else read_bundle(request.model, TASK))
    except MissingDependencyError as error:
        if request.model is not None or request.structure:
            raise
        text = f"Apparent parameters were not estimated. {error.message} {error.remedy}"
        return None, Notice(NOT_ESTIMATED, text, Severity.INFO)
    if request.structure and student.structure is None:
        raise InputError(
            f"The model {student.identity} gives no vcal_* quantities.", "Ask for none, or take another model."
        )
    return student if request.structure else replace(student, structure=None), None
