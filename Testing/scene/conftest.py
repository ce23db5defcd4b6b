"""Scenes, and results in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.views import add_views


@pytest.fixture()
def a_scene() -> Iterator[Any]:
    """An empty scene with Slicer's ordinary views."""
    scene = new_scene()
    add_views(scene)
    yield scene
    scene.Clear(1)  # objects of VTK keep each other alive, and with them hundreds of megabytes


@pytest.fixture()
def a_result(a_scene: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]]) -> ResultNodes:
    """The result of the bundled CT in a scene, colored."""
    result = add_result(a_scene, analyzed("plain")[0])
    color_by(result, "ct_bvf")
    return result
