"""The measured regions of one image, put into the words and types of the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from CTSMALib import __version__
from CTSMALib.analysis.morphometry_folder import morphometry_files
from CTSMALib.analysis.morphometry_result import (
    Distribution,
    Meaning,
    MeasuredValue,
    MorphometryFindings,
    MorphometryResult,
    RegionFindings,
    VolumeFacts,
)
from CTSMALib.analysis.regions import Box, MarkedRegion, pasted
from CTSMALib.catalogue import quantities, quantity
from CTSMALib.notices import Notice
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.scalar_image import ScalarImage

if TYPE_CHECKING:
    from CTSMALib.morphometry.trabecular.measure import Estimate, Morphometry, RegionMorphometry


@dataclass(frozen=True)
class Source:
    """What was measured.

    Attributes:
        image: its identity and geometry.
        mask: those of the mask, if there was one.
        meaning: how the values were read.
        grid: that of the image.
        regions: their names, labels and volumes.
        notices: what had to be done to get there.
    """

    image: VolumeFacts
    mask: VolumeFacts | None
    meaning: Meaning
    grid: Grid
    regions: tuple[MarkedRegion, ...]
    notices: tuple[Notice, ...]


def volume_facts(volume: ScalarImage) -> VolumeFacts:
    """Identity and geometry of a volume."""
    return VolumeFacts(volume.identity, volume.grid.size, volume.grid.spacing_mm)


def morphometry_result(measured: Morphometry, source: Source, box: Box) -> MorphometryResult:
    """Everything that goes to the result folder.

    Args:
        measured: in array axes.
        source: what was measured.
        box: the part of the image that was measured, which the maps cover.
    """
    x, y, z = source.grid.size
    maps = {key: pasted(values, box, (z, y, x)) for key, values in measured.maps.items()}
    marked = {region.name: region for region in source.regions}
    spreads = tuple(
        spread for region in measured.regions for spread in _distributions(region, marked[region.name].label)
    )
    findings = MorphometryFindings(
        software_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        image=source.image,
        mask=source.mask,
        meaning=source.meaning,
        denoised=bool(measured.denoised),
        regions=tuple(_region(region, marked[region.name], source.grid) for region in measured.regions),
        files=morphometry_files(maps, figure=True),
        notices=source.notices,
    )
    return MorphometryResult(findings, spreads, maps, source.grid)


def _region(region: RegionMorphometry, marked: MarkedRegion, grid: Grid) -> RegionFindings:
    order = [entry.key for entry in quantities(scope="region")]
    found = {key: value for key in order if (value := _value(key, region.values.get(key))) is not None}
    return RegionFindings(
        name=region.name,
        label=marked.label,
        volume_mm3=marked.volume_mm3,
        values=found,
        principal_lps=_direction(region.principal_zyx, grid),
        resolvable=bool(region.resolvable),
        flags=tuple(Notice(flag.code, flag.text) for flag in region.flags),
    )


def _value(key: str, estimate: Estimate | None) -> MeasuredValue | None:
    """A value that is finite; what is not was not measured."""
    if estimate is None or not math.isfinite(estimate.value):
        return None
    uncertainty = float(estimate.uncertainty) if math.isfinite(estimate.uncertainty) else None
    return MeasuredValue(float(estimate.value), uncertainty, quantity(key).unit)


def _direction(vector_zyx: tuple[float, float, float] | None, grid: Grid) -> tuple[float, float, float] | None:
    """The unit vector in LPS; of the two opposite ones, that whose longest component is positive."""
    if vector_zyx is None:
        return None
    vector = grid.vector_lps(vector_zyx)
    length = float(np.linalg.norm(vector))
    if not math.isfinite(length) or length == 0.0:
        return None
    vector = vector / math.copysign(length, vector[np.argmax(np.abs(vector))])
    return float(vector[0]), float(vector[1]), float(vector[2])


def _distributions(region: RegionMorphometry, label: int | None) -> list[Distribution]:
    spreads = (("tb_th_mm", region.th_histogram), ("tb_sp_mm", region.sp_histogram))
    return [
        Distribution(region.name, label, key, _array(spread.edges_mm), _array(spread.volume_fraction))
        for key, spread in spreads
    ]


def _array(values: NDArray) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
