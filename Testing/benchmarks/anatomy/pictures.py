"""Pictures of the bones, compartments and patches found in the given real CTs and in them mirrored.

Usage::

    python -m Testing.benchmarks.anatomy.pictures --data FOLDER [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.grids import Box, physical_box, resample_axis_aligned
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.anatomy.patch import EDGE_MM, Patch
from Testing.benchmarks.anatomy.given_scans import GIVEN, GivenScan, load
from Testing.benchmarks.record import ROOT

IMAGES = ROOT / "docs" / "images"
COLORS = {"femur": "#4fc3f7", "tibia": "#ffd54f", "patella": "#f06292", "fibula": "#81c784"}
COMPARTMENT_COLORS = {"FM": "#ff5252", "FL": "#7c4dff", "TM": "#ff9100", "TL": "#00e676"}
WINDOW_HU = (-200.0, 700.0)
PIXEL_MM = 0.5
WIDTH_PX, DPI = 1200, 100
MARGIN_MM = 14.0  # shown around the bones
GRAYS = 64  # in the palette of the file; more add nothing but size
EDGES = [(a, a | 1 << k) for a in range(8) for k in range(3) if not a & 1 << k]  # of a cube, corners as bits


@dataclass(frozen=True)
class Section:
    """A plane across the knee: array axis (0 axial, 1 coronal, 2 sagittal), LPS position in mm, and what it shows."""

    axis: int
    at_mm: float
    title: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the given scans")
    parser.add_argument("--quick", action="store_true", help="the first scan only")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder for the pictures (default: docs/images)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for scan in GIVEN[:1] if options.quick else GIVEN:
        for mirrored in (False, True):
            with threadpool_limits(limits=1, user_api="blas"):
                image = load(scan, options.data, mirrored)
                anatomy = find_anatomy(image, find_knees(image)[0])
            path = options.out / f"anatomy_{scan.name}{'_mirrored' if mirrored else ''}.png"
            _write(_figure(scan, mirrored, image, anatomy), path)
            print(path.name, path.stat().st_size // 1024, "kB", flush=True)


def _write(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    colors = [np.full(3, level) for level in np.linspace(0, 255, GRAYS)]
    for color in (*COLORS.values(), *COMPARTMENT_COLORS.values()):
        full = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)])
        # Antialiased lines blend with what lies under them.
        colors += [share * full + (1 - share) * ground for share in (0.4, 0.7, 1.0) for ground in (30, 140)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(colors).astype(np.uint8).ravel().tolist())
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def _figure(scan: GivenScan, mirrored: bool, image: sitk.Image, anatomy: KneeAnatomy) -> Figure:
    shown = resample_axis_aligned(image, PIXEL_MM, physical_box(anatomy.labels))
    sections = _sections(anatomy)
    figure = Figure(figsize=(WIDTH_PX / DPI, 8.6), dpi=DPI, facecolor="black")
    for number, section in enumerate(sections):
        axes = figure.add_subplot(2, 3, number + 1)
        _draw(axes, section, shown, anatomy)
    refused = ", ".join(anatomy.incomplete) or "none"
    figure.suptitle(
        f"{scan.name}{', mirrored' if mirrored else ''}: found {anatomy.side.side} knee "
        f"({anatomy.side.evidence}); compartments refused: {refused}",
        color="white", fontsize=11,
    )  # fmt: skip
    _legend(figure, anatomy)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.92, bottom=0.06, wspace=0.02, hspace=0.1)
    return figure


def _sections(anatomy: KneeAnatomy) -> list[Section]:
    femur, tibia = anatomy.frames["femur"], anatomy.frames["tibia"]
    middle = {key: np.mean([p.center_lps_mm for p in _patches(anatomy, key)], axis=0) for key in COMPARTMENT_COLORS}
    fibula = np.argwhere(sitk.GetArrayViewFromImage(anatomy.labels) == BONES[3].label)
    below = tibia.to_lps(np.array([0.0, 0.0, -12.0]))[2]
    if len(fibula):  # where the fibula shows best
        below = min(below, anatomy.labels.GetOrigin()[2] + anatomy.labels.GetSpacing()[2] * (fibula[:, 0].max() - 8))
    return [
        Section(1, float((middle["TM"] + middle["TL"])[1] / 2), "coronal"),
        Section(2, float((middle["TM"] + middle["FM"])[0] / 2), "sagittal, medial"),
        Section(2, float((middle["TL"] + middle["FL"])[0] / 2), "sagittal, lateral"),
        Section(0, float(femur.to_lps(np.array([0.0, 0.0, 12.0]))[2]), "axial, condyles"),
        Section(0, float((middle["TM"] + middle["TL"])[2] / 2), "axial, plateau"),
        Section(0, float(below), "axial, below the plateau"),
    ]


def _patches(anatomy: KneeAnatomy, key: str) -> list[Patch]:
    return [patch for patch in anatomy.learning if patch.compartment == key]


def _draw(axes: Axes, section: Section, shown: sitk.Image, anatomy: KneeAnatomy) -> None:
    low, high = physical_box(shown)
    near = _bone_box(anatomy.labels)
    across, up = [(0, 1), (0, 2), (1, 2)][section.axis]
    place = 2 - section.axis
    index = int(np.clip(round((section.at_mm - low[place]) / PIXEL_MM), 0, shown.GetSize()[place] - 1))
    extent = (low[across], high[across], low[up], high[up])
    picture = np.take(sitk.GetArrayViewFromImage(shown), index, section.axis)
    axes.imshow(picture, cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], origin="lower", extent=extent)
    _outlines(axes, section, anatomy, (across, up))
    for patch in anatomy.learning:
        if patch.compartment not in anatomy.incomplete:
            corners = _cut(patch, anatomy.frames[patch.bone], place, section.at_mm)
            if corners is not None:
                axes.fill(*corners[:, [across, up]].T, fill=False, lw=0.9, ec=COMPARTMENT_COLORS[patch.compartment])
    axes.set_xlim(max(near[0][across], low[across]), min(near[1][across], high[across]))
    axes.set_ylim(max(near[0][up], low[up]), min(near[1][up], high[up]))
    # LPS: the axial view is seen from the feet, the coronal one from the front, the sagittal one from the left.
    if section.axis == 0:
        axes.invert_yaxis()
    letters = ("A", "P") if section.axis == 2 else ("R", "L")
    for letter, x in zip(letters, (0.03, 0.97), strict=True):
        axes.text(x, 0.5, letter, color="white", fontsize=13, ha="center", va="center", transform=axes.transAxes)
    unit = "LPS " + "xyz"[place]
    axes.set_title(f"{section.title} ({unit} = {section.at_mm:.0f} mm)", color="white", fontsize=9, pad=3)
    axes.set_axis_off()
    axes.set_aspect("equal")


def _bone_box(labels: sitk.Image) -> Box:
    index = np.argwhere(sitk.GetArrayViewFromImage(labels) > 0)
    points = np.array(labels.GetOrigin()) + index[:, ::-1] * np.array(labels.GetSpacing())
    return points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM


def _outlines(axes: Axes, section: Section, anatomy: KneeAnatomy, plane: tuple[int, int]) -> None:
    labels = anatomy.labels
    low, high = physical_box(labels)
    place = 2 - section.axis
    index = int(np.clip(round((section.at_mm - low[place]) / labels.GetSpacing()[0]), 0, labels.GetSize()[place] - 1))
    values = np.take(sitk.GetArrayViewFromImage(labels), index, section.axis)
    grid = [np.linspace(low[k], high[k], labels.GetSize()[k]) for k in plane]
    for bone in BONES:
        if (values == bone.label).any():
            axes.contour(*grid, (values == bone.label).astype(float), [0.5], colors=COLORS[bone.name], linewidths=1.1)


def _cut(patch: Patch, frame: JointFrame, axis: int, at_mm: float) -> NDArray[np.float64] | None:
    """Corners (n, 3) of the polygon in which a plane cuts a patch, LPS mm, in order; ``None`` where it misses."""
    signs = np.array([[1.0 if corner >> k & 1 else -1.0 for k in range(3)] for corner in range(8)])
    corners = frame.to_lps(np.array(patch.center_anatomical_mm) + signs * EDGE_MM / 2)
    height = corners[:, axis] - at_mm
    points = [
        corners[a] + (corners[b] - corners[a]) * height[a] / (height[a] - height[b])
        for a, b in EDGES
        if height[a] * height[b] < 0
    ]
    if len(points) < 3:
        return None
    found = np.array(points)
    around = np.delete(found - found.mean(axis=0), axis, axis=1)
    return found[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]


def _legend(figure: Figure, anatomy: KneeAnatomy) -> None:
    present = np.unique(sitk.GetArrayViewFromImage(anatomy.labels))
    entries = [(b.name, COLORS[b.name]) for b in BONES if b.label in present]
    entries += [(c.title.lower(), COMPARTMENT_COLORS[c.key]) for c in COMPARTMENTS if c.key not in anatomy.incomplete]
    for number, (text, color) in enumerate(entries):
        column, row = divmod(number, 2)
        figure.text(0.1 + 0.22 * column, 0.03 - 0.022 * row, text, color=color, fontsize=10)


if __name__ == "__main__":
    main()
