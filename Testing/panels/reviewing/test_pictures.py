"""The panel and its views along the tutorial, as a reader sees them; these are also the pictures of the documentation.

With ``CTSMA_PICTURES=FOLDER`` the pictures are written there. Without it they are compared with those in
``docs/images``: not pixel by pixel, because renderers and fonts differ, but after both were made small and gray.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from Testing.core.made_up_pair import with_few_points
from Testing.panels.reviewing.tutorial_steps import (
    ACCEPTED,
    AFTER,
    BEFORE,
    OPENED,
    REFINED,
    WORST,
    make_actions,
    practice_panel,
)

PICTURES = Path(__file__).parents[3] / "docs" / "images"
BLOCK_PX = 10
LARGEST_DIFFERENCE = 4.0  # mean difference of blocks, of 255 grays
GRAYS = 8  # that become one in a file
RENEW = "look at it, and renew: CTSMA_PICTURES=docs/images pytest Testing/panels/reviewing/test_pictures.py"
VIEW_SIZE, WINDOW_SIZE = (430, 400), (1500, 1680)  # whatever the fonts need
Picture = NDArray[np.uint8]


def small(picture: Picture) -> NDArray[np.float64]:
    """Mean gray of blocks."""
    rows, columns = (n // BLOCK_PX for n in picture.shape[:2])
    gray = picture[: rows * BLOCK_PX, : columns * BLOCK_PX].astype(float).mean(axis=2)
    return gray.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3))


def check(picture: Picture, name: str) -> None:
    """Write a picture, or compare it with the one of the documentation."""
    folder = os.environ.get("CTSMA_PICTURES")
    if folder:
        coarse = picture // GRAYS * GRAYS + GRAYS // 2  # half the size, for noise hardly packs
        Image.fromarray(coarse.astype(np.uint8)).save(Path(folder) / name, optimize=True)
        return
    known = np.array(Image.open(PICTURES / name).convert("RGB"))
    assert picture.shape == known.shape, f"{name} has another size; {RENEW}"
    difference = float(np.abs(small(picture) - small(known)).mean())
    assert difference <= LARGEST_DIFFERENCE, f"{name} differs by {difference:.1f} grays; {RENEW}"


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


def drawn(bench: Any, *rows: str) -> Picture:
    """Views beside each other, with a white line between them."""
    parts = [[_framed(bench.view_picture(view, VIEW_SIZE)) for view in row] for row in views(*rows)]
    picture: Picture = np.vstack([np.hstack(row) for row in parts])
    return picture


def _framed(picture: Picture) -> Picture:
    return np.pad(picture, ((1, 1), (1, 1), (0, 0)), constant_values=255)


def in_color(bench: Any, panel: Any) -> Picture:
    """The bones in the colors of the estimated error; labels of axes would lie under the key."""
    node = views("3D")[0][0].mrmlViewNode()
    panel.change(error_colors=True)
    node.SetAxisLabelsVisible(False)
    picture = drawn(bench, "3D")
    node.SetAxisLabelsVisible(True)
    panel.change(error_colors=False)
    return picture


@pytest.fixture()
def a_practice_panel(bench: Any, scene: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel on an empty scene, with a quick engine, beside views that have their size."""
    with_few_points(monkeypatch)
    with practice_panel(scene) as panel:
        drawn(bench, "Red 3D", "Green Yellow")
        yield panel


def test_the_pictures_of_the_tutorial(bench: Any, a_practice_panel: Any) -> None:
    panel, seen, colored = a_practice_panel, {}, {}
    for number in make_actions(bench, panel):
        if number in (OPENED, WORST, REFINED):
            seen[number] = drawn(bench, "Red 3D", "Green Yellow")
            colored[number] = in_color(bench, panel)
        elif number in (BEFORE, AFTER):
            seen[number] = drawn(bench, "Green Yellow")
    panel.numbers.measure()
    bench.process_events(120)
    panel.scans.ui.folderEdit.setCurrentPath("registration")  # not where tests happen to run
    seen[ACCEPTED] = bench.window_picture(panel.widget, views("Red 3D", "Green Yellow"), size=WINDOW_SIZE)
    check(seen[OPENED], "review_tutorial_opened.png")
    check(seen[WORST], "review_tutorial_worst.png")
    check(np.vstack([seen[BEFORE], seen[AFTER]]), "review_tutorial_nudged.png")
    check(seen[REFINED], "review_tutorial_refined.png")
    check(np.hstack([colored[OPENED], colored[REFINED]]), "review_tutorial_error.png")
    check(seen[ACCEPTED], "review_panel.png")


def test_a_picture_of_another_step_is_refused(bench: Any, a_practice_panel: Any) -> None:
    if os.environ.get("CTSMA_PICTURES"):
        pytest.skip("pictures are being written")
    list(make_actions(bench, a_practice_panel, last=OPENED))
    a_practice_panel.session.move("tibia", (0.0, 4.0, 0.0))
    bench.process_events(120)
    with pytest.raises(AssertionError, match="renew"):
        check(drawn(bench, "Red 3D", "Green Yellow"), "review_tutorial_opened.png")


def test_every_section_of_the_panel(bench: Any, a_practice_panel: Any) -> None:
    panel = a_practice_panel
    list(make_actions(bench, panel, last=1))
    for section in ("casesSection", "landmarksSection", "exportSection"):
        getattr(panel.ui, section).setProperty("collapsed", False)
    bench.process_events(100)
    picture = bench.widget_picture(panel.widget, size=(430, whole_height(panel.widget)))
    folder = os.environ.get("CTSMA_PICTURES")
    if folder and Path(folder).resolve() != PICTURES:  # to look at; not in the documentation
        Image.fromarray(picture).save(Path(folder) / "review_sections.png")
    assert picture.std() > 10


def test_each_mode_shows_another_picture(bench: Any, a_practice_panel: Any) -> None:
    panel = a_practice_panel
    list(make_actions(bench, panel, last=OPENED))
    seen = {}
    for mode in ("contour", "blend", "checkerboard", "spyglass", "red-cyan"):
        panel.change(mode=mode)
        bench.process_events(150)  # nothing that was begun before may be drawn over it
        panel.picture.refresh_now()
        seen[mode] = drawn(bench, "Yellow").astype(int)
    for first, second in itertools.pairwise(seen):
        assert np.abs(seen[first] - seen[second]).mean() > 2.0, (first, second)
    rows = [np.hstack([seen[a], seen[b]]) for a, b in (("contour", "checkerboard"), ("spyglass", "red-cyan"))]
    check(np.vstack(rows).astype(np.uint8), "review_modes.png")
