"""The library of models in the panel of the module CTSMATraining."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CTSMALib.bundles.bundle import METADATA
from Testing.panels.training.conftest import select


def test_a_model_is_deleted_after_a_question(bench: Any, a_panel: Any, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine"
    (folder / METADATA).parent.mkdir(parents=True)
    (folder / METADATA).write_text("{}")  # damaged ones are deleted too
    a_panel.models.read()
    ui = a_panel.models.ui
    rows = range(int(ui.modelTable.property("rowCount")))
    select(ui.modelTable, next(row for row in rows if ui.modelTable.item(row, 0).text() == "mine"))
    bench.dialogs.answer(False)
    ui.removeModelButton.click()
    assert folder.is_dir()
    (question,) = bench.dialogs.texts("confirm")
    assert "'mine'" in question and str(folder) in question
    bench.dialogs.answer(True)
    ui.removeModelButton.click()
    assert not folder.exists()
    assert "mine" not in [ui.modelTable.item(row, 0).text() for row in range(ui.modelTable.property("rowCount"))]
