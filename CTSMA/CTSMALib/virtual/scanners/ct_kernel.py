"""The sharpness of a CT reconstruction kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from CTSMALib.errors import InputError
from CTSMALib.virtual.scanners.line_response import GaussianMTF

Floats = NDArray[np.floating]

WIDER = 2.0  # the negative Gaussian against the positive one
STRONGEST = 1.5  # edge enhancement; the MTF then rises to 1.6
FWHM_LIMITS_MM = (0.1, 4.0)


@dataclass(frozen=True)
class CTKernel:
    """A radial point spread: a Gaussian, or for edge-enhancing kernels a difference of Gaussians.

    ``MTF(f) = (1 + a) G(w, f) - a G(2 w, f)`` with Gaussians of FWHM w and 2 w. Gaussians are accurate to about 0.1 mm
    for smooth kernels and fail for sharp ones, which overshoot (reference-method f.3, PMID 24387514).

    Attributes:
        fwhm_mm: full width at half maximum of the point spread.
        edge_enhancement: a, 0 for a Gaussian.
    """

    fwhm_mm: float
    edge_enhancement: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no kernel."""
        low, high = FWHM_LIMITS_MM
        if not (low <= self.fwhm_mm <= high and 0.0 <= self.edge_enhancement <= STRONGEST):
            raise InputError(
                f"A CT kernel of {self.fwhm_mm} mm and edge enhancement {self.edge_enhancement} cannot be simulated.",
                f"Give a width of {low:g} to {high:g} mm and an edge enhancement of 0 to {STRONGEST:g}.",
            )

    @classmethod
    def from_mtf(cls, mtf50_per_mm: float, mtf10_per_mm: float) -> CTKernel:
        """The kernel whose MTF is 0.5 and 0.1 at two frequencies, cycles per mm.

        Raises:
            InputError: the frequencies do not belong to such a kernel.
        """
        wanted = mtf10_per_mm / mtf50_per_mm if mtf50_per_mm > 0 else 0.0
        ratios = [_shape(a)[2] / _shape(a)[1] for a in (0.0, STRONGEST)]
        if not ratios[1] <= wanted <= ratios[0] * 1.005:
            raise InputError(
                f"No kernel has an MTF of 0.5 at {mtf50_per_mm} and of 0.1 at {mtf10_per_mm} cycles per mm.",
                f"Their ratio must lie between {ratios[1]:.2f} and {ratios[0]:.2f}.",
            )
        enhancement = 0.0
        if wanted < ratios[0]:
            enhancement = float(brentq(lambda a: _shape(a)[2] / _shape(a)[1] - wanted, 0.0, STRONGEST))
        width, f50, _ = _shape(enhancement)
        return cls(width * f50 / mtf50_per_mm, enhancement)

    @property
    def terms(self) -> tuple[tuple[float, GaussianMTF], ...]:
        """Factors and Gaussians."""
        narrow = self.fwhm_mm / _shape(self.edge_enhancement)[0]
        a = self.edge_enhancement
        if a == 0.0:
            return ((1.0, GaussianMTF(narrow)),)
        return (1.0 + a, GaussianMTF(narrow)), (-a, GaussianMTF(WIDER * narrow))

    def __call__(self, per_mm: Floats) -> Floats:
        """MTF at radial frequencies in cycles per mm."""
        return sum((factor * gaussian(per_mm) for factor, gaussian in self.terms), np.zeros(np.shape(per_mm)))

    @property
    def mtf50_per_mm(self) -> float:
        """Frequency at which the MTF is 0.5."""
        width, f50, _ = _shape(self.edge_enhancement)
        return f50 * width / self.fwhm_mm

    @property
    def mtf10_per_mm(self) -> float:
        """Frequency at which the MTF is 0.1."""
        width, _, f10 = _shape(self.edge_enhancement)
        return f10 * width / self.fwhm_mm


@lru_cache(maxsize=256)
def _shape(a: float) -> tuple[float, float, float]:
    """FWHM of the point spread, and where the MTF is 0.5 and 0.1, for a narrow Gaussian of FWHM 1."""

    def spread(r: float) -> float:
        return float((1.0 + a) * 0.5 ** (4.0 * r * r) - a / WIDER**2 * 0.5 ** (4.0 * (r / WIDER) ** 2))

    def mtf(f: float) -> float:
        frequency = np.array(f)
        return float((1.0 + a) * GaussianMTF(1.0)(frequency) - a * GaussianMTF(WIDER)(frequency))

    width = 2.0 * brentq(lambda r: spread(r) - 0.5 * spread(0.0), 1e-6, 2.0)
    f50, f10 = (float(brentq(lambda f, level=level: mtf(f) - level, 0.15, 3.0)) for level in (0.5, 0.1))
    return width, f50, f10
