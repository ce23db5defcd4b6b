"""The picture of a synthetic CT: the MR, and the CT that was made of it, both with the outlines of the bones."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from numpy.typing import NDArray

from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import BONES, FEMUR, TIBIA
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.marks import draw_letters, draw_scale_bar
from CTSMALib.report.figures.overview import LEVEL_HU, WIDTH_HU
from CTSMALib.report.figures.planes import Plane, resample
from CTSMALib.report.figures.views import View
from CTSMALib.report.model import Picture
from CTSMALib.synthesis.synthetic_knee import SyntheticKnee

SPACING_MM = 0.4
OUTLINE = "#ffb454"
SMOOTHING_VOXELS = 0.7  # of outlines, which are steps otherwise
WIDEST_MM = 130.0
CONDYLES_MM = 12.0  # above the joint, where the axial plane shows condyles and patella
NEAR_JOINT_MM = 15.0
_TITLE_IN = 0.44
_WHITE = 0.99
_LEFT, _POSTERIOR, _UP, _FRONT = np.eye(3)[0], np.eye(3)[1], np.eye(3)[2], -np.eye(3)[1]


def synthesis_figure(mr: sitk.Image, knee: SyntheticKnee) -> Picture:
    """MR and synthetic CT in a coronal, an axial and a sagittal plane.

    Coronal and sagittal planes go through the joint, the axial one through the condyles above it.

    Args:
        mr: that the CT was made of.
        knee: what was made.
    """
    views = _views(knee)
    ct, outlines = knee.ct_image(), _outlines(knee)
    signals = [resample(mr, view.plane, SPACING_MM, outside=0.0) for view in views]
    white = _white(signals)
    side_in = canvas.PANEL_WIDTH_IN
    total_in = 2 * side_in + _TITLE_IN
    figure = canvas.new_panel(total_in, len(views) * side_in)
    names = [b.name for b in BONES if np.any(knee.bones == b.label)]
    text = f"Bones: {', '.join(names)}. Model: {knee.model}. For registration, not for reading. Research use only."
    canvas.title(figure, "MR (above) and the CT that was made of it (below), with the bones that were found", text)
    for column, view in enumerate(views):
        hu = resample(ct, view.plane, SPACING_MM)
        limits = (LEVEL_HU - WIDTH_HU / 2, LEVEL_HU + WIDTH_HU / 2)
        for row, (shown, (low, high)) in enumerate(((signals[column], (0.0, white)), (hu, limits))):
            box = (column / len(views), (1 - row) * side_in / total_in, 1 / len(views), side_in / total_in)
            axes = figure.add_axes(box)
            axes.imshow(shown, cmap="gray", vmin=low, vmax=high, extent=_extent(view.plane))
            for outline in outlines:
                _draw(axes, outline, view.plane)
            _label(axes, view, "synthetic CT" if row else "MR")
    return canvas.to_picture(figure, "synthesis", f"An MR and a synthetic CT with outlines of bones. {text}")


def _views(knee: SyntheticKnee) -> tuple[View, ...]:
    """Planes along the patient's axes through what the MR shows."""
    joint = _joint_mm(knee)
    size = float(min(WIDEST_MM, max(n * s for n, s in zip(knee.grid.size, knee.grid.spacing_mm, strict=True))))

    def view(title: str, right: NDArray, up: NDArray, letters: tuple[str, str, str, str], shift: float = 0.0) -> View:
        center = joint + np.array([0.0, 0.0, shift])
        return View(title.lower(), title, Plane(center, right, up, size, size), letters)

    return (
        view("Coronal", _LEFT, _UP, ("R", "L", "S", "I")),
        view("Axial", _LEFT, _FRONT, ("R", "L", "A", "P"), CONDYLES_MM),
        view("Sagittal", _POSTERIOR, _UP, ("A", "P", "S", "I")),
    )


def _joint_mm(knee: SyntheticKnee) -> NDArray[np.float64]:
    """(3,) LPS middle between femur and tibia; of all bones where one of the two is missing."""
    image = knee.bones_image()
    femur, tibia, every = (
        index_to_lps(image, np.argwhere(where)[::7])
        for where in (knee.bones == FEMUR.label, knee.bones == TIBIA.label, knee.bones > 0)
    )
    if not len(femur) or not len(tibia):
        middle: NDArray[np.float64] = np.median(every, axis=0)
        return middle
    height = 0.5 * (np.quantile(femur[:, 2], 0.01) + np.quantile(tibia[:, 2], 0.99))
    around = np.concatenate([femur, tibia])
    near = around[np.abs(around[:, 2] - height) < NEAR_JOINT_MM]
    across = np.median(near if len(near) else around, axis=0)
    return np.array([across[0], across[1], height])


def _outlines(knee: SyntheticKnee) -> list[sitk.Image]:
    """Each bone smoothed a little, so that half of it is its outline."""
    image = knee.bones_image()
    sigma = [SMOOTHING_VOXELS * spacing for spacing in image.GetSpacing()]
    return [
        sitk.SmoothingRecursiveGaussian(sitk.Cast(image == bone.label, sitk.sitkFloat32), sigma)
        for bone in BONES
        if np.any(knee.bones == bone.label)
    ]


def _draw(axes: Axes, outline: sitk.Image, plane: Plane) -> None:
    cut = resample(outline, plane, SPACING_MM, outside=0.0)
    if cut.max() > 0.5:
        axes.contour(cut, levels=[0.5], origin="upper", extent=_extent(plane), colors=OUTLINE, linewidths=0.9)


def _label(axes: Axes, view: View, scan: str) -> None:
    plane = view.plane
    axes.text(
        -plane.width_mm / 2 + 2, plane.height_mm / 2 - 6, f"{view.title}, {scan}", color="white",
        size=canvas.SMALL_PT, family=canvas.FONT,
    )  # fmt: skip
    draw_letters(axes, view.letters)
    draw_scale_bar(axes, plane)
    canvas.bare(axes, plane.width_mm / 2, plane.height_mm / 2)


def _white(pictures: list[NDArray[np.float32]]) -> float:
    known = np.concatenate([picture[picture > 0] for picture in pictures])
    return float(np.quantile(known, _WHITE)) if len(known) else 1.0


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    return -plane.width_mm / 2, plane.width_mm / 2, -plane.height_mm / 2, plane.height_mm / 2
