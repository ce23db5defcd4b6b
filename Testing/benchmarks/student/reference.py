"""The published recipe on the patches of the center of :mod:`Testing.benchmarks.student.arms`, at a declared size.

Values are scaled to 0 to 1 by the training's extremes, raw maps are compared by L1. What is trained is reduced in width
and edge (:data:`~Testing.benchmarks.student.reference_net.REDUCED`) unless ``--full`` says otherwise (wants a GPU).
An arm whose mean ICC is below ridge regression is underfitted: nothing may be concluded from it but that.

Usage (goes on from the last check of where it was stopped; in hours)::

    python -m Testing.benchmarks.student.reference --patches SET --cache DIR [--steps N] [--full]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from CTSMALib.agreement import icc_agreement
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.learning.state_file import read_state_file, write_state_file
from CTSMALib.learning.student.batches import Patches
from CTSMALib.learning.student.chain import with_targets
from CTSMALib.learning.student.data import first_subjects, patches_of
from CTSMALib.learning.student.predictions import Predicted, write_predictions
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.cubes import CT_SHAPE, Cubes
from CTSMALib.student.network import CT, PatchNet
from Testing.benchmarks.record import ResultTable
from Testing.benchmarks.student.arms import CENTER, RESULTS
from Testing.benchmarks.student.reference_net import CT_EDGE, REDUCED, ReferenceNet, Size, multiply_adds

CODE = ("Testing/benchmarks/student",)

BATCH, LEARNING_RATE, WEIGHT_DECAY = 4, 3e-4, 1e-5  # as published
MILESTONES, GAMMA = (0.25, 0.5, 0.75), 0.1  # shares of the training, as epochs 50, 100 and 150 of 200
CT_RANGE_HU = (-200.0, 1500.0)  # not stated in what was published; chosen here
CHECKS = 12
AT_ONCE = 64

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--cache", type=Path, required=True, help="where predictions go")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--full", action="store_true", help="the published size")
    options = parser.parse_args()
    size = Size() if options.full else REDUCED
    found = read_patch_set(options.patches)
    train, stop, test = (with_targets(found.of_split(name)) for name in ("train", "stop", "test"))
    learned, checked, tested = patches_of(first_subjects(train, CENTER.subjects)), patches_of(stop), patches_of(test)
    settings = {"made_from": found.facts.made_from, "steps": options.steps, "size": str(size)}
    table = ResultTable(RESULTS / "reference.csv", ("arm",), CODE, **settings)
    teacher = None
    for arm, modality in (("reference_teacher", "mr"), ("reference_none", "ct"), ("reference_l1", "ct")):
        distilled = teacher if arm == "reference_l1" else None
        state = options.cache / f"{arm}-{options.steps}-w{size.width}"
        trained = train_reference(modality, size, learned, checked, options.steps, state, teacher=distilled)
        teacher = teacher or trained
        values = read_with_reference(trained, modality, tested, size)
        read = Predicted(values, np.full(values.shape, np.nan))
        write_predictions(test, read, options.cache / "predictions" / f"{arm}.csv")
        iccs = {key: icc_agreement(np.column_stack([values[:, k], tested.values[:, k]])) for k, key in enumerate(KEYS)}
        work = {"gmac": multiply_adds(trained.net, image_of(modality, tested.select(np.arange(1)), size)) / 1e9}
        row = {"arm": arm, **iccs, "mean": float(np.mean(list(iccs.values()))), **work, **_ours(), "s": trained.seconds}
        table.add([{**row, "training_error": trained.errors[0], "check_error": trained.errors[1]}])
        print(table.rows[-1], flush=True)


def _ours() -> dict[str, object]:
    cube = torch.zeros(1, *CT_SHAPE)
    return {"our_gmac": multiply_adds(PatchNet(CT, CENTER.widths), cube, cube, torch.zeros(1, 5)) / 1e9}


@dataclass(frozen=True, eq=False)
class Trained:
    """Attributes: the network; extremes of the targets; steps; seconds; mean squared errors in training and check."""

    net: ReferenceNet
    low: Floats
    high: Floats
    steps: int
    seconds: float
    errors: tuple[float, float]


def train_reference(
    modality: str, size: Size, patches: Patches, stop: Patches, steps: int, folder: Path, seed: int = 0,
    teacher: Trained | None = None, weight: float = 1.0,
) -> Trained:  # fmt: skip
    """Train the published network, or go on from its last check.

    The best of :data:`CHECKS` checks on other patients is kept, in evaluation mode (the released code checks in
    training mode).

    Args:
        modality: ``"mr"`` for the teacher, ``"ct"`` for the student.
        size: of the network.
        patches: to learn from.
        stop: to check on.
        steps: of batches of :data:`BATCH`.
        folder: holds the state of the last check; each network has its own.
        seed: of weights and order.
        teacher: whose maps the student is compared with; ``None`` does not distil.
        weight: of that.
    """
    torch.manual_seed(seed)
    net = ReferenceNet(modality, size)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [int(m * steps) for m in MILESTONES], GAMMA)
    low, high = patches.values.min(axis=0), patches.values.max(axis=0)
    began, losses, best, kept, first, before = time.monotonic(), [], np.inf, net.state_dict(), 0, 0.0
    state = read_state_file(folder)
    if state is not None:
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first, losses, best, kept, before = (state[key] for key in ("step", "losses", "best", "kept", "seconds"))
    for step in range(first, steps):
        net.train()
        torch.manual_seed(seed + 1000 * step)  # of what is dropped; a stopped run ends as a whole one
        rows = np.random.default_rng([seed, 21, step]).integers(0, len(patches), BATCH)
        some = patches.select(rows)
        found, maps = net(image_of(modality, some, size))
        wanted = torch.from_numpy(((some.values - low) / (high - low)).astype(np.float32))
        loss = nn.functional.mse_loss(found, wanted)
        losses.append(float(loss.detach()))
        if teacher is not None:
            with torch.no_grad():
                taught = teacher.net.eval()(image_of("mr", some, size))[1]
            loss = loss + weight * sum(nn.functional.l1_loss(a, b) for a, b in zip(maps, taught, strict=True))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % max(1, steps // CHECKS) == 0:
            trained = Trained(net, low, high, step + 1, 0.0, (0.0, 0.0))
            error = float(
                np.mean(((read_with_reference(trained, modality, stop, size) - stop.values) / (high - low)) ** 2)
            )
            if error < best:
                best, kept = error, {k: v.clone() for k, v in net.state_dict().items()}
            parts = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
            spent = before + time.monotonic() - began
            facts = {"step": step + 1, "losses": losses, "best": float(best), "kept": kept, "seconds": spent}
            write_state_file({**parts, **facts}, folder)
    net.load_state_dict(kept)
    errors = (float(np.mean(losses[-max(1, steps // CHECKS) :])), float(best))
    return Trained(net.eval(), low, high, steps, before + time.monotonic() - began, errors)


def read_with_reference(trained: Trained, modality: str, patches: Patches, size: Size) -> Floats:
    """(n, 4) values read off patches."""
    trained.net.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(patches), AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, len(patches)))
            parts.append(trained.net(image_of(modality, patches.select(rows), size))[0].numpy())
    found: Floats = np.concatenate(parts).astype(float) * (trained.high - trained.low) + trained.low
    return found


def image_of(modality: str, patches: Patches, size: Size) -> torch.Tensor:
    """(n, 2, edge, edge, edge) cubes and masks as the published networks take them."""
    return _mr_image(patches.mr, size.edge) if modality == "mr" else _ct_image(patches.ct)


def _mr_image(cubes: Cubes, edge: int) -> torch.Tensor:
    """Logarithm of the signal; marrow is taken as half of the 2047 that a stored value can be."""
    signal = torch.from_numpy(1.0 - cubes.values.astype(np.float32)).clamp(0.0, 2.0) * 1023.5
    return _resized(torch.log2(signal + 1.0) / 11.0, cubes, edge)


def _ct_image(cubes: Cubes) -> torch.Tensor:
    low, high = CT_RANGE_HU
    level = (torch.from_numpy(cubes.values.astype(np.float32)) - low) / (high - low)
    return _resized(level.clamp(0.0, 1.0), cubes, CT_EDGE)


def _resized(level: torch.Tensor, cubes: Cubes, edge: int) -> torch.Tensor:
    both = torch.stack([level, torch.from_numpy(cubes.valid.astype(np.float32))], dim=1)
    return nn.functional.interpolate(both, size=(edge,) * 3, mode="trilinear", align_corners=False)


if __name__ == "__main__":
    main()
