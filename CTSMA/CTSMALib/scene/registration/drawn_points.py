"""Pairs of points that were set, drawn in the views: the CT's, the MR's where the shown motion puts it, and the way
between them, which is the error.

The points of the MR lie under the transform that the MR is shown with, so that they follow every motion by themselves;
the lines between are made anew. Only pairs of the bone that the MR follows are drawn, as the MR shows no other bone in
its place. Side by side, the views of the MR's own frame show its points where they were set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray

from CTSMALib.registration.record import LandmarkPair
from CTSMALib.scene.geometry import flipped, to_world
from CTSMALib.scene.model_nodes import add_model
from CTSMALib.scene.registration.review_layout import frame_of_ct, moving_views, show_only_in
from CTSMALib.scene.registration.review_nodes import ReviewNodes

CT, MR, OWN = "ct", "mr", "own"  # of the CT; of the MR where the motion puts it; of the MR in its own frame
USED_RGB, HELD_OUT_RGB = (0.2, 0.9, 0.5), (1.0, 0.45, 1.0)  # unlike bones, and unlike each other without green or red
LINES = "points_lines"  # role
LINE_RGB, LINE_PIXELS = (255, 255, 255), 2
GLYPH_PERCENT, TEXT_PERCENT = 2.0, 3.0  # of the view
BESIDE = 0.5  # opacity of what lies beside the slice
_FIDUCIAL = "vtkMRMLMarkupsFiducialNode"
_SHAPES = {
    (CT, False): "Circle2D", (MR, False): "Cross2D", (OWN, False): "Cross2D",
    (CT, True): "Square2D", (MR, True): "StarBurst2D", (OWN, True): "StarBurst2D",
}  # fmt: skip
Points = NDArray[np.float64]


def draw_points(review: ReviewNodes, landmarks: Iterable[LandmarkPair], shown: bool = True) -> None:
    """Draw the pairs of the active bone, in the place of those drawn before.

    Args:
        review: the nodes.
        landmarks: of all bones.
        shown: whether anything is drawn.
    """
    pairs = [pair for pair in landmarks if pair.bone == review.active] if shown else []
    for scan, held_out in _SHAPES:
        chosen = [pair for pair in pairs if pair.held_out == held_out]
        if chosen or review.get(_role(scan, held_out)) is not None:
            _fill(review, scan, held_out, chosen)
    draw_errors(review, pairs)


def draw_errors(review: ReviewNodes, landmarks: Iterable[LandmarkPair]) -> None:
    """Draw the lines from the points of the CT to those of the MR, by the motion that the MR is shown with.

    Args:
        review: the nodes.
        landmarks: of all bones; those of the active bone are drawn.
    """
    pairs = [pair for pair in landmarks if pair.bone == review.active]
    model = review.get(LINES)
    if model is None and not pairs:
        return
    ends = np.stack([_places(pairs, CT), to_world(review.mr, _places(pairs, MR))], axis=1)
    if model is None:
        model = add_model(review.scene, "landmark errors", _segments(ends), LINE_RGB)
        model.SetSaveWithScene(False)
        model.SetHideFromEditors(True)
        display = model.GetDisplayNode()
        display.SetSaveWithScene(False)
        display.SetVisibility2D(True)
        display.SetSliceDisplayModeToProjection()  # where it lies in the slice it would be cut into nothing
        display.SetSliceIntersectionThickness(LINE_PIXELS)
        display.SetLineWidth(LINE_PIXELS)
        review.set(LINES, model)
    else:
        model.SetAndObservePolyData(_segments(ends))
    model.GetDisplayNode().SetVisibility(bool(pairs))
    show_only_in(model.GetDisplayNode(), _views_of(review, CT))


def _fill(review: ReviewNodes, scan: str, held_out: bool, pairs: Sequence[LandmarkPair]) -> None:
    node = review.get(_role(scan, held_out)) or _added(review, scan, held_out)
    views = _views_of(review, scan)
    was_modifying = node.StartModify()
    try:
        node.RemoveAllControlPoints()
        for pair, place in zip(pairs, _places(pairs, scan), strict=True):
            index = node.AddControlPoint(vtk.vtkVector3d(*place.tolist()), "" if scan == MR else pair.id)
            node.SetNthControlPointDescription(index, pair.id)
        node.SetLocked(True)
        node.SetAndObserveTransformNodeID(review.mr.GetTransformNodeID() if scan == MR else None)
    finally:
        node.EndModify(was_modifying)
    node.GetDisplayNode().SetVisibility(bool(pairs) and bool(views))  # without a view named it would be in all of them
    show_only_in(node.GetDisplayNode(), views)


def _added(review: ReviewNodes, scan: str, held_out: bool) -> Any:
    """A node for points, which no click adds to."""
    scene = review.scene
    selection = scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    placed = selection.GetActivePlaceNodeID() if selection is not None else None
    node = scene.AddNewNodeByClass(_FIDUCIAL, f"landmarks {scan} {'held out' if held_out else 'for fitting'}")
    if selection is not None and selection.GetActivePlaceNodeID() != placed:
        selection.SetActivePlaceNodeID(placed)
    node.SetSaveWithScene(False)
    node.SetHideFromEditors(True)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetGlyphTypeFromString(_SHAPES[scan, held_out])
    for color in (display.SetColor, display.SetSelectedColor):
        color(*(HELD_OUT_RGB if held_out else USED_RGB))
    display.SetGlyphScale(GLYPH_PERCENT)
    display.SetTextScale(TEXT_PERCENT)
    display.SetPointLabelsVisibility(scan != MR)
    display.SetSliceProjection(True)  # a point of the MR rarely lies in the slice of its counterpart
    display.SetSliceProjectionUseFiducialColor(True)
    display.SetSliceProjectionOpacity(BESIDE)
    review.set(_role(scan, held_out), node)
    return node


def _views_of(review: ReviewNodes, scan: str) -> list[Any]:
    """The views whose frame points are in: those of the CT's frame and 3D, or those of the MR's own."""
    return [view for view, _ in moving_views(review.scene)] if scan == OWN else frame_of_ct(review.scene)


def _places(pairs: Sequence[LandmarkPair], scan: str) -> Points:
    """(n, 3) RAS, mm, in the frame of the CT or in that of the MR."""
    places = [pair.ct_lps_mm if scan == CT else pair.mr_lps_mm for pair in pairs]
    return flipped(np.array(places, dtype=float).reshape(-1, 3))


def _segments(ends: Points) -> Any:
    """``vtkPolyData`` of lines between (n, 2, 3) points."""
    points, lines = vtk.vtkPoints(), vtk.vtkCellArray()
    for first, second in ends:
        lines.InsertNextCell(2)
        for end in (first, second):
            lines.InsertCellPoint(points.InsertNextPoint(*end.tolist()))
    surface = vtk.vtkPolyData()
    surface.SetPoints(points)
    surface.SetLines(lines)
    return surface


def _role(scan: str, held_out: bool) -> str:
    return f"points_{scan}_{'held_out' if held_out else 'used'}"
