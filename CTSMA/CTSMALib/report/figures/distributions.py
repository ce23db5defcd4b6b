"""How thickness and separation are spread over the volume of each region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from CTSMALib.analysis.morphometry_result import Distribution, MorphometryFindings, RegionFindings
from CTSMALib.catalogue import quantity
from CTSMALib.report.figures import canvas
from CTSMALib.report.model import DISCLAIMER, Picture
from CTSMALib.report.wording import clean, number_text

MOST_REGIONS = 6  # that one panel can show
RESOLVED_VOXELS = 2.0
UNSEEN = 5e-4  # share of the volume that may lie beyond the axis
_WIDTH_IN = 7.0
_PANEL_IN = 2.3
_HEAD_IN = 0.42
_FOOT_IN = 0.25
_COLORS = ("#3b528b", "#d25071", "#21908c", "#b8860b", "#7803a8", "#5b6770")
_SHADE = "#e4e7ea"
_LONGEST_NAME = 24
_PHASES = (("tb_th_mm", "bone"), ("tb_sp_mm", "marrow"))


def distribution_figure(findings: MorphometryFindings, distributions: Sequence[Distribution]) -> Picture:
    """One panel for Tb.Th and one for Tb.Sp, with the mean of each region as a dashed line.

    Lengths under two voxels along the coarsest axis are shaded: the image does not resolve them.

    Args:
        findings: give the means, and the names in the title.
        distributions: what is drawn, at most those of :data:`MOST_REGIONS` regions.
    """
    shown = findings.regions[:MOST_REGIONS]
    height = _HEAD_IN + len(_PHASES) * _PANEL_IN + _FOOT_IN
    figure = canvas.new_panel(height, _WIDTH_IN)
    figure.patch.set_facecolor("white")
    left_out = len(findings.regions) - len(shown)
    below = f"The first {len(shown)} of {len(findings.regions)} regions" if left_out else "By volume"
    canvas.title(figure, f"Thickness and separation: {clean(findings.image.identity.name, 80)}", below)
    limit = RESOLVED_VOXELS * max(findings.image.spacing_mm)
    for row, (key, phase) in enumerate(_PHASES):
        bottom = (_FOOT_IN + (len(_PHASES) - 1 - row) * _PANEL_IN + 0.5) / height
        axes = figure.add_axes((0.085, bottom, 0.895, (_PANEL_IN - 0.62) / height))
        _draw_panel(axes, key, phase, shown, distributions, limit)
    foot = f"Dashed: mean. Gray: under two voxels ({limit:.3g} mm), not resolved by this image. {DISCLAIMER}."
    figure.text(0.0, 0.05 / height, foot, size=canvas.SMALL_PT, color=canvas.MUTED, family=canvas.FONT)
    return canvas.to_picture(figure, "histogram", "Distributions of Tb.Th and Tb.Sp")


def _draw_panel(
    axes: Axes,
    key: str,
    phase: str,
    regions: Sequence[RegionFindings],
    distributions: Sequence[Distribution],
    limit: float,
) -> None:
    entry = quantity(key)
    drawn = 0
    farthest = 0.0
    for region, color in zip(regions, _COLORS, strict=False):
        spread = next((d for d in distributions if d.key == key and d.region == region.name), None)
        if spread is None or not spread.volume_fraction.any():
            continue
        mean = region.values.get(key)
        label = clean(region.name, _LONGEST_NAME)
        if mean is not None:
            label += f", mean {number_text(mean.value, entry.decimals)} mm"
            axes.axvline(mean.value, color=color, linestyle=(0, (4, 3)), linewidth=1.0, zorder=4)
        # A step of the density, so that classes of any width can be compared.
        density = 100.0 * spread.volume_fraction / np.diff(spread.edges_mm)
        axes.stairs(density, spread.edges_mm, color=color, linewidth=1.3, label=label, zorder=3)
        farthest = max(farthest, _nearly_all_below(spread))
        drawn += 1
    axes.set_xlim(0.0, 1.05 * max(farthest, limit))
    axes.axvspan(0.0, limit, color=_SHADE, linewidth=0.0, zorder=0)
    if drawn:
        axes.set_ylim(bottom=0.0)
        axes.legend(frameon=False, prop={"family": canvas.FONT, "size": canvas.SMALL_PT})
    else:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", size=canvas.TEXT_PT)
        axes.set_yticks([])
    _label(axes, f"{entry.title} {entry.symbol} (mm)", f"% of {phase} volume per mm")


def _nearly_all_below(spread: Distribution) -> float:
    """The length below which all but :data:`UNSEEN` of the volume lies, so that no single sphere widens the axis."""
    index = int(np.searchsorted(np.cumsum(spread.volume_fraction), (1.0 - UNSEEN) * spread.volume_fraction.sum()))
    return float(spread.edges_mm[1:][min(index, len(spread.volume_fraction) - 1)])


def _label(axes: Axes, below: str, beside: str) -> None:
    style: dict[str, Any] = {"size": canvas.TEXT_PT, "color": canvas.INK, "family": canvas.FONT}
    axes.set_xlabel(below, labelpad=2, **style)
    axes.set_ylabel(beside, labelpad=3, **style)
    axes.tick_params(labelsize=canvas.SMALL_PT, labelfontfamily=canvas.FONT, colors=canvas.INK, length=2.5, width=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
