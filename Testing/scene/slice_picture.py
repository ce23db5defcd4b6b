"""What a slice view shows of volumes, computed without a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

SIZE = (320, 320)


class SliceView:
    """A slice view without a window.

    Args:
        scene: a scene with the views of :func:`CTSMALib.scene.views.add_views`.
        name: ``"Red"``, ``"Yellow"`` or ``"Green"``.
    """

    def __init__(self, scene: Any, name: str = "Red") -> None:
        self.node = next(n for n in slice_nodes(scene) if n.GetLayoutName() == name)
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLScene(scene)
        self.logic.SetSliceNode(self.node)
        self.logic.ResizeSliceNode(*SIZE)
        self.composite = self.logic.GetSliceCompositeNode()

    def picture(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB, the upper row first."""
        self.logic.UpdatePipeline()
        producer = self.logic.GetImageDataConnection().GetProducer()
        producer.Update()
        image = producer.GetOutputDataObject(0)
        width, height, _ = image.GetDimensions()
        pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
        return pixels[::-1, :, :3].copy()

    def pixel_of(self, world_ras_mm: NDArray[np.float64]) -> tuple[int, int]:
        """Row and column in the picture at which a place of the slice appears."""
        to_view = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.node.GetXYToRAS(), to_view)
        x, y, _, _ = to_view.MultiplyPoint((*world_ras_mm.tolist(), 1.0))
        return SIZE[1] - 1 - round(y), round(x)


def slice_nodes(scene: Any) -> list[Any]:
    """The slice nodes of a scene."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")
    return [scene.GetNthNodeByClass(index, "vtkMRMLSliceNode") for index in range(count)]
