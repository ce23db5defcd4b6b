"""docs/slicer-tutorial.md: its actions lead from the sample data to reports and a diagnosis.

The workers are real processes. The pictures of the documentation are made on the way: with ``CTSMA_PICTURES=FOLDER``
they are written there, else they are compared with those in ``docs/images``.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from Testing.panels.reading.test_pictures import views
from Testing.panels.reading.tutorial_steps import (
    ACTIONS,
    ANALYZED,
    DIAGNOSED,
    EXCLUDED,
    OPENED,
    PATCH,
    PLOTTED,
    READER,
    REASON,
    REDONE,
    SELECTED,
    UNDONE,
    VIRTUAL_ANALYZED,
    WIDTHS,
)
from Testing.panels.reviewing.test_pictures import check
from Testing.panels.tutorial import play, tells_exactly

ROOT = Path(__file__).parents[3]
TUTORIAL = ROOT / "docs" / "slicer-tutorial.md"
SCRIPTS = (ROOT / "CTSMA" / "CTSMA.py", ROOT / "CTSMARegistration" / "CTSMARegistration.py")
SIZE = (1300, 960)
ALL = ("Red 3D", "Green Yellow")
# after which action: name of the picture, the sections that are open, rows of views
PICTURES = {
    SELECTED: ("slicer_tutorial_patch.png", ("inspectorSection",), ALL),
    WIDTHS: ("slicer_tutorial_widths.png", ("viewSection",), ALL),
    EXCLUDED: ("slicer_tutorial_excluded.png", ("inspectorSection",), ALL),
    PLOTTED: ("slicer_tutorial_plot.png", ("plotSection",), ("3D", "Plot")),
    DIAGNOSED: ("slicer_tutorial_diagnosis.png", ("diagnosisSection",), ALL),
}


@pytest.fixture
def a_module(bench: Any, scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module CTSMA, open beside its views; CTSMARegistration has started too, for each brings a sample."""
    monkeypatch.setenv("CTSMA_MODELS", str(tmp_path / "models"))
    loaded = [bench.load_module(script) for script in SCRIPTS]
    for row in views(*ALL):
        for view in row:
            bench.view_picture(view, size=(430, 430))
    loaded[0].enter()
    return loaded[0]


def look(bench: Any, module: Any, name: str, sections: tuple[str, ...], rows: tuple[str, ...]) -> None:
    """Write or compare a picture of the module, of which some sections are open."""
    panel = module.widget.panel
    before = {key: getattr(panel.ui, key).property("collapsed") for key in vars(panel.ui) if key.endswith("Section")}
    for key in before:
        getattr(panel.ui, key).setProperty("collapsed", key not in sections)
    bench.process_events(50)
    bench.window_picture(module.panel, [], size=SIZE)  # it takes the width that it needs now
    bench.process_events(50)
    check(bench.window_picture(module.panel, views(*rows), size=SIZE), name)
    for key, collapsed in before.items():
        getattr(panel.ui, key).setProperty("collapsed", collapsed)


def test_the_tutorial_leads_to_a_report_and_a_diagnosis(bench: Any, a_module: Any, tmp_path: Path) -> None:
    from CTSMALib.scene.exclusions import excluded

    panel, gone, results = a_module.widget.panel, {}, {}
    for number in play(bench, panel, ACTIONS, tmp_path / "report"):
        failed = panel.run_bar.ui.messageLabel.property("text")
        assert not failed and not bench.dialogs.texts("error"), f"{number}: {failed} {bench.dialogs.texts('error')}"
        if panel.result is not None:
            gone[number], results[number] = dict(excluded(panel.result)), panel.result
        if number in PICTURES:
            look(bench, a_module, *PICTURES[number])
    assert list(results) == list(range(ANALYZED, len(ACTIONS) + 1))
    assert list(gone[EXCLUDED]) == [PATCH] and not gone[UNDONE]
    assert (gone[REDONE][PATCH].who, gone[REDONE][PATCH].reason) == (READER, REASON)
    assert results[VIRTUAL_ANALYZED] is not results[OPENED] and not gone[VIRTUAL_ANALYZED]
    report = tmp_path / "report"
    assert {path.name for path in report.iterdir()} == {"report.html", "report.pdf", "report.csv"}
    with (report / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert any(PATCH in row and any(REASON in cell for cell in row) for row in csv.reader(file))
    assert bench.dialogs.opened_urls == [(report / "report.html").as_uri()]
    assert panel.diagnosis.contributions is None
    assert "96 of 96 patches look unlike" in panel.diagnosis.ui.markLabel.property("text")


def test_the_tutorial_tells_exactly_these_actions() -> None:
    tells_exactly(TUTORIAL, [action.words for action in ACTIONS])
