"""The models of a bundle with all that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch

from CTSMALib.bundles.bundle import Bundle, of_another_version, read_weights, shipped_bundle
from CTSMALib.diagnosis.attribution import presence_contributions
from CTSMALib.diagnosis.batch import packed, whole_batch
from CTSMALib.diagnosis.calibration import Calibration, agreeing, jackknife_error, sigmoid
from CTSMALib.diagnosis.diagnosis import Diagnosis
from CTSMALib.diagnosis.layers import NetworkShape
from CTSMALib.diagnosis.logistic import LogisticModel
from CTSMALib.diagnosis.names import (
    AGGREGATORS,
    FAMILIARITY,
    LEAST_FAITHFUL,
    LOGISTIC,
    SETTINGS,
    SHIPPED,
    SIMULATED,
    STANDARDIZER,
    TASK,
    TRANSFORMER,
)
from CTSMALib.diagnosis.origin import Origin, difference
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.summaries import MEANS, summarize
from CTSMALib.diagnosis.tokens import COMPARTMENT, COMPARTMENT_KEYS, IDS, Array, KneeTokens, lacking
from CTSMALib.diagnosis.transformer import PatchTransformer
from CTSMALib.errors import InputError
from CTSMALib.synthesis.familiarity import Familiarity


class Answer(NamedTuple):
    """What an ensemble says: (m,) log odds, severity, (96,) contributions, log odds that they start from."""

    logits: Array
    severity: float
    parts: Array
    usual: float


@dataclass(frozen=True, eq=False)
class DiagnosisModel:
    """Logistic regression and Transformer, ready to use.

    Attributes:
        logistic: regression on summaries of compartments.
        transformers: members of the ensemble, in evaluation mode.
        standardizer: what is usual.
        familiarity: with the means of the compartments of the knees it learned from.
        calibrations: by name of the aggregator.
        default: which of :data:`AGGREGATORS` answers if none is asked for.
        simulated: it was trained on simulated knees.
        identity: name, version and checksum.
        origin: of the values that it learned from.
        faithful: by name of the aggregator, for which share of patients that were not learned from the strongest
            patches matter most; empty where that was not measured.
    """

    logistic: LogisticModel
    transformers: tuple[PatchTransformer, ...]
    standardizer: Standardizer
    familiarity: Familiarity
    calibrations: dict[str, Calibration]
    default: str
    simulated: bool
    identity: str
    origin: Origin
    faithful: dict[str, float] = field(default_factory=dict)

    def predict(self, tokens: KneeTokens, aggregator: str | None = None, origin: Origin | None = None) -> Diagnosis:
        """Diagnose one knee.

        Args:
            tokens: its patches.
            aggregator: of :data:`AGGREGATORS`; the default if left out.
            origin: of the values; where it is another one than that of the training, a note says so.

        Raises:
            InputError: the patches have other quantities than those of the training.
        """
        name = aggregator or self.default
        if tokens.quantities.shape[1] != len(self.standardizer.scale):
            raise InputError("The model takes other quantities.", "Take another model.")
        reason, distance = self._without_features(tokens, origin) or lacking(tokens), None
        if not reason:
            distance = self.familiarity.distance(compartment_means(tokens, self.standardizer))
            if distance > self.familiarity.limit:
                reason = (
                    f"The values lie farther from those of the training (distance {distance:.2f}) than those of 99 in "
                    f"100 knees there ({self.familiarity.limit:.2f})."
                )
        answer = None if reason else self.answer(tokens, name)
        notes = (
            SIMULATED if self.simulated else "",
            difference(self.origin, origin) if origin is not None else "",
            self._unfaithful(name),
        )
        found = self._told(name, tokens, distance, reason, answer)
        known = tuple(note for note in notes if note)
        return replace(found, notes=known, unlike=tokens.unlike, values_sha256=tokens.digest)

    def logits(self, knees: Sequence[KneeTokens], aggregator: str) -> Array:
        """(n, m) log odds of knees by each member, before calibration; each compartment needs patches."""
        if aggregator == LOGISTIC:
            return np.array([self.logistic.logits(knee, self.standardizer) for knee in knees])
        batch = packed(whole_batch(knees, self.standardizer))
        with torch.inference_mode():
            return torch.stack([net(*batch).logit for net in self.transformers], dim=1).double().numpy()

    def answer(self, tokens: KneeTokens, aggregator: str) -> Answer:
        """What an ensemble says of one knee, before calibration, and why; each compartment needs patches."""
        logits = self.logits([tokens], aggregator)[0]
        if aggregator == LOGISTIC:
            return Answer(logits, float(logits.mean()), *self.logistic.contributions(tokens, self.standardizer))
        batch = packed(whole_batch([tokens], self.standardizer))
        with torch.inference_mode():
            severity = float(np.mean([float(net(*batch).severity) for net in self.transformers]))
        return Answer(logits, severity, *presence_contributions(self.transformers, batch))

    @property
    def features(self) -> int:
        """How many features of a student it reads beside the values, see :mod:`CTSMALib.student.summary`."""
        return self.standardizer.features

    def _without_features(self, tokens: KneeTokens, origin: Origin | None) -> str:
        """Why features that the model needs cannot be used, as a sentence; empty where they can, or it needs none."""
        if not self.features:
            return ""
        if origin is not None and difference(self.origin, origin):
            return "The model reads features of patches too, and those mean nothing unless its own student found them."
        if not np.isfinite(tokens.features).any():
            return "The model reads features of patches too, and there are none: analyze the scan again."
        return ""

    def _unfaithful(self, aggregator: str) -> str:
        share = self.faithful.get(aggregator, 1.0)
        if share >= LEAST_FAITHFUL:
            return ""
        return (
            f"Do not rely on what single patches add: only for {100.0 * share:.0f} % of patients did this model change "
            "its answer most without the strongest ones."
        )

    def _told(
        self, name: str, tokens: KneeTokens, distance: float | None, reason: str, answer: Answer | None
    ) -> Diagnosis:
        counts = dict(zip(COMPARTMENT_KEYS, (int(n) for n in tokens.counts), strict=True))
        limit = self.familiarity.limit
        if answer is None:
            return Diagnosis(
                name, self.identity, None, None, None, (), None, {}, {}, counts, distance, limit, reason, ()
            )
        calibration, count = self.calibrations[name], int(tokens.counts.sum())
        probability = calibration.probability(float(answer.logits.mean()), jackknife_error(answer.logits), count)
        by_grade = agreeing(calibration.grades(np.array([answer.severity]), count), np.array(probability[:1]))
        grades = tuple(float(g) for g in by_grade[0])
        usual = sigmoid(calibration.calibrated(answer.usual, count))
        parts = calibration.slope_for(count) * answer.parts
        by_patch = {IDS[n]: float(parts[n]) for n in np.flatnonzero(tokens.present)}
        totals = np.bincount(COMPARTMENT, weights=parts)
        by_compartment = {key: float(total) for key, total in zip(COMPARTMENT_KEYS, totals, strict=True)}
        return Diagnosis(
            name, self.identity, *probability, grades, usual, by_patch, by_compartment, counts, distance, limit, None,
            (),
        )  # fmt: skip


def compartment_means(tokens: KneeTokens, standardizer: Standardizer) -> Array:
    """(4 (k + f),) what familiarity is told by; the number of patches hardly changes them."""
    return summarize(standardizer.values(tokens), tokens.present, MEANS).values


def load_model(bundle: Bundle | None = None) -> DiagnosisModel:
    """The models of a bundle, or of the one that comes with the software.

    Raises:
        InputError: the bundle does not hold such models.
        MissingDependencyError: torch or safetensors are not installed, or no model is.
    """
    bundle = bundle or shipped_bundle(SHIPPED, TASK)
    tensors = read_weights(bundle)
    try:
        settings: dict[str, Any] = bundle.config[SETTINGS]
        arrays = {k: v.numpy().astype(np.float64) for k, v in tensors.items() if not k.startswith(TRANSFORMER)}
        logistic = LogisticModel(**_part(arrays, f"{LOGISTIC}."))
        standardizer = Standardizer.from_arrays(_part(arrays, STANDARDIZER))
        shape = msgspec.convert(settings["network"], NetworkShape)
        nets = tuple(_network(shape, tensors, number) for number in range(int(settings["members"])))
        limit = float(settings["familiarity_limit"])
        familiarity = Familiarity(arrays[FAMILIARITY + "mean"], arrays[FAMILIARITY + "precision"], limit)
        calibrations = {name: msgspec.convert(settings["calibration"][name], Calibration) for name in AGGREGATORS}
        default, simulated = str(settings["default"]), bool(settings["simulated"])
        origin = Origin(str(settings.get("values_from", "")), str(settings.get("values_sha256", "")))
        faithful = {str(name): float(share) for name, share in settings.get("faithful", {}).items()}
        if default not in AGGREGATORS or not nets:
            raise ValueError(default)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise of_another_version(bundle) from error
    return DiagnosisModel(
        logistic, nets, standardizer, familiarity, calibrations, default, simulated, bundle.identity, origin, faithful
    )


def _part(arrays: dict[str, Array], beginning: str) -> dict[str, Array]:
    return {name.removeprefix(beginning): array for name, array in arrays.items() if name.startswith(beginning)}


def _network(shape: NetworkShape, tensors: dict[str, torch.Tensor], number: int) -> PatchTransformer:
    net = PatchTransformer(shape)
    beginning = f"{TRANSFORMER}.{number}."
    net.load_state_dict({k.removeprefix(beginning): v for k, v in tensors.items() if k.startswith(beginning)})
    return net.eval().requires_grad_(False)
