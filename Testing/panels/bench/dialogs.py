"""Windows that would wait for a person: what they said is recorded, the answer comes from the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import slicer.util

from Testing.panels.bench import facts
from Testing.panels.bench.pythonqt import QtGui, QtWidgets

_UTIL_DIALOGS = {  # function of slicer.util: kind, answer where the test gives none
    "errorDisplay": ("error", None),
    "warningDisplay": ("warning", None),
    "infoDisplay": ("info", None),
    "messageBox": ("message", QtWidgets.QMessageBox.StandardButton.Ok),
    "delayDisplay": ("delay", None),
    "confirmOkCancelDisplay": ("confirm", None),
    "confirmYesNoDisplay": ("confirm", None),
    "confirmRetryCloseDisplay": ("confirm", None),
}
_MESSAGE_BOXES = ("about", "critical", "information", "question", "warning")
_FILE_DIALOGS = ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory")
_FORBIDDEN = {
    QtWidgets.QDialog: ("exec", "exec_"),
    QtWidgets.QMenu: ("exec", "exec_"),
    QtWidgets.QInputDialog: ("getText", "getItem", "getInt", "getDouble", "getMultiLineText"),
    QtWidgets.QColorDialog: ("getColor",),
}


class UnansweredError(AssertionError):
    """A window would wait for an answer that the test did not give."""


@dataclass
class Shown:
    """A window that was shown: its kind (error, warning, info, confirm, file ...), text, and arguments."""

    kind: str
    text: str
    details: dict[str, Any] = field(default_factory=dict)


class Dialogs:
    """What was shown, and the answers to come."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.status_messages: list[str] = []
        self.opened_urls: list[str] = []
        self._answers: list[bool] = []
        self._paths: list[Any] = []

    def answer(self, *answers: bool) -> None:
        """Give the answers to the next questions: True for OK, Yes or Retry."""
        self._answers.extend(answers)

    def choose_path(self, *paths: Any) -> None:
        """Give the choices in the next file dialogs; "" for a canceled one, a tuple where several files are chosen."""
        self._paths.extend(tuple(map(str, path)) if isinstance(path, list | tuple) else str(path) for path in paths)

    def texts(self, kind: str = "") -> list[str]:
        """What the windows (of a kind) said."""
        return [shown.text for shown in self.shown if kind in ("", shown.kind)]

    def reset(self) -> None:
        """Forget everything; done before each test."""
        self.__init__()

    def ask(self, text: str, **details: Any) -> bool:
        """Record a question and take its answer."""
        self.shown.append(Shown("confirm", text, details))
        if not self._answers:
            raise UnansweredError(f"A question waits for an answer, give it with bench.dialogs.answer(...): {text}")
        return self._answers.pop(0)

    def ask_path(self, caption: str, **details: Any) -> Any:
        """Record a file dialog and take the choice."""
        self.shown.append(Shown("file", caption, details))
        if not self._paths:
            raise UnansweredError(f"A file dialog opens, choose with bench.dialogs.choose_path(...): {caption}")
        return self._paths.pop(0)


def install_dialogs(dialogs: Dialogs) -> None:
    """Replace all that would wait for a person."""
    for name, (kind, result) in _UTIL_DIALOGS.items():
        setattr(slicer.util, name, _util_dialog(dialogs, name, kind, result))
    slicer.util.showStatusMessage = lambda message, duration=0: dialogs.status_messages.append(message) or True
    for name in _MESSAGE_BOXES:
        setattr(QtWidgets.QMessageBox, name, _refused(f"QMessageBox.{name}", "use the functions of slicer.util"))
    for name in _FILE_DIALOGS:
        setattr(QtWidgets.QFileDialog, name, _file_dialog(dialogs, name))
    for cls, names in _FORBIDDEN.items():
        for name in names:
            setattr(cls, name, _refused(f"{cls.__name__}.{name}", "tests cannot answer it"))
    QtGui.QDesktopServices.openUrl = staticmethod(lambda url: dialogs.opened_urls.append(url.toString()) or True)


def _util_dialog(dialogs: Dialogs, name: str, kind: str, result: Any) -> Callable[..., Any]:
    signature = facts.python_signature("slicer.util", name)

    def show(*arguments: Any, **keywords: Any) -> Any:
        details = dict(signature.bind(*arguments, **keywords).arguments)
        details |= details.pop("kwargs", {})
        text = details.pop(next(iter(signature.parameters)))
        if kind == "confirm":
            return dialogs.ask(text, **details)
        dialogs.shown.append(Shown(kind, text, details))
        return result

    return show


def _file_dialog(dialogs: Dialogs, name: str) -> Any:
    def choose(parent: Any = None, caption: str = "", directory: str = "", *more: Any) -> Any:
        """PythonQt answers with the path alone, PySide6 with the path and the filter."""
        chosen = dialogs.ask_path(caption, directory=directory, filter=more[0] if more else "", function=name)
        if name == "getOpenFileNames":
            return chosen if isinstance(chosen, tuple) else (chosen,) if chosen else ()
        return chosen

    return staticmethod(choose)


def _refused(what: str, why: str) -> Any:
    def refuse(*arguments: Any, **keywords: Any) -> Any:
        raise UnansweredError(f"{what} would block: {why}.")

    return refuse
