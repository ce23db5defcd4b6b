"""Pictures of numbers: the probability with its interval, grades, and what each compartment adds.

Signs are told by direction, hatching and the numbers themselves, so that nothing depends on color.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.diagnosis.wording import percent, signed, start_text
from CTSMALib.report.diagnosis.signs import AGAINST, AGAINST_HATCH, FOR, HEAVIEST_BLANK
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.figures import canvas
from CTSMALib.report.model import Picture

_WIDTH_IN, _HEIGHT_IN = 2.2, 2.0
_FACE, _EDGE = "#c9d1d8", canvas.INK
_GRADE_OF_OA = 2
_SHORT = {"FM": "Femur, medial", "FL": "Femur, lateral", "TM": "Tibia, medial", "TL": "Tibia, lateral"}


def probability_picture(found: StoredDiagnosis) -> Picture:
    """The probability as a point, its interval as a bar, the answer that contributions start from as a diamond."""
    figure, axes = _panel("Probability of osteoarthritis", "95 % interval", (0.05, 0.24, 0.84, 0.42))
    axes.axvline(50.0, color=canvas.MUTED, linewidth=0.7, linestyle=(0, (3, 3)), zorder=1)
    low, middle, high = (100.0 * value for value in (found.low, found.probability, found.high))
    axes.plot([low, high], [0.0, 0.0], color=canvas.INK, linewidth=2.2, solid_capstyle="butt", zorder=2)
    for end in (low, high):
        axes.plot([end, end], [-0.14, 0.14], color=canvas.INK, linewidth=1.2, zorder=2)
    axes.plot([middle], [0.0], marker="o", markersize=7, color=canvas.INK, zorder=3)
    usual = 100.0 * found.usual_probability
    axes.plot([usual], [-0.55], marker="D", markersize=4, markerfacecolor="white", markeredgecolor=canvas.INK)
    beyond = usual < 20.0 or 50.0 <= usual < 80.0  # the word stands off the line at 50 %, and inside
    gap, side = (3.0, "left") if beyond else (-3.0, "right")
    axes.text(usual + gap, -0.55, "start", ha=side, va="center", **_small())
    axes.text(
        np.clip(middle, 12.0, 88.0), 0.32, percent(found.probability), ha="center", va="bottom", weight="bold",
        size=canvas.TITLE_PT, color=canvas.INK, family=canvas.FONT,
    )  # fmt: skip
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(-1.0, 1.0)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    _bare(axes)
    alt = f"Probability {percent(found.probability)}, 95 % interval {percent(found.low)} to {percent(found.high)}; "
    start = f"{start_text(found.aggregator)} {percent(found.usual_probability)}"
    return canvas.to_picture(figure, "diagnosis-probability", f"{alt}{start}.")


def grade_picture(found: StoredDiagnosis) -> Picture:
    """A bar for each grade; grades that count as osteoarthritis are darker and bold."""
    figure, axes = _panel("Kellgren-Lawrence grade", "probability of each", (0.25, 0.04, 0.57, 0.68))
    places = list(range(len(found.grades)))
    axes.barh(places, found.grades, height=0.62, color=_FACE, edgecolor=_EDGE, linewidth=0.6)
    for bar in axes.patches[_GRADE_OF_OA:]:
        bar.set_facecolor("#7d8a96")
    for place, share in zip(places, found.grades, strict=True):
        weight = "bold" if place >= _GRADE_OF_OA else "normal"
        axes.text(share + 0.02, place, percent(share), va="center", ha="left", weight=weight, **_small())
    names = [f"grade {grade}" for grade in range(len(found.grades))]
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", labelsize=canvas.SMALL_PT, labelfontfamily=canvas.FONT, colors=canvas.INK, length=0)
    axes.invert_yaxis()
    axes.set_xlim(0.0, max(*found.grades, 0.2) * 1.02)
    axes.set_xticks([])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    told = ", ".join(f"grade {grade} {percent(share)}" for grade, share in enumerate(found.grades))
    return canvas.to_picture(figure, "diagnosis-grades", f"Probability of each grade: {told}.")


def compartment_picture(found: StoredDiagnosis) -> Picture:
    """What each compartment adds to the log odds: to the right for osteoarthritis, hatched to the left against it."""
    figure, axes = _panel("Contributions", "to the log odds of osteoarthritis", (0.03, 0.10, 0.94, 0.65))
    parts = [found.compartments.get(compartment.key, 0.0) for compartment in COMPARTMENTS]
    farthest = max(*(abs(part) for part in parts), HEAVIEST_BLANK)
    for place, (compartment, part) in enumerate(zip(COMPARTMENTS, parts, strict=True)):
        positive = part >= 0.0
        axes.barh(
            place + 0.16, part, height=0.34, color=FOR if positive else AGAINST, edgecolor=_EDGE, linewidth=0.6,
            hatch=None if positive else AGAINST_HATCH, zorder=2,
        )  # fmt: skip
        axes.text(0.0, place - 0.05, _SHORT[compartment.key], ha="center", va="bottom", **_small())
        gap = 0.05 * farthest * (1.0 if positive else -1.0)
        axes.text(part + gap, place + 0.16, signed(part), va="center", ha="left" if positive else "right", **_small())
        axes.plot([0.0, 0.0], [place - 0.02, place + 0.36], color=canvas.INK, linewidth=0.8, zorder=3)
    axes.set_xlim(-1.55 * farthest, 1.55 * farthest)
    axes.set_ylim(len(parts) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    foot: dict[str, Any] = {"transform": axes.transAxes, "va": "top", **_small()}
    axes.text(0.0, -0.04, "◀ against", ha="left", **foot)
    axes.text(1.0, -0.04, "for ▶", ha="right", **foot)
    told = ", ".join(f"{_SHORT[c.key]} {signed(part)}" for c, part in zip(COMPARTMENTS, parts, strict=True))
    return canvas.to_picture(figure, "diagnosis-compartments", f"Contributions to the log odds: {told}.")


def _panel(title: str, below: str, place: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    figure = canvas.new_panel(_HEIGHT_IN, _WIDTH_IN)
    canvas.title(figure, title, below)
    return figure, figure.add_axes(place)


def _small() -> dict[str, Any]:
    return {"size": canvas.SMALL_PT, "color": canvas.INK, "family": canvas.FONT}


def _bare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.tick_params(
        labelsize=canvas.SMALL_PT, labelfontfamily=canvas.FONT, colors=canvas.INK, length=2.5, width=0.6, pad=2
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
