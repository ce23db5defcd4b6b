"""The panel beside its views, as a user sees them; these are also the pictures of the documentation.

With ``CTSMA_PICTURES=FOLDER`` the pictures are written there. Without it they are compared with those in
``docs/images``:
not byte by byte, because renderers and fonts differ, but block by block.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

PICTURES = Path(__file__).parents[3] / "docs" / "images"
SIZE = (1500, 1760)
BLOCK_PX = 50
LARGEST_DIFFERENCE = 30.0  # of the mean gray of a block, of 255
MOST_DIFFERENT_BLOCKS = 0.04


def blocks(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean gray of blocks."""
    gray = picture.astype(float).mean(axis=2)
    rows, columns = (n // BLOCK_PX for n in gray.shape)
    cut = gray[: rows * BLOCK_PX, : columns * BLOCK_PX]
    return cut.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(1, 3))


def check(picture: NDArray[np.uint8], name: str) -> None:
    folder = os.environ.get("CTSMA_PICTURES")
    if folder:
        Image.fromarray(picture).save(Path(folder) / name, optimize=True)
        return
    known = np.array(Image.open(PICTURES / name).convert("RGB"))
    assert picture.shape == known.shape
    different = np.abs(blocks(picture) - blocks(known)) > LARGEST_DIFFERENCE
    assert different.mean() <= MOST_DIFFERENT_BLOCKS, f"{name}: {different.sum()} of {different.size} blocks differ"


def views(*rows: str) -> list[list[Any]]:
    """The widgets of views: names of slice views, "3D", and "Plot"."""
    import slicer

    manager = slicer.app.layoutManager()
    others = {"3D": manager.threeDWidget, "Plot": manager.plotWidget}
    return [[others[n](0) if n in others else manager.sliceWidget(n) for n in row.split()] for row in rows]


def test_the_panel_beside_its_views(bench: Any, a_reading_panel: Any) -> None:
    a_reading_panel.view.ui.layoutButton.click()
    a_reading_panel.change(patch=58, bones="tibia")
    for section in ("scanSection", "reportSection"):
        getattr(a_reading_panel.ui, section).setProperty("collapsed", True)
    rows = views("Green Yellow Red", "3D Plot")
    bench.window_picture(a_reading_panel.widget, rows, size=SIZE)  # gives views their size
    a_reading_panel.view.ui.layoutButton.click()
    a_reading_panel.change(patch=57)
    picture = bench.window_picture(a_reading_panel.widget, rows, size=SIZE)
    check(picture, "slicer_panel.png")


def test_a_map_over_the_slices_and_under_the_femur(bench: Any, a_reading_panel: Any) -> None:
    a_reading_panel.change(quantity="ct_hu_mean", overlay="map", boxes=False, bones="femur", opacity=0.8)
    rows = views("Green Yellow", "Red 3D")
    for view in (view for row in rows for view in row):
        bench.view_picture(view, size=(480, 380))
    a_reading_panel.view.ui.layoutButton.click()
    a_reading_panel.change(patch=69)
    picture = np.vstack([np.hstack([bench.view_picture(view) for view in row]) for row in rows])
    check(picture, "slicer_views.png")


def test_a_picture_of_something_else_is_refused(bench: Any, a_reading_panel: Any) -> None:
    if os.environ.get("CTSMA_PICTURES"):
        pytest.skip("pictures are being written")
    a_reading_panel.change(overlay="none", bones="none", boxes=False)
    for section in ("resultSection", "viewSection", "patchesSection", "inspectorSection", "plotSection"):
        getattr(a_reading_panel.ui, section).setProperty("collapsed", True)
    picture = bench.window_picture(a_reading_panel.widget, views("Green Yellow Red", "3D"), size=SIZE)
    with pytest.raises(AssertionError, match="blocks differ"):
        check(picture, "slicer_panel.png")


@pytest.mark.skipif("CTSMA_PAIR" not in os.environ, reason="its pair takes minutes: see CONTRIBUTING.md")
def test_a_ct_and_an_mr_of_a_knee_side_by_side(bench: Any, a_panel: Any) -> None:
    """``CTSMA_PAIR`` names the result folders of the CT and of the MR of one virtual knee."""
    opened = []
    for folder in reversed(os.environ["CTSMA_PAIR"].split(os.pathsep)):
        bench.dialogs.choose_path(folder)
        a_panel.open_folder()
        opened.append(a_panel.result)
    mr, ct = opened
    a_panel.change(bones="tibia", quantity="app_bv_tv", overlay="map", boxes=False)
    a_panel.change(plot="scatter", other=mr.node.GetID())
    assert a_panel.other is not None
    a_panel.plots.ui.compareButton.click()
    slices = "Green Yellow Red", "CTSMAOtherGreen CTSMAOtherYellow CTSMAOtherRed"
    rows, below = views(*slices), views("3D Plot")
    for size, group in (((400, 360), rows), ((500, 420), [below[0][:1]]), ((700, 420), [below[0][1:]])):
        for view in (view for row in group for view in row):
            bench.view_picture(view, size=size)
    a_panel.plots.ui.compareButton.click()  # now that views have their size
    label = ct.patches.ids.index("TM-r2-c2-d1") + 1
    a_panel.change(patch=label)
    picture = np.vstack([np.hstack([bench.view_picture(view) for view in row]) for row in (*rows, *below)])
    check(picture, "slicer_compare.png")
