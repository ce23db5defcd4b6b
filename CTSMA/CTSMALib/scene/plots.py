"""What the plots of a result show, as numbers: every point of a plot is a patch, or a pair of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.catalogue import Quantity, quantity
from CTSMALib.scene.color_nodes import COMPARTMENT_RGB, EXCLUDED_RGB
from CTSMALib.scene.patch_table import PatchTable

if TYPE_CHECKING:
    from CTSMALib.analysis.result import Summary  # its import takes long

DISTRIBUTION, DEPTH, MEDIAL_LATERAL, SCATTER, BLAND_ALTMAN = PLOTS = (
    "distribution", "depth", "sides", "scatter", "bland-altman",
)  # fmt: skip
OF_PAIRS = (SCATTER, BLAND_ALTMAN)  # these need the result of the other modality
SHORT_TITLES = {c.key: f"{c.bone.name.capitalize()} {'lateral' if c.lateral else 'medial'}" for c in COMPARTMENTS}
MARKERS = {"FM": "circle", "FL": "square", "TM": "diamond", "TL": "plus"}
BONE_RGB = {"femur": COMPARTMENT_RGB["FM"], "tibia": COMPARTMENT_RGB["TL"]}
INK_RGB, LINE_RGB = (20, 20, 20), (110, 110, 110)
USUAL_SIZE, LARGE_SIZE = 9.0, 14.0
NO_PATCH = 0
_SPREAD = (0.22, 0.055)  # of the points of a compartment, by row and column of the patch

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PlotSeries:
    """Points that look alike.

    Attributes:
        name: in the legend.
        x, y: (n,) places.
        rgb: color, 0 to 255.
        labels: (n,) the patch of each point; :data:`NO_PATCH` for lines and means.
        also: (n,) a second patch that the point stands for.
        marker: "circle", "square", "diamond", "cross", "plus"; empty for a line.
        size: of the marker.
    """

    name: str
    x: Array
    y: Array
    rgb: tuple[int, int, int]
    labels: Labels = field(default_factory=lambda: np.zeros(0, np.int64))
    also: Labels = field(default_factory=lambda: np.zeros(0, np.int64))
    marker: str = ""
    size: float = USUAL_SIZE

    def rows_of(self, label: int) -> Labels:
        """The points that stand for a patch."""
        found = np.zeros(len(self.x), bool)
        for labels in (self.labels, self.also):
            if len(labels):
                found |= labels == label
        return np.flatnonzero(found)


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot.

    Attributes:
        title, x_title, y_title: words.
        series: the points and lines.
        note: what the plot says in numbers; may be empty.
        x_range: limits of the horizontal axis; ``None`` for those of the points.
    """

    title: str
    x_title: str
    y_title: str
    series: tuple[PlotSeries, ...]
    note: str = ""
    x_range: tuple[float, float] | None = None

    def place_of(self, label: int) -> tuple[float, float] | None:
        """Where a patch is; ``None`` where the plot does not have it."""
        for one in self.series:
            for row in one.rows_of(label)[:1] if label != NO_PATCH else ():
                return float(one.x[row]), float(one.y[row])
        return None


def plot_of(
    patches: PatchTable, key: str, kind: str, whole: PatchTable | None = None, other: PatchTable | None = None,
    names: tuple[str, str] = ("CT", "MR"),
) -> Plot:  # fmt: skip
    """A plot of one quantity.

    Args:
        patches: the learning grid as it counts.
        key: catalogue key.
        kind: of :data:`PLOTS`; those of :data:`OF_PAIRS` need ``other``.
        whole: the learning grid as it was measured; what only it has is shown as excluded.
        other: the learning grid that is compared with.
        names: of the modality of ``patches``, and of that of ``other``.
    """
    entry = quantity(key)
    if kind == DEPTH:
        return _depth(patches, entry)
    if kind == MEDIAL_LATERAL:
        return _medial_lateral(patches, entry)
    if kind in OF_PAIRS and other is not None:
        return (_scatter if kind == SCATTER else _bland_altman)(patches, other, entry, names)
    return _distribution(patches, entry, whole)


