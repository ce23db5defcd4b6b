"""From trained students to a bundle: how sure they are, what is familiar, what regressions read better or besides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.agreement import icc_agreement
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.learning.patches.patch_set import PatchSet
from CTSMALib.learning.student.baselines import RIDGE, fit_ridge, read_with
from CTSMALib.learning.student.batches import plain_batch, training_batch
from CTSMALib.learning.student.config import StudentConfig
from CTSMALib.learning.student.data import first_subjects, patches_of, table_of
from CTSMALib.learning.student.measured import Measured
from CTSMALib.learning.student.model_card import metadata_of, model_card
from CTSMALib.learning.student.state import State
from CTSMALib.learning.student.structure_fit import fit_structure
from CTSMALib.learning.student.table import Table
from CTSMALib.learning.student.train import best_network, read_in_parts
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.progress import Progress, silent
from CTSMALib.student.covariates import COVARIATES, unscaled
from CTSMALib.student.known_scans import KnownScans
from CTSMALib.student.linear import LinearReading, design
from CTSMALib.student.model import FAMILIARITY, LINEAR, LINEAR_PARTS, NETWORK, STRUCTURE, TASK, mixed
from CTSMALib.student.network import CT, PatchNet
from CTSMALib.student.reference_scale import SCALE
from CTSMALib.student.structure import STRUCTURE_KEYS
from CTSMALib.student.tied_values import latents, tied, together, uncertainties
from CTSMALib.synthesis.familiarity import Familiarity

SHARES = np.linspace(0.0, 1.0, 11)
MARGIN = 0.01
COVERED, NORMAL = 0.95, 1.96
AT_ONCE = 256
SEEN_BATCHES = 60
# How far beyond the scans of its training a student may be trusted: sharpness and noise are measured to about a tenth,
# and cubes have samples of their own, so that the grid of a scan matters little.
BEYOND = (1.1, 1.1, 1.1, 1.25, 1.25)

Floats = NDArray[np.float64]


def finish(states: Sequence[State], found: PatchSet, out: Path, progress: Progress = silent) -> Bundle:
    """Write the bundle of a student.

    Args:
        states: of trainings that differ in their seed alone.
        found: the patch set that they learned from. The ridge regression is fitted on its split ``train``, its share is
            chosen on ``tune``, uncertainties are calibrated on ``calibrate``. The structure is learned from ``tune``
            and from patients of ``train`` that no network has seen, where enough true values of these are known.
        out: folder of the bundle.
        progress: told of every step.
    """
    nets = [_as_stored(best_network(state)) for state in states]
    train, tune, calibrate = (found.of_split(name) for name in ("train", "tune", "calibrate"))
    unseen = unseen_subjects(found, states)
    train = first_subjects(train, states[0].config.subjects)
    progress("Fitting the ridge regression", 0.1)
    linear = fit_latents(table_of(train))
    shares = _shares(nets, linear, train, tune) if len(tune) else np.zeros(2)
    progress("Calibrating", 0.5)
    measured = _measured(nets, linear, shares, train, calibrate)
    structure = fit_structure(nets, unseen, calibrate)
    progress("Learning what is familiar", 0.8)
    familiarity = Familiarity.of(pooled_by(nets[0], train), pooled_by(nets[0], calibrate))
    weights = {f"{NETWORK}{n}.{k}": v for n, net in enumerate(nets) for k, v in net.state_dict().items()}
    weights |= {LINEAR + name: torch.from_numpy(np.asarray(getattr(linear, name))) for name in LINEAR_PARTS}
    weights |= {FAMILIARITY + name: torch.from_numpy(getattr(familiarity, name)) for name in ("mean", "precision")}
    settings = {
        "widths": list(states[0].config.widths), "networks": len(nets), "linear_shares": shares.tolist(),
        "calibration": dict(zip(KEYS, measured.calibration.tolist(), strict=True)),
        "familiarity_limit": familiarity.limit, "scale": SCALE,
        "known_scans": _by_covariate(scans_seen([state.config for state in states], train)),
    }  # fmt: skip
    if structure is not None:
        reading = structure.reading
        weights |= {STRUCTURE + n: torch.from_numpy(np.asarray(getattr(reading.linear, n))) for n in LINEAR_PARTS}
        settings["structure_sds"] = dict(zip(STRUCTURE_KEYS, reading.sds.tolist(), strict=True))
    progress("Writing the model", 0.95)
    target = f"{PatchNet.__module__}.{PatchNet.__name__}"
    definition = {"_target_": target, "modality": CT, "widths": settings["widths"]}
    metadata = metadata_of(states, found.facts, measured, structure)
    card = model_card(states, found.facts, measured, settings, structure)
    return write_bundle(out, TASK, metadata, {"network_def": definition, "ctsma_student": settings}, weights, card)


def unseen_subjects(found: PatchSet, states: Sequence[State]) -> PatchSet:
    """Patches of the splits ``train`` and ``tune`` of subjects that no student has learned from."""
    seen = first_subjects(found.of_split("train"), states[0].config.subjects).knees["subject"]
    usable = np.isin(found.of_knee("split"), ("train", "tune")) & ~np.isin(found.of_knee("subject"), seen)
    return found.select(np.asarray(usable))


def fit_latents(table: Table) -> LinearReading:
    """A ridge regression that gives the two numbers that networks give."""
    known = np.asarray(np.isfinite(table.values).all(axis=1))
    wanted = latents(torch.from_numpy(table.values)).numpy().astype(float)
    return fit_ridge(table, np.where(known[:, None], wanted, np.nan))[0]


def _as_stored(net: PatchNet) -> PatchNet:
    """The network with weights in the precision that a bundle keeps."""
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    return net


def _shares(nets: Sequence[PatchNet], linear: LinearReading, train: PatchSet, found: PatchSet) -> Floats:
    """The shares of the ridge regression with the smallest error of the four parameters.

    Among those with which no parameter agrees worse than a ridge regression of its own, by more than :data:`MARGIN`;
    where there are none, the shares that come nearest to that.
    """
    outputs, read, values = _of_set(nets, linear, found)
    own = _iccs(_ridge(train, found), values)
    spread, best = values.std(axis=0), (np.inf, np.inf, np.zeros(2))
    for first in SHARES:
        for second in SHARES:
            shares = np.array([first, second])
            given = tied(mixed(outputs, read, shares)).numpy().astype(float)
            short = max(float(np.nan_to_num(own - _iccs(given, values)).max()) - MARGIN, 0.0)
            error = float(np.mean(((given - values) / spread) ** 2))
            best = min(best, (short, error, shares), key=lambda one: one[:2])
    return best[2]


def _ridge(train: PatchSet, found: PatchSet) -> Floats:
    """(n, 4) what a ridge regression of each parameter reads off the patches that have all targets."""
    read = read_with(RIDGE, table_of(train), table_of(found)).values
    return read[np.asarray(np.isfinite(found.targets).all(axis=1))]


def _iccs(read: NDArray, targets: Floats) -> Floats:
    return np.array([icc_agreement(np.column_stack(pair)) for pair in zip(read.T, targets.T, strict=True)])


def pooled_by(net: PatchNet, found: PatchSet) -> Floats:
    """(n, c) summaries of the last map of every patch."""
    patches, parts = patches_of(found), []
    with torch.inference_mode():
        for start in range(0, len(patches), AT_ONCE):
            batch = plain_batch(patches.select(np.arange(start, min(start + AT_ONCE, len(patches)))))
            parts.append(net(batch.ct, batch.ct_valid, batch.covariates).pooled.numpy())
    return np.concatenate(parts).astype(float)


def scans_seen(configs: Sequence[StudentConfig], train: PatchSet) -> KnownScans:
    """What scans the networks of some trainings saw, made blurred and noisy as there."""
    patches = patches_of(train)
    batches = [
        training_batch(patches, config, step).covariates.numpy() for config in configs for step in range(SEEN_BATCHES)
    ]
    seen = np.concatenate([unscaled(np.concatenate(batches)), patches.covariates])
    return KnownScans.of(seen, BEYOND)


def _by_covariate(known: KnownScans) -> dict[str, dict[str, float]]:
    ends = (("low", known.low), ("high", known.high))
    return {name: dict(zip(COVARIATES, values.tolist(), strict=True)) for name, values in ends}


def _measured(
    nets: Sequence[PatchNet], linear: LinearReading, shares: Floats, train: PatchSet, found: PatchSet
) -> Measured:
    outputs, read, targets = _of_set(nets, linear, found)
    given = mixed(outputs, read, shares)
    values, sds = tied(given).numpy().astype(float), uncertainties(given).numpy().astype(float)
    factors = np.quantile(np.abs(values - targets) / sds, COVERED, axis=0) / NORMAL
    subjects = patches_of(found).subjects
    iccs = [_iccs(one, targets) for one in (values, tied(outputs).numpy(), _ridge(train, found))]
    return Measured(iccs[0], iccs[1], iccs[2], factors, len(np.unique(subjects)), len(subjects))


def _of_set(
    nets: Sequence[PatchNet], linear: LinearReading, found: PatchSet
) -> tuple[torch.Tensor, Floats, Floats]:  # fmt: skip
    """(n, 5) outputs of networks, (n, 2) those of the ridge regression, (n, 4) targets, of patches that have all."""
    patches, table = patches_of(found), table_of(found)
    outputs = together(torch.stack([read_in_parts(net, patches) for net in nets]))
    known = np.isfinite(table.values).all(axis=1)
    return outputs, linear.read(design(table.features, table.covariates))[known], patches.values
