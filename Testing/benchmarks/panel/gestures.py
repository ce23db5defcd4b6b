"""What a user does in the panel, and the bare counterpart of each gesture."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from CTSMALib.analysis.folder import write_folder
from CTSMALib.analysis.pipeline import analyze_scan
from CTSMALib.resources import resource
from CTSMALib.volumes import read_scan

DISPLAY_PATCHES = 2000
Work = Callable[[int], None]
Gesture = tuple[str, float, Work, Work, Work]


class Gestures:
    """The panel on the bundled CT, with a display grid of :data:`DISPLAY_PATCHES`.

    Args:
        folder: an empty folder for files.
    """

    def __init__(self, folder: Path) -> None:
        from Testing.panels.bench import install

        self.bench = install()
        import slicer

        from CTSMAPanels.dependencies import DependencyBar
        from CTSMAPanels.reading.module_panel import ModulePanel
        from Testing.panels.reading.fake_runner import FakeRunner

        scan = read_scan(resource("SampleData/knee_ct_sts047.nii.gz"))
        write_folder(analyze_scan(scan)[0], folder)
        enlarge_display_grid(folder)
        self.panel = ModulePanel(slicer.mrmlScene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list))
        self.bench.dialogs.choose_path(folder)
        self.panel.open_folder()
        assert len(self.panel.result.display_patches) == DISPLAY_PATCHES
        manager = slicer.app.layoutManager()
        self.slices = [manager.sliceWidget(name).sliceView() for name in ("Red", "Yellow", "Green")]
        self.bones = manager.threeDWidget(0).threeDView()
        self.pixel = (0, 0)
        self.panel.enter()
        self.draw()

    def all(self) -> Iterator[Gesture]:
        """Name, limit in ms, gesture, counterpart, and what comes before a gesture and does not count.

        All take the number of the run.
        """
        yield "row to slices", 60.0, self.choose_row, self.move_slices, nothing
        yield "patch to row", 60.0, self.click_patch, self.move_slices, self.find_patch
        yield "point to views", 60.0, self.click_point, self.move_slices, nothing
        yield "recolor", 150.0, self.recolor, self.recolor_bare, nothing
        yield "recolor and draw", 150.0, self.recolor_and_draw, self.recolor_bare_and_draw, nothing
        yield "exclude", 150.0, self.exclude, self.recolor_bare, self.include_all

    def choose_row(self, run: int) -> None:
        self.panel.patches.ui.patchTable.selectRow((7 * run) % 48)
        self.draw_slices()

    def move_slices(self, run: int) -> None:
        import slicer

        center = self.panel.result.patches.centers_ras_mm[(7 * run) % 96]
        for view in self.slices:
            slicer.vtkMRMLSliceNode.JumpSliceByOffsetting(view.mrmlSliceNode(), *center.tolist())
        self.draw_slices()

    def find_patch(self, run: int) -> None:
        """A pixel of the coronal slice that shows another patch than the selected one."""
        from CTSMALib.scene.selection import label_at

        to_ras = self.slices[2].mrmlSliceNode().GetXYToRAS()
        width, height = self.slices[2].renderWindow().GetSize()
        pixels = [(x, y) for x in range(0, width, 7) for y in range(0, height, 7)]
        found = []
        for x, y in pixels:
            label = label_at(self.panel.result, np.array(to_ras.MultiplyPoint((x, y, 0.0, 1.0))[:3]))
            if label not in (0, self.panel.state.patch):
                found.append((x, y))
        self.pixel = found[(13 * run) % len(found)]

    def click_patch(self, run: int) -> None:
        before = self.panel.state.patch
        self.bench.click(self.slices[2], *self.pixel)
        self.draw_slices()
        assert self.panel.state.patch != before

    def click_point(self, run: int) -> None:
        from CTSMALib.scene.plot_nodes import CHART

        chart = self.panel.result.get(CHART)
        before = self.panel.state.patch
        self.panel.acting.point_clicked(chart.GetNthPlotSeriesNode(run % 4).GetID(), run % 20)
        self.draw_slices()
        assert self.panel.state.patch != before

    def exclude(self, run: int) -> None:
        self.panel.acting.exclude("measured", "benchmark")

    def include_all(self, run: int) -> None:
        """Nothing is excluded, and another patch is selected."""
        self.panel.acting.undo()
        self.panel.change(patch=(7 * run) % 96 + 1)

    def recolor(self, run: int) -> None:
        box = self.panel.view.ui.quantityComboBox
        box.setCurrentIndex(run % 3)

    def recolor_bare(self, run: int) -> None:
        result = self.panel.result
        table = result.get("patch_colors")
        was_modifying = table.StartModify()
        for label in range(1, 97):
            table.SetColor(label, (label + run) % 97 / 97, 0.5, 0.5, 1.0)
        table.EndModify(was_modifying)
        for bone in ("femur", "tibia"):
            data = result.get(f"surface_{bone}").GetPolyData()
            data.GetPointData().GetArray("color").Modified()
            data.Modified()

    def recolor_and_draw(self, run: int) -> None:
        self.recolor(run)
        self.draw()

    def recolor_bare_and_draw(self, run: int) -> None:
        self.recolor_bare(run)
        self.draw()

    def draw_slices(self) -> None:
        for view in self.slices:
            view.forceRender()

    def draw(self) -> None:
        self.draw_slices()
        self.bones.forceRender()


def nothing(run: int) -> None:
    """No preparation."""


def enlarge_display_grid(folder: Path) -> None:
    """Repeat the patches of the display grid, moved a little, until there are :data:`DISPLAY_PATCHES`."""
    path = folder / "display_patches.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    places = [head.index(f"{axis}_lps_mm") for axis in "xyz"]
    shift = np.random.default_rng(0)
    many = []
    for number in range(DISPLAY_PATCHES):
        row = list(rows[number % len(rows)])
        round_ = number // len(rows)
        row[head.index("id")] = f"{row[head.index('id')]}-{round_}"
        row[head.index("row")] = str(int(row[head.index("row")]) + 100 * round_)
        for place in places:
            row[place] = repr(float(row[place]) + (shift.uniform(-1, 1) if round_ else 0.0))
        many.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *many])
    findings: dict[str, Any] = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
    findings["tables"]["display_patches"]["rows"] = DISPLAY_PATCHES
    (folder / "analysis.json").write_text(json.dumps(findings), encoding="utf-8")
