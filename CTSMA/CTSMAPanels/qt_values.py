"""Reading values of widgets.

Slicer's PythonQt gives properties as attributes, other bindings give them as methods; asking for the property by
its name works in both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def value_of(widget: Any, name: str) -> Any:
    """The value of a Qt property, for example ``value_of(slider, "value")``."""
    return widget.property(name)


def choose(combo_box: Any, data: Any) -> None:
    """Let a combo box show the entry with the given user data, without telling anybody."""
    index = combo_box.findData(data)
    if index == value_of(combo_box, "currentIndex"):
        return
    blocked = combo_box.blockSignals(True)
    combo_box.setCurrentIndex(index)
    combo_box.blockSignals(blocked)


def put(widget: Any, setter: str, value: Any) -> None:
    """Call a setter without the widget telling anybody: the value comes from the state."""
    blocked = widget.blockSignals(True)
    getattr(widget, setter)(value)
    widget.blockSignals(blocked)


def on_path(edit: Any, changed: Callable[..., None]) -> None:
    """Call a function whenever the path of a ``ctkPathLineEdit`` changes, also when it is cleared.

    An empty field has no acceptable input for CTK, so ``currentPathChanged`` does not tell that it became empty.
    """
    edit.currentPathChanged.connect(changed)
    edit.validInputChanged.connect(changed)


def allow(button: Any, reason: str, otherwise: str) -> None:
    """Enable a button, or disable it and say why.

    Args:
        button: any button.
        reason: why it is disabled; empty enables it.
        otherwise: the tooltip of the enabled button.
    """
    button.setEnabled(not reason)
    button.setToolTip(reason or otherwise)
