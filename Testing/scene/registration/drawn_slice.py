"""A slice view as it is seen: layers and the outlines of models, drawn offscreen."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # draws where there is no display

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from Testing.scene.slice_picture import SIZE, SliceView


class DrawnSlice(SliceView):
    """A slice view with the displayable managers of models and color keys."""

    def __init__(self, scene: Any, name: str = "Red", size: tuple[int, int] = SIZE) -> None:
        super().__init__(scene, name)
        self.size = size
        self.logic.ResizeSliceNode(*size)
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(*size)
        self.window.SetNumberOfLayers(2)
        image, over = vtk.vtkRenderer(), vtk.vtkRenderer()
        over.SetLayer(1)
        over.GetActiveCamera().ParallelProjectionOn()
        self.window.AddRenderer(image)
        self.window.AddRenderer(over)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self._mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        image.AddViewProp(actor)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self.window)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())  # Slicer's managers crash without one
        self._interactor.Initialize()
        self._application = slicer.vtkMRMLApplicationLogic()
        self._application.SetMRMLScene(scene)
        factory = slicer.vtkMRMLDisplayableManagerFactory()
        factory.SetMRMLApplicationLogic(self._application)
        for kind in ("ModelSlice", "ColorLegend"):
            factory.RegisterDisplayableManager(f"vtkMRML{kind}DisplayableManager")
        self.managers = factory.InstantiateDisplayableManagers(over)
        self.managers.SetMRMLDisplayableNode(self.node)

    def draw(self) -> None:
        """Render once."""
        self.logic.UpdatePipeline()
        self._mapper.SetInputConnection(self.logic.GetImageDataConnection())
        self.window.Render()

    def drawn(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB, the upper row first, outlines included."""
        self.draw()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self.window)
        grabber.ReadFrontBufferOff()
        grabber.ShouldRerenderOff()
        grabber.Update()
        image = grabber.GetOutput()
        width, height, _ = image.GetDimensions()
        pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
        return pixels[::-1, :, :3].copy()

    def close(self) -> None:
        """Let go of the window and the scene."""
        self.managers.SetMRMLDisplayableNode(None)
        self._interactor.SetRenderWindow(None)
        self.window.Finalize()
