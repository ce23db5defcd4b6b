"""The application's settings: pages whose widgets are bound to stored values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from Testing.panels.bench.classes import imitates
from Testing.panels.bench.pythonqt import QtWidgets

SIGNATURE = re.compile(r"2(\w+)\(.*\)")  # as the macro SIGNAL makes it


@dataclass
class _Bound:
    """A property of a widget that is kept; ``default`` and ``before`` are what it can go back to."""

    target: Any
    name: str
    default: Any
    before: Any

    def value(self) -> Any:
        return self.target.property(self.name)

    def put(self, value: Any) -> None:
        """Give the widget a stored value; files of settings hold text."""
        kind = type(self.value())
        self.target.setProperty(self.name, int(value) if kind is int else value)


@imitates("ctkSettingsPanel")
class SettingsPanel:
    """Keeps properties of widgets in the settings, as soon as they change."""

    def _created(self: Any) -> None:
        self._bound: dict[str, _Bound] = {}
        self._stored: Any = None

    def _take(self: Any, stored: Any) -> None:
        self._stored = stored
        self.reloadSettings()

    def registerProperty(self: Any, key: str, target: Any, name: str, signal: str, *_more: Any) -> None:
        found = SIGNATURE.fullmatch(signal)
        if found is None:
            raise TypeError(f"{signal!r} is not what SIGNAL() makes; Slicer would not connect it.")
        value = target.property(name)
        self._bound[key] = _Bound(target, name, value, value)
        getattr(target, found[1]).connect(lambda *_args: self._keep(key))
        if self._stored is not None:
            self.reloadSettings()

    def reloadSettings(self: Any) -> None:
        if self._stored is None:
            return
        for key, bound in self._bound.items():
            if self._stored.contains(key):
                bound.put(self._stored.value(key))
                bound.before = bound.value()
            else:
                self._keep(key)

    def _keep(self: Any, key: str) -> None:
        if self._stored is None:
            return
        before, value = self._stored.value(key), self._bound[key].value()
        self._stored.setValue(key, value)
        if before != value:
            self.settingChanged.emit(key, value)

    def applySettings(self: Any) -> None:
        for bound in self._bound.values():
            bound.before = bound.value()

    def resetSettings(self: Any) -> None:
        for bound in self._bound.values():
            bound.put(bound.before)

    def restoreDefaultSettings(self: Any) -> None:
        for bound in self._bound.values():
            bound.put(bound.default)


@imitates("ctkSettingsDialog")
class SettingsDialog:
    """Pages by their label."""

    def _created(self: Any) -> None:
        self._pages: dict[str, Any] = {}
        self._stored: Any = None
        self._stack = QtWidgets.QTabWidget()
        QtWidgets.QVBoxLayout(self).addWidget(self._stack)

    def addPanel(self: Any, *arguments: Any) -> None:
        (page,) = (one for one in arguments if isinstance(one, QtWidgets.QWidget) and one not in self._pages.values())
        label = arguments[0] if isinstance(arguments[0], str) else page.windowTitle
        self._pages[label] = page
        self._stack.addTab(page, label)
        page.settingChanged.connect(self.settingChanged)
        page._take(self._stored)

    def setCurrentPanel(self: Any, page: Any) -> None:
        self._stack.setCurrentWidget(self._pages[page] if isinstance(page, str) else page)

    def applySettings(self: Any) -> None:
        for page in self._pages.values():
            page.applySettings()

    def resetSettings(self: Any) -> None:
        for page in self._pages.values():
            page.resetSettings()

    def restoreDefaultSettings(self: Any) -> None:
        for page in self._pages.values():
            page.restoreDefaultSettings()

    def reloadSettings(self: Any) -> None:
        for page in self._pages.values():
            page.reloadSettings()

    def accept(self: Any) -> None:
        self.applySettings()
        self.hide()

    def reject(self: Any) -> None:
        self.resetSettings()
        self.hide()
