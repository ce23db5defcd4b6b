"""The main numbers of an evaluation are those that the command tells, read without anything heavy."""

from __future__ import annotations

from pathlib import Path

import pytest

from CTSMALib.errors import InputError
from CTSMALib.jobs.evaluate import EvaluateRequest, evaluation_summary, run
from CTSMALib.jobs.evaluation_numbers import read_main_numbers
from Testing.core.learning.evaluation.made_up_patch_set import a_patch_set, some_predictions


@pytest.fixture(scope="module")
def an_evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of made-up predictions."""
    folder = tmp_path_factory.mktemp("evaluation")
    made = a_patch_set(folder / "set", subjects=5, patches=2)
    predictions = some_predictions(made, folder / "predictions")
    return run(EvaluateRequest(made.folder, predictions, folder / "found", resamplings=100))


def test_they_are_those_that_the_command_tells(an_evaluation: Path) -> None:
    numbers = read_main_numbers(an_evaluation)
    assert numbers.split == "test" and numbers.page.is_file() and numbers.arms
    told = "\n".join(evaluation_summary(an_evaluation))
    for arm in numbers.arms:
        assert arm.value is None or f"{arm.value:.3f}" in told
    values = [arm.value for arm in numbers.arms if not arm.is_reference and arm.value is not None]
    assert values == sorted(values, reverse=True) and len(values) > 1


@pytest.mark.parametrize("content", ["", "arm\nx\n"])
def test_a_damaged_evaluation_is_told(content: str, an_evaluation: Path, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_bytes((an_evaluation / "evaluation.json").read_bytes())
    (tmp_path / "findings.csv").write_text(content)
    if content:
        with pytest.raises(InputError, match="damaged"):
            read_main_numbers(tmp_path)
    else:
        assert read_main_numbers(tmp_path).arms == ()
    with pytest.raises(InputError, match="no evaluation"):
        read_main_numbers(tmp_path / "nowhere")
