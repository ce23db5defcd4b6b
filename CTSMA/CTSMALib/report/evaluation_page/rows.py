"""Statistics with their intervals, a row for each arm or group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from CTSMALib.report.evaluation_page.panels import BAR, start, text_style
from CTSMALib.report.evaluation_page.wording import BESIDE, GROUPINGS, name
from CTSMALib.report.figures import canvas
from CTSMALib.report.model import Picture
from CTSMALib.report.wording import clean

if TYPE_CHECKING:
    from CTSMALib.learning.evaluation.result import Difference, Evaluation, Finding

REFERENCE = "ridge"  # what a network has to beat
_ROW_IN, _HEAD_IN, _FOOT_IN = 0.21, 0.48, 0.42
_CHARACTER_IN = 0.066  # of a small letter
_LONGEST_NAME = 26


@dataclass(frozen=True)
class Row:
    """One line of a drawing.

    Attributes:
        title: left of it.
        found: what is drawn; ``None`` where there is nothing.
        hollow: drawn as a diamond without filling: no arm, or another one.
    """

    title: str
    found: Finding | Difference | None
    hollow: bool = False


def forest_panels(found: Evaluation) -> tuple[Picture, ...]:
    """Mean ICC of every arm with the references, and differences to ridge where it is there."""
    arms = sorted(found.arms(), key=lambda arm: -_value(found.find(arm)))
    beside = [arm for arm in found.arms("ceiling") if found.find(arm) is not None]
    rows = [Row(name(arm).removeprefix(BESIDE), found.find(arm), hollow=True) for arm in beside]
    rows += [Row(name(arm), found.find(arm)) for arm in arms]
    panels = [_forest("Mean ICC(2,1) against MR", rows, found.virtual, "Mean of four", None)]
    if REFERENCE in arms:
        rows = [Row(name(arm), found.difference(arm, REFERENCE)) for arm in arms if arm != REFERENCE]
        title = f"Mean ICC(2,1) less that of {REFERENCE}"
        panels += [_forest(title, rows, found.virtual, "Difference", 0.0)] if rows else []
    return tuple(panels)


def group_panels(found: Evaluation) -> tuple[Picture, ...]:
    """Mean ICC of the arm that is shown by group, and that of ridge."""
    arm, other = found.shown.arm, REFERENCE if REFERENCE in found.arms() else ""
    panels = []
    for grouping, groups in found.groups().items():
        rows = []
        for group in groups:
            rows.append(Row(clean(group, _LONGEST_NAME), found.find(arm, grouping=grouping, group=group)))
            if other and other != arm:
                rows.append(Row("", found.find(other, grouping=grouping, group=group), hollow=True))
        panels.append(_bars(f"By {_lower(GROUPINGS[grouping])}", grouping, rows, found.virtual))
    return tuple(panels)


def _lower(text: str) -> str:
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def _value(found: Finding | Difference | None) -> float:
    return found.value if found is not None and np.isfinite(found.value) else -np.inf


def _prepared(title: str, rows: Sequence[Row], virtual: bool) -> tuple[canvas.Figure, Axes]:
    height = _HEAD_IN + _FOOT_IN + _ROW_IN * max(len(rows), 2)
    left = 0.08 + _CHARACTER_IN * max(len(row.title) for row in rows)
    width = canvas.PANEL_WIDTH_IN
    box = (left / width, _FOOT_IN / height, (width - left - 0.12) / width, (height - _HEAD_IN - _FOOT_IN) / height)
    figure, axes = start(title, "", virtual, height, box)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=canvas.MISSING_FACE, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _mark(axes: Axes, place: int, row: Row) -> None:
    """A point with its interval."""
    found = row.found
    if found is None or not np.isfinite(found.value):
        return
    if np.isfinite(found.low):
        axes.plot([found.low, found.high], [place, place], color=canvas.INK, linewidth=1.3, zorder=3)
        axes.plot([found.low, found.high], [place, place], "|", color=canvas.INK, markersize=5, zorder=3)
    face, marker = ("white", "D") if row.hollow else (BAR, "s")
    axes.plot(found.value, place, marker, markersize=5, markerfacecolor=face, markeredgecolor=canvas.INK, zorder=4)


def _forest(title: str, rows: Sequence[Row], virtual: bool, below: str, zero: float | None) -> Picture:
    figure, axes = _prepared(title, rows, virtual)
    if zero is not None:
        axes.axvline(zero, color=canvas.INK, linewidth=0.8, linestyle=(0, (5, 3)))
    for place, row in enumerate(rows):
        _mark(axes, place, row)
    axes.set_xlabel(below, labelpad=2, **text_style())
    return canvas.to_picture(
        figure, "forest" if zero is None else "forest-difference", f"{title}: a row for each arm, with 95 % intervals"
    )


def _bars(title: str, grouping: str, rows: Sequence[Row], virtual: bool) -> Picture:
    figure, axes = _prepared(title, rows, virtual)
    for place, row in enumerate(rows):
        if not row.hollow and row.found is not None and np.isfinite(row.found.value):
            axes.barh(place, row.found.value, height=0.7, color=BAR, alpha=0.45, edgecolor=canvas.INK, linewidth=0.5)
        _mark(axes, place, row)
    axes.set_xlim(min(0.0, axes.get_xlim()[0]), 1.0)
    axes.set_xlabel("Mean ICC(2,1)", labelpad=2, **text_style())
    return canvas.to_picture(figure, f"groups-{grouping}", f"{title}: mean ICC of each group, with 95 % intervals")
