"""The whole evaluation of a folder of predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval, patient_draws
from CTSMALib.agreement.clustered import RESAMPLINGS
from CTSMALib.errors import InputError
from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.differences import differences
from CTSMALib.learning.evaluation.entries import Entry, Sight, entries
from CTSMALib.learning.evaluation.groups import Grouping, groupings
from CTSMALib.learning.evaluation.patch_table import PatchTable
from CTSMALib.learning.evaluation.predictions import Run
from CTSMALib.learning.evaluation.result import Evaluation, Finding, Shown
from CTSMALib.learning.evaluation.samples import PAIRS, Samples, Setting, samples
from CTSMALib.progress import Progress, silent

TEST = "test"
TEACHER = "teacher"  # how arms begin that see the MR, which is no news
STUDENT = "student"  # what a training delivers: shown even where another arm happens to be better on these patches
_OF_GROUPS = (result.AGREEMENT, result.RMSE, result.BIAS, result.COVERAGE, result.REFERENCE_SD)
_EVALUATED = 0.7  # part of the whole work; the rest are differences


def evaluate(
    table: PatchTable,
    runs: Sequence[Run],
    split: str = TEST,
    arm: str | None = None,
    rescan: Run | None = None,
    resamplings: int = RESAMPLINGS,
    seed: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Compare every arm with MR values, and with truth where it is known.

    Args:
        table: of the patch set.
        runs: what arms predicted.
        split: that is evaluated.
        arm: whose values are shown in figures, or the name of a run; without it :data:`STUDENT`, or where there is none
            the one with the highest mean ICC(2,1) against the MR, teachers aside.
        rescan: what a second MR scan says of the same patches.
        resamplings: of patients, for intervals.
        seed: of the resampling.
        progress: told of every arm.

    Raises:
        InputError: there is no such split or arm, or nothing was predicted in the split, by any arm or by that one.
    """
    setting = _setting(table, split, resamplings, seed)
    _refuse_unknown(arm, runs, setting, split)
    compared, remarks = entries(table, runs, setting, rescan)
    if not any(entry.kind == result.ARM for entry in compared):
        raise InputError(f"No arm predicted patches of the split '{split}'.", "Predict it, or name another --split.")
    divided = groupings(table, setting.rows)
    findings: list[Finding] = []
    for number, entry in enumerate(compared):
        progress("Comparing with MR and truth", _EVALUATED * number / len(compared), entry.arm)
        findings += _of_entry(setting, entry, divided)
    progress("Comparing arms", _EVALUATED)
    return Evaluation(
        split=split,
        virtual=table.virtual,
        source=table.source,
        patches=len(setting.rows),
        patients=setting.draws.shape[1],
        resamplings=resamplings,
        seed=seed,
        findings=tuple(findings),
        differences=differences(setting, compared),
        shown=_shown(table, runs, setting, arm or _delivered(findings)),
        remarks=remarks,
    )


def _setting(table: PatchTable, split: str, resamplings: int, seed: int) -> Setting:
    rows = np.flatnonzero(table.splits == split)
    if not len(rows):
        known = ", ".join(sorted(set(table.splits.tolist())))
        raise InputError(f"The patch set has no patches in the split '{split}'.", f"Its splits are: {known}.")
    names, patients = np.unique(table.subjects[rows], return_inverse=True)
    draws = patient_draws(len(names), resamplings, seed)
    return Setting(rows, patients.astype(np.intp), table.strata[rows], draws)


def _refuse_unknown(arm: str | None, runs: Sequence[Run], setting: Setting, split: str) -> None:
    """Refuse an arm that cannot be shown."""
    known = dict.fromkeys(name for run in runs for name in (run.arm, run.name))
    if arm is None:
        return
    if arm not in known:
        raise InputError(f"There are no predictions of an arm '{arm}'.", f"The arms are: {', '.join(known)}.")
    if any(run.of_structure for run in runs if arm in (run.name, run.arm)):
        raise InputError(f"The arm '{arm}' is not on the scale of the MR, which figures show.", "Name another --arm.")
    own = [run.values[setting.rows] for run in runs if arm in (run.name, run.arm)]
    if not np.isfinite(own).any():
        raise InputError(
            f"The arm '{arm}' predicted no patches of the split '{split}'.", "Name another --arm or --split."
        )


