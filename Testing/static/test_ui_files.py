"""Every ``.ui`` file loads in Slicer, explains its widgets, and fits the code that uses it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from Testing.static.checks.each import for_each
from Testing.static.checks.slicer_facts import all_facts
from Testing.static.checks.sources import IN_SLICER, MODULES, UI_FILES, relative
from Testing.static.checks.ui_file import UiFile, read_ui
from Testing.static.checks.ui_rules import (
    faults_of_file,
    missing_tooltips,
    shortcuts_of,
    unknown_names,
    unused_names,
)

WIDGETS = """
 <widget class="QPushButton" name="startButton">
  <property name="text"><string>&amp;Start</string></property>
  <property name="toolTip"><string>Start it.</string></property>
 </widget>
 <widget class="ctkSliderWidget" name="slider">
  <property name="maximum"><double>2.0</double></property>
  <property name="toolTip"><string>How much.</string></property>
 </widget>
 <widget class="QLabel" name="label">
  <property name="alignment"><set>Qt::AlignLeft|Qt::AlignTop</set></property>
 </widget>
"""
CUSTOM = (
    "<customwidgets><customwidget><class>ctkSliderWidget</class><extends>QWidget</extends>"
    "<header>ctkSliderWidget.h</header></customwidget></customwidgets>"
)
CODE = """
class Panel:
    UI_FILE = "Made.ui"

    def __init__(self):
        self.widget, self.ui = load_panel(self.UI_FILE)
        self.ui.startButton.setText("a")
        self.ui.slider.setValue(1)
"""
FAULTS = {
    'class="ctkSliderWidget" name="slider"': ('class="ctkSlidingWidget" name="slider"', "no class ctkSlidingWidget"),
    '"maximum"': ('"greatest"', "ctkSliderWidget has no property greatest"),
    "Qt::AlignTop": ("Qt::AlignHigh", "no value Qt::AlignHigh"),
    "Qt::AlignLeft": ("Qt::AlignmentFlag::AlignLeft", "Qt 5 reads Qt::AlignLeft only"),
    'name="label"': ('name="slider"', "two objects are called slider"),
    'QLabel" name="label"': ('QLabel" name="the label"', "no name that Python can use"),
    "<class>ctkSliderWidget</class>": ("<class>ctkRangeWidget</class>", "not among the custom widgets"),
    "<extends>QWidget</extends>": ("<extends>QLabel</extends>", "does not derive from QLabel"),
    "</ui>": (
        "<connections><connection><sender>slider</sender><signal>moved(double)</signal><receiver>label</receiver>"
        "<slot>setNum(double)</slot></connection></connections></ui>",
        "slider.moved(double)",
    ),
}


def a_ui_file(folder: Path, old: str = "", new: str = "") -> UiFile:
    """A made-up panel, with one text replaced by another."""
    head = '<ui version="4.0"><class>Made</class><widget class="QWidget" name="Made">'
    text = f"{head}{WIDGETS}</widget>{CUSTOM}</ui>"
    assert old in text
    path = folder / "Made.ui"
    path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return read_ui(path)


def test_a_file_is_sound() -> None:
    def check(path: Path) -> None:
        assert list(faults_of_file(read_ui(path), all_facts())) == []

    for_each(UI_FILES, check)


def test_widgets_explain_themselves() -> None:
    sources = [file.read_text(encoding="utf-8") for file in IN_SLICER]

    def check(path: Path) -> None:
        assert missing_tooltips(read_ui(path), all_facts(), sources) == []

    for_each(UI_FILES, check)


def test_names_in_code_are_in_the_files() -> None:
    panels = {file.name: read_ui(file) for file in UI_FILES}

    def check(path: Path) -> None:
        assert unknown_names(path.read_text(encoding="utf-8"), panels) == []

    for_each(IN_SLICER, check)


def test_widgets_in_the_files_are_used() -> None:
    panels = {file.name: read_ui(file) for file in UI_FILES}
    sources = [path.read_text(encoding="utf-8") for path in IN_SLICER]
    assert unused_names(sources, all_facts(), panels) == []


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_no_shortcut_is_taken_twice(module: Path) -> None:
    taken: dict[str, str] = {}
    for path in UI_FILES:
        if module in path.parents:
            taken |= shortcuts_of(read_ui(path))
    assert [key for key, times in Counter(taken.values()).items() if times > 1] == []


def test_there_are_files() -> None:
    assert [path for path in UI_FILES if path.name == "CTSMA.ui"]


def test_a_sound_file_has_no_faults(tmp_path: Path) -> None:
    ui = a_ui_file(tmp_path)
    assert list(faults_of_file(ui, all_facts())) == []
    assert missing_tooltips(ui, all_facts()) == []
    assert unknown_names(CODE, {"Made.ui": ui}) == []
    assert unused_names([CODE], all_facts(), {"Made.ui": ui}) == []
    assert shortcuts_of(ui) == {"Made.ui: startButton": "Alt+S"}


@pytest.mark.parametrize("old", FAULTS)
def test_a_fault_is_found(old: str, tmp_path: Path) -> None:
    new, expected = FAULTS[old]
    found = list(faults_of_file(a_ui_file(tmp_path, old, new), all_facts()))
    assert any(expected in text for text in found), found


def test_a_widget_without_tooltip_is_found(tmp_path: Path) -> None:
    ui = a_ui_file(tmp_path, "<string>How much.</string>", "<string/>")
    assert missing_tooltips(ui, all_facts(), [CODE]) == ["slider"]
    for call in ("allow(self.ui.slider, reason, '')", "self.ui.slider.setToolTip(reason)"):
        assert missing_tooltips(ui, all_facts(), [CODE.replace("self.ui.slider.setValue(1)", call)]) == []


def test_names_that_do_not_fit_are_found(tmp_path: Path) -> None:
    panels = {"Made.ui": a_ui_file(tmp_path)}
    code = CODE.replace("self.ui.slider", "self.ui.slidre")
    assert unknown_names(code, panels) == ["line 8: slidre is not in Made.ui"]
    assert unused_names([code], all_facts(), panels) == ["Made.ui: slider"]