def _distribution(patches: PatchTable, entry: Quantity, whole: PatchTable | None) -> Plot:
    values = patches.values_of(entry.key)
    places = _spread_places(patches)
    series, means = [], []
    for number, (compartment, title) in enumerate(SHORT_TITLES.items(), start=1):
        rows = np.flatnonzero((patches.compartments == compartment) & np.isfinite(values))
        series.append(_patch_series(title, places[rows], values[rows], rows + 1, compartment))
        if len(rows):
            means.append((number, _summary(patches, rows, entry)))
    x, y = np.array([number for number, _ in means], dtype=float), np.array([found.mean for _, found in means])
    series.append(PlotSeries("Mean", x, y, INK_RGB, marker="diamond", size=LARGE_SIZE))
    if whole is not None:
        before = whole.values_of(entry.key)
        rows = np.flatnonzero(np.isfinite(before) & ~np.isfinite(values))
        series.append(PlotSeries("Excluded", places[rows], before[rows], EXCLUDED_RGB, rows + 1, marker="cross"))
    order = ", ".join(f"{number} {title.lower()}" for number, title in enumerate(SHORT_TITLES.values(), start=1))
    keys = list(SHORT_TITLES)
    note = "; ".join(
        f"{keys[number - 1]} {_mean_text(found.mean, found.sd, found.n, entry)}" for number, found in means
    )
    return Plot(_titled(entry), order, _axis(entry), tuple(series), _with_unit(note, entry), (0.5, 4.5))


def _depth(patches: PatchTable, entry: Quantity) -> Plot:
    values, series, everything = patches.values_of(entry.key), [], []
    for compartment, title in SHORT_TITLES.items():
        upper, lower = _pairs(patches, patches, compartment, (1, 2), compartment)
        known = np.isfinite(values[upper]) & np.isfinite(values[lower])
        x, y = values[upper][known], values[lower][known]
        series.append(_patch_series(title, x, y, upper[known] + 1, compartment, lower[known] + 1))
        everything.append(y - x)
    note = _difference_note(np.concatenate(everything), entry, "deeper minus shallower")
    title = f"{_titled(entry)}: depth"
    return _against(title, f"5 mm under the plate{_unit(entry)}", f"9 mm under the plate{_unit(entry)}", series, note)


def _medial_lateral(patches: PatchTable, entry: Quantity) -> Plot:
    values, series, everything = patches.values_of(entry.key), [], []
    for bone, (medial, lateral) in {"femur": ("FM", "FL"), "tibia": ("TM", "TL")}.items():
        for layer in (1, 2):
            inner, outer = _pairs(patches, patches, medial, (layer, layer), lateral)
            known = np.isfinite(values[inner]) & np.isfinite(values[outer])
            x, y = values[inner][known], values[outer][known]
            name = f"{bone.capitalize()}, {(5, 9)[layer - 1]} mm"
            marker = {"femur": ("circle", "plus"), "tibia": ("square", "cross")}[bone][layer - 1]
            labels, also = inner[known] + 1, outer[known] + 1
            series.append(PlotSeries(name, x, y, BONE_RGB[bone], labels, also, marker))
            everything.append(x - y)
    note = _difference_note(np.concatenate(everything), entry, "medial minus lateral")
    title = f"{_titled(entry)}: medial and lateral"
    return _against(title, f"Medial{_unit(entry)}", f"Lateral{_unit(entry)}", series, note)


def _scatter(patches: PatchTable, other: PatchTable, entry: Quantity, names: tuple[str, str]) -> Plot:
    series, both = [], []
    for compartment, rows, own, theirs in _compared(patches, other, entry):
        series.append(_patch_series(SHORT_TITLES[compartment], theirs, own, rows + 1, compartment))
        both.append(np.column_stack([theirs, own]))
    pairs = np.concatenate(both)
    note = f"{len(pairs)} patches"
    if len(pairs) > 2 and bool(np.all(np.std(pairs, axis=0) > 0)):
        note += f", Pearson's r {np.asarray(np.corrcoef(pairs.T))[0, 1]:.2f}"
    title = f"{_titled(entry)}: {names[0]} and {names[1]}"
    return _against(title, f"{names[1]}{_unit(entry)}", f"{names[0]}{_unit(entry)}", series, note)


def _bland_altman(patches: PatchTable, other: PatchTable, entry: Quantity, names: tuple[str, str]) -> Plot:
    """All patches are of one knee: limits of agreement are those of its patches, and say nothing of other knees."""
    from CTSMALib.agreement.bland_altman import bland_altman

    series, both = [], []
    for compartment, rows, own, theirs in _compared(patches, other, entry):
        middle, difference = (own + theirs) / 2, own - theirs
        series.append(_patch_series(SHORT_TITLES[compartment], middle, difference, rows + 1, compartment))
        both.append(np.column_stack([theirs, own]))
    pairs = np.concatenate(both)
    found = bland_altman(pairs[:, 0], pairs[:, 1])
    note = f"{found.pairs} patches"
    if found.pairs > 1:
        middles = np.concatenate([one.x for one in series])
        ends = np.array([middles.min(), middles.max()])
        lines = {"Mean difference": found.bias, "Lower limit": found.lower, "Upper limit": found.upper}
        series += [PlotSeries(name, ends, np.full(2, height), LINE_RGB) for name, height in lines.items()]
        digits = entry.decimals
        words = (
            f"{note}; mean difference {found.bias:.{digits}f}, 95 % limits of agreement {found.lower:.{digits}f} to "
            f"{found.upper:.{digits}f}"
        )
        note = _with_unit(words, entry)
    title = f"{_titled(entry)}: {names[0]} and {names[1]}, differences"
    difference_title = f"{names[0]} minus {names[1]}{_unit(entry)}"
    return Plot(title, f"Mean of both{_unit(entry)}", difference_title, tuple(series), note)


