"""What a measurement yields: values with uncertainties, flags, distributions, maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A value and its standard uncertainty, in the unit of the catalogue.

    The uncertainty is that of measuring this piece of bone on these voxels: where the surface lies, what the voxels
    resolve, what noise does. It says nothing of how the piece stands for the rest of the bone.
    """

    value: float
    uncertainty: float


@dataclass(frozen=True)
class Flag:
    """Something the reader of the values must know.

    Attributes:
        code: for programs, for example ``"not-resolvable"``.
        text: a sentence.
    """

    code: str
    text: str


@dataclass(frozen=True)
class Histogram:
    """A distribution over the volume of a phase.

    Attributes:
        edges_mm: (k + 1,) edges of the bins.
        volume_fraction: (k,) share of the phase's volume in each bin; empty if the phase was not measured.
    """

    edges_mm: NDArray[np.float64]
    volume_fraction: NDArray[np.float64]


@dataclass(frozen=True)
class RegionMorphometry:
    """The morphometry of one region.

    Attributes:
        name: of the region.
        values: by catalogue key; what cannot be measured is left out.
        principal_zyx: unit vector of the longest mean intercept length in the array's axes; ``None`` where no direction
            stands out.
        resolvable: whether the voxels resolve the structure. If not, thickness, spacing, number, shape and
            connections describe the image rather than the bone.
        flags: what must be known, the reason for ``resolvable`` being false among it.
        th_histogram: distribution of trabecular thickness over the bone.
        sp_histogram: distribution of trabecular spacing over the marrow.
    """

    name: str
    values: dict[str, Estimate]
    principal_zyx: tuple[float, float, float] | None
    resolvable: bool
    flags: tuple[Flag, ...]
    th_histogram: Histogram
    sp_histogram: Histogram


@dataclass(frozen=True)
class Morphometry:
    """The morphometry of all regions of an image.

    Attributes:
        regions: one entry per region, in the order given.
        maps: ``"tb_th_mm"`` and ``"tb_sp_mm"``, (z, y, x) float32 on the grid of the image, NaN outside the phase and
            the mask.
        noise: standard deviation of the noise relative to the contrast between bone and marrow.
        denoised: whether the image was smoothed for it.
    """

    regions: tuple[RegionMorphometry, ...]
    maps: dict[str, NDArray[np.float32]]
    noise: float = 0.0
    denoised: bool = False
