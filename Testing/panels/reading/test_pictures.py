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
