"""The published recipe on the patches of the center of :mod:`Testing.benchmarks.student.arms`, at a declared size.

Values are scaled to 0 to 1 by the training's extremes, raw maps are compared by L1. What is trained is reduced in width
and edge (:data:`~Testing.benchmarks.student.reference_net.REDUCED`) unless ``--full`` says otherwise (days on a CPU;
``--device cuda`` puts the networks on a GPU). ``--half`` computes in bfloat16, which some CPUs do twice as fast.
An arm whose error on other patients (``check_error``) still falls with its number of steps is underfitted: nothing may
be concluded from it but that.

Usage (goes on from the last check of where it was stopped; an hour or more)::

    python -m Testing.benchmarks.student.reference --patches SET --cache DIR [--steps N] [--student-steps N] [--full]
        [--device cuda] [--half] [--only ARM] [--untouched SET]

``--only`` trains one arm (and the teacher, where it distils) and writes no table, so that ``reference_none`` and
``reference_l1`` can be trained beside each other; run it whole afterwards. ``--untouched`` names a patch set of a
cohort that is kept for tests: the arms are compared with the shipped student on it too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
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
from Testing.benchmarks.record import ResultTable, code_digest
from Testing.benchmarks.student.arms import CENTER, RESULTS
from Testing.benchmarks.student.reference_net import CT_EDGE, REDUCED, ReferenceNet, Size, multiply_adds
from Testing.benchmarks.student.reference_untouched import write_comparison

CODE = ("Testing/benchmarks/student", "CTSMA/CTSMALib/student")

BATCH, LEARNING_RATE, WEIGHT_DECAY = 4, 3e-4, 1e-5  # as published
MILESTONES, GAMMA = (0.25, 0.5, 0.75), 0.1  # shares of the training, as epochs 50, 100 and 150 of 200
CT_RANGE_HU = (-200.0, 1500.0)  # not stated in what was published; chosen here
CHECKS = 12
AT_ONCE = 64
MAPS_BYTES = 4 * 2**30  # of maps of a teacher that are kept; at full size they are made again each time
ARMS = {"reference_teacher": "mr", "reference_none": "ct", "reference_l1": "ct"}

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=Path, required=True, help="patch set")
    parser.add_argument("--cache", type=Path, required=True, help="where predictions go")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--student-steps", type=int, help="of the students (default: as of the teacher)")
    parser.add_argument("--full", action="store_true", help="the published size")
    parser.add_argument("--device", default="cpu", help="where to compute: cpu, cuda")
    parser.add_argument("--half", action="store_true", help="compute in bfloat16")
    parser.add_argument("--only", choices=list(ARMS), help="train this arm (and what it learns from), no table")
    parser.add_argument("--untouched", type=Path, help="patch set of a cohort that is kept for tests")
    options = parser.parse_args()
    how = Computing(options.device, options.half)
    size = Size() if options.full else REDUCED
    found = read_patch_set(options.patches)
    train, stop, test = (with_targets(found.of_split(name)) for name in ("train", "stop", "test"))
    learned, checked, tested = patches_of(first_subjects(train, CENTER.subjects)), patches_of(stop), patches_of(test)
    steps = {"mr": options.steps, "ct": options.student_steps or options.steps}
    settings = {"made_from": found.facts.made_from, "steps": steps, "size": str(size), "computed": str(how)}
    cache = options.cache / code_digest(CODE)[:8] / found.facts.made_from[:8]
    untouched = with_targets(read_patch_set(options.untouched)) if options.untouched else None
    rows, teacher, of_untouched = [], None, {}
    for arm, modality in ARMS.items():
        if options.only not in (None, arm, "reference_l1" if arm == "reference_teacher" else None):
            continue
        distilled = teacher if arm == "reference_l1" else None
        known = f"{steps['mr']}-" if distilled else ""  # by how long its teacher learned
        state = cache / f"{arm}-{known}{steps[modality]}-w{size.width}-e{size.edge}-{how.device}{'-half' * how.half}"
        trained = train_reference(modality, size, learned, checked, steps[modality], state, how, teacher=distilled)
        teacher = teacher or trained
        values = read_with_reference(trained, images_of(modality, tested, size, how.half))
        read = Predicted(values, np.full(values.shape, np.nan))
        write_predictions(test, read, cache / "predictions" / f"{arm}.csv")
        one = images_of(modality, tested.select(np.arange(1)), size)
        work = {"gmac": multiply_adds(ReferenceNet(modality, size), one) / 1e9, **_ours()}
        rows.append({"arm": arm, **_iccs(values, tested.values), **work, **_course(trained)})
        print(rows[-1], flush=True)
        if untouched is not None:
            others = images_of(modality, patches_of(untouched), size, how.half)
            of_untouched[arm] = read_with_reference(trained, others)
    if not options.only:
        table = ResultTable(RESULTS / "reference.csv", ("arm",), CODE, **settings)
        table.rows.clear()  # networks that are trained are read again
        table.add(rows)
    if untouched is not None:
        write_comparison(of_untouched, untouched, CODE, **settings)


def _iccs(values: Floats, targets: Floats) -> dict[str, float]:
    each = {key: icc_agreement(np.column_stack([values[:, k], targets[:, k]])) for k, key in enumerate(KEYS)}
    return {**each, "mean": float(np.mean(list(each.values())))}


def _course(trained: Trained) -> dict[str, object]:
    """How long the training took, and where it came to."""
    return {"s": trained.seconds, "training_error": trained.errors[0], "check_error": trained.errors[1]}


def _ours() -> dict[str, object]:
    cube = torch.zeros(1, *CT_SHAPE)
    return {"our_gmac": multiply_adds(PatchNet(CT, CENTER.widths), cube, cube, torch.zeros(1, 5)) / 1e9}


@dataclass(frozen=True)
class Computing:
    """Attributes: device, as torch names it; whether in bfloat16 (sums and weights stay float32)."""

    device: str = "cpu"
    half: bool = False

    def read(self, net: ReferenceNet, images: torch.Tensor) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        """Values and maps, float32, on the device."""
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.half):
            values, maps = net(images.to(self.device, torch.float32))
        return values.float(), [one.float() for one in maps]


@dataclass(frozen=True, eq=False)
class Trained:
    """Attributes: the network; how it computes; extremes of the targets; steps; seconds; mean squared errors in
    training and check."""

    net: ReferenceNet
    how: Computing
    low: Floats
    high: Floats
    steps: int
    seconds: float
    errors: tuple[float, float]


def train_reference(
    modality: str, size: Size, patches: Patches, stop: Patches, steps: int, folder: Path,
    how: Computing = Computing(), seed: int = 0,
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
        how: device and precision.
        seed: of weights and order.
        teacher: whose maps the student is compared with; ``None`` does not distil.
        weight: of that.
    """
    torch.manual_seed(seed)
    net = ReferenceNet(modality, size).to(how.device, memory_format=torch.channels_last_3d)
    low, high = patches.values.min(axis=0), patches.values.max(axis=0)
    run = _Run(net, steps, folder)
    every = max(1, steps // CHECKS)
    images, checks = images_of(modality, patches, size, how.half), images_of(modality, stop, size, how.half)
    taught = _Taught(teacher, images_of("mr", patches, size, how.half)) if teacher else None
    wanted = torch.from_numpy(((patches.values - low) / (high - low)).astype(np.float32)).to(how.device)
    for step in range(run.first, steps):
        torch.manual_seed(seed + 1000 * step)  # of what is dropped; a stopped run ends as a whole one
        rows = torch.from_numpy(np.random.default_rng([seed, 21, step]).integers(0, len(patches), BATCH))
        found, maps = how.read(net.train(), images[rows])
        loss = nn.functional.mse_loss(found, wanted[rows.to(how.device)])
        apart = _apart(maps, taught.maps(rows)) if taught else 0.0
        run.learn(loss, loss + weight * apart)
        if (step + 1) % every == 0:
            read = read_with_reference(Trained(net, how, low, high, step + 1, 0.0, (0.0, 0.0)), checks)
            run.checked(step + 1, float(np.mean(((read - stop.values) / (high - low)) ** 2)))
    net.load_state_dict(run.kept)
    return Trained(net.eval(), how, low, high, steps, run.seconds, (float(np.mean(run.losses[-every:])), run.best))


def _apart(maps: Sequence[torch.Tensor], taught: Sequence[torch.Tensor]) -> torch.Tensor:
    """L1 between the maps of a student and of its teacher, summed over layers."""
    return torch.stack([nn.functional.l1_loss(a, b) for a, b in zip(maps, taught, strict=True)]).sum()


class _Taught:
    """Maps of a teacher, kept (in bfloat16 if it computes so) up to :data:`MAPS_BYTES`; images are never augmented."""

    def __init__(self, teacher: Trained, images: torch.Tensor) -> None:
        self._teacher, self._images = teacher, images
        self._known: dict[int, list[torch.Tensor]] = {}
        self._left = MAPS_BYTES

    def maps(self, rows: torch.Tensor) -> list[torch.Tensor]:
        """(n, channels, z, y, x) maps of each layer, float32, of n patches by their number."""
        each = [self._of(int(row)) for row in rows]
        return [torch.cat(layer).float() for layer in zip(*each, strict=True)]

    def _of(self, row: int) -> list[torch.Tensor]:
        if row in self._known:
            return self._known[row]
        with torch.no_grad():
            found = self._teacher.how.read(self._teacher.net.eval(), self._images[row : row + 1])[1]
        kept = [one.to(torch.bfloat16) if self._teacher.how.half else one for one in found]
        self._left -= sum(one.nbytes for one in kept)
        if self._left > 0:
            self._known[row] = kept
        return kept


class _Run:
    """A training as published, kept at each check in a folder, and gone on with from there.

    Attributes:
        first: step to begin with.
        losses: errors of the values in training, one a step.
        best: least error of a check.
        kept: weights of that check.
    """

    def __init__(self, net: ReferenceNet, steps: int, folder: Path) -> None:
        self._net, self._folder = net, folder
        self._optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        milestones = [int(share * steps) for share in MILESTONES]
        self._schedule = torch.optim.lr_scheduler.MultiStepLR(self._optimizer, milestones, GAMMA)
        self._began, self._before = time.monotonic(), 0.0
        self.first, self.best, self.kept = 0, float("inf"), net.state_dict()
        self.losses: list[float] = []
        state = read_state_file(folder)
        if state is not None:
            net.load_state_dict(state["net"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])
            self.first, self.losses, self.best = state["step"], state["losses"], state["best"]
            self.kept, self._before = state["kept"], state["seconds"]

    @property
    def seconds(self) -> float:
        """Time spent, that before a stop included."""
        return self._before + time.monotonic() - self._began

    def learn(self, of_values: torch.Tensor, loss: torch.Tensor) -> None:
        self.losses.append(float(of_values.detach()))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._schedule.step()

    def checked(self, step: int, error: float) -> None:
        """Keep the weights if they are the best so far, and write the state."""
        if error < self.best:
            self.best, self.kept = error, {k: v.clone() for k, v in self._net.state_dict().items()}
        state = {
            "net": self._net.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "step": step,
            "losses": self.losses,
            "best": self.best,
            "kept": self.kept,
            "seconds": self.seconds,
        }
        write_state_file(state, self._folder)


def read_with_reference(trained: Trained, images: torch.Tensor) -> Floats:
    """(n, 4) values read off (n, 2, edge, edge, edge) images."""
    trained.net.eval()
    with torch.inference_mode():
        parts = [trained.how.read(trained.net, some)[0].cpu().numpy() for some in images.split(AT_ONCE)]
    found: Floats = np.concatenate(parts).astype(float) * (trained.high - trained.low) + trained.low
    return found


def images_of(modality: str, patches: Patches, size: Size, half: bool = False) -> torch.Tensor:
    """(n, 2, edge, edge, edge) cubes and masks as the published networks take them; as float16 if ``half``."""
    parts = []
    for start in range(0, len(patches), AT_ONCE):
        some = patches.select(np.arange(start, min(start + AT_ONCE, len(patches))))
        found = _mr_image(some.mr, size.edge) if modality == "mr" else _ct_image(Cubes(some.hu, some.ct.valid))
        parts.append(found.half() if half else found)
    return torch.cat(parts)


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