def _compared(
    patches: PatchTable, other: PatchTable, entry: Quantity
) -> Iterator[tuple[str, Labels, Array, Array]]:  # fmt: skip
    """Compartment, rows, own values and those of the other, where both are known."""
    places = {name: row for row, name in enumerate(other.ids)}
    partners = np.array([places.get(name, -1) for name in patches.ids])
    theirs = np.append(other.values_of(entry.key), np.nan)[partners]
    own = patches.values_of(entry.key)
    for compartment in SHORT_TITLES:
        rows = np.flatnonzero((patches.compartments == compartment) & np.isfinite(own) & np.isfinite(theirs))
        yield compartment, rows, own[rows], theirs[rows]


def _pairs(
    first: PatchTable, second: PatchTable, compartment: str, layers: tuple[int, int], partner: str
) -> tuple[Labels, Labels]:
    """Rows of patches at the same row and column of two compartments or layers."""
    own = np.flatnonzero((first.compartments == compartment) & (first.layers == layers[0]))
    there = np.flatnonzero((second.compartments == partner) & (second.layers == layers[1]))
    cells = {tuple(second.cells[row]): row for row in there}
    found = [(row, cells[tuple(first.cells[row])]) for row in own if tuple(first.cells[row]) in cells]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _against(title: str, x_title: str, y_title: str, series: list[PlotSeries], note: str) -> Plot:
    """A plot of one thing against another, with the line where both are equal."""
    known = [one for one in series if len(one.x)]
    if known:
        every = np.concatenate([np.concatenate([one.x, one.y]) for one in known])
        ends = np.array([every.min(), every.max()])
        series = [*series, PlotSeries("Equal", ends, ends, LINE_RGB)]
    return Plot(title, x_title, y_title, tuple(series), note)


def _patch_series(
    name: str, x: Array, y: Array, labels: Labels, compartment: str, also: Labels | None = None
) -> PlotSeries:
    rgb = COMPARTMENT_RGB[compartment]
    return PlotSeries(name, x, y, rgb, labels, np.zeros(0, np.int64) if also is None else also, MARKERS[compartment])


def _spread_places(patches: PatchTable) -> Array:
    """Number of the compartment, spread by row and column, so that points of neighbors lie side by side."""
    order = list(SHORT_TITLES)
    numbers = np.array([order.index(c) + 1.0 if c in order else np.nan for c in patches.compartments.tolist()])
    spread: Array = numbers + _SPREAD[0] * (patches.cells[:, 0] - 2.0) + _SPREAD[1] * (patches.cells[:, 1] - 2.5)
    return spread


def _difference_note(differences: Array, entry: Quantity, what: str) -> str:
    if not len(differences):
        return ""
    sd = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    mean = _mean_text(float(differences.mean()), sd, len(differences), entry)
    return _with_unit(f"{len(differences)} pairs; {what} {mean}", entry)


def _summary(patches: PatchTable, rows: Labels, entry: Quantity) -> Summary:
    """Of some patches of a compartment, as the table of compartments has it."""
    from CTSMALib.analysis.compartment_findings import summaries

    values, cells = patches.values_of(entry.key), patches.cells
    placed = [((int(cells[row, 0]), int(cells[row, 1])), {entry.key: float(values[row])}) for row in rows]
    return summaries(placed)[entry.key]


def _mean_text(mean: float, sd: float, count: int, entry: Quantity) -> str:
    """Mean ± standard deviation; the mean alone of a single value."""
    text = f"{mean:.{entry.decimals}f}"
    return f"{text} ± {sd:.{entry.decimals}f}" if count > 1 else text


def _titled(entry: Quantity) -> str:
    return entry.title


def _axis(entry: Quantity) -> str:
    return f"{entry.symbol}{_unit(entry)}"


def _unit(entry: Quantity) -> str:
    return "" if entry.unit == "1" else f" ({entry.unit})"


def _with_unit(text: str, entry: Quantity) -> str:
    return text if not text or entry.unit == "1" else f"{text} {entry.unit}"
