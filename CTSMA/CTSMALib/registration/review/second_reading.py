"""How far reviewers agree: their decisions about the same bones, percent agreement and Cohen's kappa."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import Interval, clustered_interval
from CTSMALib.registration.record import AUTOMATIC, DECISIONS, RegistrationRecord
from CTSMALib.registration.review.decisions import MOVED

OF_PEOPLE = tuple(decision for decision in DECISIONS if decision != AUTOMATIC)
_NOTHING = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Reading:
    """The latest decision of a reviewer about a bone, one of :data:`OF_PEOPLE`."""

    knee: str
    bone: str
    reviewer: str
    decision: str


@dataclass(frozen=True)
class ReadingPair:
    """What two reviewers decided about one bone."""

    knee: str
    bone: str
    first: str
    second: str


@dataclass(frozen=True)
class ReaderAgreement:
    """Of two reviewers.

    Attributes:
        first, second: who.
        pairs: bones that both decided about.
        percent: of them with the same decision, with its 95 % interval by drawing knees.
        kappa: Cohen's kappa likewise; not a number where both always chose one and the same decision, as chance would
            then agree as well. Its interval is not a number where that holds for many of the draws.
    """

    first: str
    second: str
    pairs: tuple[ReadingPair, ...]
    percent: Interval
    kappa: Interval

    @property
    def differing(self) -> tuple[ReadingPair, ...]:
        """The bones that they decided differently about."""
        return tuple(pair for pair in self.pairs if pair.first != pair.second)

    def table(self) -> NDArray[np.int_]:
        """(3, 3) how often; rows: the first reviewer, columns: the second, both in the order of :data:`OF_PEOPLE`."""
        counts = np.zeros((len(OF_PEOPLE), len(OF_PEOPLE)), dtype=int)
        np.add.at(counts, _codes(self.pairs), 1)
        return counts


def readings(records: Mapping[str, RegistrationRecord]) -> tuple[Reading, ...]:
    """What every reviewer decided last about every bone.

    Decisions of the program do not count. Those made before a bone was moved are void: they are about
    another motion.

    Args:
        records: name of a knee to its registration.
    """
    found: dict[tuple[str, str, str], Reading] = {}
    for knee, record in records.items():
        for review in record.reviews:
            if review.reason == MOVED:
                found = {key: reading for key, reading in found.items() if key[:2] != (knee, review.bone)}
            elif review.decision in OF_PEOPLE:
                key = (knee, review.bone, review.reviewer)
                found[key] = Reading(*key, review.decision)
    return tuple(found.values())


def paired(found: Iterable[Reading], first: str, second: str) -> tuple[ReadingPair, ...]:
    """Bones that two reviewers decided about."""
    by_reader: dict[str, dict[tuple[str, str], str]] = {first: {}, second: {}}
    for reading in found:
        if reading.reviewer in by_reader:
            by_reader[reading.reviewer][reading.knee, reading.bone] = reading.decision
    return tuple(
        ReadingPair(knee, bone, decision, by_reader[second][knee, bone])
        for (knee, bone), decision in by_reader[first].items()
        if (knee, bone) in by_reader[second]
    )


def agreement(first: str, second: str, pairs: Sequence[ReadingPair]) -> ReaderAgreement:
    """How far two reviewers agree.

    Args:
        first, second: who.
        pairs: of :func:`paired`; without any, nothing is a number.
    """
    pairs = tuple(pairs)
    if not pairs:
        return ReaderAgreement(first, second, pairs, _NOTHING, _NOTHING)
    a, b = _codes(pairs)
    knees = [pair.knee for pair in pairs]
    percent = clustered_interval(lambda rows: 100.0 * float((a[rows] == b[rows]).mean()), knees)
    kappa = clustered_interval(lambda rows: cohens_kappa(a[rows], b[rows]), knees)
    return ReaderAgreement(first, second, pairs, percent, kappa)


def reader_pairs(found: Iterable[Reading]) -> tuple[tuple[str, str], ...]:
    """Every two reviewers that decided about a bone in common, in the order of their names."""
    bones: dict[str, set[tuple[str, str]]] = {}
    for reading in found:
        bones.setdefault(reading.reviewer, set()).add((reading.knee, reading.bone))
    return tuple((a, b) for a, b in itertools.combinations(sorted(bones), 2) if bones[a] & bones[b])


def agreements(records: Mapping[str, RegistrationRecord]) -> tuple[ReaderAgreement, ...]:
    """Of all :func:`reader_pairs`."""
    found = readings(records)
    return tuple(agreement(a, b, paired(found, a, b)) for a, b in reader_pairs(found))


def cohens_kappa(first: NDArray[np.intp], second: NDArray[np.intp]) -> float:
    """Agreement beyond chance (Cohen, Educ Psychol Meas 20:37, 1960), 1 for all.

    Args:
        first, second: (n,) categories from 0.

    Returns:
        NaN where both hold one and the same category only, or nothing.
    """
    if not len(first):
        return float("nan")
    kinds = int(max(first.max(), second.max())) + 1
    shares = (np.bincount(codes, minlength=kinds) / len(codes) for codes in (first, second))
    by_chance = float(np.dot(*shares))
    seen = float((first == second).mean())
    return (seen - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else float("nan")


def _codes(pairs: Sequence[ReadingPair]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first = np.array([OF_PEOPLE.index(pair.first) for pair in pairs], dtype=np.intp)
    second = np.array([OF_PEOPLE.index(pair.second) for pair in pairs], dtype=np.intp)
    return first, second
