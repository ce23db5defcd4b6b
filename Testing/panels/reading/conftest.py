"""The panel of the module CTSMA, with a runner whose worker the tests play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from Testing.panels.reading.fake_runner import FakeRunner

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture()
def a_panel(bench: Any, scene: Any) -> Iterator[Any]:
    """The panel on an empty scene; nothing is missing and jobs are played."""
    import slicer

    from CTSMALib.scene.layouts import register_layout
    from CTSMAPanels.dependencies import DependencyBar
    from CTSMAPanels.reading.module_panel import ModulePanel

    register_layout(slicer.app.layoutManager().layoutLogic().GetLayoutNode())
    panel = ModulePanel(scene, FakeRunner, lambda on_change: DependencyBar(on_change, missing=list))
    panel.enter()
    yield panel
    panel.close()


@pytest.fixture()
def a_ct(scene: Any, analyzed: Analyzed) -> Any:
    """The bundled CT in the scene."""
    from CTSMALib.scene.geometry import fill_volume

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Knee CT")
    fill_volume(node, analyzed("plain")[1])
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(1800, 400)
    return node


@pytest.fixture()
def a_reading_panel(a_panel: Any, a_ct: Any, analyzed: Analyzed) -> Any:
    """The panel after a CT was analyzed."""
    from CTSMALib.scene.state import NodeId

    a_panel.change(ct=NodeId(a_ct.GetID()))
    a_panel.scan.ui.applyButton.click()
    a_panel.jobs.runner.finish_with(analyzed("plain")[0])
    assert a_panel.result is not None
    return a_panel
