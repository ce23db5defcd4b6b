"""The color key of a figure: a color bar with its unit, and the sign for what was not measured."""

from __future__ import annotations

from matplotlib.cm import ScalarMappable
from matplotlib.ticker import MaxNLocator

from CTSMALib.catalogue import Quantity
from CTSMALib.report.figures.canvas import FONT, INK, TEXT_PT, bare, colors_of, hatched, new_panel, to_picture
from CTSMALib.report.model import Picture
from CTSMALib.report.wording import unit_text

_HEIGHT_IN = 0.62


def color_key(quantity: Quantity) -> Picture:
    """A horizontal color bar over the display range; its pointed ends stand for values beyond it.

    The lower end is blunt where no value can lie below the range.
    """
    figure = new_panel(_HEIGHT_IN)
    colors, scale = colors_of(quantity)
    bar = figure.colorbar(
        ScalarMappable(scale, colors),
        cax=figure.add_axes((0.03, 0.40, 0.56, 0.22)),
        orientation="horizontal",
        extend="both" if quantity.lowest < quantity.display_range[0] else "max",
    )
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
    bar.ax.tick_params(labelsize=TEXT_PT, labelfontfamily=FONT, colors=INK, length=2.5, width=0.6, pad=2)
    bar.outline.set_linewidth(0.5)
    unit = unit_text(quantity)
    label = f"{quantity.title} ({unit})" if unit else quantity.title
    figure.text(0.03, 0.97, label, size=TEXT_PT, color=INK, va="top", family=FONT)
    sign = figure.add_axes((0.66, 0.40, 0.06, 0.22))
    bare(sign, 1.0, 0.6)
    sign.set_aspect("auto")
    hatched(sign, [(-1, -0.6), (1, -0.6), (1, 0.6), (-1, 0.6)])
    figure.text(0.735, 0.51, "not measured", size=TEXT_PT, color=INK, va="center", family=FONT)
    low, high = quantity.display_range
    alt = f"Color key: {label} from {low:g} to {high:g}; hatched gray means not measured."
    return to_picture(figure, f"key-{quantity.key}", alt)
