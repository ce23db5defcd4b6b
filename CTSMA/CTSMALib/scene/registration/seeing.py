"""Ways to see whether MR and CT agree. Switching between them moves no slice and changes no zoom or window."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray

from CTSMALib.scene.geometry import from_world, to_world
from CTSMALib.scene.registration.matrices import to_numpy
from CTSMALib.scene.registration.mixed import Checkerboard, Pattern, Spyglass, refresh
from CTSMALib.scene.registration.remembered_view import view_kept
from CTSMALib.scene.registration.review_layout import fixed_views, moving_views
from CTSMALib.scene.registration.review_nodes import ReviewNodes

CONTOUR, BLEND, ROCK, FLICKER = "contour", "blend", "rock", "flicker"
CHECKERBOARD, SPYGLASS, RED_CYAN, SIDE_BY_SIDE = "checkerboard", "spyglass", "red-cyan", "side by side"
MODES = (CONTOUR, BLEND, ROCK, FLICKER, CHECKERBOARD, SPYGLASS, RED_CYAN, SIDE_BY_SIDE)
MIXED = (CHECKERBOARD, SPYGLASS)  # need refresh_mixed() after every move
_MODE = "mode"  # parameter
_OWN_FRAME = "mr_own_frame"  # role
_TABLE = "vtkMRMLColorTableNode"
_RED, _CYAN, _GRAY = (f"{_TABLE}{color}" for color in ("Red", "Cyan", "Grey"))


def show_mode(
    review: ReviewNodes,
    mode: str,
    opacity: float = 0.5,
    pattern: Pattern | None = None,
    contours: bool | None = None,
) -> None:
    """See the pair in another way.

    Args:
        review: the nodes.
        mode: of :data:`MODES`.
        opacity: of the MR over the CT, 0 to 1, where both are blended.
        pattern: for a mode of :data:`MIXED`; a usual one if left out.
        contours: whether outlines of the CT's bones are drawn; if left out, by themselves and side by side only.

    Raises:
        ValueError: there is no such mode.
    """
    if mode not in MODES:
        raise ValueError(mode)
    with view_kept(review):
        _color(review, mode == RED_CYAN)
        review.node.SetParameter(_MODE, mode)
        if mode in MIXED:
            refresh_mixed(review, pattern)
        for view, composite in fixed_views(review.scene):
            _set_layers(review, view, composite, mode, opacity)
        show_contours(review, mode in (CONTOUR, SIDE_BY_SIDE) if contours is None else contours)
        if mode == SIDE_BY_SIDE:
            show_own_frame(review)
        _limit_contours(review, mode == SIDE_BY_SIDE)


def mode_of(review: ReviewNodes) -> str:
    """The mode that was shown last; empty before the first."""
    return str(review.node.GetParameter(_MODE) or "")


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


def refresh_mixed(review: ReviewNodes, pattern: Pattern | None = None) -> None:
    """Compute the pictures of a mode of :data:`MIXED` again, in every view of the CT's frame.

    Args:
        review: the nodes.
        pattern: a usual one if left out, for the spyglass around the middle of each view.
    """
    for view, _ in fixed_views(review.scene):
        chosen = pattern or (Checkerboard() if mode_of(review) == CHECKERBOARD else Spyglass(_middle(view)))
        refresh(review, view, chosen)


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
    display, like = node.GetDisplayNode(), review.mr.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(like.GetWindow(), like.GetLevel())
    for _, composite in moving_views(review.scene):
        _set(composite, node, None, 0.0, composite.Alpha)
    return node


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


def _limit_contours(review: ReviewNodes, limited: bool) -> None:
    """Keep the CT's bones out of views of the MR's frame, where they are in the wrong place."""
    scene = review.scene
    slices = [view for view, _ in fixed_views(scene)]
    count = scene.GetNumberOfNodesByClass("vtkMRMLViewNode")
    views = [*slices, *(scene.GetNthNodeByClass(index, "vtkMRMLViewNode") for index in range(count))]
    for display in _contours(review):
        was_modifying = display.StartModify()
        try:
            display.RemoveAllViewNodeIDs()
            for view in views if limited else ():
                display.AddViewNodeID(view.GetID())
        finally:
            display.EndModify(was_modifying)


def _jump(view: Any, point: NDArray[np.float64]) -> None:
    """By the offset alone where the point is within the window."""
    x, y = (np.linalg.inv(to_numpy(view.GetXYToRAS())) @ np.append(point, 1.0))[:2]
    width, height = view.GetDimensions()[:2]
    inside = 0 <= x < width and 0 <= y < height
    (view.JumpSliceByOffsetting if inside else view.JumpSliceByCentering)(*point.tolist())


def _middle(view: Any) -> tuple[float, float, float]:
    width, height = view.GetDimensions()[:2]
    x, y, z, _ = to_numpy(view.GetXYToRAS()) @ (0.5 * width, 0.5 * height, 0.0, 1.0)
    return float(x), float(y), float(z)


def _set_layers(review: ReviewNodes, view: Any, composite: Any, mode: str, opacity: float) -> None:
    if mode in MIXED:
        _set(composite, review.get(f"mixed_{view.GetLayoutName()}"), None, 0.0, composite.Alpha)
    elif mode == CONTOUR:
        _set(composite, review.mr, None, 0.0, composite.Alpha)
    elif mode == SIDE_BY_SIDE:
        _set(composite, review.ct, None, 0.0, composite.Alpha)
    elif mode == RED_CYAN:
        _set(composite, review.ct, review.mr, 1.0, composite.Add)
    else:
        _set(composite, review.ct, review.mr, opacity, composite.Alpha)


def _set(composite: Any, background: Any, foreground: Any | None, opacity: float, compositing: int) -> None:
    was_modifying = composite.StartModify()
    try:
        composite.SetBackgroundVolumeID(background.GetID())
        composite.SetForegroundVolumeID(foreground.GetID() if foreground is not None else None)
        composite.SetForegroundOpacity(opacity)
        composite.SetCompositing(compositing)
    finally:
        composite.EndModify(was_modifying)


def _color(review: ReviewNodes, red_cyan: bool) -> None:
    """Give CT and MR their colors for red and cyan, or those back that they had."""
    for role, color in (("ct", _RED), ("mr", _CYAN)):
        display = review.get(role).GetDisplayNode()
        colored = display.GetColorNodeID() == color
        if red_cyan and not colored:
            review.node.SetNodeReferenceID(f"{role}_colors", display.GetColorNodeID())
            display.SetAndObserveColorNodeID(color)
        elif colored and not red_cyan:
            display.SetAndObserveColorNodeID(review.node.GetNodeReferenceID(f"{role}_colors") or _GRAY)
