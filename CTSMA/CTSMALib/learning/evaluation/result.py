"""What an evaluation found, as typed rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MR, TRUTH, CALIBRATED = "mr", "truth", "truth-calibrated"
PATCH, COMPARTMENT, PATIENT = "patch", "compartment", "patient"
WITHIN, MIDDLE = "within-stratum", "middle-half"
LEVELS = (PATCH, COMPARTMENT, PATIENT, WITHIN, MIDDLE)
ALL = "all"
MEAN = "mean"  # of the four parameters, in place of a key
ARM, CEILING, LABEL = "arm", "ceiling", "label"
AGREEMENT, CONSISTENCY, RMSE, COVERAGE = "icc_agreement", "icc_consistency", "rmse", "coverage"
BIAS, LOWER, UPPER = "bias", "lower_limit", "upper_limit"
CORRELATION, REFERENCE_SD, RATIO = "correlation", "reference_sd", "icc_agreement_ratio"
REFERENCES = ("mean_hu", "ridge", "student_none", "student_none-seeds")  # arms that others are compared with
TRUE_PARAMETERS, RESCAN, MR_VALUES = "ceiling_true_parameters", "ceiling_rescan", "mr_values"


@dataclass(frozen=True)
class Finding:
    """One statistic of one arm; the mean over its runs where there are several.

    Attributes:
        arm: its name without a seed.
        kind: :data:`ARM`; :data:`CEILING` for references that say what to expect, which are no upper bounds;
            :data:`LABEL` for the MR values themselves, compared with truth.
        runs: trainings with different seeds.
        target: :data:`MR`, :data:`TRUTH` or :data:`CALIBRATED`, which is truth after a line for each parameter.
        level: one of :data:`LEVELS`.
        grouping: how patches were divided, or :data:`ALL`.
        group: which part this is, or :data:`ALL`.
        key: of the parameter, or :data:`MEAN`.
        statistic: its name.
        value: on all data.
        low, high: of the 95 % interval by resampling patients; not numbers where there is none.
        seed_sd: standard deviation of the value over runs; not a number for one run.
        pairs: values that were compared, the fewest of the runs.
        patients: whose they are.
    """

    arm: str
    kind: str
    runs: int
    target: str
    level: str
    grouping: str
    group: str
    key: str
    statistic: str
    value: float
    low: float
    high: float
    seed_sd: float
    pairs: int
    patients: int


@dataclass(frozen=True)
class Difference:
    """A statistic of an arm less that of another on the same patches, with the same patients drawn for both.

    Attributes:
        arm: its name.
        reference: the other one.
        target, level, key: as in :class:`Finding`.
        statistic: its name; for :data:`RATIO` the arm's ICC is divided by that of the reference, a :data:`CEILING`.
        value, low, high: with the 95 % interval.
        pairs, patients: as in :class:`Finding`.
    """

    arm: str
    reference: str
    target: str
    level: str
    key: str
    statistic: str
    value: float
    low: float
    high: float
    pairs: int
    patients: int


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn of one run against the MR.

    Attributes:
        run: its name.
        arm: that it belongs to.
        labels: (n, 4) MR values by :data:`~CTSMALib.morphometry.apparent.recipe.KEYS`.
        values: (n, 4) that it predicted.
        patients: (n,) whose each patch is, codes.
    """

    run: str
    arm: str
    labels: NDArray[np.float64]
    values: NDArray[np.float64]
    patients: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All of it.

    Attributes:
        split: that was evaluated.
        virtual: whether the knees are.
        source: what the patch set was made from.
        patches, patients: in the split.
        resamplings: of the patients.
        seed: of these.
        findings: statistics.
        differences: between arms.
        shown: one run for figures.
        remarks: what could not be evaluated, and why; sentences.
    """

    split: str
    virtual: bool
    source: str
    patches: int
    patients: int
    resamplings: int
    seed: int
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]
    shown: Shown
    remarks: tuple[str, ...]

    def arms(self, kind: str = ARM) -> tuple[str, ...]:
        """Names, in the order of the findings."""
        return tuple(dict.fromkeys(f.arm for f in self.findings if f.kind == kind))

    def find(
        self, arm: str, statistic: str = AGREEMENT, key: str = MEAN, target: str = MR, level: str = PATCH,
        grouping: str = ALL, group: str = ALL,
    ) -> Finding | None:  # fmt: skip
        """One finding; ``None`` where it is missing."""
        return self._by_name.get((arm, statistic, key, target, level, grouping, group))

    def difference(
        self, arm: str, reference: str, statistic: str = AGREEMENT, key: str = MEAN, target: str = MR,
        level: str = PATCH,
    ) -> Difference | None:  # fmt: skip
        """One difference; ``None`` where it is missing."""
        wanted = (arm, reference, statistic, key, target, level)
        found = (d for d in self.differences if (d.arm, d.reference, d.statistic, d.key, d.target, d.level) == wanted)
        return next(found, None)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups of each grouping."""
        found: dict[str, list[str]] = {}
        for name, group in dict.fromkeys((f.grouping, f.group) for f in self.findings if f.grouping != ALL):
            found.setdefault(name, []).append(group)
        return {name: tuple(groups) for name, groups in found.items()}

    def __post_init__(self) -> None:
        """Index the findings."""
        index = {(f.arm, f.statistic, f.key, f.target, f.level, f.grouping, f.group): f for f in self.findings}
        object.__setattr__(self, "_index", index)

    @property
    def _by_name(self) -> dict[tuple[str, ...], Finding]:
        index: dict[tuple[str, ...], Finding] = self.__dict__["_index"]
        return index
