"""Placing a pair of points by mouse: one in the CT, its counterpart in the MR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from CTSMALib.scene.registration.modes import SIDE_BY_SIDE, mode_of
from CTSMALib.scene.registration.review_nodes import ReviewNodes

CT, MR = SCANS = ("ct", "mr")
_TITLES = {CT: "CT point", MR: "MR point"}
_COLORS = {CT: (0.2, 0.8, 1.0), MR: (1.0, 0.6, 0.1)}
Point = NDArray[np.float64]


class PointEntry:
    """Two points that are not a pair yet.

    Args:
        review: nodes of the review.
        on_placed: called after a point was placed or moved.
    """

    def __init__(self, review: ReviewNodes, on_placed: Callable[[], None]) -> None:
        self._review, self._on_placed = review, on_placed
        self._nodes: dict[str, Any] = {}
        self._observers: list[tuple[Any, int]] = []
        self._own_frame = False  # whether the MR's point was placed in views of its own frame

    def begin(self, scan: str) -> None:
        """Let the next click in a view place the point of a scan; an earlier one goes.

        Args:
            scan: of :data:`SCANS`. While CT and MR are side by side, the MR's point is placed in its own views.
        """
        node = self._node(scan) or self._new(scan)
        node.RemoveAllControlPoints()
        if scan == MR:
            self._own_frame = mode_of(self._review) == SIDE_BY_SIDE
            self._follow_mr()
        scene = self._review.scene
        selection = scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        interaction = scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        if selection is None or interaction is None:  # a scene without an application
            return
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def placed(self, scan: str) -> bool:
        """Whether there is a point of a scan."""
        node = self._node(scan)
        return node is not None and node.GetNumberOfDefinedControlPoints() > 0

    def pair(self) -> tuple[Point, Point]:
        """(3,) of the CT and (3,) of the MR in its own frame, RAS, mm; both must be placed."""
        ct = np.array(self._nodes[CT].GetNthControlPointPositionWorld(0))
        return ct, np.array(self._nodes[MR].GetNthControlPointPosition(0))  # as placed, wherever the MR went since

    def clear(self) -> None:
        """Take the points away, and stop placing."""
        interaction = self._review.scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        if interaction is not None and self._nodes:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        for node, observer in self._observers:
            node.RemoveObserver(observer)
        self._observers.clear()
        for node in self._nodes.values():
            if node.GetScene() is self._review.scene:
                self._review.scene.RemoveNode(node)
        self._nodes.clear()

    def show(self, shown: bool) -> None:
        """Show the points, or hide them and stop placing, as in another module, where clicks mean something else."""
        nodes = [node for node in map(self._node, SCANS) if node is not None]
        for node in nodes:
            node.GetDisplayNode().SetVisibility(shown)
        selection = self._review.scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        interaction = self._review.scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        if shown or selection is None or interaction is None:
            return
        if selection.GetActivePlaceNodeID() in {node.GetID() for node in nodes}:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def _follow_mr(self, *_args: Any) -> None:
        """Keep the MR's point on what it marks, by whatever the MR is shown with."""
        node = self._node(MR)
        wanted = None if self._own_frame or self._review.mr is None else self._review.mr.GetTransformNodeID()
        if node is not None and node.GetTransformNodeID() != wanted:
            node.SetAndObserveTransformNodeID(wanted)

    def _node(self, scan: str) -> Any:
        """The node of a scan's point; ``None`` where there is none or it was deleted."""
        node = self._nodes.get(scan)
        return node if node is not None and node.GetScene() is self._review.scene else None

    def _new(self, scan: str) -> Any:
        node = slicer.vtkMRMLMarkupsFiducialNode()
        node.SetName(_TITLES[scan])
        node.SetSaveWithScene(False)
        node.SetHideFromEditors(True)
        node = self._review.scene.AddNode(node)
        node.CreateDefaultDisplayNodes()
        node.SetControlPointLabelFormat(_TITLES[scan])
        display = node.GetDisplayNode()
        display.SetSelectedColor(*_COLORS[scan])
        display.SetSaveWithScene(False)
        for event in (node.PointPositionDefinedEvent, node.PointModifiedEvent):
            self._observers.append((node, node.AddObserver(event, lambda *_args: self._on_placed())))
        if scan == MR:
            mr, event = self._review.mr, slicer.vtkMRMLTransformableNode.TransformModifiedEvent
            self._observers.append((mr, mr.AddObserver(event, self._follow_mr)))
        self._nodes[scan] = node
        return node
