"""Arms compared with each other on the same patches, with the same patients drawn for both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import corrected_interval
from CTSMALib.learning.evaluation import result
from CTSMALib.learning.evaluation.entries import Entry, Sight
from CTSMALib.learning.evaluation.result import Difference
from CTSMALib.learning.evaluation.samples import PAIRS, Samples, Setting, samples

LEVELS = (result.PATCH, result.COMPARTMENT, result.PATIENT)
STATISTICS = (result.AGREEMENT, result.CONSISTENCY, result.RMSE)
Numbers = NDArray[np.float64]
_Cache = dict[tuple[str, str, str, bytes], Samples]


def differences(setting: Setting, compared: Sequence[Entry]) -> tuple[Difference, ...]:
    """Every arm less each reference arm that is there, and its share of each of the values beside arms."""
    cache: _Cache = {}
    arms = [entry for entry in compared if entry.kind == result.ARM]
    found: list[Difference] = []
    for arm in arms:
        for other in compared:
            is_reference = other.kind == result.ARM and other.arm in result.REFERENCES
            if other is arm or not (is_reference or other.kind == result.CEILING):
                continue
            for target in arm.sights:
                if target in other.sights:
                    for level in LEVELS:
                        found += _pair(setting, cache, arm, other, target, level)
    return tuple(found)


def _pair(setting: Setting, cache: _Cache, arm: Entry, other: Entry, target: str, level: str) -> list[Difference]:
    both = (*arm.sights[target], *other.sights[target])
    common = np.all([np.isfinite(sight.labels) & np.isfinite(sight.values) for sight in both], axis=0)
    if not common.any():
        return []
    one, two = (_mean(setting, cache, entry, target, level, common) for entry in (arm, other))
    patients = len(np.unique(setting.patients[common.any(axis=1)]))
    compared = {
        (key, name): values - two[key, name]
        for (key, name), values in one.items()
        if name in STATISTICS and other.kind == result.ARM
    }
    if other.kind == result.CEILING:
        mean = (result.MEAN, result.AGREEMENT)
        with np.errstate(divide="ignore", invalid="ignore"):
            compared = {(result.MEAN, result.RATIO): np.where(two[mean] > 0.0, one[mean] / two[mean], np.nan)}
    rows = []
    for (key, name), values in compared.items():
        interval = corrected_interval(values, patients)
        ends = (interval.value, interval.low, interval.high, int(one[key, PAIRS][0]), patients)
        rows.append(Difference(arm.arm, other.arm, target, level, key, name, *ends))
    return rows


def _mean(setting: Setting, cache: _Cache, entry: Entry, target: str, level: str, common: NDArray[np.bool_]) -> Samples:
    """Statistics on some values alone, the mean over runs; kept, as most pairs of arms share all their patches."""
    name = (entry.arm, target, level, common.tobytes())
    if name not in cache:
        found = [samples(setting, level, *_common(sight, common), None) for sight in entry.sights[target]]
        kept = [key for key in found[0] if key[1] in (*STATISTICS, PAIRS)]
        cache[name] = {key: np.mean([one[key] for one in found], axis=0) for key in kept}
    return cache[name]


def _common(sight: Sight, common: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    return np.where(common, sight.labels, np.nan), sight.values
