"""The table of a cohort as a user sees it; this is also a picture of the documentation.

With ``CTSMA_PICTURES=FOLDER`` it is written there. Without it, it is compared with the one in ``docs/images``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from CTSMALib.learning.pairs.cohort_table import read_table, write_table
from Testing.panels.reviewing.test_pictures import check
from Testing.panels.training.conftest import choose, select

SIZE = (640, 1330)
COHORT_PX = 545  # height of the section


def test_the_table_of_a_cohort(
    bench: Any, a_working_panel: Any, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CTSMAPanels.qt_values import put

    panel = a_working_panel
    before = Path.cwd()
    monkeypatch.chdir(tmp_path)  # not where tests happen to run
    choose(panel, Path("scans"), Path("project"))
    panel.cohort.ui.findButton.click()
    table = read_table(tmp_path / "project" / "manifest.csv")
    for row, grade in enumerate("032140"):
        table = table.with_cell(row, "grade", grade)
    write_table(table, tmp_path / "project" / "manifest.csv")
    panel.enter()
    select(panel.cohort.ui.kneeTable, 3)
    for edit in (panel.cohort.ui.ctEdit, panel.cohort.ui.mrEdit):
        put(edit, "setCurrentPath", str(edit.property("currentPath")).replace(f"{tmp_path}/", ""))
    picture = np.ascontiguousarray(bench.widget_picture(panel.widget, tmp_path / "panel.png", size=SIZE))
    monkeypatch.chdir(before)
    check(picture[:COHORT_PX], "training_cohort.png")
