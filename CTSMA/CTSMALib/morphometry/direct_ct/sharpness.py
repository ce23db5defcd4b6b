"""How sharp a scan is: the width of its point spread function, read from edges in the image itself.

Two kinds of edge serve: air to skin, and soft tissue to the cortex of the long bones. Both are fitted
as a blurred layer (:mod:`CTSMALib.morphometry.direct_ct.edge_fit`). The variance found along a normal that
leaves the slice plane by the angle a is ``Vxy cos^2 a + Vz sin^2 a`` for a Gaussian point spread
function; so tilted surfaces tell the width across the slices where none faces the slice axis.

The result is the full width at half maximum of the Gaussian that fits best. It belongs to the image
as stored: a scan that was resampled on its way is wider than it left the scanner. Edge-enhancing
kernels are not Gaussian; their overshoot makes the width read too small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.morphometry.direct_ct.edge_blur import (
    FWHM_PER_SIGMA,
    IN_PLANE,
    THROUGH_PLANE,
    TILTED,
    EdgeBlur,
    cortex_blur,
    skin_blur,
)
from CTSMALib.morphometry.direct_ct.slice_axis import slice_axis
from CTSMALib.notices import Notice

Floats = NDArray[np.float64]

FEWEST_EDGES = 25
ROUNDS = 4


@dataclass(frozen=True)
class Width:
    """One measured width of the point spread function.

    Attributes:
        fwhm_mm: from the median variance over all edges.
        spread_mm: robust standard deviation of a single edge (1.4826 times the median absolute deviation).
        edges: number of edges used.
        kind: ``"skin"`` or ``"cortex"``.
    """

    fwhm_mm: float
    spread_mm: float
    edges: int
    kind: str


@dataclass(frozen=True)
class Sharpness:
    """Width within and across the slices; ``None`` where too few edges were found."""

    inplane: Width | None = None
    through_plane: Width | None = None

    @property
    def inplane_fwhm_mm(self) -> float | None:
        """Full width at half maximum within the slice, mm."""
        return self.inplane.fwhm_mm if self.inplane else None

    @property
    def through_plane_fwhm_mm(self) -> float | None:
        """Full width at half maximum across the slices, mm."""
        return self.through_plane.fwhm_mm if self.through_plane else None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What could not be measured."""
        widths = {"within": self.inplane, "across": self.through_plane}
        missing = [name for name, width in widths.items() if width is None]
        if not missing:
            return ()
        text = (
            f"The blur {' and '.join(missing)} the slices could not be measured: "
            f"fewer than {FEWEST_EDGES} clean edges of skin or thick cortex lie in the image."
        )
        return (Notice("sharpness-unknown", text),)


def estimate_sharpness(image: sitk.Image, bone_labels: sitk.Image | None = None) -> Sharpness:
    """Estimate the point spread function from skin, or else from the cortex of the labelled bones.

    Args:
        image: CT in HU.
        bone_labels: label map on the same grid, 0 outside bone; without it only skin is used.

    Returns:
        Widths in mm within and across the slices.
    """
    hu = sitk.GetArrayViewFromImage(image)
    spacing = np.asarray(image.GetSpacing())[::-1]
    across = 2 - slice_axis(image)
    found = {"skin": skin_blur(hu, spacing, across)}
    if bone_labels is not None:
        found["cortex"] = cortex_blur(hu, sitk.GetArrayViewFromImage(bone_labels) > 0, spacing, across)
    return _separated(found, slice_variance=(float(spacing[across]) / FWHM_PER_SIGMA) ** 2)


def _separated(found: dict[str, EdgeBlur], slice_variance: float) -> Sharpness:
    """Free each width from the share of the other; ``slice_variance`` stands in until it is measured."""
    sharpness = Sharpness()
    for _ in range(ROUNDS):
        inplane = _first_width(_within(found, slice_variance))
        if inplane is None:
            return Sharpness()
        through = _first_width(_across(found, (inplane.fwhm_mm / FWHM_PER_SIGMA) ** 2))
        sharpness = Sharpness(inplane, through)
        if through is None:
            return sharpness
        slice_variance = (through.fwhm_mm / FWHM_PER_SIGMA) ** 2
    return sharpness


def _within(found: dict[str, EdgeBlur], slice_variance: float) -> Iterable[tuple[str, Floats]]:
    for kind, blur in found.items():
        tilt = blur.tilt[blur.tilt <= IN_PLANE]
        yield kind, (blur.variance_mm2[blur.tilt <= IN_PLANE] - slice_variance * tilt) / (1.0 - tilt)


def _across(found: dict[str, EdgeBlur], inplane_variance: float) -> Iterable[tuple[str, Floats]]:
    for least in (THROUGH_PLANE, TILTED):
        for kind, blur in found.items():
            tilt = blur.tilt[blur.tilt >= least]
            yield kind, (blur.variance_mm2[blur.tilt >= least] - inplane_variance * (1.0 - tilt)) / tilt


def _first_width(candidates: Iterable[tuple[str, Floats]]) -> Width | None:
    """The first kind of edge of which there are enough."""
    for kind, variance in candidates:
        median = float(np.median(variance)) if len(variance) >= FEWEST_EDGES else 0.0
        if median > 0.0:
            fwhm = FWHM_PER_SIGMA * np.sqrt(np.maximum(variance, 0.0))
            center = float(FWHM_PER_SIGMA * np.sqrt(median))
            return Width(center, 1.4826 * float(np.median(np.abs(fwhm - center))), len(variance), kind)
    return None
