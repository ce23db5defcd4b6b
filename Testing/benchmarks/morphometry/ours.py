"""The method of this project on a volume, for the comparison with peers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from CTSMALib.morphometry.trabecular.bone_image import BoneImage, from_binary, from_fraction
from CTSMALib.morphometry.trabecular.cleaning import clean
from CTSMALib.morphometry.trabecular.measure import Region, RegionMorphometry, measure

NAME = "CTSMA"
# Means of maps: they are taken where every method has the context it needs.
OF_MAPS = ("tb_th_mm", "tb_th_sd_mm", "tb_sp_mm", "tb_sp_sd_mm", "tb_n_per_mm", "tb_n_sd_mm")


@dataclass(frozen=True)
class OwnResult:
    """What the method says.

    Attributes:
        values: catalogue key to value.
        uncertainties: catalogue key to stated standard uncertainty, NaN where none is stated.
        flags: codes, of the whole volume.
        cpu_s: CPU seconds; compilation counts if it was the first call of the process.
    """

    values: dict[str, float] = field(default_factory=dict)
    uncertainties: dict[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    cpu_s: float = float("nan")


def bone_image(
    fraction: NDArray[np.float32], spacing_mm: tuple[float, float, float], binary: bool = False
) -> BoneImage:
    """The volume as the method takes it."""
    return from_binary(fraction > 0.5, spacing_mm) if binary else from_fraction(fraction, spacing_mm)


def run(image: BoneImage, inner: NDArray[np.bool_] | None = None) -> OwnResult:
    """Measure a volume.

    Args:
        image: see :func:`bone_image`.
        inner: (z, y, x) where means of maps are taken; everywhere if left out.
    """
    box = tuple(slice(0, n) for n in image.fraction.shape)
    regions = [Region("all", box, image.mask)]
    if inner is not None:
        regions.append(Region("inner", box, inner))
    start = time.process_time()
    found = measure(image, regions).regions
    cpu_s = time.process_time() - start
    whole, within = found[0], found[-1]
    keys = dict.fromkeys((*whole.values, *within.values))
    chosen = {key: _source(key, whole, within).values.get(key) for key in keys}
    known = {key: estimate for key, estimate in chosen.items() if estimate is not None}
    return OwnResult(
        {key: estimate.value for key, estimate in known.items()},
        {key: estimate.uncertainty for key, estimate in known.items()},
        tuple(dict.fromkeys(flag.code for flag in (*whole.flags, *within.flags))),
        cpu_s,
    )


def cleaned(fraction: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> NDArray[np.float32]:
    """The volume after the noise and islands were removed that the method removes, for peers."""
    return clean(from_fraction(fraction, spacing_mm)).fraction


def _source(key: str, whole: RegionMorphometry, within: RegionMorphometry) -> RegionMorphometry:
    return within if key in OF_MAPS else whole
