"""The layout manager: slice views, 3D views, plots and tables for the view nodes of the scene, and their bars."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from Testing.panels.bench.classes import create, gives, imitates
from Testing.panels.bench.node_widgets import MRMLWidget, SceneFollower
from Testing.panels.bench.pythonqt import QtWidgets, shiboken6
from Testing.panels.bench.views import DEFAULT_SIZE

FOUR_UP = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
VIEW_CLASSES = {
    "Slice": ("qMRMLSliceWidget", "qMRMLSliceView", "qMRMLSliceControllerWidget"),
    "ThreeD": ("qMRMLThreeDWidget", "qMRMLThreeDView", "qMRMLThreeDViewControllerWidget"),
    "Plot": ("qMRMLPlotWidget", "qMRMLPlotView", "qMRMLPlotViewControllerWidget"),
    "Table": ("qMRMLTableWidget", "qMRMLTableView", "qMRMLTableViewControllerWidget"),
}


@imitates("qMRMLAbstractViewWidget")
class ViewWidget(MRMLWidget):
    """A view and the bar above it."""

    def _furnish(self: Any, logic: Any, view: Any, bar: Any) -> None:
        self._logic, self._view, self._bar = logic, view, bar
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(bar)
        column.addWidget(view)

    viewWidget = gives("_view")
    controllerWidget = gives("_bar")
    logic = gives("_logic")


@imitates("qMRMLSliceWidget")
class SliceWidget:
    """A slice view and its bar."""

    sliceView = viewWidget = gives("_view")
    sliceController = controllerWidget = gives("_bar")
    sliceLogic = logic = gives("_logic")
    mrmlSliceNode = mrmlAbstractViewNode = gives("_logic", "GetSliceNode")
    mrmlSliceCompositeNode = gives("_logic", "GetSliceCompositeNode")
    imageDataConnection = gives("_logic", "GetImageDataConnection")
    fitSliceToBackground = gives("_logic", "FitSliceToBackground")
    interactorStyle = gives("_view", "interactorStyle")

    def _read_sliceOrientation(self: Any) -> str:
        return str(self.mrmlSliceNode().GetOrientation())

    def setSliceOrientation(self: Any, orientation: str) -> None:
        self.mrmlSliceNode().SetOrientation(orientation)

    def _read_sliceViewName(self: Any) -> str:
        return str(self.mrmlSliceNode().GetLayoutName())


@imitates("qMRMLThreeDWidget")
class ThreeDWidget:
    """A 3D view and its bar."""

    threeDView = viewWidget = gives("_view")
    threeDController = controllerWidget = gives("_bar")
    viewLogic = logic = gives("_logic")
    mrmlViewNode = mrmlAbstractViewNode = gives("_view", "mrmlViewNode")


@imitates("qMRMLTableWidget")
class TableWidget:
    """A table view and its bar."""

    tableView = viewWidget = gives("_view")
    tableController = controllerWidget = gives("_bar")
    mrmlTableViewNode = mrmlAbstractViewNode = gives("_view", "mrmlTableViewNode")


@imitates("qMRMLLayoutManager")
class LayoutManager:
    """Makes a widget for each view node when it is asked for; slice nodes get their logic at once."""

    def _furnish(self: Any, application_logic: Any, scene: Any) -> None:
        self._application_logic, self._scene = application_logic, scene
        self._widgets: dict[str, Any] = {}
        self._slice_logics, self._view_logics = vtk.vtkCollection(), vtk.vtkCollection()
        application_logic.SetSliceLogics(self._slice_logics)
        application_logic.SetViewLogics(self._view_logics)
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLScene(scene)
        node = self._layout_node()
        node.SetViewArrangement(FOUR_UP)
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._tell_layout())
        self._told = FOUR_UP
        self._follower = SceneFollower(scene, self._scene_changed)
        self._add_logics()

    def _layout_node(self: Any) -> Any:
        return self._layout_logic.GetLayoutNode()

    def _tell_layout(self: Any) -> None:
        if self.layout != self._told:
            self._told = self.layout
            self.layoutChanged.emit(self._told)

    def _view_nodes(self: Any, node_class: str) -> list[Any]:
        count = self._scene.GetNumberOfNodesByClass(node_class)
        return [self._scene.GetNthNodeByClass(index, node_class) for index in range(count)]

    def _scene_changed(self: Any, event: str, node: Any) -> None:
        if event == "EndBatchProcessEvent" or node.IsA("vtkMRMLSliceNode") or node.IsA("vtkMRMLViewNode"):
            self._add_logics()
        if event == "EndBatchProcessEvent":
            for view in self._open_views():
                view._match_size()

    def _add_logics(self: Any) -> None:
        logic = self._application_logic
        for node in self._view_nodes("vtkMRMLSliceNode"):
            if logic.GetSliceLogic(node) is None:
                self._add_logic(slicer.vtkMRMLSliceLogic(), self._slice_logics).SetSliceNode(node)
        for node in self._view_nodes("vtkMRMLViewNode"):
            if logic.GetViewLogic(node) is None:
                self._add_logic(slicer.vtkMRMLViewLogic(), self._view_logics).SetName(node.GetLayoutName())

    def _add_logic(self: Any, logic: Any, logics: Any) -> Any:
        logic.SetMRMLApplicationLogic(self._application_logic)
        logic.SetMRMLScene(self._scene)
        logics.AddItem(logic)
        return logic

    def _widget(self: Any, kind: str, node: Any, logic: Any = None) -> Any:
        known = self._widgets.get(node.GetID())
        if known is None or known.viewWidget()._node is not node:  # IDs come again when a scene was cleared
            self._forget(node.GetID())
            widget, view, bar = map(create, VIEW_CLASSES[kind])
            view._node, view._logic = node, logic
            widget._furnish(logic, view, bar)
            self._widgets[node.GetID()] = widget
        return self._widgets[node.GetID()]

    def sliceViewNames(self: Any) -> Any:
        return [node.GetLayoutName() for node in self._view_nodes("vtkMRMLSliceNode")]

    def sliceWidget(self: Any, name: str) -> Any:
        for node in self._view_nodes("vtkMRMLSliceNode"):
            if node.GetLayoutName() == name:
                return self._widget("Slice", node, self._application_logic.GetSliceLogic(node))
        return None

    def threeDWidget(self: Any, which: Any) -> Any:
        for index, node in enumerate(self._view_nodes("vtkMRMLViewNode")):
            if which in (index, node.GetLayoutName()):
                return self._widget("ThreeD", node, self._application_logic.GetViewLogic(node))
        return None

    def tableWidget(self: Any, index: int) -> Any:
        nodes = self._view_nodes("vtkMRMLTableViewNode")
        return self._widget("Table", nodes[index]) if 0 <= index < len(nodes) else None

    def plotWidget(self: Any, index: int) -> Any:
        nodes = self._view_nodes("vtkMRMLPlotViewNode")
        return self._widget("Plot", nodes[index]) if 0 <= index < len(nodes) else None

    def _read_plotViewCount(self: Any) -> int:
        return len(self._view_nodes("vtkMRMLPlotViewNode"))

    def _read_threeDViewCount(self: Any) -> int:
        return len(self._view_nodes("vtkMRMLViewNode"))

    def _read_tableViewCount(self: Any) -> int:
        return len(self._view_nodes("vtkMRMLTableViewNode"))

    def _read_layout(self: Any) -> int:
        return int(self._layout_node().GetViewArrangement())

    def setLayout(self: Any, layout: int) -> None:
        self._layout_node().SetViewArrangement(layout)

    layoutLogic = gives("_layout_logic")
    mrmlScene = gives("_scene")
    mrmlSliceLogics = gives("_slice_logics")
    mrmlViewLogics = gives("_view_logics")

    def resetSliceViews(self: Any) -> None:
        for index in range(self._slice_logics.GetNumberOfItems()):
            logic = self._slice_logics.GetItemAsObject(index)
            logic.FitSliceToBackground()
            logic.SnapSliceOffsetToIJK()

    def resetThreeDViews(self: Any) -> None:
        for index in range(self.threeDViewCount):
            self.threeDWidget(index).threeDView().resetFocalPoint()

    def pauseRender(self: Any) -> None:
        """Views draw only when a test looks."""

    def resumeRender(self: Any) -> None:
        """Views draw only when a test looks."""

    def _start_over(self: Any) -> None:
        """The views as when the application starts; those of nodes that are gone release what they hold."""
        for key, widget in list(self._widgets.items()):
            if self._scene.GetNodeByID(key) is not widget.viewWidget()._node:
                self._forget(key)
        self.setLayout(FOUR_UP)
        self._add_logics()
        for node in self._view_nodes("vtkMRMLSliceCompositeNode"):
            for layer in ("Background", "Foreground", "Label"):
                getattr(node, f"Set{layer}VolumeID")(None)
            node.SetForegroundOpacity(0.0)
            node.SetLabelOpacity(1.0)

        for view in self._open_views():
            view._resize(*DEFAULT_SIZE)

    def _forget(self: Any, key: str) -> None:
        widget = self._widgets.pop(key, None)
        if widget is not None:
            if hasattr(widget.viewWidget(), "_close"):
                widget.viewWidget()._close()
            shiboken6.delete(widget)

    def _open_views(self: Any) -> list[Any]:
        views = [widget.viewWidget() for widget in self._widgets.values()]
        return [view for view in views if getattr(view, "_window", None) is not None]

    def _close_views(self: Any) -> None:
        for view in self._open_views():
            view._close()
