"""The panel alone and beside its views. With ``CTSMA_PICTURES=FOLDER`` the pictures are written there.

``review_panel.png`` and the four modes put together (``review_modes.png``) are pictures of the documentation.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np


def whole_height(panel: Any) -> int:
    """What the panel needs; the application scrolls it."""
    panel.resize(430, 3000)
    panel.ensurePolished()
    panel.layout().activate()
    return int(panel.layout().heightForWidth(430) if panel.layout().hasHeightForWidth() else panel.sizeHint.height())


def views(*rows: str) -> list[list[Any]]:
    """The widgets of views: names of slice views, and "3D"."""
    import slicer

    manager = slicer.app.layoutManager()
    return [
        [manager.threeDWidget(0) if name == "3D" else manager.sliceWidget(name) for name in row.split()] for row in rows
    ]


def keep(bench: Any, picture: np.ndarray, name: str) -> None:
    folder = os.environ.get("CTSMA_PICTURES")
    if folder:
        bench.save_picture(picture, Path(folder) / name)


def orange(picture: np.ndarray) -> int:
    """How many pixels have the color of the femur's outline."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    return int(((red > 200) & (abs(green - 159) < 40) & (blue < 60)).sum())


def test_the_panel_beside_its_views(bench: Any, an_open_panel: Any) -> None:
    grid = views("Red 3D", "Green Yellow")
    size = (1560, whole_height(an_open_panel.widget))
    bench.window_picture(an_open_panel.widget, grid, size=size)  # gives views their size
    an_open_panel.see.ui.reviewLayoutButton.click()
    an_open_panel.judging.ui.reviewerEdit.setText("Reader A")
    an_open_panel.correct.ui.moveFrontButton.click()
    an_open_panel.numbers.measure()
    bench.process_events(120)
    an_open_panel.scans.ui.folderEdit.setCurrentPath("registration")  # not where tests happen to run
    picture = bench.window_picture(an_open_panel.widget, grid, size=size)
    keep(bench, picture, "review_panel.png")
    assert orange(picture[:, 450:]) > 300


def test_every_section_of_the_panel(bench: Any, an_open_panel: Any) -> None:
    for section in ("casesSection", "landmarksSection", "exportSection"):
        getattr(an_open_panel.ui, section).setProperty("collapsed", False)
    bench.process_events(100)
    picture = bench.widget_picture(an_open_panel.widget, size=(430, whole_height(an_open_panel.widget)))
    keep(bench, picture, "review_sections.png")
    assert picture.std() > 10


def test_each_mode_shows_another_picture(bench: Any, an_open_panel: Any) -> None:
    grid = views("Red Green Yellow")
    bench.window_picture(an_open_panel.widget, grid, size=(1400, 500))
    an_open_panel.see.ui.reviewLayoutButton.click()
    seen = {}
    for mode in ("contour", "blend", "checkerboard", "spyglass", "red-cyan"):
        an_open_panel.change(mode=mode)
        an_open_panel.picture.refresh_now()
        picture = bench.view_picture(grid[0][0])
        keep(bench, picture, f"review_{mode}.png")
        seen[mode] = picture.astype(int)
    rows = [np.hstack([seen[a], seen[b]]) for a, b in (("contour", "checkerboard"), ("spyglass", "red-cyan"))]
    keep(bench, np.vstack(rows).astype(np.uint8), "review_modes.png")
    names = list(seen)
    for first, second in itertools.pairwise(names):
        assert np.abs(seen[first] - seen[second]).mean() > 2.0, (first, second)
