"""How the sign of a contribution looks: orange for osteoarthritis, hatched blue against it (Okabe and Ito)."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap, Normalize

FOR, AGAINST = "#e69f00", "#9ccbe8"
AGAINST_HATCH = "////"
HEAVIEST_BLANK = 0.05  # log odds; below that nothing speaks for or against
DIVERGING = LinearSegmentedColormap.from_list("against-for", ["#56b4e9", "#ffffff", FOR])


def scale_of(parts: list[float]) -> Normalize:
    """Log odds to colors, as far to either side."""
    farthest = max([abs(part) for part in parts] + [HEAVIEST_BLANK])
    return Normalize(-farthest, farthest)
