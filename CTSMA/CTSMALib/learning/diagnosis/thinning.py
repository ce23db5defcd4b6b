"""Knees with fewer patches than they have, to learn what the number of patches changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from CTSMALib.diagnosis.tokens import COMPARTMENT, FEWEST_IN_COMPARTMENT
from CTSMALib.learning.diagnosis.dataset import Case

DRAWS = 4  # other halves of the patches of a knee
KEPT = 0.5


def thinned(cases: Sequence[Case], seed: int) -> list[Case]:
    """The knees with about half of the patches of each compartment, by chance.

    Args:
        cases: with the minimum of patches at least.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    found = []
    for case in cases:
        kept = np.zeros(len(COMPARTMENT), dtype=bool)
        for compartment in np.unique(COMPARTMENT):
            there = np.flatnonzero(case.tokens.present & (compartment == COMPARTMENT))
            count = min(max(int(np.ceil(KEPT * len(there))), FEWEST_IN_COMPARTMENT), len(there))
            kept[rng.permutation(there)[:count]] = True
        found.append(replace(case, tokens=case.tokens.only(kept)))
    return found
