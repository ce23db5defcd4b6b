"""Marks on a slice that tell where and how large it is."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from CTSMALib.report.figures import canvas
from CTSMALib.report.figures.planes import Plane

SCALE_BAR_MM = 20.0
_OUTLINE = [withStroke(linewidth=1.8, foreground="black")]
_PLACES = ((0.025, 0.5, "left"), (0.975, 0.5, "right"), (0.5, 0.965, "center"), (0.5, 0.035, "center"))


def draw_letters(axes: Axes, letters: tuple[str, str, str, str]) -> None:
    """Write where the patient's sides are, at the left, right, upper and lower edge."""
    for (x, y, side), letter in zip(_PLACES, letters, strict=True):
        axes.text(
            x, y, letter, transform=axes.transAxes, ha=side, va="center", color="white", size=canvas.TITLE_PT,
            weight="bold", family=canvas.FONT, path_effects=_OUTLINE, zorder=6,
        )  # fmt: skip


def draw_scale_bar(axes: Axes, plane: Plane) -> None:
    """Draw a bar of 2 cm at the lower right."""
    right, bottom = plane.width_mm / 2 - 4.0, -plane.height_mm / 2 + 4.0
    axes.plot(
        [right - SCALE_BAR_MM, right], [bottom, bottom], color="white", linewidth=2.0, path_effects=_OUTLINE, zorder=6
    )
    axes.text(
        right - SCALE_BAR_MM / 2, bottom + 1.4, "2 cm", ha="center", va="bottom", color="white",
        size=canvas.SMALL_PT, family=canvas.FONT, path_effects=_OUTLINE, zorder=6,
    )  # fmt: skip
