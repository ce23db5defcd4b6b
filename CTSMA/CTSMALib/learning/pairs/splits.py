"""Splits of a cohort: each subject has one, drawn by a seed, and those that are given stay."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

SPLITS = ("train", "tune", "stop", "calibrate", "test", "unpaired")
SHARES = {"train": 0.6, "stop": 0.1, "calibrate": 0.1, "test": 0.1, "tune": 0.1}
_FIRST = ("train", "train", "stop", "calibrate", "test", "tune")  # what the first subjects of a small cohort are for


def assign_splits(subjects: Iterable[str], given: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Give every subject a split.

    Args:
        subjects: names, as often as they occur.
        given: splits that subjects have already; these stay.
        seed: of the draw. A subject's place in the draw depends on the seed and its name alone.

    Returns:
        The split by subject. As many as ``SHARES`` says in all, but at first one of each, and two of ``train``, so that
        even a small cohort can be learned from.
    """
    names = sorted(set(subjects))
    found = {name: given[name] for name in names if given.get(name)}
    drawn = sorted((name for name in names if name not in found), key=lambda name: _lot(name, seed))
    counts = Counter(found.values())
    paired = len(drawn) + sum(count for split, count in counts.items() if split in SHARES)
    for name in drawn:
        found[name] = _neediest(counts, paired)
        counts[found[name]] += 1
    return found


def _neediest(counts: Mapping[str, int], subjects: int) -> str:
    """The split that lacks most; the order of ``_FIRST`` decides while a split has too few to be of use."""
    for number, split in enumerate(_FIRST):
        if counts.get(split, 0) < _FIRST[: number + 1].count(split):
            return split
    return max(SHARES, key=lambda split: SHARES[split] * subjects - counts.get(split, 0))


def _lot(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
