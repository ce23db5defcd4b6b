"""What is evaluated: arms with their runs, references beside them, and the MR values themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.catalogue import quantity
from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.ceilings import calibrated, from_true_parameters
from CTSMALib.learning.evaluation.patch_table import PatchTable
from CTSMALib.learning.evaluation.predictions import Run
from CTSMALib.learning.evaluation.samples import Setting
from CTSMALib.student.structure import STRUCTURE_KEYS

Numbers = NDArray[np.float64]
CALIBRATE = "calibrate"  # the split that lines to truth are fitted on


@dataclass(frozen=True, eq=False)
class Sight:
    """One run against one target, on the evaluated patches.

    Attributes:
        labels: (n, 4) of the target.
        values: (n, 4)
        uncertainties: (n, 4); ``None`` where they are not about this target.
    """

    labels: Numbers
    values: Numbers
    uncertainties: Numbers | None


@dataclass(frozen=True, eq=False)
class Entry:
    """An arm, or what stands beside arms.

    Attributes:
        arm: its name.
        kind: as in :class:`~CTSMALib.learning.evaluation.result.Finding`.
        sights: by target, one for each run; targets that cannot be compared are missing.
    """

    arm: str
    kind: str
    sights: dict[str, tuple[Sight, ...]]


def entries(
    table: PatchTable, runs: Sequence[Run], setting: Setting, rescan: Run | None
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """All that is evaluated, arms first, and remarks on what is missing."""
    rows, remarks = setting.rows, []
    arms: dict[str, list[Run]] = {}
    for run in runs:
        if np.isfinite(run.values[rows]).any():
            arms.setdefault(run.arm, []).append(run)
        else:
            remarks.append(f"The predictions {run.name} hold nothing of this split.")
    found = [Entry(arm, result.ARM, _sights(table, own, setting)) for arm, own in arms.items()]
    if rescan is not None:
        own_sights = _sights(table, [rescan], setting)
        found.append(Entry(result.RESCAN, result.CEILING, {result.MR: own_sights[result.MR]}))
    truth = table.truth[rows]
    if not np.isfinite(truth).any():
        return tuple(found), (
            *remarks,
            "The set holds no true values: neither with them nor with ridge on them is anything compared.",
        )
    reached = from_true_parameters(truth, table.labels[rows], setting.patients)
    if np.isfinite(reached).any():
        sight = Sight(table.labels[rows], reached, None)
        found.append(Entry(result.TRUE_PARAMETERS, result.CEILING, {result.MR: (sight,)}))
    elif np.isfinite(truth).any(axis=0).all():
        remarks.append("There are too few patients for ridge on true parameters.")
    else:
        remarks.append("Ridge on true parameters, as a reference, needs all four of them.")
    remarks += _without_truth(truth)
    own = _sights(
        table, [Run(result.MR_VALUES, result.MR_VALUES, table.labels, np.full_like(table.labels, np.nan))], setting
    )
    found.append(Entry(result.MR_VALUES, result.LABEL, {k: v for k, v in own.items() if k != result.MR}))
    return tuple(found), (*remarks, *_uncalibrated(found))


def _sights(table: PatchTable, runs: Sequence[Run], setting: Setting) -> dict[str, tuple[Sight, ...]]:
    rows = setting.rows
    labels, truth = table.labels[rows], table.truth[rows]
    if runs[0].of_structure:  # needs no line
        if not np.isfinite(truth).any():
            return {}
        return {result.CALIBRATED: tuple(Sight(truth, run.values[rows], run.uncertainties[rows]) for run in runs)}
    found = {result.MR: tuple(Sight(labels, run.values[rows], run.uncertainties[rows]) for run in runs)}
    if np.isfinite(truth).any():
        found[result.TRUTH] = tuple(Sight(truth, run.values[rows], None) for run in runs)
        fitted_on = table.splits == CALIBRATE
        lines = [calibrated(run.values, table.truth, fitted_on, rows) for run in runs]
        known = np.isfinite(truth).any(axis=0)
        if all(np.isfinite(values[:, known]).any(axis=0).all() for values in lines):
            found[result.CALIBRATED] = tuple(Sight(truth, values, None) for values in lines)
    return found


def _uncalibrated(found: Sequence[Entry]) -> tuple[str, ...]:
    names = [entry.arm for entry in found if entry.kind == result.ARM and result.CALIBRATED not in entry.sights]
    if not names:
        return ()
    few = f"Without enough predictions of the split '{CALIBRATE}'"
    return (f"{few} (three patches with true values), not calibrated to truth: {', '.join(names)}.",)


def _without_truth(truth: Numbers) -> list[str]:
    """Which parameters cannot be compared with truth."""
    missing = [
        quantity(key).symbol.removeprefix("cal. ")
        for k, key in enumerate(STRUCTURE_KEYS)
        if not np.isfinite(truth[:, k]).any()
    ]
    if not missing:
        return []
    return [
        f"The set holds no true {', '.join(missing)}: nothing of these is compared with truth. Virtual cohorts that "
        "are made with --thickness-truth have them."
    ]
