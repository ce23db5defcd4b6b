"""From patches to compartments: what is reported, what is refused, and why."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from CTSMALib.analysis.result import CompartmentFinding, PatchMeasurement, Summary
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import COMPARTMENTS, Compartment

LEAST_SHARE_OF_PATCHES = 0.5
METAL_REACH_MM = 12.0  # streaks and blooming spoil the CT number this close to metal


def compartment_findings(
    patches: list[PatchMeasurement], incomplete: dict[str, str], metal: sitk.Image | None = None
) -> tuple[CompartmentFinding, ...]:
    """Summarize the learning grid by compartment.

    Args:
        patches: the measured learning grid.
        incomplete: compartment key to reason, from the anatomy.
        metal: mask, any grid; ``None`` where it cannot be seen.

    Returns:
        One finding per compartment, refused ones without values.
    """
    metal_points = (
        np.zeros((0, 3)) if metal is None else index_to_lps(metal, np.argwhere(sitk.GetArrayViewFromImage(metal) > 0))
    )
    return tuple(
        _finding(c, [p for p in patches if p.patch.compartment == c.key], incomplete.get(c.key, ""), metal_points)
        for c in COMPARTMENTS
    )


def _finding(
    compartment: Compartment, patches: list[PatchMeasurement], incomplete: str, metal: NDArray[np.float64]
) -> CompartmentFinding:
    valid = [p for p in patches if p.values]
    reason = incomplete or _spoiled_by_metal(patches, metal)
    if not reason and len(valid) < LEAST_SHARE_OF_PATCHES * len(patches):
        reason = f"Only {len(valid)} of {len(patches)} patches lie in trabecular bone and could be measured."
    values = {} if reason else _summaries(valid)
    return CompartmentFinding(
        compartment.key, compartment.title, not reason, reason, len(valid), len(patches), values
    )  # fmt: skip


def _spoiled_by_metal(patches: list[PatchMeasurement], metal: NDArray[np.float64]) -> str:
    if len(metal) == 0 or not patches:
        return ""
    distance = cKDTree(metal).query([p.patch.center_lps_mm for p in patches])[0]
    if distance.min() > METAL_REACH_MM:
        return ""
    return f"Metal lies {distance.min():.0f} mm from the nearest patch and falsifies the CT number."


def _summaries(valid: list[PatchMeasurement]) -> dict[str, Summary]:
    keys = dict.fromkeys(key for p in valid for key in p.values)
    found = {}
    for key in keys:
        values = np.array([p.values[key] for p in valid if key in p.values])
        sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        found[key] = Summary(float(values.mean()), sd, len(values))
    return found
