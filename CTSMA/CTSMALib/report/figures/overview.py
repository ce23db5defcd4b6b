"""Slices of the scan in the joint frame with bone contours and the patch grid, in radiological convention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import BONES, FEMUR, TIBIA
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.catalogue import Quantity
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.key import color_key
from CTSMALib.report.figures.marks import draw_letters, draw_scale_bar
from CTSMALib.report.figures.planes import Plane, cut_cube, resample
from CTSMALib.report.figures.views import View, slice_views
from CTSMALib.report.model import Picture, ReportFigure
from CTSMALib.report.wording import lower_first, number_text, unit_text, with_unit

LEVEL_HU, WIDTH_HU = 300.0, 1200.0
_WHITE = 0.99  # quantile of the signals of an MR
_SPACING_MM = 0.25
_TITLE_IN = 0.24
_CONTOUR = "#ffb454"


@dataclass(frozen=True)
class _Cut:
    """A patch where a slice cuts it: its outline (N, 2) in picture mm and how far its center lies off the slice."""

    item: PatchMeasurement
    outline: NDArray[np.float64]
    off_mm: float


def overview_figure(
    analysis: KneeAnalysis,
    scan: sitk.Image,
    labels: sitk.Image,
    frames: dict[str, JointFrame],
    quantity: Quantity | None,
) -> ReportFigure:
    """Coronal, axial and two sagittal slices through the compartments.

    Args:
        analysis: the findings.
        scan: HU, or signals of an MR.
        labels: bone labels.
        frames: at least one of femur and tibia.
        quantity: gives the patches their color; ``None`` to draw them uncolored.
    """
    main = TIBIA.name if TIBIA.name in frames else FEMUR.name
    views = slice_views(analysis, frames[main])
    panels = tuple(_panel(view, analysis, scan, labels, frames, quantity) for view in views)
    colored = f" Their color is the {lower_first(quantity.title)}." if quantity else ""
    is_ct = analysis.modality == "CT"
    window = f", bone window (level {LEVEL_HU:.0f} HU, width {WIDTH_HU:.0f} HU)" if is_ct else ""
    caption = (
        f"{analysis.modality} slices along the joint frame of the {main}{window}; the patient's right is on the left "
        f"of the picture. Thin line: bone outline. Outlined squares: {EDGE_MM:g} mm patches that the slice cuts, the "
        f"nearest of those behind each other, with a solid square at their center.{colored} A compartment that is not "
        "reported has no squares. Bar: 2 cm."
    )
    return ReportFigure("Slices with the patch grid", caption, panels, color_key(quantity) if quantity else None)


def _panel(
    view: View,
    analysis: KneeAnalysis,
    scan: sitk.Image,
    labels: sitk.Image,
    frames: dict[str, JointFrame],
    quantity: Quantity | None,
) -> Picture:
    plane = view.plane
    picture_in = canvas.PANEL_WIDTH_IN * plane.height_mm / plane.width_mm
    figure = canvas.new_panel(picture_in + _TITLE_IN)
    canvas.title(figure, view.title)
    axes = figure.add_axes((0.0, 0.0, 1.0, picture_in / (picture_in + _TITLE_IN)))
    _draw_scan(axes, scan, plane, _window(analysis, scan))
    _draw_contours(axes, labels, plane)
    refused = {finding.key for finding in analysis.compartments if not finding.reported}
    cuts = _cuts([item for item in analysis.patches if item.patch.compartment not in refused], frames, plane)
    for cut in cuts:
        _draw_cut(axes, cut, quantity)
    draw_letters(axes, view.letters)
    draw_scale_bar(axes, plane)
    canvas.bare(axes, plane.width_mm / 2, plane.height_mm / 2)
    return canvas.to_picture(figure, f"slice-{view.name}", _alt(view, cuts, quantity, analysis.modality))


def _window(analysis: KneeAnalysis, scan: sitk.Image) -> tuple[float, float]:
    """Black and white: the bone window of a CT, or from nothing to nearly the brightest signal of an MR."""
    if analysis.modality == "CT":
        return LEVEL_HU - WIDTH_HU / 2, LEVEL_HU + WIDTH_HU / 2
    return 0.0, max(float(np.quantile(sitk.GetArrayViewFromImage(scan)[::2, ::4, ::4], _WHITE)), 1e-6)


def _draw_scan(axes: Axes, scan: sitk.Image, plane: Plane, window: tuple[float, float]) -> None:
    axes.imshow(
        resample(scan, plane, _SPACING_MM),
        cmap="gray",
        vmin=window[0],
        vmax=window[1],
        extent=_extent(plane),
        interpolation="bilinear",
    )


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    return -plane.width_mm / 2, plane.width_mm / 2, -plane.height_mm / 2, plane.height_mm / 2


def _draw_contours(axes: Axes, labels: sitk.Image, plane: Plane) -> None:
    for bone in BONES:
        mask = resample(sitk.Cast(labels == bone.label, sitk.sitkFloat32), plane, 2 * _SPACING_MM, outside=0.0)
        if mask.max() > 0.5:
            axes.contour(mask, levels=[0.5], origin="upper", extent=_extent(plane), colors=_CONTOUR, linewidths=0.7)


def _cuts(patches: list[PatchMeasurement], frames: dict[str, JointFrame], plane: Plane) -> list[_Cut]:
    """The patches that a plane cuts; of those one behind the other, the ones nearest to the plane.

    The two layers of a place stay together in slices that show both.
    """
    piles: dict[tuple[object, ...], dict[int, list[_Cut]]] = {}
    for item in patches:
        frame = frames.get(item.patch.bone)
        center = np.array(item.patch.center_lps_mm, dtype=float)
        if frame is None or not np.isfinite(center).all():
            continue
        outline = cut_cube(plane, center, frame.axes)
        if outline is not None:
            cut = _Cut(item, outline, abs(float(plane.to_picture(center)[2])))
            place, behind = _place(item, frame, plane)
            piles.setdefault(place, {}).setdefault(behind, []).append(cut)
    nearest = [min(pile.values(), key=lambda cuts: float(np.mean([c.off_mm for c in cuts]))) for pile in piles.values()]
    return sorted((cut for cuts in nearest for cut in cuts), key=lambda cut: cut.off_mm, reverse=True)


def _place(item: PatchMeasurement, frame: JointFrame, plane: Plane) -> tuple[tuple[object, ...], int]:
    """Compartment with row and column as far as they vary in the plane; the index along the line of sight."""
    across = int(np.argmax(np.abs(frame.axes @ np.cross(plane.right, plane.up))))
    patch = item.patch
    indices = (patch.row, patch.column, patch.layer)
    seen = [index for axis, index in enumerate(indices[:2]) if axis != across]
    return (patch.compartment, *seen), indices[across]


def _value(cut: _Cut, quantity: Quantity | None) -> float | None:
    """The value of a patch; ``None`` where it has none."""
    if quantity is None:
        return None
    value = cut.item.values.get(quantity.key)
    return value if value is not None and np.isfinite(value) else None


def _draw_cut(axes: Axes, cut: _Cut, quantity: Quantity | None) -> None:
    """The cube's outline, and a solid inner square of half its edge, so that overlapping layers stay apart."""
    middle = cut.outline.mean(axis=0)
    inner = middle + 0.5 * (cut.outline - middle)
    value = _value(cut, quantity)
    if value is None or quantity is None:
        axes.add_patch(
            Polygon(cut.outline, fill=False, edgecolor=canvas.MISSING_FACE, linewidth=0.6, linestyle=(0, (3, 2)))
        )
        canvas.hatched(axes, inner, order=3.0)
        return
    colors, scale = canvas.colors_of(quantity)
    color = colors(scale(value))
    axes.add_patch(Polygon(cut.outline, fill=False, edgecolor=color, linewidth=0.8, zorder=3))
    axes.add_patch(Polygon(inner, facecolor=color, edgecolor="black", linewidth=0.4, zorder=4))


def _alt(view: View, cuts: list[_Cut], quantity: Quantity | None, modality: str) -> str:
    text = f"{view.title}: {modality} slice with bone outlines and {len(cuts)} patches"
    values = [value for cut in cuts if (value := _value(cut, quantity)) is not None]
    if not values or quantity is None:
        return f"{text}; none of them has a value."
    low, high = (number_text(value, quantity.decimals) for value in (min(values), max(values)))
    return f"{text}, {len(values)} with a value; {quantity.title} from {low} to {with_unit(high, unit_text(quantity))}."
