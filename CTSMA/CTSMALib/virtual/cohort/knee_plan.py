"""The knees of a cohort, each the same whatever the number of knees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from CTSMALib.progress import Progress
from CTSMALib.virtual.body.knee_data import KneeData
from CTSMALib.virtual.body.order import KneeOrder
from CTSMALib.virtual.cohort.cohort_order import BALANCED, CohortOrder
from CTSMALib.virtual.cohort.plain import digest
from CTSMALib.virtual.spec import GRADES, KneeSpec
from CTSMALib.virtual.version import GENERATOR, TEST_SEEDS

# One block of subjects: 60 % train, 10 % tune, 5 % stop, 10 % calibrate, 15 % test.
SPLIT_BLOCK = ("train",) * 12 + ("tune",) * 2 + ("stop",) + ("calibrate",) * 2 + ("test",) * 3
SEED_BITS = 48  # JSON readers that know only doubles keep these exactly
Item = TypeVar("Item")
_KNEE, _SCAN, _GRADES, _SPLITS = 1, 2, 3, 4  # streams of random numbers


class DrawSpec(Protocol):
    """Draws what a knee is, as :func:`CTSMALib.virtual.population.draw_spec` does."""

    def __call__(self, seed: int, grade: int | None = None, side: str | None = None) -> KneeSpec:
        """The knee of a seed."""


@dataclass(frozen=True)
class Makers:
    """What knees are drawn and made with; replaceable for tests. All must be importable by other processes.

    Attributes:
        draw_spec: what the knee of a seed and a grade is.
        draw_grade: the grade of a seed, as grades occur in the population.
        make_knee: makes it.
    """

    draw_spec: DrawSpec
    draw_grade: Callable[[int], int]
    make_knee: Callable[[KneeSpec, KneeOrder, Progress], KneeData]


@dataclass(frozen=True)
class KneePlan:
    """One knee of a cohort before it is made.

    Attributes:
        number: 1 for the first.
        subject: identifies the person; also the name of the knee's folder.
        split: what the subject is used for in learning; ``"test"`` in all cohorts of :data:`TEST_SEEDS`.
        spec: what the knee is.
        order: what is wanted of it.
        dicom: whether its scans are written as DICOM too.
    """

    number: int
    subject: str
    split: str
    spec: KneeSpec
    order: KneeOrder
    dicom: bool

    @property
    def person(self) -> str:
        """Eight digits that tell the person from those of the same name in other cohorts."""
        return digest({"generator": GENERATOR, "spec": self.spec})[:8]

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the files of the knee."""
        return digest({"generator": GENERATOR, "spec": self.spec, "order": self.order, "dicom": self.dicom})


def plan_knee(order: CohortOrder, number: int, makers: Makers) -> KneePlan:
    """The plan of one knee.

    Args:
        order: of the cohort; how many knees it has plays no part.
        number: of the knee, from 1.
        makers: draw it.
    """
    index = number - 1
    seed = _seed(order.seed, index, _KNEE)
    grade = _balanced_grade(order.seed, index) if order.grades == BALANCED else makers.draw_grade(seed)
    return KneePlan(
        number,
        subject_name(number),
        "test" if order.seed in TEST_SEEDS else _shuffled(SPLIT_BLOCK, order.seed, index, _SPLITS),
        makers.draw_spec(seed, grade),
        order.knee_order(_seed(order.seed, index, _SCAN)),
        order.dicom,
    )


def subject_name(number: int) -> str:
    """``vk0001`` for the first."""
    return f"vk{number:04d}"


def _balanced_grade(seed: int, index: int) -> int:
    return _shuffled(GRADES, seed, index, _GRADES)


def _shuffled(block: tuple[Item, ...], seed: int, index: int, stream: int) -> Item:
    """The item of a knee where each block of knees gets all items of ``block`` in an order of its own."""
    number, place = divmod(index, len(block))
    order = np.random.default_rng([seed, stream, number]).permutation(len(block))
    return block[int(order[place])]


def _seed(seed: int, index: int, stream: int) -> int:
    bits = np.random.SeedSequence([seed, stream, index]).generate_state(1, np.uint64)[0]
    return int(bits) >> (64 - SEED_BITS)
