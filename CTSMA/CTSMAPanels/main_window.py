"""What only an application with a main window has: an arrangement of views, and other modules to turn to."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _


def views_node() -> Any:
    """The node of the arrangement of views; ``None`` without a main window."""
    manager = slicer.app.layoutManager()
    return manager.layoutLogic().GetLayoutNode() if manager is not None else None


def why_no_views() -> str:
    """Why views cannot be arranged and other modules not be opened; empty where they can."""
    return "" if views_node() is not None else _("There is no main window.")


def why_not_open(module: str) -> str:
    """Why a module of the application cannot be opened; empty where it can.

    Args:
        module: name, as Slicer writes it in lower case in ``slicer.modules``.
    """
    if why_no_views():
        return why_no_views()
    if not hasattr(slicer.modules, module.lower()):
        return _("The module {name} is not installed.").format(name=module)
    return ""


def open_module(module: str) -> None:
    """Turn to another module; nothing without a main window."""
    if not why_no_views():
        slicer.util.selectModule(module)
