"""Where slice views look and how bright volumes are, to come back to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from CTSMALib.scene.registration.matrices import Matrix, to_numpy
from CTSMALib.scene.registration.review_nodes import ReviewNodes

Three = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class RememberedSlice:
    """One slice view.

    Attributes:
        slice_to_ras: (4, 4) plane and offset.
        field_of_view_mm: width, height and thickness.
        origin_mm: where the middle of the window is in the plane.
    """

    slice_to_ras: Matrix
    field_of_view_mm: Three
    origin_mm: Three


@dataclass(frozen=True, eq=False)
class RememberedView:
    """All slice views, by layout name, and window and level of the volumes, by role."""

    slices: dict[str, RememberedSlice]
    windows: dict[str, tuple[float, float]]


def remember(review: ReviewNodes) -> RememberedView:
    """Note slice offsets, fields of view, windows and levels."""
    slices = {
        view.GetLayoutName(): RememberedSlice(
            to_numpy(view.GetSliceToRAS()), tuple(view.GetFieldOfView()), tuple(view.GetXYZOrigin())
        )
        for view in _slice_nodes(review.scene)
    }
    displays = {role: review.get(role).GetDisplayNode() for role in ("ct", "mr")}
    windows = {role: (d.GetWindow(), d.GetLevel()) for role, d in displays.items() if d is not None}
    return RememberedView(slices, windows)


def restore(review: ReviewNodes, view: RememberedView) -> None:
    """Go back; what has not changed is left alone, and views that are new stay as they are."""
    for node in _slice_nodes(review.scene):
        was = view.slices.get(node.GetLayoutName())
        if was is not None:
            _restore_slice(node, was)
    for role, (window, level) in view.windows.items():
        display = review.get(role).GetDisplayNode()
        if display is not None and (display.GetWindow(), display.GetLevel()) != (window, level):
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(window, level)


@contextmanager
def view_kept(review: ReviewNodes) -> Iterator[None]:
    """Within it nothing moves slices, zoom or window for good."""
    before = remember(review)
    try:
        yield
    finally:
        restore(review, before)


def _restore_slice(node: Any, was: RememberedSlice) -> None:
    was_modifying = node.StartModify()
    try:
        if (to_numpy(node.GetSliceToRAS()) != was.slice_to_ras).any():
            node.GetSliceToRAS().DeepCopy(was.slice_to_ras.ravel().tolist())
            node.UpdateMatrices()
        node.SetFieldOfView(*_to_window(node, was.field_of_view_mm))
        node.SetXYZOrigin(*was.origin_mm)
    finally:
        node.EndModify(was_modifying)


def _to_window(node: Any, field_mm: Three) -> Three:
    """A field of view for a window that may have changed its shape: the height stays, pixels stay square."""
    width, height = node.GetDimensions()[:2]
    shape = width / height if width > 0 and height > 0 else field_mm[0] / field_mm[1]
    if abs(field_mm[0] / field_mm[1] - shape) < 1e-6:
        return field_mm
    return (field_mm[1] * shape, field_mm[1], field_mm[2])


def _slice_nodes(scene: Any) -> Iterator[Any]:
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")):
        yield scene.GetNthNodeByClass(index, "vtkMRMLSliceNode")
