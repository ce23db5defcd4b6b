"""Where on the joint surfaces patches speak for osteoarthritis, and where against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.diagnosis.wording import signed
from CTSMALib.report.diagnosis.signs import AGAINST_HATCH, DIVERGING, scale_of
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.enface import FACES, HALO, Face, grid_places, name_rows_and_columns, surface_panel
from CTSMALib.report.figures.lattice import Lattice
from CTSMALib.report.model import Picture

_KEY_IN = 0.62
_NUMBER_PT = 5.2  # five characters are as wide as a patch


def contribution_maps(
    found: StoredDiagnosis, analysis: KneeAnalysis, labels: sitk.Image, frames: dict[str, JointFrame]
) -> tuple[Picture, ...]:
    """Both surfaces; each number is what the patches of both depths at that place add to the log odds.

    Args:
        found: the diagnosis, with its numbers.
        analysis: the findings.
        labels: bone labels, for the silhouettes.
        frames: joint frames by bone name.
    """
    scale = scale_of(list(place_sums(found).values()))
    return tuple(_panel(face, found, analysis, labels, frames.get(face.bone.name), scale) for face in FACES)


def contribution_key(found: StoredDiagnosis) -> Picture:
    """The color bar of the maps, with the sign in words."""
    figure = canvas.new_panel(_KEY_IN)
    scale = scale_of(list(place_sums(found).values()))
    bar = figure.colorbar(
        ScalarMappable(scale, DIVERGING), cax=figure.add_axes((0.03, 0.40, 0.56, 0.22)), orientation="horizontal"
    )
    bar.ax.tick_params(
        labelsize=canvas.TEXT_PT, labelfontfamily=canvas.FONT, colors=canvas.INK, length=2.5, width=0.6, pad=2
    )
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
    bar.outline.set_linewidth(0.5)
    style: dict[str, Any] = {"size": canvas.TEXT_PT, "color": canvas.INK, "va": "top", "family": canvas.FONT}
    figure.text(0.03, 0.97, "◀ against osteoarthritis", **style)
    figure.text(0.59, 0.97, "for ▶", ha="right", **style)
    sign = figure.add_axes((0.66, 0.40, 0.06, 0.22))
    canvas.bare(sign, 1.0, 0.6)
    sign.set_aspect("auto")
    canvas.hatched(sign, [(-1, -0.6), (1, -0.6), (1, 0.6), (-1, 0.6)])
    figure.text(0.735, 0.51, "no values", **{**style, "va": "center"})
    alt = f"Color key: log odds from {scale.vmin:.2g} to {scale.vmax:.2g}; blue against, orange for osteoarthritis."
    return canvas.to_picture(figure, "key-diagnosis", alt)


def place_sums(found: StoredDiagnosis) -> dict[str, float]:
    """Contributions of both depths together by place, as ``"TM-r2-c4"``."""
    sums: dict[str, float] = {}
    for name, part in found.patches.items():
        place = name.rpartition("-")[0]
        sums[place] = sums.get(place, 0.0) + part
    return sums


def _panel(
    face: Face, found: StoredDiagnosis, analysis: KneeAnalysis, labels: sitk.Image, frame: JointFrame | None,
    scale: Normalize,
) -> Picture:  # fmt: skip
    sums = place_sums(found)

    def draw(axes: Axes, lattice: Lattice) -> str:
        own = [item for item in analysis.patches if item.patch.bone == face.bone.name]
        located, centers = grid_places(lattice, own)
        parts = [sums.get(item.patch.id.rpartition("-")[0]) for item in located]
        squares = _cells(located, centers)
        for square, center, part in zip(squares, centers, parts, strict=True):
            _draw_place(axes, square, center, part, scale)
        if located:
            name_rows_and_columns(axes, lattice, located, centers)
        return _alt(face, [(item.patch.id, part) for item, part in zip(located, parts, strict=True)])

    return surface_panel(face, analysis, labels, frame, f"diagnosis-map-{face.bone.name}", draw)


def _cells(patches: list[PatchMeasurement], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4, 2) rectangles about places, nearly as large as their distance within a compartment."""
    half = np.full((len(centers), 2), EDGE_MM / 2.0)
    indices = np.array([(item.patch.row, item.patch.column) for item in patches], dtype=float).reshape(-1, 2)
    for key in {item.patch.compartment for item in patches}:
        own = np.array([item.patch.compartment == key for item in patches])
        for axis in (0, 1):
            steps = float(np.ptp(indices[own, axis]))
            if steps:
                slope = np.polyfit(indices[own, axis], centers[own, axis], 1)[0]
                half[own, axis] = 0.48 * abs(float(slope))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return np.asarray(centers[:, None, :] + corners * half[:, None, :])


def _draw_place(
    axes: Axes, square: NDArray[np.float64], center: NDArray[np.float64], part: float | None, scale: Normalize
) -> None:
    if part is None:
        canvas.hatched(axes, square, order=3.0)
        return
    face = DIVERGING(scale(part))
    axes.add_collection(PolyCollection([square], facecolor=[face], edgecolor=canvas.INK, linewidth=0.4, zorder=3))
    if part < 0.0:
        lines = PolyCollection([square], facecolor="none", edgecolor=canvas.MISSING_LINE, linewidth=0.0, zorder=3)
        lines.set_hatch(AGAINST_HATCH)
        axes.add_collection(lines)
    axes.text(
        center[0], center[1], signed(part), ha="center", va="center", size=_NUMBER_PT, color=canvas.INK,
        family=canvas.FONT, path_effects=HALO, zorder=6,
    )  # fmt: skip


def _alt(face: Face, parts: list[tuple[str, float | None]]) -> str:
    known = sorted(((name.rpartition("-")[0], p) for name, p in parts if p is not None), key=lambda item: -abs(item[1]))
    if not known:
        return f"{face.surface} {face.viewpoint}: no patch has values."
    told = ", ".join(f"{place} {signed(part)}" for place, part in known[:4])
    return f"{face.surface} {face.viewpoint}: what {len(known)} places add to the log odds; the largest are {told}."
