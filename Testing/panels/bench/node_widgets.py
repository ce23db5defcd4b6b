"""What the widgets that know a MRML scene do: qMRMLWidget and the choice of a node."""

from __future__ import annotations

import weakref
from typing import Any

import shiboken6
import vtk

from Testing.panels.bench.classes import gives, imitates
from Testing.panels.bench.pythonqt import QtCore, QtGui, QtWidgets


@imitates("qSlicerWidget")
class SceneTeller:
    """A widget that tells its children about the scene."""

    _scene: Any = None

    def setMRMLScene(self: Any, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


@imitates("qMRMLWidget")
class MRMLWidget(SceneTeller):
    """The same, and it can be asked for the scene."""

    mrmlScene = gives("_scene")


class SceneFollower:
    """Calls back when nodes come, go or change, and after a scene was read or closed as a whole.

    The callbacks are methods; when their object is gone, or deleted by Qt, nothing is observed any more.
    """

    EVENTS = ("NodeAddedEvent", "NodeAboutToBeRemovedEvent", "NodeRemovedEvent", "EndBatchProcessEvent")

    def __init__(self, scene: Any, method: Any) -> None:
        self._observed: list[tuple[Any, int]] = []
        for event in self.EVENTS:
            self._observe(scene, getattr(scene, event), event, method)

    def watch(self, node: Any, method: Any) -> None:
        """Call back when a node is modified."""
        self._observe(node, vtk.vtkCommand.ModifiedEvent, "ModifiedEvent", method)

    def stop(self) -> None:
        """Observe nothing any more."""
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed.clear()

    def _observe(self, observed: Any, number: int, event: str, method: Any) -> None:
        reference = weakref.WeakMethod(method)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def called(caller: Any, number: str, node: Any = None) -> None:
            alive = reference()
            if alive is None or _is_gone(alive.__self__):
                self.stop()
            else:
                alive(event, node or caller)

        self._observed.append((observed, observed.AddObserver(number, called)))


def _is_gone(owner: Any) -> bool:
    """Whether a Qt object is deleted, or being taken apart: PySide then hands out bare properties."""
    if not isinstance(owner, QtCore.QObject):
        return False
    return not shiboken6.isValid(owner) or isinstance(getattr(owner, "nodeTypes", None), QtCore.Property)


@imitates(
    "qMRMLNodeComboBox",
    addEnabled=True,
    removeEnabled=True,
    showChildNodeTypes=True,
    noneDisplay="None",
    selectNodeUponCreation=True,
)
class NodeComboBox:
    """A choice of a node that follows the scene.

    Its entries are "None", if that is allowed, and the nodes. Tests call ``addNode`` for Slicer's "Create new ...".
    """

    def _created(self: Any) -> None:
        self._scene = self._follower = self._current = None
        self._nodes: list[Any] = []
        self._attributes: dict[str, dict[str, Any]] = {}
        self._labels: dict[str, str] = {}
        self._box = QtWidgets.QComboBox()
        self._box.setEnabled(False)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.activated.connect(self._activated)

    # The scene

    mrmlScene = gives("_scene")

    def setMRMLScene(self: Any, scene: Any) -> None:
        if scene is self._scene:
            return
        if self._follower:
            self._follower.stop()
        self._scene = scene
        self._follower = SceneFollower(scene, self._scene_changed) if scene else None
        self._box.setEnabled(scene is not None)
        self._update()

    def _scene_changed(self: Any, event: str, node: Any) -> None:
        if event == "EndBatchProcessEvent":
            self._update()
        elif self._scene.IsBatchProcessing():
            return
        elif event == "NodeAddedEvent" and self._fits(node):
            self._update()
            self.nodeAdded.emit(node)
        elif event == "NodeAboutToBeRemovedEvent" and node in self._nodes:
            self.nodeAboutToBeRemoved.emit(node)
        elif event == "NodeRemovedEvent" and node in self._nodes:
            self._update()

    def _fits(self: Any, node: Any) -> bool:
        wanted_types = self.nodeTypes
        exact = node.GetClassName() in wanted_types
        derived = self.showChildNodeTypes and any(node.IsA(wanted) for wanted in wanted_types)
        hidden = any(node.IsA(unwanted) for unwanted in self.hideChildNodeTypes)
        if not (exact or (derived and not hidden)) or (node.GetHideFromEditors() and not self.showHidden):
            return False
        for wanted, values in self._attributes.items():
            if node.IsA(wanted):
                for name, value in values.items():
                    if node.GetAttribute(name) is None or value not in (None, node.GetAttribute(name)):
                        return False
        return True

    def _update(self: Any) -> None:
        scene, old = self._scene, self._nodes
        everything = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())] if scene else []
        self._nodes = [node for node in everything if self._fits(node)]
        for node in self._nodes:
            if node not in old and self._follower:
                self._follower.watch(node, self._node_modified)
        chosen = self._current
        if chosen not in self._nodes:  # like Qt's own list, go to the neighbor of what went away
            row = old.index(chosen) if chosen in old else 0
            fallback = self._nodes[min(row, len(self._nodes) - 1)] if self._nodes else None
            chosen = fallback if chosen is not None or not self.noneEnabled else None
        self._show(chosen)

    def _node_modified(self: Any, event: str, node: Any) -> None:
        if not self._scene.IsNodePresent(node) or self._scene.IsBatchProcessing():
            return
        row = self._nodes.index(node) if node in self._nodes else None
        if (row is None) == self._fits(node):
            self._update()
        elif row is not None and self._box.itemText(row + int(self.noneEnabled)) != node.GetName():
            self._show(self._current)
            if node is self._current:
                self.currentNodeRenamed.emit(node.GetName())

    def _show(self: Any, chosen: Any) -> None:
        self._box.blockSignals(True)
        self._box.clear()
        if self.noneEnabled:
            self._box.addItem(self.noneDisplay)
        self._box.addItems([node.GetName() or "" for node in self._nodes])
        first = int(self.noneEnabled)
        self._box.setCurrentIndex(self._nodes.index(chosen) + first if chosen in self._nodes else first - 1)
        self._box.blockSignals(False)
        if chosen is not self._current:
            self._current = chosen
            self.currentNodeChanged.emit(chosen)
            self.currentNodeChanged[bool].emit(chosen is not None)
            self.currentNodeIDChanged.emit(self.currentNodeID)

    def _activated(self: Any, row: int) -> None:
        index = row - int(self.noneEnabled)
        self._show(self._nodes[index] if index >= 0 else None)
        self.nodeActivated.emit(self._current)

    def _changed(self: Any, name: str) -> None:
        self._update()

    # The current node

    currentNode = gives("_current")

    def setCurrentNode(self: Any, node: Any) -> None:
        if isinstance(node, str):
            node = self._scene.GetNodeByID(node) if self._scene else None
        self._show(node if node in self._nodes else None)

    def _read_currentNodeID(self: Any) -> str:
        return self._current.GetID() if self._current is not None else ""

    def _write_currentNodeID(self: Any, node_id: str) -> None:
        self.setCurrentNode(node_id)

    def _read_currentNodeId(self: Any) -> str:
        return str(self._read_currentNodeID())

    def setCurrentNodeIndex(self: Any, index: int) -> None:
        self._show(self._nodes[index] if 0 <= index < len(self._nodes) else None)

    def nodeCount(self: Any) -> int:
        return len(self._nodes)

    def nodeFromIndex(self: Any, index: int) -> Any:
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    # What may be chosen, and changes to it

    def addAttribute(self: Any, node_type: str, name: str, value: Any = None) -> None:
        self._attributes.setdefault(node_type, {})[name] = value
        self._update()

    def removeAttribute(self: Any, node_type: str, name: str) -> None:
        self._attributes.get(node_type, {}).pop(name, None)
        self._update()

    def setNodeTypeLabel(self: Any, label: str, node_type: str) -> None:
        self._labels[node_type] = label

    def nodeTypeLabel(self: Any, node_type: str) -> str:
        return str(self._labels.get(node_type, node_type))

    def addNode(self: Any, node_type: str = "") -> Any:
        node = self._scene.AddNewNodeByClass(node_type or self.nodeTypes[0], self.baseName)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self: Any) -> None:
        if self._current is not None:
            self._scene.RemoveNode(self._current)


@imitates("qMRMLTableView")
class TableView(SceneTeller):
    """Shows the table of a table view node; it is read again when a test looks."""

    _node: Any = None

    mrmlScene = gives("_scene")
    mrmlTableViewNode = gives("_node")

    def setMRMLTableViewNode(self: Any, node: Any) -> None:
        self._node = node

    def mrmlTableNode(self: Any) -> Any:
        return self._node.GetTableNode() if self._node is not None else None

    def paintEvent(self: Any, event: Any) -> None:
        table, model = self.mrmlTableNode(), QtGui.QStandardItemModel()
        columns = range(table.GetNumberOfColumns() if table is not None else 0)
        model.setHorizontalHeaderLabels([table.GetColumnName(column) or "" for column in columns])
        for column in columns:
            for row in range(table.GetNumberOfRows()):
                model.setItem(row, column, QtGui.QStandardItem(table.GetCellText(row, column)))
        self._shown = model
        self.setModel(model)
        QtWidgets.QTableView.paintEvent(self, event)
