"""What a training of the diagnosis is made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis.candidates import AGGREGATORS, MOST_CANDIDATES
from CTSMALib.learning.pairs.splits import SPLITS
from CTSMALib.student.summary import MOST_FEATURES


@dataclass(frozen=True)
class NetworkConfig:
    """The networks, see :class:`~CTSMALib.diagnosis.layers.NetworkShape`."""

    width: int = 32
    heads: int = 4
    layers: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if min(self.width, self.heads, self.layers) < 1 or self.width % self.heads:
            raise InputError(
                f"{self.heads} heads do not divide a width of {self.width}.", "Take 32 and 4, for example."
            )
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"A dropout of {self.dropout} is none.", "Give 0 or more, and less than 1.")


@dataclass(frozen=True)
class DiagnosisConfig:
    """A training.

    Attributes:
        aggregators: that are compared; ``"logistic"`` and ``"transformer"`` are always among them.
        splits: of the knees that take part; empty for all that have values.
        outer_folds: each predicts the patients that the others learn from.
        inner_folds: within those, for settings and calibration.
        budget: settings that are tried, equally many for each aggregator.
        seed: of folds and networks.
        batch: knees a step of a network.
        least_kept: share of its patches that a knee keeps at least in a step; how many is drawn.
        compartment_lost: chance of each compartment of a knee to be absent in a step.
        all_lost: chance of a knee to be absent as a whole, so that a Transformer learns what is likely before any patch
            is known; contributions start from there.
        grade_weight: of the grades' part of the loss of networks beside that of the binary one.
        features: how many features of a student each patch has beside its values, see
            :mod:`CTSMALib.student.summary`; the predictions must hold them. 0 to read the values alone.
        tie: the Transformer becomes the default if its AUC is higher than that of the regression by more than this.
        resamplings: of patients, for intervals.
        network: see there.
    """

    aggregators: tuple[str, ...] = AGGREGATORS
    splits: tuple[str, ...] = ()
    outer_folds: int = 5
    inner_folds: int = 3
    budget: int = 3
    seed: int = 1
    batch: int = 32
    least_kept: float = 0.25
    compartment_lost: float = 0.15
    all_lost: float = 0.05
    grade_weight: float = 0.5
    features: int = 0
    tie: float = 0.01
    resamplings: int = 1000
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        self._check_names()
        for name in ("outer_folds", "inner_folds"):
            if not 2 <= getattr(self, name) <= 20:
                raise InputError(f"{name} = {getattr(self, name)} divides no patients.", "Give 2 to 20.")
        if not 1 <= self.budget <= MOST_CANDIDATES:
            raise InputError(f"A budget of {self.budget} settings is not possible.", f"Give 1 to {MOST_CANDIDATES}.")
        if self.seed < 0:
            raise InputError(f"The seed {self.seed} is negative.", "Take 0 or more.")
        for name in ("batch", "resamplings"):
            if getattr(self, name) < 1:
                raise InputError(f"A training with {name} = {getattr(self, name)} is none.", "Give 1 or more.")
        if not 0 <= self.features <= MOST_FEATURES:
            raise InputError(f"A student tells no {self.features} features.", f"Give 0 to {MOST_FEATURES}.")
        if not 0.0 < self.least_kept <= 1.0:
            raise InputError(f"A knee cannot keep {self.least_kept} of its patches.", "Give a share up to 1.")
        if not (0.0 <= self.compartment_lost < 1.0 and 0.0 <= self.all_lost < 1.0):
            raise InputError("A chance of being lost is none.", "Give 0 or more, and less than 1.")
        if self.grade_weight < 0.0 or not 0.0 <= self.tie < 1.0:
            raise InputError("The weight of grades or the tie is negative.", "Give 0 or more.")

    def _check_names(self) -> None:
        strange = [name for name in self.aggregators if name not in AGGREGATORS]
        strange += [name for name in self.splits if name not in SPLITS]
        if strange:
            known = ", ".join((*AGGREGATORS, *SPLITS))
            raise InputError(f"The aggregator or split '{strange[0]}' is unknown.", f"Take some of {known}.")
        if not {"logistic", "transformer"} <= set(self.aggregators):
            raise InputError("Logistic regression and Transformer are both part of the result.", "Name both.")
        if len(set(self.aggregators)) < len(self.aggregators):
            raise InputError("An aggregator is named twice.", "Name each once.")
