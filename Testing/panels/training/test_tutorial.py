"""docs/training.md: its actions lead from the practice cohort to a model that the module CTSMA lists.

The workers are real processes. The pictures of the documentation are made on the way: with ``CTSMA_PICTURES=FOLDER``
they are written there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from CTSMALib.jobs.model_list import list_models
from CTSMALib.jobs.training_record import read_records
from Testing.panels.training.tutorial_steps import (
    ACTIONS,
    ADDED,
    EVALUATED,
    MODEL_NAME,
    PATCHES,
    PAUSED,
    RESUMED,
    SHOWN,
    TRAINED,
    make_actions,
)
from Testing.panels.tutorial import tells_exactly

TUTORIAL = Path(__file__).parents[3] / "docs" / "training.md"
PICTURES = Path(os.environ["CTSMA_PICTURES"]).absolute() if os.environ.get("CTSMA_PICTURES") else None
SIZE, TALL = (1300, 1180), (1300, 1500)


def quick_config() -> str:
    """The configuration that the tutorial lets a reader write."""
    found = re.search(r"```toml\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def keep(picture: np.ndarray, name: str) -> None:
    """Write a picture of the documentation, if that is wanted."""
    if PICTURES is not None:
        Image.fromarray(picture).save(PICTURES / name, optimize=True)


def test_the_tutorial_leads_to_a_model_that_is_listed(
    bench: Any, scene: Any, make_panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    from CTSMAPanels.process import QtJobRunner
    from CTSMAPanels.qt_values import put

    monkeypatch.setenv(
        "OMP_NUM_THREADS", "1"
    )  # threads of workers that wait for each other take long where others work
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.toml").write_text(quick_config())
    project, panel, seen = Path("project"), make_panel(QtJobRunner), {}
    for number in make_actions(bench, panel, project):
        seen[number] = {line.step: line.state for line in panel.step_lines()}
        failed = panel.run_bar.ui.messageLabel.property("text")
        assert not failed, f"{number}: {failed}"
        if number == TRAINED:
            plot = slicer.app.layoutManager().plotWidget(0)
            put(panel.cohort.ui.cohortEdit, "setCurrentPath", "practice_cohort")  # not where tests happen to run
            picture = bench.window_picture(panel.widget, [[plot]], size=SIZE)
            assert len(np.unique(picture[:, : SIZE[0] // 2])) > 1
            keep(picture, "training_panel.png")
    assert seen[PATCHES]["patches"] == "done"
    assert seen[SHOWN]["teacher"].startswith("running")
    assert seen[PAUSED]["teacher"].startswith("stopped")
    assert seen[RESUMED]["teacher"] == "done"
    assert seen[TRAINED]["student"] == "done" and seen[EVALUATED]["evaluate"] == "done"
    assert seen[ADDED]["model"] == "done" and len(seen) == len(ACTIONS)
    assert bench.dialogs.opened_urls == [(tmp_path / "project" / "evaluation" / "evaluation.html").as_uri()]
    assert {record.end for record in read_records(project).values()} == {"done"}
    (added,) = (model for model in list_models() if model.name == MODEL_NAME)
    assert (added.task, added.shipped, added.problem) == ("student", False, "")
    arms = panel.evaluation.ui.armTable
    assert "student" in [arms.item(row, 0).text() for row in range(arms.property("rowCount"))]
    panel.ui.evaluationSection.setProperty("collapsed", False)
    panel.ui.modelsSection.setProperty("collapsed", False)
    keep(
        bench.window_picture(panel.widget, [[slicer.app.layoutManager().plotWidget(0)]], size=TALL), "training_done.png"
    )


def test_the_tutorial_tells_exactly_these_actions() -> None:
    tells_exactly(TUTORIAL, [action.words for action in ACTIONS])
