"""Virtual knees that the synthesis network never saw, in the scanners of :mod:`CTSMALib.learning.synthesis.scanned`.

Seeds are of the range reserved for tests. Knees of ``knee2`` are of an anatomy that the network never saw either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from CTSMALib.learning.synthesis.scanned import ScannedKnee, scanned_knee
from CTSMALib.virtual.population import draw_spec

HELD_OUT, LEARNED = "knee2", ("knee1", "visible_female", "visible_male")
FIRST_SEED = 900_000


@dataclass(frozen=True, eq=False)
class TestKnee:
    """Attributes: its number; source anatomy; the knee in the scanners."""

    number: int
    source: str
    scanned: ScannedKnee


def test_knees(held_out: int, learned: int) -> Iterator[TestKnee]:
    """Knees of the held-out anatomy, then others; always the same ones."""
    for wanted, sources in ((held_out, (HELD_OUT,)), (learned, LEARNED)):
        found, seed = 0, FIRST_SEED
        while found < wanted:
            spec = draw_spec(seed)
            if spec.source in sources:
                yield TestKnee(seed, spec.source, scanned_knee(spec))
                found += 1
            seed += 1
