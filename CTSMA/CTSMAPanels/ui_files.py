"""Loading the panels' ``.ui`` files."""

from __future__ import annotations

from typing import Any

import qt
import slicer

from CTSMALib.resources import resource


def load_panel(file: str) -> tuple[Any, Any]:
    """Load a panel.

    Args:
        file: name of a file in ``Resources/UI``.

    Returns:
        The widget, and its named children as attributes.
    """
    widget = slicer.util.loadUI(str(resource(f"UI/{file}")))
    return widget, slicer.util.childWidgetVariables(widget)


def set_icon(button: Any, name: str) -> None:
    """Give a button an icon of ``Resources/Icons``."""
    button.setIcon(qt.QIcon(str(resource(f"Icons/{name}.svg"))))
