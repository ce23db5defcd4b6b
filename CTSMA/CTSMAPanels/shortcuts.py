"""Keys that act while a module is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


class Keys:
    """Shortcuts that act only while they are switched on.

    Args:
        parent: widget that they belong to; they act while it is shown.
        actions: key to what it does.
    """

    def __init__(self, parent: Any, actions: dict[str, Callable[[], None]]) -> None:
        self.shortcuts: dict[str, Any] = {}
        for key, action in actions.items():
            shortcut = qt.QShortcut(parent)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.setContext(qt.Qt.ApplicationShortcut)  # views have the focus, not the panel
            shortcut.activated.connect(action)
            shortcut.setEnabled(False)
            self.shortcuts[key] = shortcut

    def switch(self, on: bool) -> None:
        """Let the keys act, or not."""
        for shortcut in self.shortcuts.values():
            shortcut.setEnabled(on)
