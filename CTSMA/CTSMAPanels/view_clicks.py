"""Clicks into slice and 3D views, as places in world coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from CTSMAPanels.qt_values import value_of

FARTHEST_PX = 3  # a press and a release further apart are a drag
_PRESS, _RELEASE = "LeftButtonPressEvent", "LeftButtonReleaseEvent"


class ViewClicks:
    """Tells of clicks with the left button, and leaves what views do with them alone.

    Args:
        on_slice: called with the place (3,) in world RAS, mm, of a click into a slice view, and the view's name.
        on_surface: called with the place on the surface that was clicked in a 3D view, and the node shown there.
    """

    def __init__(
        self,
        on_slice: Callable[[NDArray[np.float64], str], None],
        on_surface: Callable[[NDArray[np.float64], Any], None],
    ) -> None:
        self._on_slice = on_slice
        self._on_surface = on_surface
        self._watched: dict[str, tuple[Any, list[int]]] = {}  # one entry a view

    def watch(self) -> None:
        """Watch every view there is now; call it again when the arrangement of views has changed."""
        manager = slicer.app.layoutManager()
        if manager is None:  # without a main window
            return
        for name in manager.sliceViewNames():
            view = manager.sliceWidget(name).sliceView()
            self._watch(f"slice {name}", view, self._slice_clicked)
        for index in range(value_of(manager, "threeDViewCount")):
            view = manager.threeDWidget(index).threeDView()
            self._watch(f"3D {index}", view, self._surface_clicked)

    def stop(self) -> None:
        """Watch no view any more."""
        for interactor, observers in self._watched.values():
            for observer in observers:
                interactor.RemoveObserver(observer)
        self._watched.clear()

    def _watch(self, name: str, view: Any, clicked: Callable[[Any, tuple[int, int]], None]) -> None:
        interactor = view.interactor()
        known = self._watched.pop(name, None)
        if known is not None:
            if known[0] is interactor:
                self._watched[name] = known
                return
            for observer in known[1]:
                known[0].RemoveObserver(observer)
        pressed: list[tuple[int, int]] = []

        def press(caller: Any, event: str) -> None:
            pressed[:] = [tuple(interactor.GetEventPosition())]

        def release(caller: Any, event: str) -> None:
            place = tuple(interactor.GetEventPosition())
            if (
                pressed
                and _is_plain(interactor)
                and max(abs(a - b) for a, b in zip(place, pressed[0], strict=True)) <= FARTHEST_PX
            ):
                clicked(view, place)
            pressed.clear()

        observers = [interactor.AddObserver(_PRESS, press, 100.0), interactor.AddObserver(_RELEASE, release, 100.0)]
        self._watched[name] = (interactor, observers)

    def _slice_clicked(self, view: Any, place: tuple[int, int]) -> None:
        world = view.mrmlSliceNode().GetXYToRAS().MultiplyPoint((*place, 0.0, 1.0))
        self._on_slice(np.array(world[:3]), str(view.mrmlSliceNode().GetLayoutName()))

    def _surface_clicked(self, view: Any, place: tuple[int, int]) -> None:
        models = view.displayableManagerByClassName("vtkMRMLModelDisplayableManager")
        from_top = (
            view.renderWindow().GetSize()[1] - place[1]
        )  # Pick() counts rows from the top, events from the bottom
        if models is not None and models.Pick(place[0], from_top) and models.GetPickedNodeID():
            display = slicer.mrmlScene.GetNodeByID(models.GetPickedNodeID())
            if display is not None:
                self._on_surface(np.array(models.GetPickedRAS()), display.GetDisplayableNode())


def _is_plain(interactor: Any) -> bool:
    """Whether a click is no part of placing points, painting or another tool, and no modifier key is held."""
    if interactor.GetControlKey() or interactor.GetShiftKey() or interactor.GetAltKey():
        return False
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    return interaction is None or interaction.GetCurrentInteractionMode() == interaction.ViewTransform
