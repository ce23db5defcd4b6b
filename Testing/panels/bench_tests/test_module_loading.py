"""A scripted module in the bench: as the application loads, enters and closes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer

from Testing.panels.bench import Bench
from Testing.panels.bench_tests.tiny_module import write_tiny_module


@pytest.fixture
def a_module(bench: Bench, scene: Any, tmp_path: Path) -> Any:
    return bench.load_module(write_tiny_module(tmp_path))


def test_the_panel_works_on_the_scene(a_module: Any) -> None:
    volume = slicer.util.addVolumeFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4) * 20, name="ct")
    ui = a_module.widget.ui
    assert ui.level.property("value") == 100.0
    assert ui.level.property("maximum") == 500.0
    assert ui.input.currentNode() is None
    ui.input.setCurrentNode(volume)
    ui.apply.click()
    assert slicer.util.arrayFromVolume(volume).sum() == 18


def test_a_dialog_is_recorded(bench: Bench, a_module: Any) -> None:
    a_module.widget.ui.apply.click()
    assert bench.dialogs.texts("error") == ["Choose a volume."]


def test_the_module_is_known_to_slicer(a_module: Any) -> None:
    assert slicer.modules.tiny.name == "Tiny"
    assert slicer.modules.tiny.title == "Tiny"
    assert slicer.modules.tiny.categories == ("Tests",)
    assert slicer.modules.tiny.widgetRepresentation().self() is a_module.widget
    assert slicer.util.getModule("Tiny") is slicer.modules.tiny
    assert slicer.util.modulePath("Tiny").endswith("Tiny.py")
    assert slicer.modules.TinyWidget is a_module.widget


def test_entering_leaving_and_closing(bench: Bench, a_module: Any) -> None:
    a_module.enter()
    slicer.mrmlScene.Clear(0)
    a_module.close()
    assert a_module.widget.events == ["enter", "closed", "exit", "cleanup"]
    assert not hasattr(slicer.modules, "tiny")


def test_two_loads_in_one_process(bench: Bench, a_module: Any, tmp_path: Path) -> None:
    again = bench.load_module(tmp_path / "Tiny.py")
    assert again.widget is not a_module.widget
    assert slicer.modules.TinyWidget is again.widget
    again.widget.ui.apply.click()
    assert len(bench.dialogs.shown) == 1


def test_sample_data_are_registered_when_the_application_has_started(bench: Bench, a_module: Any) -> None:
    bench.finish_startup()
    (registered,) = bench.calls.of("registerCustomSampleDataSource")
    assert registered["sampleName"] == "Cube"


def test_the_modules_own_tests_run(a_module: Any) -> None:
    a_module.source.TinyTest.ran.clear()
    a_module.run_tests()
    assert a_module.source.TinyTest.ran == ["one", "two"]


def test_the_parameter_node_is_one(a_module: Any) -> None:
    node = a_module.logic.getParameterNode()
    assert node.IsA("vtkMRMLScriptedModuleNode")
    assert a_module.logic.getParameterNode() is node
    slicer.mrmlScene.Clear(0)
    assert a_module.logic.getAllParameterNodes() in ([], [node])


def test_a_picture_of_the_panel(bench: Bench, a_module: Any, tmp_path: Path) -> None:
    picture = bench.widget_picture(a_module.panel, tmp_path / "panel.png", size=(400, 300))
    assert picture.shape == (300, 400, 3)
    assert picture.std() > 5
    assert (tmp_path / "panel.png").stat().st_size > 1000
