"""Maps of one quantity on the tibial plateau, seen from above, and on the femoral condyles, seen from below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from CTSMALib.analysis.result import KneeAnalysis, PatchMeasurement
from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA, Bone
from CTSMALib.anatomy.patch import DEPTHS_MM, EDGE_MM
from CTSMALib.catalogue import Quantity
from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.key import color_key
from CTSMALib.report.figures.lattice import Lattice, centered, silhouette, surface_points
from CTSMALib.report.model import Picture, ReportFigure
from CTSMALib.report.wording import number_text, unit_text, with_unit

HALF_SIZE_MM = (50.0, 38.0)
_MARK_MM = 3.0  # distance of row and column numbers from the lattice
_SCALE_BAR_MM = 10.0
_TITLE_IN = 0.40
HALO = [withStroke(linewidth=2.2, foreground="white")]


@dataclass(frozen=True)
class Face:
    """How a joint surface is looked at, with anterior at the top."""

    bone: Bone
    surface: str
    viewpoint: str
    patient_right_at_right: bool


FACES = (
    Face(FEMUR, "Femoral condyles", "from below", patient_right_at_right=False),
    Face(TIBIA, "Tibial plateau", "from above", patient_right_at_right=True),
)


def enface_figure(
    analysis: KneeAnalysis, labels: sitk.Image, frames: dict[str, JointFrame], quantity: Quantity
) -> ReportFigure:
    """Both surfaces, femur first.

    Args:
        analysis: the findings; its display patches are drawn as they are, without interpolation.
        labels: bone labels, for the silhouettes.
        frames: joint frames by bone name.
        quantity: what the color shows.
    """
    caption = (
        f"{quantity.title} at the patches of the first layer ({EDGE_MM:g} mm cubes centered {DEPTHS_MM[0]:g} mm below "
        "the subchondral surface), drawn at the surface above them. Femur and tibia face each other, so medial and "
        "lateral change sides between the two pictures. Crosses: the patches of the report grid, rows r1 to r3, "
        "columns c1 to c4."
    )
    panels = tuple(_panel(face, analysis, labels, frames.get(face.bone.name), quantity) for face in FACES)
    return ReportFigure(f"Map: {quantity.title}", caption, panels, color_key(quantity))


def _panel(
    face: Face, analysis: KneeAnalysis, labels: sitk.Image, frame: JointFrame | None, quantity: Quantity
) -> Picture:
    refused = refused_compartments(analysis)

    def draw(axes: Axes, lattice: Lattice) -> str:
        _draw_cells(axes, lattice, quantity, refused)
        _draw_learning_grid(axes, lattice, [item for item in analysis.patches if item.patch.bone == face.bone.name])
        return _alt(face, lattice, quantity, refused)

    return surface_panel(face, analysis, labels, frame, f"map-{quantity.key}-{face.bone.name}", draw)


def surface_panel(
    face: Face, analysis: KneeAnalysis, labels: sitk.Image, frame: JointFrame | None, name: str,
    draw: Callable[[Axes, Lattice], str],
) -> Picture:  # fmt: skip
    """A joint surface seen face on: silhouette, borders of compartments, directions, scale bar, what is drawn on it.

    Args:
        face: which surface.
        analysis: the findings; its display patches tell where the surface lies.
        labels: bone labels, for the silhouette.
        frame: joint frame of the bone; without it the surface is not reported.
        name: of the picture.
        draw: draws on axes in mm, and returns what it shows, in words.
    """
    height_in = canvas.PANEL_WIDTH_IN * HALF_SIZE_MM[1] / HALF_SIZE_MM[0]
    figure = canvas.new_panel(height_in + _TITLE_IN)
    canvas.title(figure, face.surface, f"Knee seen {face.viewpoint}")
    axes = figure.add_axes((0.0, 0.0, 1.0, height_in / (height_in + _TITLE_IN)))
    own = [item for item in analysis.display_patches if item.patch.bone == face.bone.name]
    lattice = Lattice.of(own, _sign(face, frame))
    if frame is None or lattice is None:
        axes.text(0, 0, "Not reported", ha="center", size=canvas.TEXT_PT, color=canvas.INK, family=canvas.FONT)
        canvas.bare(axes, *HALF_SIZE_MM)
        return canvas.to_picture(figure, name, f"{face.surface}: not reported.")
    lattice = centered(lattice, labels, face.bone, frame)
    _draw_silhouette(axes, silhouette(labels, face.bone, frame, lattice, HALF_SIZE_MM))
    alt = draw(axes, lattice)
    _draw_compartments(axes, lattice, face.bone, refused_compartments(analysis))
    _draw_directions(axes, face, lattice, analysis.side.side == "unknown")
    _draw_scale_bar(axes)
    canvas.bare(axes, *HALF_SIZE_MM)
    return canvas.to_picture(figure, name, alt)


def refused_compartments(analysis: KneeAnalysis) -> set[str]:
    """Keys of the compartments that are not reported."""
    return {finding.key for finding in analysis.compartments if not finding.reported}


def _sign(face: Face, frame: JointFrame | None) -> float:
    """+1 where the picture's right is lateral."""
    mirrored = frame.mirrored if frame is not None else False
    return 1.0 if face.patient_right_at_right != mirrored else -1.0


