"""Drawing surfaces: figures without pyplot, so that nothing global is opened, and one look for all of them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray
from PIL import Image

from CTSMALib.catalogue import Quantity
from CTSMALib.palette import color_map, map_name
from CTSMALib.report.model import Picture

PANEL_WIDTH_IN = 3.4  # half the text width of an A4 page, and a telephone's screen
DPI = 220
TITLE_PT = 9.5
TEXT_PT = 8.5
SMALL_PT = 7.5
FONT = "DejaVu Sans"

INK = "#1d2733"
MUTED = "#5b6770"
MISSING_FACE = "#d4d8dc"
MISSING_LINE = "#8b949c"
HATCH = "////"


def new_panel(height_in: float, width_in: float = PANEL_WIDTH_IN, face: str = "white") -> Figure:
    """An empty figure."""
    return Figure(figsize=(width_in, height_in), dpi=DPI, facecolor=face)


def title(figure: Figure, text: str, below: str = "") -> None:
    """A title at the upper left, with a smaller second line."""
    height = figure.get_figheight()
    figure.text(0.0, 1.0 - 0.02 / height, text, size=TITLE_PT, weight="bold", color=INK, va="top", family=FONT)
    if below:
        figure.text(0.0, 1.0 - 0.20 / height, below, size=TEXT_PT, color=MUTED, va="top", family=FONT)


def to_picture(figure: Figure, name: str, alt: str) -> Picture:
    """The figure as an opaque PNG without metadata."""
    surface = FigureCanvasAgg(figure)
    surface.draw()
    image = Image.fromarray(np.asarray(surface.buffer_rgba())[..., :3])
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return Picture(name, stream.getvalue(), alt, image.width, image.height)


def colors_of(quantity: Quantity) -> tuple[Colormap, Normalize]:
    """The perceptually uniform color map of a quantity over its fixed display range."""
    low, high = quantity.display_range
    return ListedColormap(color_map(map_name(quantity)) / 255), Normalize(low, high)


def hatched(axes: Axes, corners: NDArray[np.float64] | Sequence[tuple[float, float]], order: float = 2.0) -> None:
    """Mark a polygon (N, 2) as not measured."""
    axes.add_patch(
        Polygon(
            np.asarray(corners),
            facecolor=MISSING_FACE,
            edgecolor=MISSING_LINE,
            hatch=HATCH,
            linewidth=0.5,
            zorder=order,
        )
    )


def bare(axes: Axes, half_width: float, half_height: float) -> None:
    """Axes in mm, without ticks and frame."""
    axes.set_xlim(-half_width, half_width)
    axes.set_ylim(-half_height, half_height)
    axes.set_aspect("equal")
    axes.set_axis_off()
