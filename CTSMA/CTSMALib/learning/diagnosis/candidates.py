"""The aggregators that are compared, and the settings that are tried for each."""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib.diagnosis.summaries import FULL, MEANS

TRANSFORMER, LOGISTIC, MIL, MEAN_HU, AGE = AGGREGATORS = ("transformer", "logistic", "attention-mil", "mean-hu", "age")
NETWORKS = (TRANSFORMER, MIL)


@dataclass(frozen=True)
class Candidate:
    """Settings of one fit.

    Attributes:
        penalty: linear models: of squared coefficients, the inverse of scikit-learn's C.
        summaries: logistic regression: of compartments, see :mod:`CTSMALib.diagnosis.summaries`.
        epochs: networks: how often each knee is seen.
        learning_rate: networks: the highest.
        weight_decay: networks.
    """

    penalty: float = 0.0
    summaries: str = FULL
    epochs: int = 0
    learning_rate: float = 0.0
    weight_decay: float = 0.0

    def __str__(self) -> str:
        """For tables."""
        if self.epochs:
            return f"{self.epochs} epochs, rate {self.learning_rate:g}, decay {self.weight_decay:g}"
        return f"penalty {self.penalty:g}, {self.summaries} summaries"


_LOGISTIC = (
    Candidate(penalty=30.0),
    Candidate(penalty=30.0, summaries=MEANS),
    Candidate(penalty=300.0),
    Candidate(penalty=3.0, summaries=MEANS),
    Candidate(penalty=1000.0),
)
_LINEAR = tuple(Candidate(penalty=penalty) for penalty in (3.0, 30.0, 0.3, 300.0, 0.03))
_NETWORK = (
    Candidate(epochs=40, learning_rate=5e-3, weight_decay=0.1),
    Candidate(epochs=80, learning_rate=2e-3, weight_decay=1.0),
    Candidate(epochs=40, learning_rate=2e-3, weight_decay=1.0),
    Candidate(epochs=80, learning_rate=5e-3, weight_decay=1.0),
    Candidate(epochs=20, learning_rate=2e-3, weight_decay=0.1),
)
MOST_CANDIDATES = min(len(_LOGISTIC), len(_LINEAR), len(_NETWORK))


def candidates(aggregator: str, budget: int) -> tuple[Candidate, ...]:
    """The first ``budget`` settings of an aggregator, the most usual one first."""
    if aggregator in NETWORKS:
        return _NETWORK[:budget]
    return (_LOGISTIC if aggregator == LOGISTIC else _LINEAR)[:budget]
