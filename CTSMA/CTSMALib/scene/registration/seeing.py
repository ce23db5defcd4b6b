"""Ways to see whether MR and CT agree. Switching between them moves no slice and changes no zoom or window."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray

from CTSMALib.scene.geometry import from_world, to_world
from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.scene.registration.mixed import Checkerboard, Spyglass, node_of
from CTSMALib.scene.registration.mixed_pictures import refresh_pictures
from CTSMALib.scene.registration.modes import CONTOUR, MIXED, MODES, RED_CYAN, SIDE_BY_SIDE, note_mode
from CTSMALib.scene.registration.remembered_view import view_kept
from CTSMALib.scene.registration.review_layout import (
    ADD,
    ALPHA,
    fixed_views,
    frame_of_ct,
    moving_views,
    set_layers,
    show_only_in,
)
from CTSMALib.scene.registration.review_nodes import ReviewNodes, display_of
from CTSMALib.scene.registration.views_before import note_views

_OWN_FRAME = "mr_own_frame"  # role
_TABLE = "vtkMRMLColorTableNode"
_RED, _CYAN, _GRAY = (f"{_TABLE}{color}" for color in ("Red", "Cyan", "Grey"))


def show_mode(
    review: ReviewNodes,
    mode: str,
    opacity: float = 0.5,
    square_mm: float = Checkerboard.edge_mm,
    radius_mm: float = Spyglass.radius_mm,
    contours: bool | None = None,
) -> None:
    """See the pair in another way.

    Args:
        review: the nodes.
        mode: of :data:`~CTSMALib.scene.registration.modes.MODES`.
        opacity: of the MR over the CT, 0 to 1, where both are blended.
        square_mm, radius_mm: of checkerboard and spyglass, as of
            :func:`~CTSMALib.scene.registration.mixed_pictures.refresh_pictures`.
        contours: whether outlines of the CT's bones are drawn; if left out, by themselves and side by side only.

    Raises:
        ValueError: there is no such mode.
    """
    if mode not in MODES:
        raise ValueError(mode)
    with view_kept(review):
        note_views(review)
        (_red_and_cyan if mode == RED_CYAN else own_colors)(review)
        note_mode(review, mode)
        refresh_pictures(review, square_mm, radius_mm)
        for view, composite in fixed_views(review.scene):
            _set_layers(review, view, composite, mode, opacity)
        show_contours(review, mode in (CONTOUR, SIDE_BY_SIDE) if contours is None else contours)
        if mode == SIDE_BY_SIDE:
            show_own_frame(review)
        for display in _contours(review):  # in views of the MR's frame they would be in the wrong place
            show_only_in(display, frame_of_ct(review.scene) if mode == SIDE_BY_SIDE else ())


def show_bones(review: ReviewNodes, shown: bool) -> None:
    """Show the CT's bones at all, in slice and 3D views, or not."""
    for display in _contours(review):
        display.SetVisibility(shown)


def show_contours(review: ReviewNodes, shown: bool) -> None:
    """Draw the outlines of the CT's bones in slice views, or not; 3D views keep the bones."""
    for display in _contours(review):
        display.SetVisibility2D(shown)


def set_opacity(review: ReviewNodes, opacity: float) -> None:
    """Show the MR over the CT with an opacity of 0 to 1, in a mode that blends them."""
    for _, composite in fixed_views(review.scene):
        if composite.GetForegroundOpacity() != opacity:
            composite.SetForegroundOpacity(opacity)


def rock(review: ReviewNodes, phase: float) -> None:
    """Fade to and fro: CT at phase 0, MR at 0.5, CT at 1."""
    set_opacity(review, float(0.5 - 0.5 * np.cos(2 * np.pi * phase)))


def flicker(review: ReviewNodes, phase: float) -> None:
    """CT in the first half of a phase of 0 to 1, MR in the second."""
    set_opacity(review, float(phase % 1.0 >= 0.5))