def _draw_silhouette(axes: Axes, mask: np.ndarray) -> None:
    if not mask.any() or mask.all():
        return
    width, height = HALF_SIZE_MM
    extent = (-width, width, -height, height)
    levels = mask.astype(np.float32)
    axes.contourf(levels, levels=[0.5, 1.5], origin="upper", extent=extent, colors=["#f1f3f5"], zorder=0)
    axes.contour(
        levels, levels=[0.5], origin="upper", extent=extent, colors=canvas.MISSING_LINE, linewidths=0.8, zorder=1
    )


def _split(
    lattice: Lattice, quantity: Quantity, refused: set[str]
) -> tuple[list[PatchMeasurement], list[PatchMeasurement]]:
    """Cells with a value that is reported, and the others."""
    shown: list[PatchMeasurement] = []
    missing: list[PatchMeasurement] = []
    for cell in lattice.cells:
        value = cell.values.get(quantity.key)
        usable = value is not None and np.isfinite(value) and cell.patch.compartment not in refused
        (shown if usable else missing).append(cell)
    return shown, missing


def _draw_cells(axes: Axes, lattice: Lattice, quantity: Quantity, refused: set[str]) -> None:
    shown, missing = _split(lattice, quantity, refused)
    if missing:
        squares = lattice.squares(missing)
        axes.add_collection(PolyCollection(list(squares), facecolor=canvas.MISSING_FACE, edgecolor="none", zorder=2))
        lines = PolyCollection(list(squares), facecolor="none", edgecolor=canvas.MISSING_LINE, linewidth=0, zorder=2)
        lines.set_hatch(canvas.HATCH)
        axes.add_collection(lines)
    if shown:
        colors, scale = canvas.colors_of(quantity)
        faces = colors(scale([cell.values[quantity.key] for cell in shown]))
        # Edges in the face color close the hairlines that antialiasing leaves between neighbors.
        axes.add_collection(
            PolyCollection(list(lattice.squares(shown)), facecolor=faces, edgecolor=faces, linewidth=0.3, zorder=3)
        )


def _draw_compartments(axes: Axes, lattice: Lattice, bone: Bone, refused: set[str]) -> None:
    for compartment in COMPARTMENTS:
        members = lattice.members(compartment.key) if compartment.bone is bone else []
        if not members:
            continue
        axes.add_collection(
            LineCollection(lattice.border(compartment.key), colors=canvas.INK, linewidths=1.2, zorder=4)
        )
        if compartment.key in refused:
            x, y = lattice.centers(members).mean(axis=0)
            axes.text(
                x, y, "not reported", ha="center", va="center", size=canvas.TEXT_PT, color=canvas.INK,
                family=canvas.FONT, path_effects=HALO, zorder=7,
            )  # fmt: skip


