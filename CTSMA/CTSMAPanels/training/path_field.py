"""A field for a path that is taken when it was entered, not letter by letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from CTSMAPanels.qt_values import on_path, put, value_of


class PathField:
    """Tells of a path once it was typed to its end, browsed for, chosen from the list, or cleared.

    ``currentPathChanged`` tells of every letter, and whatever exists on the way, as ``/data``, would be taken.

    Args:
        edit: ``ctkPathLineEdit``.
        on_chosen: called with the path; empty for none.
    """

    def __init__(self, edit: Any, on_chosen: Callable[[str], None]) -> None:
        self._edit, self._on_chosen = edit, on_chosen
        self._typing = False  # in letters that nobody was told of
        self._told = self.path
        line = edit.comboBox().lineEdit()
        line.textEdited.connect(lambda *_args: self._typed())  # by a person, and told before the path changes
        line.editingFinished.connect(lambda *_args: self.settle())
        on_path(edit, lambda *_args: self._changed())

    @property
    def path(self) -> str:
        """What is in the field."""
        return str(value_of(self._edit, "currentPath") or "").strip()

    def show(self, path: str) -> None:
        """Show a path without telling anybody; what is being typed stays."""
        if self._typing:
            return
        self._told = path
        if value_of(self._edit, "currentPath") != path:
            put(self._edit, "setCurrentPath", path)

    def settle(self) -> None:
        """Take what was typed: buttons do not end typing by themselves everywhere."""
        if self._typing:
            self._typing = False
            self._tell()

    def _typed(self) -> None:
        self._typing = True

    def _changed(self) -> None:
        if not self.path:  # CTK holds nothing for no acceptable input, of which Qt never tells that it was finished
            self._typing = False
        if not self._typing:
            self._tell()

    def _tell(self) -> None:
        path = self.path
        if path != self._told:
            self._told = path
            self._on_chosen(path)