def _of_entry(setting: Setting, entry: Entry, divided: Sequence[Grouping]) -> list[Finding]:
    findings: list[Finding] = []
    for target, sights in entry.sights.items():
        for level in result.LEVELS:
            found = [_samples(setting, level, sight) for sight in sights]
            findings += _findings(setting, entry, target, level, found, sights)
        if target == result.TRUTH:
            continue  # not calibrated: the difference of scales would hide that of groups
        for grouping in divided:
            for group, members in zip(grouping.groups, grouping.members, strict=True):
                part = [_only(sight, members) for sight in sights]
                found = [_samples(setting, result.PATCH, sight) for sight in part]
                where = (grouping.name, group)
                findings += _findings(setting, entry, target, result.PATCH, found, part, where, _OF_GROUPS)
    return findings


def _samples(setting: Setting, level: str, sight: Sight) -> Samples:
    stated = sight.uncertainties if level == result.PATCH else None
    return samples(setting, level, sight.labels, sight.values, stated)


def _only(sight: Sight, members: NDArray[np.bool_]) -> Sight:
    return Sight(np.where(members[:, None], sight.labels, np.nan), sight.values, sight.uncertainties)


def _findings(
    setting: Setting,
    entry: Entry,
    target: str,
    level: str,
    found: Sequence[Samples],
    sights: Sequence[Sight],
    where: tuple[str, str] = (result.ALL, result.ALL),
    only: Iterable[str] | None = None,
) -> list[Finding]:
    """One finding for each statistic: the mean over runs, in every resampling."""
    known = np.any([(np.isfinite(s.labels) & np.isfinite(s.values)).any(axis=1) for s in sights], axis=0)
    patients = len(np.unique(setting.patients[known]))
    if not patients:
        return []
    rows = []
    for key, statistic in found[0]:
        if statistic == PAIRS or (only is not None and statistic not in only):
            continue
        if any((key, statistic) not in one for one in found):
            continue
        several = np.array([one[key, statistic] for one in found])
        interval = corrected_interval(several.mean(axis=0), patients)
        spread = float(several[:, 0].std(ddof=1)) if len(found) > 1 else float("nan")
        pairs = int(min(one[key, PAIRS][0] for one in found))
        rows.append(
            Finding(
                *(entry.arm, entry.kind, len(found), target, level, *where, key, statistic),
                *(interval.value, interval.low, interval.high, spread, pairs, patients),
            )
        )
    return rows


def _delivered(findings: Sequence[Finding]) -> str:
    means = {
        f.arm: f.value
        for f in findings
        if (f.kind, f.target, f.level, f.grouping, f.key, f.statistic)
        == (result.ARM, result.MR, result.PATCH, result.ALL, result.MEAN, result.AGREEMENT)
    }
    if STUDENT in means:
        return STUDENT
    if not means:
        raise InputError("No arm is on the scale of the MR, which figures show.", "Add a student or a baseline.")
    of_ct = {name: mean for name, mean in means.items() if not name.startswith(TEACHER)} or means
    return max(of_ct, key=lambda name: (np.nan_to_num(of_ct[name], nan=-2.0), name))


def _shown(table: PatchTable, runs: Sequence[Run], setting: Setting, name: str) -> Shown:
    run = next(run for run in runs if name in (run.name, run.arm) and np.isfinite(run.values[setting.rows]).any())
    return Shown(run.name, run.arm, table.labels[setting.rows], run.values[setting.rows], setting.patients)
