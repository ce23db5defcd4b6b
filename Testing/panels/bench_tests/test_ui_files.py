"""``.ui`` files: what Slicer would not understand is refused, the rest arrives on the widgets."""

from __future__ import annotations

from typing import Any

import pytest
import qt
import slicer

from Testing.panels.bench.ui_files import UiFileError, load_ui
from Testing.panels.bench_tests.tiny_module import UI


def with_change(old: str, new: str) -> bytes:
    assert old in UI
    return UI.replace(old, new, 1).encode()


def test_values_arrive(scene: Any) -> None:
    root = load_ui(UI.encode(), "Tiny.ui")
    ui = slicer.util.childWidgetVariables(root)
    assert (ui.level.value, ui.level.maximum) == (100.0, 500.0)
    assert ui.level.tickPosition == int(qt.QSlider.TicksBelow)
    assert ui.folder.filters == ui.folder.Dirs | ui.folder.Readable
    assert ui.input.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert ui.input.property("SlicerParameterName") == "input"
    assert ui.inputLabel.alignment == qt.Qt.AlignRight | qt.Qt.AlignVCenter
    assert ui.box.text == "Inputs"


def test_connections_are_made(scene: Any) -> None:
    root = load_ui(UI.encode(), "Tiny.ui")
    root.setMRMLScene(scene)
    assert slicer.util.childWidgetVariables(root).input.mrmlScene() is scene


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"QPushButton"', '"QPushButon"', "Tiny.ui: apply: there is no class QPushButon"),
        ('"ctkSliderWidget"', '"ctkSliderWidgt"', "level: there is no class ctkSliderWidgt"),
        ("<class>ctkSliderWidget</class>", "<class>ctkNope</class>", "there is no class ctkNope"),
        ("<extends>QWidget", "<extends>QLabel", "qMRMLWidget does not extend QLabel"),
        ('"maximum"', '"maximun"', "ctkSliderWidget has no property 'maximun'"),
        ('"alignment"', '"alignement"', "QLabel has no property 'alignement'"),
        ('"noneEnabled"', '"noneAllowed"', "qMRMLNodeComboBox has no property 'noneAllowed'"),
        ("QSlider::TicksBelow", "QSlider::TicksBeneath", "level: there is no QSlider::TicksBeneath"),
        ("Qt::AlignTop", "Qt::AlignHigh", "level: there is no Qt::AlignHigh"),
        ("ctkPathLineEdit::Dirs", "ctkPathLineEdit::Folders", "folder: there is no ctkPathLineEdit::Folders"),
        ("Qt::AlignRight", "Qt::AlignRigth", "no value of QLabel.alignment"),
        ('"SlicerParameterName" stdset="0"', '"ParameterName" stdset="0"', "has no property 'ParameterName'"),
        ("<signal>mrmlSceneChanged(", "<signal>sceneChanged(", "qMRMLWidget has no sceneChanged"),
        ("<slot>setMRMLScene(vtkMRMLScene*)", "<slot>setMRMLScene(QWidget*)", "has no setMRMLScene\\(QWidget"),
        ("<receiver>input", "<receiver>output", "output, which is no widget"),
    ],
)
def test_mistakes_are_refused(scene: Any, old: str, new: str, words: str) -> None:
    with pytest.raises(UiFileError, match=words):
        load_ui(with_change(old, new), "Tiny.ui")


def test_a_missing_file_is_told(scene: Any) -> None:
    with pytest.raises(RuntimeError, match="not found"):
        slicer.util.loadUI("nowhere.ui")
