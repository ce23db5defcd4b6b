"""How the values of one run lie beside those of the MR: scatter and Bland-Altman plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from CTSMALib.agreement import bland_altman
from CTSMALib.catalogue import quantity
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.palette import color_map
from CTSMALib.report.evaluation_page.wording import VIRTUAL
from CTSMALib.report.figures import canvas
from CTSMALib.report.model import Picture
from CTSMALib.report.wording import clean, number_text, unit_text

if TYPE_CHECKING:
    from CTSMALib.learning.evaluation.result import Shown

MOST_POINTS = 3000  # that are drawn; the statistics are of all
LONGEST_NAME = 32
_HEIGHT_IN = 3.1
_BOX = (0.17, 0.14, 0.80, 0.70)  # axes in the figure: left, bottom, width, height
Numbers = NDArray[np.float64]


def color(share: float) -> str:
    """A color of the map "viridis" for drawings; ``share`` from 0, dark, to 1, bright."""
    red, green, blue = color_map("viridis")[round(255 * share)].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


POINT, BAR = color(0.3), color(0.42)


def scatter_panels(shown: Shown, virtual: bool) -> tuple[Picture, ...]:
    """Predicted over MR values, a panel for each parameter, with the line on which they are equal."""
    return tuple(_scatter(key, *_known(shown, n)[:2], shown.run, virtual) for n, key in enumerate(KEYS))


def bland_altman_panels(shown: Shown, virtual: bool) -> tuple[Picture, ...]:
    """Differences over means, a panel for each parameter, with bias and limits of agreement of a patch of a patient."""
    return tuple(_differences(key, *_known(shown, n), shown.run, virtual) for n, key in enumerate(KEYS))


def start(
    title: str, below: str, virtual: bool, height_in: float, box: tuple[float, float, float, float] = _BOX
) -> tuple[Figure, Axes]:
    """A panel with its title, and what the knees are below it."""
    figure = canvas.new_panel(height_in)
    canvas.title(figure, title, f"{below} · {VIRTUAL}" if virtual and below else VIRTUAL if virtual else below)
    axes = figure.add_axes(box)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=canvas.SMALL_PT, labelfontfamily=canvas.FONT, colors=canvas.INK, length=2.5, width=0.6)
    return figure, axes


def text_style(size: float = canvas.TEXT_PT) -> dict[str, Any]:
    """Of words in a drawing."""
    return {"size": size, "color": canvas.INK, "family": canvas.FONT}


def _known(shown: Shown, column: int) -> tuple[Numbers, Numbers, NDArray[np.intp]]:
    """MR values, predicted ones, and patients of the patches that have both."""
    labels, values = shown.labels[:, column], shown.values[:, column]
    known = np.isfinite(labels) & np.isfinite(values)
    return labels[known], values[known], shown.patients[known]


def _drawn(count: int) -> NDArray[np.intp]:
    """Which points are drawn: the same in every drawing of as many."""
    return np.random.default_rng(0).permutation(count)[:MOST_POINTS]


def _points(axes: Axes, x: Numbers, y: Numbers) -> None:
    rows = _drawn(len(x))
    axes.plot(x[rows], y[rows], "o", color=POINT, markersize=2.2, markeredgewidth=0, alpha=0.45, zorder=2)


def _scatter(key: str, labels: Numbers, values: Numbers, run: str, virtual: bool) -> Picture:
    entry = quantity(key)
    figure, axes = start(f"{entry.symbol}: predicted and MR", clean(run, LONGEST_NAME), virtual, _HEIGHT_IN)
    _points(axes, labels, values)
    if len(labels):
        both = np.concatenate([labels, values])
        low, high = (float(np.quantile(both, q)) for q in (0.001, 0.999))
        room = 0.05 * (high - low) or 0.1
        ends = (low - room, high + room)
        axes.plot(ends, ends, color=canvas.INK, linewidth=1.0, linestyle=(0, (5, 3)), zorder=3)
        axes.set_xlim(ends)
        axes.set_ylim(ends)
    unit = f" ({unit_text(entry)})" if unit_text(entry) else ""
    axes.set_xlabel(f"MR{unit}", labelpad=2, **text_style())
    axes.set_ylabel(f"Predicted{unit}", labelpad=3, **text_style())
    return canvas.to_picture(figure, f"scatter-{key}", f"Scatter of predicted over MR values: {entry.title}")


def _differences(
    key: str, labels: Numbers, values: Numbers, patients: NDArray[np.intp], run: str, virtual: bool
) -> Picture:
    entry = quantity(key)
    figure, axes = start(f"{entry.symbol}: Bland–Altman", clean(run, LONGEST_NAME), virtual, _HEIGHT_IN)
    found = bland_altman(labels, values, patients)
    _points(axes, 0.5 * (labels + values), values - labels)
    axes.axhline(0.0, color=canvas.MUTED, linewidth=0.6, zorder=1)
    lines = ((found.bias, "bias", "-"), (found.lower, "−1.96 SD", "--"), (found.upper, "+1.96 SD", "--"))
    for level, word, style in lines if np.isfinite(found.bias) else ():
        axes.axhline(level, color=canvas.INK, linewidth=1.1, linestyle=style, zorder=3)
        axes.annotate(
            f"{word} {number_text(level, entry.decimals)}", (1.0, level), xycoords=("axes fraction", "data"),
            ha="right", va="bottom", zorder=4, bbox={"facecolor": "white", "alpha": 0.7, "pad": 0.5, "linewidth": 0},
            **text_style(canvas.SMALL_PT),
        )  # fmt: skip
    if found.sd > 0.0:
        axes.set_ylim(found.bias - 4.0 * found.sd, found.bias + 4.0 * found.sd)
    unit = f" ({unit_text(entry)})" if unit_text(entry) else ""
    axes.set_xlabel(f"Mean of predicted and MR{unit}", labelpad=2, **text_style())
    axes.set_ylabel(f"Predicted less MR{unit}", labelpad=3, **text_style())
    return canvas.to_picture(figure, f"bland-altman-{key}", f"Bland–Altman plot: {entry.title}")
