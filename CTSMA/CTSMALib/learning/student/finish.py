"""From trained students to a bundle: how sure they may be, what is familiar, what a ridge regression reads better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.agreement import icc_agreement
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.baselines import RIDGE, fit_ridge, read_with
from CTSMALib.learning.student.batches import plain_batch
from CTSMALib.learning.student.data import patches_of, table_of
from CTSMALib.learning.student.model_card import metadata_of, model_card
from CTSMALib.learning.student.state import State
from CTSMALib.learning.student.table import Table
from CTSMALib.learning.student.train import best_network, read_in_parts
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.progress import Progress, silent
from CTSMALib.student.linear import LinearReading, design
from CTSMALib.student.model import FAMILIARITY, LINEAR, LINEAR_PARTS, NETWORK, TASK, mixed
from CTSMALib.student.network import CT, PatchNet
from CTSMALib.student.tied_values import latents, tied, together, uncertainties
from CTSMALib.synthesis.familiarity import Familiarity

SHARES = np.linspace(0.0, 1.0, 11)
COVERED, NORMAL = 0.95, 1.96
AT_ONCE = 256

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """On patients of the split ``calibrate``, which nothing was learned from.

    Attributes:
        student, networks, ridge: (4,) ICC(2,1) with the targets, single patches: of what the bundle gives, of its
            networks alone, of a ridge regression of each parameter.
        calibration: (4,) factors of the standard deviations.
        patients, patches: how many.
    """

    student: Floats
    networks: Floats
    ridge: Floats
    calibration: Floats
    patients: int
    patches: int


def finish(states: Sequence[State], found: PatchSet, out: Path, progress: Progress = silent) -> Bundle:
    """Write the bundle of a student.

    Args:
        states: of trainings that differ in their seed alone.
        found: the patch set that they learned from. The ridge regression is fitted on its split ``train``, its share is
            chosen on ``tune``, uncertainties are calibrated on ``calibrate``.
        out: folder of the bundle.
        progress: told of every step.
    """
    nets = [best_network(state) for state in states]
    train, tune, calibrate = (found.of_split(name) for name in ("train", "tune", "calibrate"))
    progress("Fitting the ridge regression", 0.1)
    linear = fit_latents(table_of(train))
    shares = _shares(nets, linear, tune) if len(tune) else np.zeros(2)
    progress("Calibrating", 0.5)
    measured = _measured(nets, linear, shares, train, calibrate)
    progress("Learning what is familiar", 0.8)
    familiarity = Familiarity.of(pooled_by(nets[0], train), pooled_by(nets[0], calibrate))
    weights = {f"{NETWORK}{n}.{k}": v for n, net in enumerate(nets) for k, v in net.state_dict().items()}
    weights |= {LINEAR + name: torch.from_numpy(np.asarray(getattr(linear, name))) for name in LINEAR_PARTS}
    weights |= {FAMILIARITY + name: torch.from_numpy(getattr(familiarity, name)) for name in ("mean", "precision")}
    settings = {
        "widths": list(states[0].config.widths), "networks": len(nets), "linear_shares": shares.tolist(),
        "calibration": dict(zip(KEYS, measured.calibration.tolist(), strict=True)),
        "familiarity_limit": familiarity.limit,
    }  # fmt: skip
    progress("Writing the model", 0.95)
    target = f"{PatchNet.__module__}.{PatchNet.__name__}"
    definition = {"_target_": target, "modality": CT, "widths": settings["widths"]}
    metadata = metadata_of(states, found.facts, measured)
    card = model_card(states, found.facts, measured, settings)
    return write_bundle(out, TASK, metadata, {"network_def": definition, "ctsma_student": settings}, weights, card)


def fit_latents(table: Table) -> LinearReading:
    """A ridge regression that gives the two numbers that networks give."""
    known = np.asarray(np.isfinite(table.values).all(axis=1))
    wanted = latents(torch.from_numpy(table.values)).numpy().astype(float)
    return fit_ridge(table, np.where(known[:, None], wanted, np.nan))[0]


def _shares(nets: Sequence[PatchNet], linear: LinearReading, found: PatchSet) -> Floats:
    """The shares of the ridge regression with the smallest error of the four parameters."""
    outputs, read, values = _of_set(nets, linear, found)
    spread, best = values.std(axis=0), (np.inf, np.zeros(2))
    for first in SHARES:
        for second in SHARES:
            shares = np.array([first, second])
            error = float(np.mean(((tied(mixed(outputs, read, shares)).numpy() - values) / spread) ** 2))
            best = min(best, (error, shares), key=lambda one: one[0])
    return best[1]


def pooled_by(net: PatchNet, found: PatchSet) -> Floats:
    """(n, c) summaries of the last map of every patch."""
    patches, parts = patches_of(found), []
    with torch.inference_mode():
        for start in range(0, len(patches), AT_ONCE):
            batch = plain_batch(patches.select(np.arange(start, min(start + AT_ONCE, len(patches)))))
            parts.append(net(batch.ct, batch.ct_valid, batch.covariates).pooled.numpy())
    return np.concatenate(parts).astype(float)


def _measured(
    nets: Sequence[PatchNet], linear: LinearReading, shares: Floats, train: PatchSet, found: PatchSet
) -> Measured:
    outputs, read, targets = _of_set(nets, linear, found)
    given = mixed(outputs, read, shares)
    values, sds = tied(given).numpy().astype(float), uncertainties(given).numpy().astype(float)
    factors = np.quantile(np.abs(values - targets) / sds, COVERED, axis=0) / NORMAL
    patches = patches_of(found)
    ridge = read_with(RIDGE, table_of(train), table_of(found)).values[np.isfinite(found.targets).all(axis=1)]
    iccs = [
        np.array([icc_agreement(np.column_stack(pair)) for pair in zip(one.T, targets.T, strict=True)])
        for one in (values, tied(outputs).numpy(), ridge)
    ]
    return Measured(iccs[0], iccs[1], iccs[2], factors, len(np.unique(patches.subjects)), len(patches))


def _of_set(
    nets: Sequence[PatchNet], linear: LinearReading, found: PatchSet
) -> tuple[torch.Tensor, Floats, Floats]:  # fmt: skip
    """(n, 5) outputs of networks, (n, 2) those of the ridge regression, (n, 4) targets, of patches that have all."""
    patches, table = patches_of(found), table_of(found)
    outputs = together(torch.stack([read_in_parts(net, patches) for net in nets]))
    known = np.isfinite(table.values).all(axis=1)
    return outputs, linear.read(design(table.features, table.covariates))[known], patches.values
