"""Pages of the application's settings."""

from __future__ import annotations

from typing import Any

import ctk
import pytest
import qt
import slicer

KEY = "Bench/Name"
CHANGED = "2textChanged(QString)"


@pytest.fixture
def a_page(scene: Any) -> Any:
    """A page whose only field is bound, before the application has it."""
    page = ctk.ctkSettingsPanel()
    page._field = qt.QLineEdit(page)
    page.registerProperty(KEY, page._field, "text", CHANGED)
    return page


def test_a_stored_value_comes_into_the_field_and_back(a_page: Any) -> None:
    slicer.app.settings().setValue(KEY, "before")
    slicer.app.settingsDialog().addPanel("Bench", a_page)
    assert a_page._field.text == "before"
    heard: list[tuple[str, Any]] = []
    slicer.app.settingsDialog().settingChanged.connect(lambda key, value: heard.append((key, value)))
    a_page._field.setText("after")
    assert slicer.app.settings().value(KEY) == "after"
    assert heard == [(KEY, "after")]


def test_cancel_takes_back_and_ok_keeps(a_page: Any) -> None:
    dialog = slicer.app.settingsDialog()
    dialog.addPanel("Bench", a_page)
    a_page._field.setText("kept")
    dialog.accept()
    a_page._field.setText("dropped")
    dialog.reject()
    assert slicer.app.settings().value(KEY) == a_page._field.text == "kept"
    dialog.restoreDefaultSettings()
    assert slicer.app.settings().value(KEY) == ""


def test_each_test_has_a_dialog_of_its_own(bench: Any, a_page: Any) -> None:
    a_page.setObjectName("A page")
    slicer.app.settingsDialog().addPanel("Bench", a_page)
    assert slicer.app.settingsDialog().findChild(qt.QWidget, "A page") is a_page
    bench.reset()
    assert slicer.app.settingsDialog().findChild(qt.QWidget, "A page") is None


def test_what_slicer_refuses_is_refused(scene: Any) -> None:
    page = ctk.ctkSettingsPanel()
    with pytest.raises(TypeError, match="SIGNAL"):
        page.registerProperty(KEY, qt.QLineEdit(page), "text", "textChanged(QString)")


def test_a_box_is_chosen_by_the_data_of_its_entries(scene: Any) -> None:
    box = ctk.ctkComboBox()
    for name in ("", "one", "two"):
        box.addItem(f"Number {name}", name)
    box.setCurrentUserDataAsString("two")
    assert (box.currentIndex, box.property("currentUserDataAsString")) == (2, "two")
