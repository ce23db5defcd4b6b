"""The actions of docs/slicer-tutorial.md, made in the real panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from CTSMALib.scene.plots import MEDIAL_LATERAL
from Testing.panels.bench import install
from Testing.panels.tutorial import Action

READER, REASON, PATCH = "Reader A", "Practice only", "TM-r2-c2-d1"
SAMPLE, VIRTUAL = "CTSMAKneeCT", "CTSMAPracticePair"


def load_sample(name: str) -> Callable[[Any, Path], None]:
    """What Slicer's module Sample Data does with a sample that was registered there."""

    def load(_panel: Any, _folder: Path) -> None:
        import slicer

        samples = install().calls.of("registerCustomSampleDataSource")
        (sample,) = (each for each in samples if each["sampleName"] == name)
        for address, node in zip(sample["uris"], sample["nodeNames"], strict=True):
            slicer.util.loadVolume(url2pathname(urlparse(address).path), {"name": node})

    return load


def _choose(part: str, box: str, data: str) -> Callable[[Any, Path], None]:
    def choose(panel: Any, _folder: Path) -> None:
        widget = getattr(getattr(panel, part).ui, box)
        found = widget.findData(data)
        assert found >= 0, f"{box} does not offer {data}"
        widget.setCurrentIndex(found)

    return choose


def _click(part: str, button: str) -> Callable[[Any, Path], None]:
    def click(panel: Any, _folder: Path) -> None:
        widget = getattr(getattr(panel, part).ui, button)
        assert widget.property("enabled"), f"{button}: {widget.property('toolTip')}"
        widget.click()

    return click


def _choose_ct(name: str) -> Callable[[Any, Path], None]:
    def choose(panel: Any, _folder: Path) -> None:
        import slicer

        panel.scan.ui.ctSelector.setCurrentNode(slicer.util.getNode(name))

    return choose


def _select_patch(panel: Any, _folder: Path) -> None:
    table = panel.patches.ui.patchTable
    (row,) = (row for row in range(table.property("rowCount")) if table.item(row, 0).text() == PATCH)
    table.selectRow(row)


ACTIONS = (
    Action(SAMPLE, load_sample(SAMPLE)),
    Action("CT of a knee", _choose_ct("Knee CT")),
    Action("Analyze", _click("scan", "applyButton")),
    Action("Tibia, from above", _choose("view", "bonesComboBox", "tibia")),
    Action(PATCH, _select_patch),
    Action("Color by", _choose("view", "quantityComboBox", "app_bv_tv")),
    Action("Width of the 95 % interval", _choose("view", "aspectComboBox", "interval")),
    Action("Flagged or not", _choose("view", "aspectComboBox", "flags")),
    Action("Value", _choose("view", "aspectComboBox", "value")),
    Action("Reason", lambda panel, _folder: panel.inspector.ui.reasonComboBox.setEditText(REASON)),
    Action("Your name", lambda panel, _folder: panel.inspector.ui.readerEdit.setText(READER)),
    Action("Exclude", _click("inspector", "excludeButton")),
    Action("Undo", _click("inspector", "undoButton")),
    Action("Redo", _click("inspector", "redoButton")),
    Action("Medial against lateral", _choose("plots", "plotComboBox", MEDIAL_LATERAL)),
    Action("Show the plot", _click("plots", "plotButton")),
    Action("Folder", lambda panel, folder: panel.report.ui.folderEdit.setCurrentPath(str(folder))),
    Action("Export the report", _click("report", "exportButton")),
    Action("Open it", _click("report", "openReportButton")),
    Action(VIRTUAL, load_sample(VIRTUAL)),
    Action("Practice CT (virtual)", _choose_ct("Practice CT (virtual)")),
    Action("Analyze", _click("scan", "applyButton")),
    Action("Diagnose", _click("diagnosis", "diagnoseButton"), lambda panel: not panel.is_busy()),
)
# numbers of steps after which to look
ANALYZED, SELECTED, WIDTHS, EXCLUDED, UNDONE, REDONE, PLOTTED, OPENED, VIRTUAL_ANALYZED, DIAGNOSED = (
    3, 5, 7, 12, 13, 14, 16, 19, 22, 23,
)  # fmt: skip
