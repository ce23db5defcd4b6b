"""``slicer.modules``: the modules whose logic slicer-core brings, and those that tests load."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from Testing.panels.bench.classes import create, gives, imitates

LOGICS = {
    name: f"vtkSlicer{name}{suffix}"
    for suffix, names in (
        ("ModuleLogic", "Terminologies Cameras SubjectHierarchy Segmentations Data"),
        ("Logic", "Units Tables Texts Plots Volumes Models Markups Sequences CropVolume VolumeRendering"),
    )
    for name in names.split()
} | {"Colors": "vtkSlicerColorLogic", "Transforms": "vtkSlicerTransformLogic"}


class Modules:
    """What ``slicer.modules`` is: one attribute for each module, in small letters."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"The test bench has no module slicer.modules.{name}.")


@imitates("qSlicerAbstractCoreModule")
class CoreModule:
    """A module and its logic."""

    _logic: Any = None
    _name: str = ""
    _path: str = ""

    logic = gives("_logic")
    _read_name = gives("_name")
    _read_path = gives("_path")

    def mrmlScene(self: Any) -> Any:
        return slicer.mrmlScene


@imitates("qSlicerAbstractModule")
class Module:
    """A module with a panel."""

    _widget: Any = None

    def widgetRepresentation(self: Any) -> Any:
        if self._widget is None:
            self._widget = create("qSlicerAbstractModuleWidget")
        return self._widget


@imitates("qSlicerAbstractModuleWidget")
class ModuleWidget:
    """The C++ side of a panel."""

    _python: Any = None
    _entered: bool = False

    _read_isEntered = gives("_entered")

    def enter(self: Any) -> None:
        self._entered = True
        getattr(self._python, "enter", lambda: None)()

    def exit(self: Any) -> None:
        self._entered = False
        getattr(self._python, "exit", lambda: None)()


@imitates("qSlicerScriptedLoadableModuleWidget")
class ScriptedModuleWidget:
    """The C++ side of a panel that is written in Python."""

    self = gives("_python")

    def _read_moduleName(self: Any) -> str:
        return str(self._python.moduleName)


@imitates("qSlicerModuleManager")
class ModuleManager:
    """Finds modules by name."""

    def _all(self: Any) -> dict[str, Any]:
        return {module.name: module for module in vars(slicer.modules).values() if hasattr(module, "_logic")}

    def module(self: Any, name: str) -> Any:
        return self._all().get(name)

    def modulesNames(self: Any) -> Any:
        return list(self._all())


def start_modules(application_logic: Any, scene: Any) -> None:
    """Make the logics, which register their nodes with the scene."""
    slicer.modules = Modules()
    vtk.vtkObject.GlobalWarningDisplayOff()  # the wheel lacks Slicer's files of terms and colors
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application_logic)
        application_logic.SetModuleLogic(name, logic)
        if name == "Colors":
            application_logic.SetColorLogic(logic)
        logic.SetMRMLScene(scene)
        module = create("qSlicerLoadableModule")
        module._logic, module._name = logic, name
        setattr(slicer.modules, name.lower(), module)
    vtk.vtkObject.GlobalWarningDisplayOn()
