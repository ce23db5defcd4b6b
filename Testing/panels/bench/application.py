"""``slicer.app`` and what hangs on it: scene, settings, files, the DICOM database."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import shiboken6
import slicer

from Testing.panels.bench import facts
from Testing.panels.bench.classes import create, gives, imitates
from Testing.panels.bench.node_widgets import SceneFollower
from Testing.panels.bench.pythonqt import QtCore

READERS = {  # how the logics read a file: module, method
    "VolumeFile": ("volumes", "AddArchetypeVolume"),
    "ModelFile": ("models", "AddModel"),
    "TableFile": ("tables", "AddTable"),
    "MarkupsFile": ("markups", "LoadMarkups"),
    "SegmentationFile": ("segmentations", "LoadSegmentationFromFile"),
}


@imitates("qSlicerApplication")
class Application:
    """The application object."""

    def _furnish(self: Any, scene: Any, logic: Any) -> None:
        self._scene, self._logic = scene, logic
        self._files = create("qSlicerIOManager")
        self._module_manager = create("qSlicerModuleManager")
        self._layout_manager = create("qSlicerLayoutManager")
        self._layout_manager._furnish(logic, scene)
        self._dicom = create("ctkDICOMDatabase")
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        folder = Path(self._folder.name)
        scene.GetCacheManager().SetRemoteCacheDirectory(str(folder))  # where scene bundles are unpacked
        scene.GetDataIOManager().SetCacheManager(scene.GetCacheManager())
        version = [int(part) for part in facts.all_facts()["meta"]["slicer"]["version"].split(".")]
        self._values |= {"slicerHome": str(folder / "home"), "temporaryPath": str(folder)}
        self._values |= {"majorVersion": version[0], "minorVersion": version[1], "isInstalled": True}
        for setter in (self.setOrganizationName, self.setApplicationName):
            setter("Slicer")
        self.setApplicationVersion(".".join(map(str, version)))
        formats, user = QtCore.QSettings.Format, QtCore.QSettings.Scope.UserScope
        QtCore.QSettings.setDefaultFormat(formats.IniFormat)
        for kind in (formats.IniFormat, formats.NativeFormat):  # never the user's own settings
            QtCore.QSettings.setPath(kind, user, str(folder / "settings"))
        self._settings = QtCore.QSettings()
        self._settings_dialog = None
        self._new_settings_dialog()

    def _new_settings_dialog(self: Any) -> None:
        """As after a fresh start: without the pages of modules."""
        if self._settings_dialog is not None:
            shiboken6.delete(self._settings_dialog)  # now, and not when somebody runs an event loop
        self._settings_dialog = create("ctkSettingsDialog")
        self._settings_dialog._stored = self._settings

    mrmlScene = gives("_scene")
    applicationLogic = gives("_logic")
    layoutManager = gives("_layout_manager")
    moduleManager = gives("_module_manager")
    coreIOManager = ioManager = gives("_files")
    settings = userSettings = revisionUserSettings = gives("_settings")
    settingsDialog = gives("_settings_dialog")
    dicomDatabase = gives("_dicom")

    def moduleLogic(self: Any, name: str) -> Any:
        return self._logic.GetModuleLogic(name)

    def testingEnabled(self: Any) -> bool:
        return False

    def setRenderPaused(self: Any, paused: bool) -> None:
        """Views draw only when a test looks."""

    def pauseRender(self: Any) -> None:
        """Views draw only when a test looks."""

    def resumeRender(self: Any) -> None:
        """Views draw only when a test looks."""


@imitates("qSlicerCoreIOManager")
class IOManager:
    """Reads and writes nodes and scenes with the logics and storage nodes of slicer-core."""

    def loadNodes(self: Any, kind: str, properties: dict[str, Any], nodes: Any = None, messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(path, bool(properties.get("clear", False)))
        name = properties.get("name") or Path(path).name.split(".")[0]
        if kind == "TransformFile":
            node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
            node.AddDefaultStorageNode(path)
            node = node if node.GetStorageNode().ReadData(node) else slicer.mrmlScene.RemoveNode(node)
        else:
            module, method = READERS[kind]
            more = (name, 1 if properties.get("labelmap") else 0) if kind == "VolumeFile" else ()
            node = getattr(getattr(slicer.modules, module).logic(), method)(path, *more)
            node = slicer.mrmlScene.GetNodeByID(node) if isinstance(node, str) else node
        if node is not None and nodes is not None:
            nodes.AddItem(node)
        return node is not None

    def _load_scene(self: Any, path: str, clear: bool) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.ReadFromMRB(path, clear))
        scene.SetURL(path)
        return bool(scene.Connect() if clear else scene.Import())

    def fileWriterFileType(self: Any, node: Any, path: str = "") -> str:
        return "NodeFile"

    def saveNodes(self: Any, kind: str, properties: dict[str, Any], messages: Any = None, scene: Any = None) -> bool:
        path, scene = str(properties["fileName"]), slicer.mrmlScene
        if kind == "SceneFile":
            return bool(scene.WriteToMRB(path) if path.endswith(".mrb") else scene.Commit(path))
        node = scene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode(path)
        node.GetStorageNode().SetFileName(path)
        return bool(node.GetStorageNode().WriteData(node))


@imitates("ctkDICOMDatabase")
class DICOMDatabase:
    """The files of series, as a test puts them in with ``bench.add_dicom_series``."""

    def _created(self: Any) -> None:
        self._series: dict[str, dict[str, str]] = {}

    def _read_isOpen(self: Any) -> bool:
        return True

    def filesForSeries(self: Any, series: str, hits: int = -1) -> Any:
        files = list(self._series.get(series, {}).values())
        return files if hits < 0 else files[:hits]

    def instancesForSeries(self: Any, series: str, hits: int = -1) -> Any:
        return list(self._series.get(series, {}))[: None if hits < 0 else hits]

    def fileForInstance(self: Any, instance: str) -> str:
        return next((files[instance] for files in self._series.values() if instance in files), "")


class SubjectHierarchyFiller:
    """Gives data nodes an item, which plugins of Slicer's Qt side do."""

    CLASSES = ("Displayable", "Table", "Text", "Sequence", "PlotChart", "PlotSeries")
    NOT = ("AbstractView", "Camera")

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.follower = SceneFollower(scene, self._changed)

    def _changed(self, event: str, node: Any) -> None:
        if event == "NodeAddedEvent" and not self.scene.IsBatchProcessing():
            self._add(node)
        elif event == "EndBatchProcessEvent":
            for index in range(self.scene.GetNumberOfNodes()):
                self._add(self.scene.GetNthNode(index))

    def _add(self, node: Any) -> None:
        is_data = any(node.IsA(f"vtkMRML{name}Node") for name in self.CLASSES)
        if not is_data or node.GetHideFromEditors() or any(node.IsA(f"vtkMRML{name}Node") for name in self.NOT):
            return
        tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.scene)
        if tree is not None and not tree.GetItemByDataNode(node):
            tree.CreateItem(tree.GetSceneItemID(), node)


def new_scene() -> tuple[Any, Any]:
    """A scene with the application logic that serves it."""
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    files = slicer.vtkMRMLRemoteIOLogic()
    files.SetMRMLApplicationLogic(logic)
    files.SetMRMLScene(scene)
    files.AddDataIOToScene()  # else volumes know no file formats
    logic.SetModuleLogic("RemoteIO", files)
    scene.AddNewNodeByClass("vtkMRMLCrosshairNode")
    scene.AddNewNodeByClass("vtkMRMLCameraNode", "Default Scene Camera").SetLayoutName("1")
    return scene, logic
