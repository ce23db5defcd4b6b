"""Random MR contrasts: signals of tissues as sequences give them, or as chance does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from CTSMALib.virtual.scanners import mr_signal
from CTSMALib.virtual.scanners.mr_signal import BFFE, GRADIENT_ECHO, SPIN_ECHO, Sequence
from CTSMALib.virtual.scanners.tissue import Tissue

PHYSICAL = 0.8  # share of contrasts that a sequence gives
SPREAD = 0.2  # of signals about those of a sequence: relaxation times are uncertain
DARK = (Tissue.AIR, Tissue.METAL)
BRIGHT_AIR = 0.1  # share of the contrasts by chance in which air is not dark


def draw_contrast(rng: np.random.Generator) -> NDArray[np.float32]:
    """(12,) signals by number of the tissue, the brightest 1.

    Mineralized bone has none in any MR, and is not in the table.
    """
    table = _of_sequence(rng) if rng.random() < PHYSICAL else _by_chance(rng)
    return (table / max(float(table.max()), 1e-6)).astype(np.float32)


def _of_sequence(rng: np.random.Generator) -> NDArray[np.float64]:
    table = mr_signal.tissue_signals(draw_sequence(rng), {}).astype(float)
    return table * np.exp(SPREAD * rng.standard_normal(len(table)))


def draw_sequence(rng: np.random.Generator) -> Sequence:
    """BFFE in a third of the draws, else T1, PD with and without fat suppression, T2, or a gradient echo."""
    kind = rng.choice(["bffe", "t1", "pd_fs", "pd", "t2", "gre"], p=[0.34, 0.16, 0.22, 0.1, 0.1, 0.08])
    if kind == "bffe":
        tr = rng.uniform(6.0, 16.0)
        return Sequence(BFFE, tr, 0.5 * tr, rng.uniform(20.0, 70.0), 1.0 if rng.random() < 0.85 else 0.1)
    if kind == "gre":
        return Sequence(GRADIENT_ECHO, rng.uniform(10.0, 40.0), 5.0, rng.uniform(10.0, 40.0), rng.choice([1.0, 0.1]))
    if kind == "t1":
        return Sequence(SPIN_ECHO, rng.uniform(400.0, 900.0), rng.uniform(8.0, 20.0))
    if kind == "t2":
        return Sequence(
            SPIN_ECHO, rng.uniform(2500.0, 5000.0), rng.uniform(55.0, 100.0), fat_left=rng.choice([1.0, 0.1])
        )
    left = rng.uniform(0.03, 0.2) if kind == "pd_fs" else 1.0
    return Sequence(SPIN_ECHO, rng.uniform(1800.0, 4500.0), rng.uniform(12.0, 45.0), fat_left=left)


def _by_chance(rng: np.random.Generator) -> NDArray[np.float64]:
    table = rng.uniform(0.05, 1.0, len(Tissue))
    if rng.random() > BRIGHT_AIR:
        table[list(DARK)] = rng.uniform(0.0, 0.04)
    return table
