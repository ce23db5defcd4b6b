"""Whether explanations are faithful: removing the patches that they name changes the answer most.

Here patches are left out, to see whether contributions are true that were found without leaving any out: the tenth of a
knee's patches that speak most for what a model says of it, against draws of as many from the same compartments
(compare the "comprehensiveness" of DeYoung et al., ACL 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from CTSMALib.agreement import Interval
from CTSMALib.diagnosis.tokens import COMPARTMENT, FEWEST_IN_COMPARTMENT, Array, Flags, KneeTokens
from CTSMALib.learning.diagnosis.dataset import Case
from CTSMALib.learning.diagnosis.fitted import Tick

SHARE, DRAWS = 0.1, 100
Logits = Callable[[Sequence[KneeTokens]], Array]


@dataclass(frozen=True)
class Change:
    """How far the log odds of a knee move without some of its patches.

    Attributes:
        subject: whose knee.
        top: without the top ones.
        drawn: without as many of the same compartments, mean over draws.
        beaten: share of the draws that move them less.
    """

    subject: str
    top: float
    drawn: float
    beaten: float


@dataclass(frozen=True)
class Faithfulness:
    """Of how many patients the top patches move the log odds more than the mean of the draws.

    Attributes:
        share: of the patients, with its 95 % interval (Wilson 1927); not numbers where there are none.
        patients: how many.
        top, drawn: mean changes of the log odds.
        beaten: mean share of the draws that the top patches beat.
    """

    share: Interval
    patients: int
    top: float
    drawn: float
    beaten: float


class Explained(Protocol):
    """What can be asked for log odds, and for contributions to these."""

    def logits(self, knees: Sequence[KneeTokens]) -> Array:
        """(n,) log odds of knees."""

    def contributions(self, tokens: KneeTokens) -> tuple[Array, float]:
        """(96,) what the patches of a knee add, and the log odds that they start from."""


def out_of_fold(
    members: Sequence[Explained], cases: Sequence[Case], outer: NDArray[np.int64], seed: int, tick: Tick
) -> Faithfulness:
    """How faithful members explain the knees that they did not learn from.

    Args:
        members: one for each fold, which lacks the knees of that fold.
        cases: all knees.
        outer: (n,) the fold of each.
        seed: of the draws.
        tick: called for every knee; stops the work by raising.
    """
    rng = np.random.default_rng(seed)
    found = []
    for case, fold in zip(cases, outer, strict=True):
        tick()
        member = members[int(fold)]
        parts, _start = member.contributions(case.tokens)
        found.append(change_of(member.logits, case.subject, case.tokens, toward(parts), rng))
    return faithfulness(found)


def toward(parts: Array) -> Array:
    """(96,) how far patches speak for what a model says of a knee; their sum is what it says beyond the start."""
    return parts * np.sign(parts.sum())


def change_of(
    logits: Logits, subject: str, tokens: KneeTokens, worth: Array, rng: np.random.Generator, draws: int = DRAWS
) -> Change | None:
    """What one knee shows; ``None`` where too few patches would be left of a compartment.

    Args:
        logits: log odds of knees, (n,).
        subject: whose knee.
        tokens: of the knee.
        worth: (96,) the highest are the top ones.
        rng: of the draws.
        draws: how many.
    """
    there = np.flatnonzero(tokens.present)
    top = np.zeros(len(COMPARTMENT), dtype=bool)
    top[there[np.argsort(-worth[there], kind="stable")[: ceil(SHARE * len(there))]]] = True
    if tokens.only(~top).counts.min() < FEWEST_IN_COMPARTMENT:
        return None
    removed = [top, *(_drawn(tokens.present, top, rng) for _ in range(draws))]
    found = logits([tokens, *(tokens.only(~mask) for mask in removed)])
    moved: Array = np.abs(found[1:] - found[0])
    return Change(subject, float(moved[0]), float(moved[1:].mean()), float(np.mean(moved[1:] < moved[0])))


def faithfulness(changes: Iterable[Change | None]) -> Faithfulness:
    """What all knees show together; both knees of a patient count as one."""
    by_subject: dict[str, list[Change]] = {}
    for one in changes:
        if one is not None:
            by_subject.setdefault(one.subject, []).append(one)
    known = [one for own in by_subject.values() for one in own]
    if not known:
        nothing = float("nan")
        return Faithfulness(Interval(nothing, nothing, nothing), 0, nothing, nothing, nothing)
    top, drawn = (
        np.array([np.mean([getattr(one, name) for one in own]) for own in by_subject.values()])
        for name in ("top", "drawn")
    )
    share = wilson(float(np.mean(top > drawn)), len(top))
    beaten = float(np.mean([one.beaten for one in known]))
    return Faithfulness(share, len(top), float(top.mean()), float(drawn.mean()), beaten)


def wilson(share: float, count: int) -> Interval:
    """A share with its 95 % interval (Wilson 1927)."""
    z2 = 1.96**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return Interval(share, middle - half, middle + half)


def _drawn(present: Flags, top: Flags, rng: np.random.Generator) -> Flags:
    """As many patches of each compartment as ``top`` has, by chance."""
    found = np.zeros(len(COMPARTMENT), dtype=bool)
    for compartment in np.unique(COMPARTMENT[top]):
        inside: Flags = compartment == COMPARTMENT
        found[rng.choice(np.flatnonzero(present & inside), int((top & inside).sum()), replace=False)] = True
    return found
