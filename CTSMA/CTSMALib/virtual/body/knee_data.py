"""All that is kept of one virtual knee: scans, labels, exact transforms, landmarks, and measured truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.virtual.scanners import CTProtocol, MRProtocol
from CTSMALib.virtual.spec import KneeSpec


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The same points of one bone in both scans.

    Attributes:
        names: (n,) at least 40.
        ct_mm, mr_mm: (n, 3) LPS, where they appear in the CT and in the MR (gradient distortion included).
    """

    names: tuple[str, ...]
    ct_mm: NDArray[np.float64]
    mr_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatchImages:
    """The learning grid's boxes, cut out of both scans.

    Attributes:
        ids: (n,) patch ids, as in the truth table.
        ct: (n, z, y, x) int16 HU on boxes of the CT's grid.
        mr: (n, z, y, x) int16 on boxes of the MR's grid.
        ct_trabecular, mr_trabecular: (n, z, y, x) where these show trabecular bone, half a millimeter and more below
            plate and shell.
        ct_spacing_mm, mr_spacing_mm: (z, y, x).
        ct_first_mm, mr_first_mm: (n, 3) LPS center of the first voxel of each box.
        ct_direction, mr_direction: (3, 3) LPS axes of the scan: columns along x, y and z.
        shift_mm: (n, 3) by how much the MR box was displaced from the true place, LPS of the MR: the residual
            misregistration.
    """

    ids: tuple[str, ...]
    ct: NDArray[np.int16]
    mr: NDArray[np.int16]
    ct_trabecular: NDArray[np.bool_]
    mr_trabecular: NDArray[np.bool_]
    ct_spacing_mm: tuple[float, float, float]
    mr_spacing_mm: tuple[float, float, float]
    ct_first_mm: NDArray[np.float64]
    mr_first_mm: NDArray[np.float64]
    ct_direction: NDArray[np.float64]
    mr_direction: NDArray[np.float64]
    shift_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KneeData:
    """One knee as it goes to disk.

    Attributes:
        spec: what the knee is.
        ct_protocol, mr_protocols: how it was scanned; MR by name of the series.
        ct: HU; ``None`` in patches mode.
        mr: name of the series (``bffe``, ``t1``, ``pd_fs``, ``bffe_rescan``) to image; empty in patches mode.
        ct_labels, mr_labels: bone labels (femur 1, tibia 2, patella 3, fibula 4) on the grids of CT and BFFE.
        transforms: bone name to (4, 4) from LPS of the CT to LPS of the MR without gradient distortion.
        rescan_transforms: the same for the rescan; empty without one.
        landmarks: bone name to landmarks.
        frames: bone name to its joint frame in the CT: origin (3,), axes (3, 3), whether mirrored.
        truth: one row per patch of the learning grid: id, centers, and measured values by
            catalogue key; values are NaN where they were not asked for.
        patches: in patches mode.
    """

    spec: KneeSpec
    ct_protocol: CTProtocol
    mr_protocols: dict[str, MRProtocol]
    ct: sitk.Image | None
    mr: dict[str, sitk.Image]
    ct_labels: sitk.Image | None
    mr_labels: sitk.Image | None
    transforms: dict[str, NDArray[np.float64]]
    rescan_transforms: dict[str, NDArray[np.float64]]
    landmarks: dict[str, Landmarks]
    frames: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], bool]]
    truth: list[dict[str, str | float]] = field(default_factory=list)
    patches: PatchImages | None = None
