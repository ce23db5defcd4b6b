"""Sliders, collapsible boxes and path fields of CTK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ctk
import pytest
import qt
import slicer


@pytest.mark.parametrize("name", ["ctkSliderWidget", "ctkDoubleSlider"])
def test_a_slider_keeps_within_its_range(scene: Any, name: str) -> None:
    slider, heard = getattr(ctk, name)(), []
    slider.valueChanged.connect(heard.append)
    slider.setProperty("maximum", 2.0)
    slider.setProperty("minimum", -1.0)
    slider.setValue(5)
    slider.setValue(2.0)
    slider.setProperty("maximum", 0.5)
    assert heard == [2.0, 0.5]
    assert slider.property("value") == 0.5


def test_dragging_the_slider_sets_the_value(scene: Any) -> None:
    slider = ctk.ctkSliderWidget()
    slider.setProperty("maximum", 10.0)
    slider._slider.setValue(5000)
    assert slider.value == pytest.approx(5.0)
    slider._spin_box.setValue(2.5)
    assert slider.value == 2.5
    assert slider._slider.value == 2500


@pytest.mark.parametrize("name", ["ctkCollapsibleButton", "ctkCollapsibleGroupBox"])
def test_a_box_hides_what_is_in_it(scene: Any, name: str) -> None:
    box = getattr(ctk, name)()
    column = qt.QVBoxLayout(box)
    shown, hidden = qt.QLabel("a"), qt.QLabel("b")
    column.addWidget(shown)
    column.addWidget(hidden)
    hidden.hide()
    box.setProperty("collapsed", True)
    assert shown.isHidden()
    assert box.property("collapsed") is True
    box.setProperty("collapsed", False)
    assert not shown.isHidden()
    assert hidden.isHidden()


def test_a_click_on_the_header_collapses(scene: Any) -> None:
    button, heard = ctk.ctkCollapsibleButton(), []
    button.contentsCollapsed.connect(heard.append)
    button.click()
    button.click()
    assert heard == [True, False]


def test_a_path_is_typed_or_chosen(bench: Any, scene: Any, tmp_path: Path) -> None:
    field, paths, valid = ctk.ctkPathLineEdit(), [], []
    field.currentPathChanged.connect(paths.append)
    field.validInputChanged.connect(valid.append)
    field.setProperty("filters", field.Dirs)
    field.setCurrentPath("/a")
    bench.dialogs.choose_path(tmp_path)
    field.browse()
    assert paths == ["/a", str(tmp_path)]
    assert valid == [True]
    assert bench.dialogs.shown[0].details["function"] == "getExistingDirectory"
    bench.dialogs.choose_path("")
    field.browse()
    assert field.property("currentPath") == str(tmp_path)
    field.setCurrentPath("")
    assert (paths[-1], valid) == (str(tmp_path), [True, False])


def test_a_folder_is_chosen(bench: Any, scene: Any, tmp_path: Path) -> None:
    button, folders = ctk.ctkDirectoryButton(), []
    button.directoryChanged.connect(folders.append)
    bench.dialogs.choose_path(tmp_path)
    button.browse()
    assert folders == [str(tmp_path)]
    assert button.property("directory") == str(tmp_path)


def test_a_widget_passes_the_scene_on(scene: Any) -> None:
    widget, heard = slicer.qMRMLWidget(), []
    widget.mrmlSceneChanged.connect(heard.append)
    widget.setMRMLScene(scene)
    widget.setMRMLScene(scene)
    assert heard == [scene]
    assert widget.mrmlScene() is scene
