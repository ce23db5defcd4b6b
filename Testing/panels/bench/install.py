"""Puts the stand-ins in place, once for a process."""

from __future__ import annotations

import functools
import sys
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

import slicer
import slicer.util

from Testing.panels.bench import controls, layout_manager, pictures, plot_views, pythonqt, settings_dialog, views
from Testing.panels.bench.application import SubjectHierarchyFiller, new_scene
from Testing.panels.bench.classes import class_named, create
from Testing.panels.bench.dialogs import Dialogs, install_dialogs
from Testing.panels.bench.module_loading import LoadedModule
from Testing.panels.bench.modules import start_modules
from Testing.panels.bench.python_layer import Recorder, install_python_layer
from Testing.panels.bench.ui_files import UiLoader, know_qt_widgets
from Testing.panels.bench.views import register_displayable_managers

BEHAVIORS = (controls, layout_manager, plot_views, settings_dialog, views)  # importing them is what registers them


class Bench:
    """What tests hold: the application, what was shown and called, pictures, modules.

    Attributes:
        app: ``slicer.app``.
        dialogs: windows that were shown, and the answers to come.
        calls: calls that a real Slicer would act on (packages, sample data, switching modules).
        errors: texts of exceptions in slots and observers, which Qt and VTK swallow; a test with any fails.
    """

    view_picture = staticmethod(pictures.view_picture)
    widget_picture = staticmethod(pictures.widget_picture)
    window_picture = staticmethod(pictures.window_picture)
    save_picture = staticmethod(pictures.save_picture)

    def __init__(self) -> None:
        self.dialogs = Dialogs()
        self.calls = Recorder()
        self.errors: list[str] = []
        self.scene, logic = new_scene()
        self.app = create("qSlicerApplication", ["Slicer"])
        slicer.app, slicer.mrmlScene = self.app, self.scene
        register_displayable_managers(logic)
        start_modules(logic, self.scene)
        self.app._furnish(self.scene, logic)
        slicer.dicomDatabase = self.app.dicomDatabase()
        self._filler = SubjectHierarchyFiller(self.scene)
        self._modules: list[LoadedModule] = []

    def load_module(self, path: Path | str) -> LoadedModule:
        """Load a scripted module and set its panel up; it is closed after the test."""
        self._modules.append(LoadedModule(path))
        return self._modules[-1]

    def process_events(self, milliseconds: int = 0) -> None:
        """Let Qt deliver events, for some time."""
        if milliseconds:
            loop = pythonqt.QtCore.QEventLoop()
            pythonqt.QtCore.QTimer.singleShot(milliseconds, loop.quit)
            loop.exec()
        self.app.processEvents()

    def finish_startup(self) -> None:
        """The application has started: modules that waited for that are told, once."""
        self.app.startupCompleted.emit()
        self._forget_startup()

    def _forget_startup(self) -> None:
        with warnings.catch_warnings(action="ignore"):  # when nothing is connected
            self.app.startupCompleted.disconnect()

    def add_dicom_series(self, series_uid: str, files: dict[str, Path | str]) -> None:
        """Put a series into ``slicer.dicomDatabase``: paths by instance UID."""
        slicer.dicomDatabase._series[series_uid] = {uid: str(path) for uid, path in files.items()}

    def click(self, view: Any, x: int, y: int, button: str = "Left") -> None:
        """Press and release a mouse button in a slice or 3D view; (0, 0) is the lower left corner."""
        interactor = view.interactor()
        interactor.SetEventPosition(x, y)
        for event in ("MouseMove", f"{button}ButtonPress", f"{button}ButtonRelease"):
            interactor.InvokeEvent(f"{event}Event")

    def select_points(self, plot_widget: Any, series_id: str, rows: list[int]) -> None:
        """Click points of a series in a plot view."""
        plot_widget.plotView()._select(series_id, rows)

    def reset(self) -> None:
        """Close modules, clear the scene, delete panels, forget what was shown."""
        for module in self._modules:
            module.close()
        self._modules.clear()
        self._delete_panels()
        self._forget_startup()
        self.scene.Clear(0)
        self.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCursorPositionInvalid()  # a singleton: it stays
        manager = self.app.layoutManager()
        manager._start_over()
        self.app.settings().clear()
        self.app._new_settings_dialog()
        slicer.dicomDatabase._series.clear()
        self.dialogs.reset()
        self.calls.calls.clear()
        self.errors.clear()
        self.process_events()

    def _delete_panels(self) -> None:
        """Delete the windows that tests have left.

        Signals keep what they are connected to, and that keeps the widgets: no panel would ever go by itself.
        """
        kept = {self.app.settingsDialog(), *self.app.layoutManager()._widgets.values()}
        for widget in pythonqt.QtWidgets.QApplication.topLevelWidgets():
            if pythonqt.shiboken6.isValid(widget) and widget.parentWidget() is None and widget not in kept:
                pythonqt.shiboken6.delete(widget)

    def close(self) -> None:
        """Take apart what would crash when the process ends."""
        self.reset()
        self.app.layoutManager()._close_views()

    def note_error(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        """Keep an exception that Qt or VTK swallows; serves as ``sys.excepthook``."""
        self.errors.append("".join(traceback.format_exception(kind, error, trace)))
        sys.__excepthook__(kind, error, trace)


class _Names(types.ModuleType):
    """A module whose names are made when they are asked for."""

    def __init__(self, name: str, find: Any) -> None:
        super().__init__(name)
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._find(name)


def _find_ctk(name: str) -> Any:
    if not name.startswith("ctk"):
        raise AttributeError(f"There is no ctk.{name}.")
    return class_named(name)


def _find_slicer(name: str) -> Any:
    if name.startswith(("qMRML", "qSlicer")):
        return class_named(name)
    raise AttributeError(f"There is no slicer.{name}.")


def _find_qt(name: str) -> Any:
    return UiLoader if name == "QUiLoader" else pythonqt.qt_name(name)


@functools.cache
def install() -> Bench:
    """Install the bench; the same object each time."""
    pythonqt.make_like_pythonqt()
    know_qt_widgets()
    pythonqt.QtCore.qInstallMessageHandler(_print_qt_message)
    sys.modules["qt"] = _Names("qt", _find_qt)
    sys.modules["ctk"] = _Names("ctk", _find_ctk)
    for name in ("vtkITK", "vtkTeem", "vtkSegmentationCore", "vtkAddonPython"):
        sys.modules.setdefault(name, sys.modules.get(f"slicer_core.{name}", types.ModuleType(name)))
    slicer.__getattr__ = _find_slicer
    for name in vars(slicer.util):  # the wheel puts them into slicer as well, the application does not
        if vars(slicer).get(name) is vars(slicer.util)[name] and not name.startswith("_"):
            delattr(slicer, name)
    bench = Bench()
    install_dialogs(bench.dialogs)
    install_python_layer(slicer, bench.calls)
    return bench


def _print_qt_message(kind: Any, context: Any, message: str) -> None:
    if "propagateSizeHints" not in message:
        print(f"Qt: {message}", file=sys.stderr)
