"""From a cross-validation to a bundle: the final models, their calibration, and what is familiar to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib import __version__
from CTSMALib.agreement import Interval
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.diagnosis.calibration import Calibration
from CTSMALib.diagnosis.model import compartment_means
from CTSMALib.diagnosis.names import FAMILIARITY, SETTINGS, SHIPPED, STANDARDIZER, TASK
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.transformer import PatchTransformer
from CTSMALib.learning.diagnosis.calibrate import fit_calibration, fit_patch_counts
from CTSMALib.learning.diagnosis.candidates import LOGISTIC, TRANSFORMER
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, DiagnosisData, grades, labels
from CTSMALib.learning.diagnosis.evaluate import Evaluation, default_of
from CTSMALib.learning.diagnosis.faithfulness import Explained, Faithfulness, out_of_fold
from CTSMALib.learning.diagnosis.fit import fit
from CTSMALib.learning.diagnosis.fit_linear import LinearFit
from CTSMALib.learning.diagnosis.fit_network import NetworkFit, shape_of
from CTSMALib.learning.diagnosis.fitted import Fit, Scores
from CTSMALib.learning.diagnosis.folds import folds
from CTSMALib.learning.diagnosis.model_card import Chosen, model_card
from CTSMALib.learning.diagnosis.nested import FoldResult, best_candidate
from CTSMALib.learning.diagnosis.thinning import DRAWS, thinned
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.familiarity import QUANTILE, Familiarity

MEMBERS_STAGE, FAITHFUL_STAGE = "Fitting the final models", "Checking"
SEED_OF_MEMBERS = 1000  # above that of the training


def finish(
    config: DiagnosisConfig, data: DiagnosisData, simulated: bool, results: Sequence[FoldResult],
    evaluation: Evaluation, out: Path, progress: Progress = silent,
) -> Bundle:  # fmt: skip
    """Fit the final models and write the bundle.

    Args:
        config: of the training.
        data: the knees.
        simulated: they are virtual.
        results: of the cross-validation.
        evaluation: of these.
        out: folder of the bundle.
        progress: told about each member.
    """
    standardizer = Standardizer.of([case.tokens for case in data.cases])
    outer = folds(data.cases, config.outer_folds, config.seed)
    found = _members(config, data.cases, outer, standardizer, results, progress)
    faithful = _faithful(config, data.cases, outer, found, progress)
    default = default_of(evaluation, faithful, config.tie)
    arrays = {f"{LOGISTIC}.{name}": array for name, array in _joined(found.linear).items()}
    arrays |= {STANDARDIZER + name: array for name, array in standardizer.arrays().items()}
    familiarity = _familiarity(data.cases, outer, standardizer)
    arrays |= {FAMILIARITY + "mean": familiarity.mean, FAMILIARITY + "precision": familiarity.precision}
    # as double precision they are stored as they are
    weights = {name: torch.from_numpy(np.asarray(array, dtype=np.float64)) for name, array in arrays.items()}
    for number, net in enumerate(found.networks):
        weights |= {f"{TRANSFORMER}.{number}.{k}": v for k, v in net.net.state_dict().items()}
    shape = shape_of(config, 2 * len(standardizer.log_mean) + standardizer.features)
    settings = {
        "default": default, "simulated": simulated, "members": config.outer_folds, "network": asdict(shape),
        "familiarity_limit": familiarity.limit, "values_from": data.values_from, "values_sha256": data.values_sha256,
        "calibration": {name: asdict(_calibration(data.cases, found, name)) for name in found.held_out},
        "faithful": {name: one.share.value for name, one in faithful.items() if one.patients},
    }  # fmt: skip
    definition = {"_target_": f"{PatchTransformer.__module__}.{PatchTransformer.__name__}", "shape": asdict(shape)}
    inference = {"network_def": definition, SETTINGS: settings}
    progress("Writing the model", 1.0)
    card = model_card(config, data, simulated, evaluation, Chosen(default, faithful, familiarity.limit))
    metadata = _metadata(config, data, simulated, evaluation)
    for name, one in faithful.items():
        metadata["eval_metrics"][name]["faithful"] = _rounded(one.share) if one.patients else []
    return write_bundle(out, TASK, metadata, inference, weights, card)


@dataclass(frozen=True)
class _Members:
    """The final models, and by aggregator what each knee got from the member that lacks it.

    ``thinned`` holds the log odds for draws of half of its patches, (draws, n).
    """

    linear: list[LinearFit]
    networks: list[NetworkFit]
    held_out: dict[str, Scores]
    thinned: dict[str, NDArray[np.float64]]
    counts: NDArray[np.float64]


def _members(
    config: DiagnosisConfig, cases: Sequence[Case], outer: NDArray[np.int64], standardizer: Standardizer,
    results: Sequence[FoldResult], progress: Progress,
) -> _Members:  # fmt: skip
    """One member for each outer fold, which lacks the patients of that fold.

    Together they learned from all knees. How they differ tells how sure they are (jackknife); all begin with the same
    random numbers, so that they differ by their knees alone.
    """
    draws = [thinned(cases, config.seed + draw) for draw in range(DRAWS)]
    both = (LOGISTIC, TRANSFORMER)
    held_out = {name: Scores(np.zeros(len(cases)), np.zeros(len(cases))) for name in both}
    fewer = {name: np.zeros((DRAWS, len(cases))) for name in both}
    counts = np.array([[float(case.tokens.counts.sum()) for case in draw] for draw in draws])
    found = _Members([], [], held_out, fewer, counts)
    for fold in range(config.outer_folds):
        learned = [case for case, where in zip(cases, outer, strict=True) if where != fold]
        asked = np.flatnonzero(outer == fold)
        for aggregator in (LOGISTIC, TRANSFORMER):
            stage = f"{aggregator}, member {fold + 1} of {config.outer_folds}"

            def tick(stage: str = stage, done: float = fold / config.outer_folds) -> None:
                progress(MEMBERS_STAGE, done, stage)

            what = Fit(aggregator, best_candidate(config, aggregator, results), config.seed + SEED_OF_MEMBERS)
            member = fit(what, learned, config, standardizer, tick)
            scores = found.held_out[aggregator]
            scores.logits[asked], scores.severities[asked] = member.scores([cases[int(n)] for n in asked])
            for draw, some in enumerate(draws):
                fewer[aggregator][draw, asked] = member.scores([some[int(n)] for n in asked]).logits
            if isinstance(member, NetworkFit):
                found.networks.append(member)
            elif isinstance(member, LinearFit):
                found.linear.append(member)
    return found


def _faithful(
    config: DiagnosisConfig, cases: Sequence[Case], outer: NDArray[np.int64], found: _Members, progress: Progress
) -> dict[str, Faithfulness]:
    """By aggregator, on the knees that each member lacks."""
    both: tuple[tuple[str, Sequence[Explained]], ...] = ((LOGISTIC, found.linear), (TRANSFORMER, found.networks))
    return {
        name: out_of_fold(members, cases, outer, config.seed, lambda: progress(FAITHFUL_STAGE, 1.0, "the explanations"))
        for name, members in both
    }


def _rounded(found: Interval) -> list[float]:
    return [round(number, 4) for number in (found.value, found.low, found.high)]


def made_with(config: DiagnosisConfig, data: DiagnosisData, simulated: bool) -> dict[str, Any]:
    """What tells this training from others, as JSON holds it."""
    found: dict[str, Any] = json.loads(
        json.dumps({**asdict(config), "tables_sha256": data.sha256, "simulated": simulated})
    )
    return found


def _joined(fits: Sequence[LinearFit]) -> dict[str, np.ndarray]:
    """One regression with a row for each member, in terms of the same usual summaries."""
    center, scale = (np.mean([getattr(one, name) for one in fits], axis=0) for name in ("center", "scale"))
    slopes = np.array([one.coefficients / one.scale for one in fits])
    intercepts = np.array(
        [one.intercept + slope @ (center - one.center) for one, slope in zip(fits, slopes, strict=True)]
    )
    return {"center": center, "scale": scale, "coefficients": slopes * scale, "intercepts": intercepts}


def _calibration(cases: Sequence[Case], found: _Members, aggregator: str) -> Calibration:
    """Of the members themselves, by what each says of the patients that it lacks."""
    diseased, given = labels(tuple(cases)), grades(tuple(cases))
    calibration = fit_calibration(*found.held_out[aggregator], diseased, given)
    usual = float(np.mean([case.tokens.counts.sum() for case in cases]))
    fewer = (found.thinned[aggregator].ravel(), found.counts.ravel())
    patches = fit_patch_counts(calibration, usual, *fewer, np.tile(diseased, DRAWS), np.tile(given, DRAWS))
    return replace(calibration, patches=patches)


def _familiarity(cases: Sequence[Case], outer: np.ndarray, standardizer: Standardizer) -> Familiarity:
    """With the means of compartments; the limit comes from knees that it did not learn from."""
    features = np.array([compartment_means(case.tokens, standardizer) for case in cases])
    distances: list[float] = []
    for fold in np.unique(outer):
        apart = Familiarity.of(features[outer != fold], features[outer == fold])
        distances += [apart.distance(row) for row in features[outer == fold]]
    return replace(Familiarity.of(features, features), limit=float(np.quantile(distances, QUANTILE)))


def _metadata(config: DiagnosisConfig, data: DiagnosisData, simulated: bool, evaluation: Evaluation) -> dict[str, Any]:
    numbers: dict[str, dict[str, list[float]]] = {}
    for one in evaluation.measured:
        numbers.setdefault(one.aggregator, {})[one.measure] = _rounded(one.found)
    beside = f", {config.features} features of the student" if config.features else ""
    tokens = {
        "type": "tabular", "format": "patches", "num_channels": 4 + config.features, "spatial_shape": [96],
        "dtype": "float32", "value_range": [], "is_patch_data": False,
        "channel_def": {"0": f"apparent parameters and their uncertainties{beside}"},
    }  # fmt: skip
    output = {
        "type": "probabilities", "format": "classification", "num_channels": 1, "spatial_shape": [], "dtype": "float32",
        "value_range": [0, 1], "is_patch_data": False, "channel_def": {"0": "osteoarthritis"},
    }  # fmt: skip
    trained_on = "Trained on simulated knees. " if simulated else ""
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json",
        "name": SHIPPED, "version": "1.0", "changelog": {"1.0": "first version"},
        "monai_version": version("monai"), "pytorch_version": torch.__version__, "numpy_version": np.__version__,
        "required_packages_version": {"ctsma": __version__},
        "task": "Patches of a knee to the probability of osteoarthritis",
        "description": f"{trained_on}Research use only: not a medical device.",
        "authors": "CTSMA", "copyright": "CTSMA contributors, Apache-2.0",
        "data_source": f"{evaluation.knees} {'virtual ' if simulated else ''}knees, values from {data.values_from}",
        "intended_use": "Research use only.",
        "eval_metrics": numbers,
        "network_data_format": {"inputs": {"patches": tokens}, "outputs": {"pred": output}},
        "training": made_with(config, data, simulated),
    }  # fmt: skip
