"""A measurement that measures little, for tests of what comes before and after it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.jobs.request import MorphometryRequest
from CTSMALib.morphometry.trabecular.bone_image import BoneImage
from CTSMALib.progress import Progress

PRINCIPAL_ZYX = (0.6, 0.0, 0.8)


def made_up_measure(
    image: BoneImage,
    numbers: NDArray[np.int32] | None,
    names: list[str],
    request: MorphometryRequest,
    progress: Progress,
) -> Any:
    """BV/TV as counted, everything else made up; shaped like the real ``Morphometry``."""
    progress("Measuring", 0.5)
    inside = {"all": image.mask}
    if numbers is not None:
        inside = {name: numbers == number for number, name in enumerate(names, start=1)}
    thickness = np.where(image.bone & image.mask, np.float32(0.2), np.float32(np.nan)).astype(np.float32)
    separation = np.where(~image.bone & image.mask, np.float32(0.7), np.float32(np.nan)).astype(np.float32)
    regions = tuple(_region(name, float(image.bone[mask].mean())) for name, mask in inside.items())
    maps = {"tb_th_mm": thickness, "tb_sp_mm": separation} if request.maps else {}
    return SimpleNamespace(regions=regions, maps=maps, denoised=request.denoise)


def _region(name: str, bone: float) -> Any:
    values = {
        "bv_tv": SimpleNamespace(value=bone, uncertainty=0.01),
        "tb_th_mm": SimpleNamespace(value=0.2, uncertainty=float("nan")),
        "tb_sp_mm": SimpleNamespace(value=0.7, uncertainty=0.02),
        "fd": SimpleNamespace(value=float("nan"), uncertainty=float("nan")),
    }
    flags = (SimpleNamespace(code="not-resolvable", text="A trabecula is under two voxels."),)
    spread = SimpleNamespace(edges_mm=np.array([0.0, 0.25, 0.5]), volume_fraction=np.array([1.0, 0.0]))
    wide = SimpleNamespace(edges_mm=np.array([0.0, 0.5, 1.0]), volume_fraction=np.array([0.25, 0.75]))
    return SimpleNamespace(
        name=name, values=values, principal_zyx=PRINCIPAL_ZYX, resolvable=False, flags=flags,
        th_histogram=spread, sp_histogram=wide,
    )  # fmt: skip
