"""What a morphometry of regions found: the typed content of ``morphometry.json`` and what is written beside it.

Nothing here reads or writes; see :mod:`CTSMALib.analysis.morphometry_folder`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from CTSMALib.notices import Notice
from CTSMALib.volumes.grid import Grid
from CTSMALib.volumes.scan import InputIdentity

MORPHOMETRY_SCHEMA_VERSION = "1.0"


@dataclass(frozen=True)
class VolumeFacts:
    """A volume that was read."""

    identity: InputIdentity
    size_voxels: tuple[int, int, int]  # x, y, z as stored
    spacing_mm: tuple[float, float, float]  # x, y, z


@dataclass(frozen=True)
class Meaning:
    """How the values of the image were read.

    Attributes:
        kind: ``"fraction"``, ``"gray"`` or ``"binary"``.
        kind_given: whether the user said so; otherwise it was told from the values.
        bone: gray value of pure bone, ``None`` unless given.
        marrow: gray value of pure marrow, ``None`` unless given.
        threshold: gray value of the bone surface; ``None`` where values are no gray values.
        threshold_method: ``"given"``, ``"halfway between bone and marrow"``, ``"Otsu"``, or empty.
    """

    kind: str
    kind_given: bool
    bone: float | None = None
    marrow: float | None = None
    threshold: float | None = None
    threshold_method: str = ""


@dataclass(frozen=True)
class MeasuredValue:
    """A value, its standard uncertainty (``None`` where it is not known), and the unit of both."""

    value: float
    uncertainty: float | None
    unit: str


@dataclass(frozen=True)
class RegionFindings:
    """The values of one region by catalogue key; a quantity that could not be measured is absent.

    ``principal_lps`` is the unit vector along which the structure is oriented, LPS; it and its opposite are the same.
    ``label`` is the value of its voxels in the mask, ``None`` where there was no mask.
    """

    name: str
    label: int | None
    volume_mm3: float
    values: dict[str, MeasuredValue]
    principal_lps: tuple[float, float, float] | None
    resolvable: bool
    flags: tuple[Notice, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class MorphometryFindings:
    """Everything that is known about the regions of one image."""

    software_version: str
    created: str  # ISO 8601, UTC
    image: VolumeFacts
    mask: VolumeFacts | None
    meaning: Meaning
    denoised: bool
    regions: tuple[RegionFindings, ...]
    files: dict[str, str]  # role -> relative path: "table", "histograms", "map:tb_th_mm", ...
    notices: tuple[Notice, ...]
    schema_version: str = MORPHOMETRY_SCHEMA_VERSION


@dataclass(frozen=True)
class Distribution:
    """How the volume of a region is spread over lengths.

    Attributes:
        region: name of the region.
        label: its label.
        key: catalogue key of the mean, ``"tb_th_mm"`` or ``"tb_sp_mm"``.
        edges_mm: (k + 1,) borders of the classes.
        volume_fraction: (k,) share of the bone or marrow volume in each class.
    """

    region: str
    label: int | None
    key: str
    edges_mm: NDArray[np.float64]
    volume_fraction: NDArray[np.float64]


@dataclass(frozen=True)
class MorphometryResult:
    """The findings with their distributions and maps, as they go to a folder.

    Attributes:
        findings: everything else.
        distributions: in the order of the regions.
        maps: catalogue key to (z, y, x) float32 values on ``grid``, NaN where there is none.
        grid: that of the image.
    """

    findings: MorphometryFindings
    distributions: tuple[Distribution, ...]
    maps: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    grid: Grid | None = None
