"""Slice and 3D views that draw: offscreen render windows with Slicer's displayable managers."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from Testing.panels.bench.classes import gives, imitates

DEFAULT_SIZE = (400, 400)
MANAGERS = {  # vtkMRML...DisplayableManager... of slice views and 3D views
    "SliceView": "VolumeGlyphSlice ModelSlice Crosshair OrientationMarker Ruler ScalarBar Markups Segmentations~2D "
    "Transforms~2D LinearTransforms ColorLegend",
    "ThreeDView": "Camera View Model ThreeDReformat Crosshair~3D OrientationMarker Ruler Markups Segmentations~3D "
    "Transforms~3D LinearTransforms VolumeRendering ColorLegend",
}


def _factory(kind: str) -> Any:
    return getattr(slicer, f"vtkMRML{kind}DisplayableManagerFactory").GetInstance()


def register_displayable_managers(application_logic: Any) -> None:
    """Tell the factories what to put into each view."""
    for kind, names in MANAGERS.items():
        _factory(kind).SetMRMLApplicationLogic(application_logic)
        for name in names.split():
            name, _, dimensions = name.partition("~")
            _factory(kind).RegisterDisplayableManager(f"vtkMRML{name}DisplayableManager{dimensions}")


@imitates("ctkVTKAbstractView", renderEnabled=True, maximumUpdateRate=60.0)
class AbstractView:
    """A render window, which is made when it is first needed and draws when it is told to."""

    def _created(self: Any) -> None:
        self._window: Any = None
        self._size = DEFAULT_SIZE

    def _open(self: Any) -> None:
        if self._window is not None:
            return
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(*self._size)
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())  # Slicer's own style crashes without one
        self._interactor.Initialize()
        self._furnish()

    def _add_managers(self: Any, kind: str, renderer: Any) -> None:
        self._managers = _factory(kind).InstantiateDisplayableManagers(renderer)
        self._style = getattr(slicer, f"vtkMRML{kind}InteractorStyle")()
        self._style.SetDisplayableManagers(self._managers)
        self._style.SetInteractor(self._interactor)
        self._managers.SetMRMLDisplayableNode(self._node)

    def _close(self: Any) -> None:
        if self._window is not None:
            self._style.SetInteractor(None)
            self._managers.SetMRMLDisplayableNode(None)
            self._interactor.SetRenderWindow(None)
            self._window.Finalize()
            self._window = self._interactor = self._style = self._managers = self._renderer = None

    def _resize(self: Any, width: int, height: int) -> None:
        self._open()
        self._size = (width, height)
        self._window.SetSize(width, height)
        self._interactor.UpdateSize(width, height)
        self._match_size()

    def _match_size(self: Any) -> None:
        """Only slice nodes know the size of their window."""

    def _picture(self: Any) -> np.ndarray:
        """What is seen, (h, w, 3) uint8, the first row on top."""
        self.forceRender()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self._window)
        grabber.ReadFrontBufferOff()
        grabber.ShouldRerenderOff()
        grabber.Update()
        image = grabber.GetOutput()
        width, height, _ = image.GetDimensions()
        return np.flipud(vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[..., :3]).copy()

    def renderWindow(self: Any) -> Any:
        self._open()
        return self._window

    def interactor(self: Any) -> Any:
        self._open()
        return self._interactor

    def interactorStyle(self: Any) -> Any:
        self._open()
        return self._style

    def forceRender(self: Any) -> None:
        self.renderWindow().Render()

    def scheduleRender(self: Any) -> None:
        """Views draw only when a test looks."""

    def setRenderPaused(self: Any, paused: bool) -> int:
        return 0

    def pauseRender(self: Any) -> int:
        return 0

    def resumeRender(self: Any) -> int:
        return 0


class MRMLView:
    """What slice and 3D views share."""

    def displayableManagerByClassName(self: Any, name: str) -> Any:
        self._open()
        return self._managers.GetDisplayableManagerByClassName(name)

    def getDisplayableManagers(self: Any, collection: Any) -> None:
        self._open()
        for index in range(self._managers.GetDisplayableManagerCount()):
            collection.AddItem(self._managers.GetNthDisplayableManager(index))

    def interactorObserver(self: Any) -> Any:
        return self.interactorStyle()


@imitates("qMRMLSliceView")
class SliceView(MRMLView):
    """Draws the blended layers of a slice logic, and what displayable managers add."""

    def _furnish(self: Any) -> None:
        self._window.SetNumberOfLayers(2)
        overlay = vtk.vtkRenderer()
        overlay.SetLayer(1)
        overlay.GetActiveCamera().ParallelProjectionOn()
        self._window.AddRenderer(overlay)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._image = vtk.vtkActor2D()
        self._image.SetMapper(self._mapper)
        self._image.GetProperty().SetDisplayLocationToBackground()
        self._renderer.AddViewProp(self._image)
        self._add_managers("SliceView", overlay)
        self._style.SetSliceLogic(self._logic)
        self._logic.SetDisplayableManagerGroup(self._managers)
        self._logic.ResizeSliceNode(*self._size)

    def _match_size(self: Any) -> None:
        """Closing a scene gives slice nodes their first size back; the window keeps its own."""
        if tuple(self._node.GetDimensions()[:2]) != self._size:
            self._logic.ResizeSliceNode(*self._size)

    def forceRender(self: Any) -> None:
        self._open()
        self._match_size()
        self._logic.UpdatePipeline()
        connection = self._logic.GetImageDataConnection()
        self._mapper.SetInputConnection(connection)
        self._image.SetVisibility(connection is not None)
        self._window.Render()

    mrmlSliceNode = gives("_node")

    def convertDeviceToXYZ(self: Any, position: Any) -> Any:
        return (float(position[0]), float(self._size[1] - position[1] - 1), 0.0)

    def convertXYZToRAS(self: Any, xyz: Any) -> Any:
        return self._node.GetXYToRAS().MultiplyPoint((*xyz, 1.0))[:3]

    def convertRASToXYZ(self: Any, ras: Any) -> Any:
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._node.GetXYToRAS(), inverse)
        return inverse.MultiplyPoint((*ras, 1.0))[:3]


@imitates("qMRMLThreeDView")
class ThreeDView(MRMLView):
    """Draws models, volumes and markups."""

    def _furnish(self: Any) -> None:
        self._add_managers("ThreeDView", self._renderer)

    mrmlViewNode = gives("_node")

    def cameraNode(self: Any) -> Any:
        return slicer.modules.cameras.logic().GetViewActiveCameraNode(self._node)

    def resetFocalPoint(self: Any) -> None:
        self._open()
        bounds = np.array(self._renderer.ComputeVisiblePropBounds()).reshape(3, 2)
        if bounds[0, 0] <= bounds[0, 1]:
            self.cameraNode().SetFocalPoint(*bounds.mean(axis=1))
            self.cameraNode().ResetClippingRange()

    def resetCamera(self: Any, rotation: bool = True, translation: bool = True, distance: bool = False) -> None:
        self._open()
        self._renderer.ResetCamera()
        self.cameraNode().ResetClippingRange()
