"""A model of a diagnosis with weights by chance, in memory and as a bundle."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.diagnosis.calibration import Calibration
from CTSMALib.diagnosis.layers import NetworkShape
from CTSMALib.diagnosis.logistic import LogisticModel
from CTSMALib.diagnosis.model import compartment_means
from CTSMALib.diagnosis.names import FAMILIARITY, SETTINGS, STANDARDIZER, TASK
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.tokens import KneeTokens
from CTSMALib.diagnosis.transformer import PatchTransformer
from CTSMALib.synthesis.familiarity import Familiarity
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, some_cases

torch.set_num_threads(1)

MEMBERS = 3
SHAPE = NetworkShape(inputs=8, width=8, heads=2, layers=1)
CALIBRATION = Calibration(0.8, -0.2, (0.02, 0.03, 0.0), 0.9, (-1.0, 0.0, 1.0, 2.0))


def some_knees(count: int = 40, seed: int = 0, kept: int = 24) -> list[KneeTokens]:
    """Patches of knees."""
    return [case.tokens for case in some_cases(count, one_compartment(1.0), seed, kept)]


def a_logistic_model(seed: int = 0) -> LogisticModel:
    """An ensemble of regressions by chance."""
    rng = np.random.default_rng(seed)
    return LogisticModel(
        rng.normal(0.0, 0.2, 40), rng.uniform(0.5, 1.5, 40), rng.normal(0.0, 0.3, (MEMBERS, 40)), np.zeros(MEMBERS)
    )


def a_transformer(seed: int = 0) -> PatchTransformer:
    """A network by chance, in evaluation mode."""
    torch.manual_seed(seed)
    return PatchTransformer(SHAPE).eval().requires_grad_(False)


def a_diagnosis_bundle(folder: Path, default: str = "logistic", simulated: bool = True) -> Bundle:
    """On disk; what is usual and familiar is that of :func:`some_knees`."""
    knees = some_knees()
    standardizer = Standardizer.of(knees)
    means = np.array([compartment_means(knee, standardizer) for knee in knees])
    familiarity = replace(Familiarity.of(means, means), limit=2.0)
    arrays = {f"logistic.{k}": v for k, v in asdict(a_logistic_model()).items()}
    arrays |= {STANDARDIZER + k: v for k, v in standardizer.arrays().items()}
    arrays |= {FAMILIARITY + "mean": familiarity.mean, FAMILIARITY + "precision": familiarity.precision}
    weights = {name: torch.from_numpy(np.asarray(array, dtype=np.float64)) for name, array in arrays.items()}
    for number in range(MEMBERS):
        weights |= {f"transformer.{number}.{k}": v for k, v in a_transformer(number).state_dict().items()}
    settings = {
        "default": default, "simulated": simulated, "members": MEMBERS, "network": asdict(SHAPE),
        "familiarity_limit": familiarity.limit,
        "calibration": {name: asdict(CALIBRATION) for name in ("logistic", "transformer")},
    }  # fmt: skip
    metadata = {"name": "made up", "version": "1.0"}
    return write_bundle(folder, TASK, metadata, {SETTINGS: settings}, weights, "# Made up\n")
