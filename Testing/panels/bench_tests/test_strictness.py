"""What Slicer would refuse, the bench refuses, and says why."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import ctk
import pytest
import qt
import slicer

from Testing.panels.bench import classes, facts


def refused(error: type[Exception], words: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=words):
        call()


def test_properties_of_qt_are_values(scene: Any) -> None:
    button = qt.QPushButton("Apply")
    assert button.text == "Apply"
    assert button.property("text") == "Apply"
    refused(TypeError, "not callable", lambda: button.text())
    button.setText("Cancel")
    assert button.text == "Cancel"
    slider = qt.QSlider()
    slider.setMaximum(10)
    slider.setValue(4)
    assert (slider.value, slider.maximum, slider.isEnabled()) == (4, 10, True)
    assert qt.QLabel("x").sizeHint.width() > 0
    refused(TypeError, "not callable", lambda: slider.value())


def test_objects_made_by_qt_are_like_those_made_in_python(scene: Any) -> None:
    box = qt.QGroupBox("Box")
    column = qt.QVBoxLayout(box)
    column.addWidget(qt.QLineEdit("text"))
    assert box.layout().spacing >= 0
    assert box.children()[1].text == "text"
    box.setObjectName("box")
    assert (box.name, box.className()) == ("box", "QGroupBox")


def test_unknown_names_of_qt_objects_are_refused(scene: Any) -> None:
    label = qt.QLabel()
    refused(AttributeError, "'nope'", lambda: label.nope)
    refused(AttributeError, "C\\+\\+ class: its attribute 'nope'", lambda: setattr(label, "nope", 1))
    refused(AttributeError, "no property 'nope'", lambda: label.property("nope"))
    refused(AttributeError, "Qt would invent it", lambda: label.setProperty("nope", 1))
    refused(AttributeError, "cannot be set to", lambda: label.setProperty("sizeHint", 3))
    refused(TypeError, "SIGNAL", lambda: label.connect("linkActivated(QString)", print))
    refused(AttributeError, "There is no qt.QNope", lambda: qt.QNope)
    refused(AttributeError, "use a callback", lambda: qt.Signal)


def test_invented_properties_and_own_classes_are_possible(scene: Any) -> None:
    label = qt.QLabel()
    label.setProperty("CTSMAKey", "bv_tv")
    assert label.property("CTSMAKey") == "bv_tv"

    class Panel(qt.QWidget):
        pass

    panel = Panel()
    panel.state = 3
    assert panel.state == 3


def test_setters_that_are_no_slots_do_not_exist(scene: Any) -> None:
    slider, button = ctk.ctkSliderWidget(), ctk.ctkCollapsibleButton()
    refused(AttributeError, "ctkSliderWidget.setRange exists in C\\+\\+ only", lambda: slider.setRange(0, 1))
    refused(AttributeError, "use the property 'maximum'", lambda: slider.setMaximum(1))
    refused(AttributeError, "use the property 'collapsed'", lambda: button.setCollapsed(True))
    refused(AttributeError, "does not see it", lambda: slider.spinBox())
    refused(AttributeError, "has no 'nope' in Slicer", lambda: slider.nope)
    refused(AttributeError, "'nope' does not exist", lambda: setattr(slider, "nope", 1))
    refused(TypeError, "not callable", lambda: slider.value())
    refused(AttributeError, "cannot be set|read-only", lambda: setattr(slicer.app, "majorVersion", 6))


def test_calls_are_checked(scene: Any) -> None:
    slider, selector = ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox()
    refused(TypeError, "Slicer has setValue\\(double\\)", lambda: slider.setValue())
    refused(TypeError, "is called with \\(str\\)", lambda: slider.setValue("1"))
    refused(TypeError, "is called with \\(float, float\\)", lambda: slider.setValue(1.0, 2.0))
    refused(TypeError, "setCurrentNode\\(vtkMRMLNode\\*\\) or", lambda: selector.setCurrentNode(3))
    refused(TypeError, "of type double", lambda: setattr(slider, "maximum", "high"))
    refused(NotImplementedError, "does not imitate", lambda: selector.editCurrentNode())


def test_construction_is_as_in_pythonqt(scene: Any) -> None:
    refused(TypeError, "a parent only", lambda: ctk.ctkCollapsibleButton("Inputs"))
    refused(TypeError, "keyword", lambda: ctk.ctkCollapsibleButton(text="Inputs"))
    refused(TypeError, "cannot be created in Python", lambda: slicer.qMRMLAbstractViewWidget())
    assert ctk.ctkCollapsibleButton(None).parent() is None
    parent = qt.QWidget()
    assert ctk.ctkCollapsibleButton(parent).parent() is parent


def test_classes_that_slicer_lacks_are_refused(scene: Any) -> None:
    refused(AttributeError, "extract_slicer_api.py", lambda: ctk.ctkNope)
    refused(AttributeError, "extract_slicer_api.py", lambda: slicer.qMRMLNope)
    refused(AttributeError, "no slicer.nope", lambda: slicer.nope)
    refused(AttributeError, "no module slicer.modules.nope", lambda: slicer.modules.nope)
    refused(AttributeError, "no slicer.getNode", lambda: slicer.getNode)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nodes", "defines 'nodes', which qMRMLNodeComboBox lacks"),
        ("model", "defines 'model', which qMRMLNodeComboBox lacks"),
        ("_read_nope", "no property 'nope'"),
        ("_write_nope", "no property 'nope'"),
    ],
)
def test_a_behavior_beyond_the_real_class_is_refused(name: str, words: str) -> None:
    behavior = type("Behavior", (), {name: lambda self: None})
    refused(facts.NotInSlicerError, words, lambda: classes.build_class("qMRMLNodeComboBox", behavior))


def test_a_behavior_within_the_real_class_is_accepted() -> None:
    behavior = type("Behavior", (), {"nodeCount": lambda self: 7, "resizeEvent": lambda self, event: None})
    assert classes.build_class("qMRMLNodeComboBox", behavior)().nodeCount() == 7


def test_signals_have_the_real_signatures(scene: Any) -> None:
    selector, slider = slicer.qMRMLNodeComboBox(), ctk.ctkSliderWidget()
    refused(AttributeError, "has no 'nodeChanged'", lambda: selector.nodeChanged)
    refused(TypeError, "only accepts 1 argument|needs 1 argument", lambda: slider.valueChanged.emit())


def test_signals_send_what_pythonqt_sends(scene: Any) -> None:
    button, heard = qt.QPushButton(), []
    button.clicked.connect(lambda: heard.append("nothing"))
    button.clicked.connect(lambda *arguments: heard.append(arguments))
    button.clicked.connect(functools.partial(heard.append))
    button.click()
    assert heard == ["nothing", (False,), False]
    refused(TypeError, "a function or method", lambda: button.clicked.connect("apply"))


def test_lists_come_back_as_tuples(scene: Any) -> None:
    selector = slicer.qMRMLNodeComboBox()
    selector.setProperty("nodeTypes", ["vtkMRMLModelNode"])
    assert selector.nodeTypes == ("vtkMRMLModelNode",)
    assert selector.property("nodeTypes") == ("vtkMRMLModelNode",)
    assert isinstance(slicer.app.layoutManager().sliceViewNames(), tuple)


def test_an_exception_in_a_slot_is_kept(bench: Any, scene: Any) -> None:
    def fail() -> None:
        raise ValueError("in a slot")

    button = qt.QPushButton()
    button.clicked.connect(fail)
    button.click()
    assert "in a slot" in bench.errors[0]
    bench.errors.clear()


def test_an_exception_in_an_observer_is_kept(bench: Any, scene: Any) -> None:
    def fail(*arguments: Any) -> None:
        raise ValueError("in an observer")

    tag = scene.AddObserver(scene.NodeAddedEvent, fail)
    scene.AddNewNodeByClass("vtkMRMLTextNode")
    scene.RemoveObserver(tag)
    assert "in an observer" in bench.errors[0]
    bench.errors.clear()
