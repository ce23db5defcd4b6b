"""Spectra and diameters of real and virtual structure as one picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from Testing.benchmarks.virtual.structure_shape import BIN, SCALED, frequencies

WIDTH_PX, HEIGHT_PX, DPI = 1200, 860, 100
INK, MUTED = "#1d2733", "#5b6770"
FAMILIES = {
    "field": ("#0072b2", "virtual, random fields"),
    "specimen": ("#d55e00", "virtual, built on both bonebox"),
}
LINES = {"lhdl_3155": "-", "bonebox_0": (0, (5, 2)), "bonebox_1": (0, (1.5, 1.5))}
REAL = "micro-CT"
BINS_TOGETHER = 5  # of the stored histogram
PANELS = {
    "density": (1, "Frequency (cycles/mm)", "Power density (mm)"),
    "scaled": (3, "Frequency over its mean in the cube", "Power density (1)"),
    "tb_th": (2, "Local thickness (Tb.Th) over its mean", "Share of bone volume per unit"),
    "tb_sp": (4, "Local spacing (Tb.Sp) over its mean", "Share of marrow volume per unit"),
}
LONGEST = {"tb_th": 3.0, "tb_sp": 2.0}  # drawn
COLORS = 64
Row = dict[str, str]


def draw(spectra: list[Row], diameters: list[Row], path: Path) -> None:
    """Spectra on the left, histograms on the right: specimens as lines, families as mean and range of their knees."""
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
    for name, (place, below, beside) in PANELS.items():
        axes = figure.add_subplot(2, 2, place)
        if name in LONGEST:
            _histograms(axes, [row for row in diameters if row["quantity"] == name], LONGEST[name])
        else:
            _spectra(axes, spectra, name)
        _label(axes, below, beside)
    names = figure.axes[0].get_legend_handles_labels()
    figure.legend(*names, loc="upper center", ncols=5, frameon=False, fontsize=10.5, bbox_to_anchor=(0.5, 0.985))
    foot = "Cubes of 3.9 mm at 0.05 mm; bands: all knees of a family. Virtual: research use only."
    figure.text(0.99, 0.012, foot, size=8.5, color=MUTED, ha="right")
    figure.subplots_adjust(left=0.07, right=0.985, top=0.925, bottom=0.095, wspace=0.19, hspace=0.27)
    save(figure, path)


def _spectra(axes: Axes, rows: list[Row], name: str) -> None:
    at = frequencies() if name == "density" else SCALED
    _curves(axes, at, [(row, np.array(row[name].split(), float)) for row in rows])
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [0.2, 0.5, 1, 2, 5] if name == "density" else [0.5, 0.7, 1, 1.5, 2, 2.5]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(at[0], at[-1])


def _histograms(axes: Axes, rows: list[Row], longest: float) -> None:
    curves = []
    for row in rows:
        shares = np.array(row["shares"].split(), float).reshape(-1, BINS_TOGETHER).sum(axis=1)
        curves.append((row, shares / (BIN * BINS_TOGETHER)))
    middles = BIN * BINS_TOGETHER * (np.arange(len(curves[0][1])) + 0.5)
    _curves(axes, middles, curves)
    axes.set_xlim(0.0, longest)
    axes.set_ylim(bottom=0.0)


def _curves(axes: Axes, at: NDArray[np.floating], curves: list[tuple[Row, NDArray[np.floating]]]) -> None:
    for family, (color, label) in FAMILIES.items():
        own = np.array([values for row, values in curves if row["group"] == family])
        axes.fill_between(at, own.min(axis=0), own.max(axis=0), color=color, alpha=0.18, linewidth=0)
        axes.plot(at, own.mean(axis=0), color=color, linewidth=2.2, label=label)
    for row, values in curves:
        if row["group"] == REAL:
            name = row["subject"]
            axes.plot(at, values, color=INK, linewidth=1.4, linestyle=LINES[name], label=f"real, {name}")


def _label(axes: Axes, below: str, beside: str) -> None:
    axes.set_xlabel(below, size=11, color=INK)
    axes.set_ylabel(beside, size=11, color=INK)
    axes.tick_params(labelsize=10, colors=INK)
    axes.grid(color="#e4e7ea", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """As a picture of few colors, which is small."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