def _draw_learning_grid(axes: Axes, lattice: Lattice, patches: list[PatchMeasurement]) -> None:
    """Crosses over the patches of the learning grid; row and column numbers outside the map."""
    located, centers = grid_places(lattice, patches)
    if not located:
        return
    axes.scatter(centers[:, 0], centers[:, 1], marker="+", s=16, linewidths=1.5, color="white", zorder=5)
    axes.scatter(centers[:, 0], centers[:, 1], marker="+", s=12, linewidths=0.7, color="black", zorder=6)
    name_rows_and_columns(axes, lattice, located, centers)


def grid_places(
    lattice: Lattice, patches: list[PatchMeasurement]
) -> tuple[list[PatchMeasurement], NDArray[np.float64]]:
    """Patches of the learning grid's first layer that have a place, and (n, 2) where they lie in the picture."""
    points = surface_points(patches)
    located = [p for p in patches if p.patch.layer == 1 and p.patch.id in points]
    return located, lattice.to_picture(np.array([points[p.patch.id] for p in located]).reshape(-1, 2))


def name_rows_and_columns(
    axes: Axes, lattice: Lattice, located: list[PatchMeasurement], centers: NDArray[np.float64]
) -> None:
    """Write row and column numbers of :func:`grid_places` outside the map."""
    squares = lattice.squares(list(lattice.cells))
    top, edge = squares[..., 1].max() + _MARK_MM, np.abs(squares[..., 0]).max() + _MARK_MM
    first_column = min(p.patch.column for p in located)
    outer_row = max(p.patch.row for p in located)
    for p, (x, y) in zip(located, centers, strict=True):
        if p.patch.column == first_column:
            _mark(axes, x, top, f"r{p.patch.row}")
        if p.patch.row == outer_row:
            _mark(axes, np.sign(x) * edge, y, f"c{p.patch.column}")


def _mark(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(
        x, y, text, ha="center", va="center", size=canvas.SMALL_PT, color=canvas.MUTED, family=canvas.FONT,
        path_effects=HALO, zorder=7,
    )  # fmt: skip


def _draw_directions(axes: Axes, face: Face, lattice: Lattice, side_unknown: bool) -> None:
    at_right, at_left = ("Lateral", "Medial") if lattice.sign > 0 else ("Medial", "Lateral")
    if side_unknown:
        at_right, at_left = ("Right", "Left") if face.patient_right_at_right else ("Left", "Right")
    for x, y, text, turn in (
        (0.03, 0.5, at_left, 90),
        (0.97, 0.5, at_right, 270),
        (0.5, 0.97, "Anterior", 0),
        (0.5, 0.03, "Posterior", 0),
    ):
        axes.text(
            x, y, text, transform=axes.transAxes, ha="center", va="center", rotation=turn, size=canvas.TEXT_PT,
            weight="bold", color=canvas.INK, family=canvas.FONT, path_effects=HALO, zorder=8,
        )  # fmt: skip


def _draw_scale_bar(axes: Axes) -> None:
    right, bottom = HALF_SIZE_MM[0] - 4.0, -HALF_SIZE_MM[1] + 2.0
    axes.plot([right - _SCALE_BAR_MM, right], [bottom, bottom], color=canvas.INK, linewidth=1.6)
    _mark(axes, right - _SCALE_BAR_MM / 2, bottom + 2.6, "1 cm")


def _alt(face: Face, lattice: Lattice, quantity: Quantity, refused: set[str]) -> str:
    shown, missing = _split(lattice, quantity, refused)
    text = f"{face.surface} {face.viewpoint}: map of {len(shown)} measured and {len(missing)} not measured places"
    if not shown:
        return f"{text}."
    values = np.array([cell.values[quantity.key] for cell in shown])
    low, middle, high = (number_text(float(v), quantity.decimals) for v in np.percentile(values, [0, 50, 100]))
    return f"{text}; {quantity.title} from {low} to {with_unit(high, unit_text(quantity))}, median {middle}."
