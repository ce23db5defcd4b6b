"""What is to be said of a reported quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """One reported quantity.

    Attributes:
        key: identifier in files and code.
        symbol: short form for column heads.
        unit: SI-style unit; ``"1"`` for a ratio.
        title: name in words.
        definition: how it is obtained, precisely enough to repeat.
        reference: where the definition comes from.
        display_range: fixed limits of color scales, in ``unit``.
        decimals: digits after the point when printed.
        scope: what it is a value of: ``"patch"`` (of a CT or MR), ``"scan"`` or ``"region"`` (a mask in an image that
            shows trabeculae).
        mapped: whether it is also measured on the display grid and drawn as a map.
        lowest: the smallest value it can have, in ``unit``; minus infinity where there is none.
    """

    key: str
    symbol: str
    unit: str
    title: str
    definition: str
    reference: str
    display_range: tuple[float, float]
    decimals: int
    scope: str = "patch"
    mapped: bool = False
    lowest: float = -math.inf
