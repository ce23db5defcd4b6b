"""The student of a bundle with all that goes with it: CT cubes in, parameters and their uncertainty out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.bundles.bundle import Bundle, of_another_version, read_weights, shipped_bundle
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.student.covariates import COVARIATES, scaled
from CTSMALib.student.cubes import Cubes
from CTSMALib.student.estimate import Estimate
from CTSMALib.student.known_scans import KnownScans
from CTSMALib.student.linear import LinearReading, design
from CTSMALib.student.network import CT, PatchNet
from CTSMALib.student.reference_scale import SCALE
from CTSMALib.student.structure import STRUCTURE_KEYS, StructureReading
from CTSMALib.student.summary import SummaryAxes
from CTSMALib.student.tied_values import tied, together, uncertainties
from CTSMALib.synthesis.familiarity import Familiarity

TASK = SHIPPED = "student"
# Beginnings of the names of tensors.
NETWORK, LINEAR, FAMILIARITY, STRUCTURE = "network.", "linear.", "familiarity.", "structure."
LINEAR_PARTS = ("center", "scale", "weights", "offset")
AT_ONCE = 128

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StudentModel:
    """A student ready to use.

    Attributes:
        nets: in evaluation mode; together they say one thing.
        linear: a ridge regression that gives the same two numbers as the networks.
        shares: (2,) of the ridge regression in each of these numbers, 0 to 1.
        calibration: (4,) factors of the standard deviations.
        familiarity: with the patches of the training.
        known_scans: those of the training.
        identity: name, version and checksum.
        sha256: of its weights.
        simulated: whether it learned from simulated knees alone.
        structure: reads the structure itself; ``None`` where the student does not tell it.
        axes: of what the first network sees.
    """

    nets: tuple[PatchNet, ...]
    linear: LinearReading
    shares: Floats
    calibration: Floats
    familiarity: Familiarity
    known_scans: KnownScans
    identity: str
    sha256: str
    simulated: bool
    structure: StructureReading | None = None
    axes: SummaryAxes | None = None

    def outside(self, covariates: Floats) -> tuple[str, ...]:
        """What of a scan with (5,) covariates is unlike the training, in words; empty where nothing is."""
        return self.known_scans.outside(covariates)

    def estimate(self, cubes: Cubes, covariates: Floats, features: Floats, quick: bool = False) -> Estimate:
        """Read patches.

        Args:
            cubes: of the CT, on the grid of :mod:`CTSMALib.student.cubes`, CT numbers on the scale of
                :mod:`CTSMALib.student.reference_scale`.
            covariates: (5,) of the scan, or (n, 5) of the scan of each patch.
            features: (n, f) direct CT quantities in the order of :data:`~CTSMALib.student.linear.FEATURES`.
            quick: ask one of the networks alone, and leave structure and features out, as for maps.
        """
        every = np.broadcast_to(covariates, (len(cubes), np.shape(covariates)[-1]))
        if not len(cubes):
            return Estimate(np.empty((0, len(KEYS))), np.empty((0, len(KEYS))), np.empty(0))
        parts = [self._networks(cubes.select(rows), every[rows], quick) for rows in _parts(len(cubes))]
        said, pooled = (torch.cat(part) for part in zip(*parts, strict=True))
        outputs = mixed(said, self.linear.read(design(features, every)), self.shares)
        values, sds = tied(outputs).numpy().astype(float), uncertainties(outputs).numpy().astype(float)
        known = pooled.numpy().astype(float)
        distances = np.array([self.familiarity.distance(row) for row in known]) / self.familiarity.limit
        structure = None
        if self.structure is not None and not quick:
            structure = self.structure.read(features, every, said.numpy().astype(float))
        distances = np.maximum(distances, self.known_scans.distances(every))
        told = None if quick or self.axes is None else self.axes.features(known)
        return Estimate(values, sds * self.calibration, distances, structure, told)

    def _networks(self, cubes: Cubes, covariates: Floats, quick: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 5) outputs and (n, c) summaries, of a few patches."""
        values, valid = (
            torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)) for array in (cubes.values, cubes.valid)
        )
        facts = torch.from_numpy(scaled(covariates))
        with torch.inference_mode():
            read = [net(values, valid, facts) for net in (self.nets[:1] if quick else self.nets)]
        return together(torch.stack([one.outputs for one in read])), read[0].pooled


def mixed(outputs: torch.Tensor, linear: Floats, shares: Floats) -> torch.Tensor:
    """(n, 5) outputs of networks with some share of a ridge regression in their first two columns.

    Args:
        outputs: (n, 5) of networks.
        linear: (n, 2) what the ridge regression gives in place of the first two.
        shares: (2,) of it.
    """
    share = torch.from_numpy(np.asarray(shares, dtype=np.float32))
    said = (1.0 - share) * outputs[:, :2] + share * torch.from_numpy(linear.astype(np.float32))
    return torch.cat([said, outputs[:, 2:]], dim=1)


def load_student(bundle: Bundle | None = None) -> StudentModel:
    """The student of a bundle, or the one that comes with the software.

    Raises:
        InputError: the bundle does not hold such a model.
        MissingDependencyError: torch or safetensors are not installed, or no model is.
    """
    bundle = bundle or shipped_bundle(SHIPPED, TASK)
    tensors = read_weights(bundle)
    try:
        settings = bundle.config["ctsma_student"]
        if settings["scale"] != SCALE:
            raise ValueError(settings["scale"])
        nets = tuple(_network(tensors, n, settings["widths"]) for n in range(int(settings["networks"])))
        linear = LinearReading(*(_array(tensors, LINEAR + name) for name in LINEAR_PARTS))
        mean, precision = (_array(tensors, FAMILIARITY + name) for name in ("mean", "precision"))
        familiarity = Familiarity(mean, precision, float(settings["familiarity_limit"]))
        known_scans = KnownScans(*(_by_covariate(settings["known_scans"][end]) for end in ("low", "high")))
        shares = np.array([float(share) for share in settings["linear_shares"]])
        calibration = np.array([float(settings["calibration"][key]) for key in KEYS])
        simulated = bool(bundle.metadata["virtual"])
        structure = _structure(tensors, settings)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise of_another_version(bundle) from error
    return StudentModel(
        nets, linear, shares, calibration, familiarity, known_scans, bundle.identity, bundle.sha256, simulated,
        structure, SummaryAxes.of(familiarity),
    )  # fmt: skip


def _network(tensors: dict[str, torch.Tensor], number: int, widths: list[int]) -> PatchNet:
    net, begin = PatchNet(CT, widths, dropout=0.0), f"{NETWORK}{number}."
    net.load_state_dict({k.removeprefix(begin): v for k, v in tensors.items() if k.startswith(begin)})
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()


def _structure(tensors: dict[str, torch.Tensor], settings: Mapping[str, Any]) -> StructureReading | None:
    if "structure_sds" not in settings:
        return None
    linear = LinearReading(*(_array(tensors, STRUCTURE + name) for name in LINEAR_PARTS))
    return StructureReading(linear, np.array([float(settings["structure_sds"][key]) for key in STRUCTURE_KEYS]))


def _by_covariate(values: Mapping[str, float]) -> Floats:
    return np.array([float(values[name]) for name in COVARIATES])


def _array(tensors: dict[str, torch.Tensor], name: str) -> Floats:
    found: Floats = tensors[name].numpy().astype(np.float64)
    return found


def _parts(count: int) -> list[NDArray[np.intp]]:
    return [np.arange(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]
