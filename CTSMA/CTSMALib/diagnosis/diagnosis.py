"""What a model says of one patient."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """The answer of a model for one knee.

    Attributes:
        aggregator: which of the models of the bundle answered.
        model: name, version and checksum of the bundle.
        probability: of osteoarthritis (Kellgren-Lawrence grade 2 or more); ``None`` where the model abstains.
        low, high: its 95 % interval, from the members of the ensemble and the calibration; ``None`` likewise.
        grades: probabilities of the grades 0 to 4; empty where the model abstains.
        usual_probability: before any patch is known, where the contributions start: for the regression a knee with
            usual values, for the Transformer one without patches.
        patches: patch id to what it adds to the log odds, positive towards osteoarthritis.
        compartments: the same, summed up over each compartment.
        counts: patches with values by compartment.
        distance: of the compartments' means from those of the training, about 1 for knees as there; ``None`` where
            there were too few patches to tell.
        limit: distance that one in a hundred knees of the training exceeds.
        abstained: why nothing is said, as a sentence; ``None`` where something is.
        notes: what must be known beside it.
        unlike: patches that were left out as they look unlike those that their values are learned from.
        values_sha256: digest of the values that it was made from.
    """

    aggregator: str
    model: str
    probability: float | None
    low: float | None
    high: float | None
    grades: tuple[float, ...]
    usual_probability: float | None
    patches: dict[str, float]
    compartments: dict[str, float]
    counts: dict[str, int]
    distance: float | None
    limit: float
    abstained: str | None
    notes: tuple[str, ...]
    unlike: int = 0
    values_sha256: str = ""
