"""How a bone fits: the outline of the CT's bone over the MR in three planes, where it was moved before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import BONES
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.marks import draw_letters, draw_scale_bar
from CTSMALib.report.figures.planes import Plane, resample
from CTSMALib.report.figures.views import View
from CTSMALib.report.model import Picture

SPACING_MM = 0.3
OUTLINE = "#ffb454"
MARGIN_MM = 9.0
WIDEST_MM, SHAPE = 100.0, 0.88  # of a picture, and its height as a share of its width
FEWEST_VOXELS, MOST_VOXELS = 50, 20000  # of a bone that are looked at
SMOOTHING_VOXELS = 0.7  # of outlines, which are steps otherwise
COLUMNS = 3
_WIDTH_IN, _TITLE_IN = 2.2, 0.24
_BLACK, _WHITE = 0.0, 0.99  # quantile of the signals that is white
_LEFT, _POSTERIOR, _UP, _FRONT = np.eye(3)[0], np.eye(3)[1], np.eye(3)[2], -np.eye(3)[1]
Points = NDArray[np.float64]
Shown = Callable[[Points], NDArray[np.float32]]  # (n, 3) LPS places in the CT to (n,) what the MR shows there


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion to be shown.

    Attributes:
        name: above the pictures, such as ``"before"``; may be empty.
        shown: what the MR shows under it.
    """

    name: str
    shown: Shown


def bone_panels(
    bone: str, labels: sitk.Image, motions: tuple[Motion, ...], through: Points | None
) -> tuple[Picture, ...]:
    """Pictures in coronal, axial and sagittal planes, :data:`COLUMNS` beside each other; a row for each motion.

    Args:
        bone: its name.
        labels: bones of the CT.
        motions: one, or what it was before and is after.
        through: (3,) LPS place that the planes go through; ``None`` for the middle of what the MR shows of the bone.

    Returns:
        Empty where the CT or the MR shows too little of the bone.
    """
    value = next(known.label for known in BONES if known.name == bone)
    mask = labels == value
    index = np.argwhere(sitk.GetArrayViewFromImage(mask))
    inside = index_to_lps(labels, index[:: 1 + len(index) // MOST_VOXELS])
    seen = inside[np.isfinite(motions[-1].shown(inside))] if len(inside) else inside
    if len(seen) < FEWEST_VOXELS:
        return ()
    outline = _outline(mask, index)
    views = _views(seen, np.median(seen, axis=0) if through is None else through)
    pictures = {(v.name, m.name): _signal(m, v.plane) for v in views for m in motions}
    white = _white(list(pictures.values()))
    return tuple(
        _panel(bone, view, motion.name, pictures[view.name, motion.name], white, outline)
        for motion in motions
        for view in views
    )


def _outline(mask: sitk.Image, index: NDArray[np.int_]) -> sitk.Image:
    """A bone alone, smoothed a little, so that half of it is its outline.

    Args:
        mask: of the bone.
        index: (n, 3) of its voxels (z, y, x).
    """
    low = np.maximum(index.min(axis=0) - 3, 0)[::-1]
    high = np.minimum(index.max(axis=0)[::-1] + 4, mask.GetSize())
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    sigma = [SMOOTHING_VOXELS * spacing for spacing in mask.GetSpacing()]
    return sitk.SmoothingRecursiveGaussian(sitk.Cast(mask[x, y, z], sitk.sitkFloat32), sigma)


def _views(seen: Points, through: Points) -> tuple[View, ...]:
    """Planes along the axes of the patient, around what is seen of a bone near a place."""
    low, high = np.quantile(seen, 0.01, axis=0) - MARGIN_MM, np.quantile(seen, 0.99, axis=0) + MARGIN_MM

    def view(name: str, right: Points, up: Points, letters: tuple[str, str, str, str]) -> View:
        extent = high - low
        across = float(np.abs(right) @ extent)
        width = min(max(across, float(np.abs(up) @ extent) / SHAPE), WIDEST_MM)
        half = 0.5 * width * (np.abs(right) + SHAPE * np.abs(up))
        # A bone that is longer than the picture is shown near the place; else all of it.
        room = np.maximum(0.5 * extent - half, 0.0)
        middle = np.clip(through, 0.5 * (low + high) - room, 0.5 * (low + high) + room)
        normal = np.cross(right, up)
        center = middle + normal * float(normal @ (through - middle))
        return View(name, name.capitalize(), Plane(center, right, up, width, SHAPE * width), letters)

    return (
        view("coronal", _LEFT, _UP, ("R", "L", "S", "I")),
        view("axial", _LEFT, _FRONT, ("R", "L", "A", "P")),
        view("sagittal", _POSTERIOR, _UP, ("A", "P", "S", "I")),
    )


def _signal(motion: Motion, plane: Plane) -> NDArray[np.float32]:
    """(rows from the top, columns) not a number outside the MR."""
    points = plane.points_mm(SPACING_MM)
    signal: NDArray[np.float32] = motion.shown(points.reshape(-1, 3)).reshape(points.shape[:2])
    return signal


def _white(pictures: list[NDArray[np.float32]]) -> float:
    known = np.concatenate([picture[np.isfinite(picture)] for picture in pictures])
    return max(float(np.quantile(known, _WHITE)), 1e-6) if len(known) else 1.0


def _panel(
    bone: str, view: View, motion: str, signal: NDArray[np.float32], white: float, outline: sitk.Image
) -> Picture:
    plane = view.plane
    picture_in = _WIDTH_IN * SHAPE
    figure = canvas.new_panel(picture_in + _TITLE_IN, _WIDTH_IN)
    canvas.title(figure, f"{view.title}, {motion}" if motion else view.title)
    axes = figure.add_axes((0.0, 0.0, 1.0, picture_in / (picture_in + _TITLE_IN)))
    extent = (-plane.width_mm / 2, plane.width_mm / 2, -plane.height_mm / 2, plane.height_mm / 2)
    axes.imshow(
        np.nan_to_num(signal), cmap="gray", vmin=_BLACK, vmax=white, extent=extent, interpolation="bilinear"
    )  # fmt: skip
    cut = resample(outline, plane, SPACING_MM, outside=0.0)
    if cut.max() > 0.5:
        axes.contour(cut, levels=[0.5], origin="upper", extent=extent, colors=OUTLINE, linewidths=0.9)
    draw_letters(axes, view.letters)
    draw_scale_bar(axes, plane)
    canvas.bare(axes, plane.width_mm / 2, plane.height_mm / 2)
    state = f", {motion}" if motion else ""
    name = f"{bone}-{view.name}" + (f"-{motion.replace(' ', '-')}" if motion else "")
    alt = f"{view.title} plane{state}: the MR with the outline of the {bone} of the CT."
    return canvas.to_picture(figure, name, alt)
