"""How wide a blur looks to a fit of an edge, which is how sharpness is measured on whole scans.

An edge that overshoots, as sharp kernels make it, fits a Gaussian that is narrower than the point spread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

FWHM_PER_SD = float(2.0 * np.sqrt(2.0 * np.log(2.0)))
STEP_MM, COUNT = 0.01, 4096
REACH_MM = 4.0  # on either side of the edge
FIRST_SD_MM = 0.3

MTF = Callable[[NDArray[np.floating]], NDArray[np.floating]]


@lru_cache(maxsize=256)
def edge_width_mm(mtf: MTF) -> float:
    """Full width at half maximum of the Gaussian whose blurred edge is most like that of a scanner.

    Args:
        mtf: modulation transfer at frequencies in cycles per mm; hashable, as those of the virtual scanners are.
    """
    spread = np.fft.fftshift(np.fft.irfft(mtf(np.fft.rfftfreq(COUNT, STEP_MM)), COUNT))
    edge = np.cumsum(spread)
    place = (np.arange(COUNT) - COUNT // 2) * STEP_MM
    near = np.abs(place) < REACH_MM
    seen, place = edge[near] / edge[-1], place[near]

    def off(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high, middle, log_sd = parameters
        found: NDArray[np.float64] = low + high * ndtr((place - middle) / np.exp(log_sd)) - seen
        return found

    fit: Any = least_squares(off, [0.0, 1.0, 0.0, np.log(FIRST_SD_MM)])
    return FWHM_PER_SD * float(np.exp(fit.x[3]))