def show_own_frame(review: ReviewNodes) -> Any:
    """Show the MR as it was scanned, under no transform, in the views of its own frame.

    Returns:
        The volume node that shares the voxels of the MR; it is not saved.
    """
    node = review.get(_OWN_FRAME)
    if node is None:
        node = review.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR in its own frame")
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetSaveWithScene(False)
        review.set(_OWN_FRAME, node)
    to_ras = vtk.vtkMatrix4x4()
    review.mr.GetIJKToRASMatrix(to_ras)
    node.SetIJKToRASMatrix(to_ras)
    node.SetAndObserveImageData(review.mr.GetImageData())
    display, like = node.GetDisplayNode(), display_of(review.mr)
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(like.GetWindow(), like.GetLevel())
    for _, composite in moving_views(review.scene):
        set_layers(composite, node, None, 0.0, ALPHA)
    return node


def own_colors(review: ReviewNodes) -> None:
    """Give CT and MR the colors back that they had before they were red and cyan."""
    for role, color in (("ct", _RED), ("mr", _CYAN)):
        volume = review.get(role)  # which may have been deleted, where a review is closed for that
        display = volume.GetDisplayNode() if volume is not None else None
        if display is not None and display.GetColorNodeID() == color:
            display.SetAndObserveColorNodeID(review.node.GetNodeReferenceID(f"{role}_colors") or _GRAY)


def moving_point(review: ReviewNodes, fixed_ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a point (3,) of the CT lies in the MR's own frame, by the motion that the MR is shown with; RAS, mm."""
    return from_world(review.mr, fixed_ras_mm)


def fixed_point(review: ReviewNodes, moving_ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of :func:`moving_point`."""
    return to_world(review.mr, moving_ras_mm)


def jump(review: ReviewNodes, fixed_ras_mm: NDArray[np.float64]) -> None:
    """Move every view to a point (3,) of the CT, RAS, mm: those of the MR's frame to where it lies there."""
    for view, _ in fixed_views(review.scene):
        _jump(view, fixed_ras_mm)
    for view, _ in moving_views(review.scene):
        _jump(view, moving_point(review, fixed_ras_mm))


def _contours(review: ReviewNodes) -> list[Any]:
    models = [review.surface(bone) for bone in review.bones]
    return [model.GetDisplayNode() for model in models if model is not None]


def _jump(view: Any, point: NDArray[np.float64]) -> None:
    """By the offset alone where the point is within the window."""
    x, y = (np.linalg.inv(to_numpy(view.GetXYToRAS())) @ np.append(point, 1.0))[:2]
    width, height = view.GetDimensions()[:2]
    inside = 0 <= x < width and 0 <= y < height
    (view.JumpSliceByOffsetting if inside else view.JumpSliceByCentering)(*point.tolist())


def _set_layers(review: ReviewNodes, view: Any, composite: Any, mode: str, opacity: float) -> None:
    if mode in MIXED:
        set_layers(composite, node_of(review, view), None, 0.0, ALPHA)
    elif mode == CONTOUR:
        set_layers(composite, review.mr, None, 0.0, ALPHA)
    elif mode == SIDE_BY_SIDE:
        set_layers(composite, review.ct, None, 0.0, ALPHA)
    elif mode == RED_CYAN:
        set_layers(composite, review.ct, review.mr, 1.0, ADD)
    else:
        set_layers(composite, review.ct, review.mr, opacity, ALPHA)


def _red_and_cyan(review: ReviewNodes) -> None:
    """Give CT and MR colors that add up to gray; their own are noted."""
    for role, color in (("ct", _RED), ("mr", _CYAN)):
        display = display_of(review.get(role))
        if display.GetColorNodeID() != color:
            review.node.SetNodeReferenceID(f"{role}_colors", display.GetColorNodeID())
            display.SetAndObserveColorNodeID(color)
