"""From patches to compartments: what is reported, what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from CTSMALib.analysis.result import CompartmentFinding, PatchMeasurement, Summary
from CTSMALib.anatomy.grids import index_to_lps
from CTSMALib.anatomy.labels import COMPARTMENTS, Compartment
from CTSMALib.anatomy.patch import Patch, Point

LEAST_SHARE_OF_PATCHES = 0.5
METAL_REACH_MM = 12.0  # streaks and blooming spoil the CT number this close to metal
OF_PLACES = frozenset({"ct_plate_thickness_mm"})  # of the surface above: both patches of a place show the same
PlacedValues = tuple[tuple[int, int], Mapping[str, float]]  # row and column in the compartment, values of a patch


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
    refused = refused_compartments([p.patch for p in patches], incomplete, metal)
    return tuple(
        _finding(c, [p for p in patches if p.patch.compartment == c.key], refused.get(c.key, "")) for c in COMPARTMENTS
    )


def refused_compartments(
    patches: Iterable[Patch], incomplete: Mapping[str, str], metal: sitk.Image | None = None
) -> dict[str, str]:  # fmt: skip
    """Compartments in which a CT measures nothing reliable, whatever its values.

    Args:
        patches: of the learning grid.
        incomplete, metal: as of :func:`compartment_findings`.

    Returns:
        Compartment key to reason.
    """
    refused = dict(incomplete)
    inside = np.zeros((0, 3), int) if metal is None else np.argwhere(sitk.GetArrayViewFromImage(metal) > 0)
    if metal is None or not len(inside):
        return refused
    from scipy.spatial import cKDTree  # panels need the rest of this module, and load at once

    tree = cKDTree(index_to_lps(metal, inside))
    centers: dict[str, list[Point]] = {}
    for patch in patches:
        centers.setdefault(patch.compartment, []).append(patch.center_lps_mm)
    for key, own in centers.items():
        nearest = tree.query(own)[0].min()
        if nearest <= METAL_REACH_MM and key not in refused:
            refused[key] = f"Metal lies {nearest:.0f} mm from the nearest patch and falsifies the CT number."
    return refused


def _finding(compartment: Compartment, patches: list[PatchMeasurement], reason: str) -> CompartmentFinding:
    valid = [p for p in patches if p.values]
    if not reason and len(valid) < LEAST_SHARE_OF_PATCHES * len(patches):
        reason = f"Only {len(valid)} of {len(patches)} patches lie in trabecular bone and could be measured."
    values = {} if reason else summaries([((p.patch.row, p.patch.column), p.values) for p in valid])
    return CompartmentFinding(
        compartment.key, compartment.title, not reason, reason, len(valid), len(patches), values
    )  # fmt: skip


def left_finding(finding: CompartmentFinding, left: Sequence[PlacedValues], excluded: int) -> CompartmentFinding:
    """A compartment without the patches that a reader has excluded.

    Args:
        finding: with all patches.
        left: places and values of the patches that are left, those without values left out.
        excluded: how many patches of the compartment were excluded.

    Returns:
        Its summaries over what is left, or a refusal where too little is; what was refused before stays as it is.
    """
    if not finding.reported or not excluded:
        return finding
    if len(left) >= LEAST_SHARE_OF_PATCHES * finding.patches_total:
        return replace(finding, patches_valid=len(left), values=summaries(left))
    reason = f"Only {len(left)} of {finding.patches_total} patches are left; {excluded} were excluded by a reader."
    return replace(finding, reported=False, reason=reason, patches_valid=len(left), values={})


def summaries(patches: Sequence[PlacedValues]) -> dict[str, Summary]:
    """Mean, standard deviation and number of every quantity of some patches of a compartment.

    What both patches of a place have in common, one above the other, counts once for each place: it would seem to be
    measured twice as often as it is.
    """
    keys = dict.fromkeys(key for _, values in patches for key in values)
    found = {}
    for key in keys:
        known = [(place, values[key]) for place, values in patches if key in values]
        numbers = np.array(_by_place(known) if key in OF_PLACES else [value for _, value in known])
        sd = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
        found[key] = Summary(float(numbers.mean()), sd, len(numbers))
    return found


def _by_place(known: Iterable[tuple[tuple[int, int], float]]) -> list[float]:
    places: dict[tuple[int, int], list[float]] = {}
    for place, value in known:
        places.setdefault(place, []).append(value)
    return [sum(values) / len(values) for values in places.values()]


def is_of_places(finding: CompartmentFinding, key: str, patches: Iterable[PatchMeasurement]) -> bool:
    """Whether a mean of a compartment is taken over places; older results took all over patches.

    Args:
        finding: of the compartment.
        key: of a quantity that it has.
        patches: of the result.
    """
    own = (item for item in patches if item.patch.compartment == finding.key and key in item.values)
    return key in OF_PLACES and finding.values[key].n == len({(item.patch.row, item.patch.column) for item in own})
