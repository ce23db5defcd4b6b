"""Bone of the compartments beside what was wanted, as one picture.

Usage::

    python -m Testing.benchmarks.virtual.agreement_figure FILE
"""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from Testing.benchmarks.markdown import Row, rows_of
from Testing.benchmarks.virtual.microct_figure import DPI, INK, MUTED, save
from Testing.benchmarks.virtual.published import QUANTITIES
from Testing.benchmarks.virtual.summary import RESULTS, TITLES

WIDTH_PX, HEIGHT_PX = 1200, 1050
WANTED, WITHIN, OUTSIDE = "#dfe5ea", "#0072b2", "#d55e00"
Table = dict[tuple[str, str, str], Row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="PNG to write")
    draw([r for r in rows_of(RESULTS / "regions_agreement.csv") if r["where"] != "all"], parser.parse_args().file)


def draw(rows: list[Row], path: Path) -> None:
    """One row of the picture for each quantity, one place for each compartment and stage."""
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
    found = {(r["where"], r["quantity"], r["of"]): r for r in rows}
    places = list(dict.fromkeys(r["where"] for r in rows))
    every = figure.subplots(len(QUANTITIES), 1, sharex=True)
    for axes, quantity in zip(every, QUANTITIES, strict=True):
        _quantity(axes, found, places, quantity)
    every[-1].set_xticks(range(len(places)), [place.replace(" ", "\n") for place in places], fontsize=9, color=INK)
    marks = [
        Patch(color=WANTED, label="wanted: mean ± 1 SD between subjects"),
        Line2D([], [], color=WITHIN, marker="o", label="found: mean ± SD, mean within"),
        Line2D([], [], color=OUTSIDE, marker="D", label="found, mean outside"),
    ]
    figure.legend(handles=marks, loc="upper center", ncols=3, frameon=False, fontsize=10.5, bbox_to_anchor=(0.5, 0.995))
    foot = "30 virtual knees for each stage, 0 to 5 mm under the plate. Virtual: research use only."
    figure.text(0.99, 0.01, foot, size=8.5, color=MUTED, ha="right")
    figure.subplots_adjust(left=0.075, right=0.99, top=0.955, bottom=0.1, hspace=0.12)
    save(figure, path)


def _quantity(axes: Axes, found: Table, places: list[str], quantity: str) -> None:
    for x, place in enumerate(places):
        mean, spread = found[place, quantity, "mean"], found.get((place, quantity, "sd"))
        wanted, tolerance, own = (float(mean[key]) for key in ("wanted", "tolerance", "found"))
        axes.bar(x, 2.0 * tolerance, 0.78, wanted - tolerance, color=WANTED, zorder=1)
        axes.plot([x - 0.39, x + 0.39], [wanted, wanted], color=MUTED, lw=1.0, zorder=2)
        kept = mean["within"] == "yes"
        color, marker = (WITHIN, "o") if kept else (OUTSIDE, "D")
        axes.errorbar(
            x,
            own,
            float(spread["found"]) if spread else None,
            fmt=marker,
            color=color,
            ms=5.5,
            lw=1.4,
            capsize=3,
            zorder=3,
        )
    axes.use_sticky_edges = False
    axes.set_ylabel(TITLES[quantity], fontsize=10.5, color=INK)
    axes.tick_params(colors=INK, labelsize=9)
    axes.set_xlim(-0.6, len(places) - 0.4)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main()
