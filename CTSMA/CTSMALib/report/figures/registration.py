"""The picture of a registration: the outline of the CT's bones over the MR, where the bones were and where they are."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from numpy.typing import NDArray

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.paired import Motions
from CTSMALib.registration.record import FAILED
from CTSMALib.registration.register import Registration
from CTSMALib.registration.similarity import sampled
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.overview import LEVEL_HU, WIDTH_HU
from CTSMALib.report.figures.planes import Plane, resample
from CTSMALib.report.model import Picture

SPACING_MM = 0.4
MARGIN_MM = 12.0
CONTOUR = {"good": "#3fd07f", "check": "#ffb454", "failed": "#ff5c5c"}
_TITLE_IN = 0.62
_WHITE = 0.99
_PLANES = (("Coronal", (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)), ("Sagittal", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))


def registration_figure(fixed: FixedKnee, moving: MovingKnee, found: Registration) -> Picture:
    """CT, and the MR where every bone lies as in the CT, in a coronal and a sagittal plane through each of its halves.

    Args:
        fixed: the CT.
        moving: the MR.
        found: the registration.
    """
    usable = {bone.name: found.motions.matrices[bone.name] for bone in found.bones if bone.verdict != FAILED}
    motions = found.motions if not usable else type(found.motions)(fixed.bones, usable, found.motions.local)
    planes = _planes(fixed)
    shown = [_shown(moving, motions, plane) for _, plane in planes]
    white = _white(shown)
    widest = max(plane.width_mm for _, plane in planes)
    height_in = canvas.PANEL_WIDTH_IN * planes[0][1].height_mm / widest
    figure = canvas.new_panel(2 * height_in + _TITLE_IN, len(planes) * canvas.PANEL_WIDTH_IN)
    verdicts = {bone.name: bone.verdict for bone in found.bones}
    text = ", ".join(f"{b.name} {b.verdict} ({b.quality.estimated_mm:.1f} mm)" for b in found.bones)
    canvas.title(figure, "MR on CT: outlines are the bones of the CT", f"Estimated error: {text}. Research use only.")
    for column, (name, plane) in enumerate(planes):
        hu = resample(fixed.ct, plane, SPACING_MM)
        for row, (picture, low, high) in enumerate(
            ((hu, LEVEL_HU - WIDTH_HU / 2, LEVEL_HU + WIDTH_HU / 2), (shown[column], 0.0, white))
        ):
            total = 2 * height_in + _TITLE_IN
            box = (column / len(planes), (1 - row) * height_in / total, 1 / len(planes), height_in / total)
            axes = figure.add_axes(box)
            axes.imshow(picture, cmap="gray", vmin=low, vmax=high, extent=_extent(plane))
            _outlines(axes, fixed, plane, verdicts)
            axes.text(
                -plane.width_mm / 2 + 2, plane.height_mm / 2 - 6, f"{name}, {'MR' if row else 'CT'}", color="white",
                size=canvas.SMALL_PT,
            )  # fmt: skip
            canvas.bare(axes, plane.width_mm / 2, plane.height_mm / 2)
    return canvas.to_picture(figure, "registration", f"Outlines of CT bones over CT and MR. {text}.")


def _planes(fixed: FixedKnee) -> list[tuple[str, Plane]]:
    """A coronal plane through the joint, and sagittal ones through the middle and either half of the widest bone."""
    inside = np.concatenate([fixed.surface(name).points_mm for name in fixed.leading])
    low, high = np.quantile(inside, 0.01, axis=0), np.quantile(inside, 0.99, axis=0)
    middle, size = 0.5 * (low + high), high - low + 2 * MARGIN_MM
    planes = []
    for name, right, up in _PLANES:
        across = float(np.abs(np.array(right)) @ size)
        for share in (0.0,) if name == "Coronal" else (-0.25, 0.0, 0.25):
            center = middle + np.array([share * (high - low)[0], 0.0, 0.0])
            planes.append((name, Plane(center, np.array(right), np.array(up), across, float(size[2]))))
    return planes


def _shown(moving: MovingKnee, motions: Motions, plane: Plane) -> NDArray[np.float32]:
    """(rows from the top, columns) the MR where the motions take the plane; 0 outside."""
    points = plane.points_mm(SPACING_MM)
    level = moving.level(0.0)
    signal = sampled(level.signal, level.to_index, motions.everywhere(points.reshape(-1, 3)))
    found: NDArray[np.float32] = np.nan_to_num(signal).reshape(points.shape[:2])
    return found


def _white(pictures: list[NDArray[np.float32]]) -> float:
    known = np.concatenate([picture[picture > 0] for picture in pictures])
    return float(np.quantile(known, _WHITE)) if len(known) else 1.0


def _outlines(axes: Axes, fixed: FixedKnee, plane: Plane, verdicts: dict[str, str]) -> None:
    for name, bone in fixed.bones.items():
        depth = sitk.GetImageFromArray(bone.depth_mm)
        depth.CopyInformation(bone.region)
        cut: NDArray[np.float32] = resample(depth, plane, SPACING_MM, outside=-5.0)
        if cut.max() > 0:
            color = CONTOUR[verdicts.get(name, FAILED)]
            axes.contour(cut[::-1], [0.0], colors=[color], linewidths=0.9, extent=_extent(plane))


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    return -plane.width_mm / 2, plane.width_mm / 2, -plane.height_mm / 2, plane.height_mm / 2
