"""The patches of one knee from a whole CT, its MR and their registration, in the rows that virtual cohorts give too.

Anatomy, features and covariates of the CT are found as an analysis of the CT alone finds them. On the MR bones lie
where the registration puts those of the CT, so that no other outline of them decides what is compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from CTSMALib.analysis.choice import choose_knees, no_knee
from CTSMALib.analysis.mr_levels import MRLevels, measure_levels, resolves
from CTSMALib.analysis.mr_measurement import measure_mr
from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.errors import InputError
from CTSMALib.morphometry.apparent.quality import DIM_MARROW
from CTSMALib.morphometry.apparent.recipe import KEYS, Recipe
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import load_record
from CTSMALib.volumes import read_mr, read_scan
from CTSMALib.volumes.scan import Scan
from CTSMALib.volumes.tube_voltage import at_voltage

if TYPE_CHECKING:
    from CTSMALib.learning.patches.knee_part import KneePart
    from CTSMALib.learning.patches.pair_manifest import PairRow


def pair_part(row: PairRow, recipe: Recipe = DEFAULT) -> KneePart:
    """Read both scans of a knee and make its patches; no scan is read where no bone was accepted.

    Args:
        row: of the manifest.
        recipe: how targets are read.

    Raises:
        CTSMAError: a scan or the registration cannot be read or used, or they do not belong together.
    """
    from CTSMALib.learning.patches.whole_scans import usable_bones, without_patches

    record = load_record(row.registration)
    if not usable_bones(record):
        return without_patches(row, record)
    ct, mr = at_voltage(read_scan(row.ct), row.kvp), read_mr(row.mr)
    _refuse_others(record, ct, mr, row.registration)
    with threadpool_limits(limits=1, user_api="blas"):
        return part_of_scans(row, record, ct, mr, recipe)


def part_of_scans(row: PairRow, record: RegistrationRecord, ct: Scan, mr: Scan, recipe: Recipe = DEFAULT) -> KneePart:
    """The patches of two scans that are read already.

    Args:
        row: of the manifest.
        record: the registration, with a bone that was accepted.
        ct, mr: the scans.
        recipe: how targets are read.

    Raises:
        CTSMAError: there is no such knee in the CT, or the MR does not show trabeculae.
    """
    from CTSMALib.learning.patches.moved_anatomy import anatomy_on_mr, patch_on_mr
    from CTSMALib.learning.patches.whole_scans import (
        MROfKnee,
        mr_cubes,
        of_ct,
        put_together,
        usable_bones,
        usable_patches,
    )

    anatomy = _anatomy(ct, row.side)
    patches = usable_patches(anatomy, record)
    there = anatomy_on_mr(anatomy, record, usable_bones(record), mr.image)
    placed = [patch_on_mr(patch, record, there.frames[patch.bone]) for patch in patches]
    levels = _levels(mr, there)
    measured = measure_mr(levels, placed, there.frames, recipe, full=True)
    targets, uncertainties = _tables(measured)
    dim = np.array([DIM_MARROW in found.flags for found in measured], dtype=bool)
    filled = np.array([found.patch.valid_fraction for found in measured], dtype=float)
    on_mr = MROfKnee(targets, uncertainties, dim, filled, levels.noise)
    cubes, valid = mr_cubes(there, placed, levels.marrow)
    return put_together(row, record, anatomy, patches, of_ct(ct, anatomy, patches), on_mr, cubes, valid)


def _refuse_others(record: RegistrationRecord, ct: Scan, mr: Scan, folder: Path) -> None:
    for name, registered, scan in (("CT", record.fixed, ct), ("MR", record.moving, mr)):
        if registered.sha256 != scan.identity.sha256:
            raise InputError(
                f"The registration in {folder} is of another {name}.",
                "Correct the manifest, or register the pair again if the scan was changed or read by an older version.",
            )


def _anatomy(ct: Scan, side: str) -> KneeAnatomy:
    candidates = find_knees(ct.image)
    if not candidates:
        raise no_knee("CT")
    knees, wanted = choose_knees(candidates, side)
    return find_anatomy(ct.image, knees[0], "", wanted)


def _levels(mr: Scan, anatomy: KneeAnatomy) -> MRLevels:
    levels = measure_levels(mr.image, anatomy)
    readable, statement = resolves(mr.image, levels.acquired_mm if levels.acquired_known else float("nan"))
    if not readable:
        raise InputError(statement, "Leave the knee out of the manifest.")
    return levels


def _tables(measured: list[PatchMeasurement]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 4) values and (n, 4) uncertainties, NaN where there are none."""
    values = [[found.values.get(key, np.nan) for key in KEYS] for found in measured]
    spread = [[found.uncertainties.get(key, np.nan) for key in KEYS] for found in measured]
    return np.array(values).reshape(-1, len(KEYS)), np.array(spread).reshape(-1, len(KEYS))
