"""What a killed worker left does not keep a job from going on; what is the user's does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from CTSMALib.errors import OutputError
from CTSMALib.jobs import patches, reproduce, train_all, train_diagnosis, train_student, train_synthesis, virtual
from CTSMALib.jobs.leftovers import holds_only_leftovers
from CTSMALib.jobs.staging import Target

ASIDE = ".training.json.part-12"  # what a process that writes its first file is killed in


@pytest.mark.parametrize(
    "is_result",
    [
        patches._holds_set,
        reproduce._is_reproduction,
        train_all._is_training,
        train_diagnosis._is_training,
        train_student._is_training,
        train_synthesis._is_training,
        virtual._holds_cohort,
    ],
)
def test_a_job_killed_in_its_first_file_goes_on(is_result: Callable[[Path], bool], tmp_path: Path) -> None:
    (tmp_path / ASIDE).write_text("{")
    target = Target(tmp_path, overwrite=True, is_result=is_result)
    assert target.check() == tmp_path.resolve()
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds no CTSMA result"):
        target.check()


def test_names_that_may_be_there_are_no_others(tmp_path: Path) -> None:
    assert holds_only_leftovers(tmp_path)
    (tmp_path / ASIDE).mkdir()
    (tmp_path / "teacher").mkdir()
    assert holds_only_leftovers(tmp_path, "teacher") and not holds_only_leftovers(tmp_path)
