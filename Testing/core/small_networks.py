"""Networks so small that they are made, run and trained at once, and what they are trained on."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.learning.synthesis.case import FULL, SPACING_MM, TissueCase, write_case
from CTSMALib.learning.synthesis.config import NetworkConfig, TrainingConfig
from CTSMALib.learning.synthesis.prepare import STOP, TRAIN, planned
from CTSMALib.learning.synthesis.scanned import ScannedMR
from CTSMALib.synthesis.familiarity import Familiarity
from CTSMALib.synthesis.model import FAMILIARITY, NETWORK, TASK, SynthesisModel
from CTSMALib.synthesis.network import FACTOR, SynthesisNet
from CTSMALib.virtual.scanners.tissue import Tissue
from CTSMALib.volumes.grid import Grid

torch.set_num_threads(1)

FEATURES = (4, 4, 4, 4, 4, 4)
SMALL_MM = 0.4  # voxels of samples, so that one is no larger than a made-up knee
LIMIT = 1e6  # of familiarity: everything is familiar
AXIS_ALIGNED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_WIDTHS = {field.name: FEATURES for field in fields(NetworkConfig) if field.name.endswith("features")}
SMALL = TrainingConfig(
    knees=1, stop_knees=1, variants=0, seed=3, edge=64, learning_rate=3e-2, check_every=4,
    network=NetworkConfig(SMALL_MM, **_WIDTHS), coarse_steps=8, steps=8, wide_steps=0,
)  # fmt: skip


def a_network(bone: int | None = None, seed: int = 0) -> SynthesisNet:
    """Both networks with random weights, in evaluation mode.

    Args:
        bone: label that it gives everywhere; ``None`` lets chance decide.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    net = SynthesisNet(FEATURES, FEATURES).eval().requires_grad_(False)
    if bone is not None:
        block = FACTOR**3
        net.fine.unet.final_conv.bias[(2 + bone) * block : (3 + bone) * block] += 50.0
    return net


def a_model(net: Any, limit: float = LIMIT) -> SynthesisModel:
    """Networks as ready to use; ``net`` needs to have ``coarse`` and ``fine`` alone."""
    familiarity = Familiarity(np.zeros(FEATURES[4]), np.eye(FEATURES[4]), limit)
    return SynthesisModel(net, 0.8, familiarity, 1.5, "made up 1.0 (00000000)")


def a_bundle(folder: Path, task: str = TASK, bone: int | None = 1) -> Bundle:
    """A bundle with random weights on disk."""
    weights = {NETWORK + name: value for name, value in a_network(bone).state_dict().items()}
    weights[FAMILIARITY + "mean"] = torch.zeros(FEATURES[4], dtype=torch.float64)
    weights[FAMILIARITY + "precision"] = torch.eye(FEATURES[4], dtype=torch.float64)
    settings = {
        "coarse_features": list(FEATURES), "features": list(FEATURES), "spacing_mm": 0.8, "familiarity_limit": LIMIT,
        "calibration": 1.5,
    }  # fmt: skip
    metadata = {"name": "made up", "version": "1.0"}
    return write_bundle(folder, task, metadata, {"ctsma_synthesis": settings}, weights, "# Made up\n")


def a_tissue_case(seed: int = 0, size: int = 48) -> TissueCase:
    """Two balls of bone in muscle and fat, the upper one the femur, with a rim of air behind."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:size, :size, :size]
    shift = rng.uniform(-2.0, 2.0, 2)
    bones = np.zeros((size,) * 3, dtype=np.uint8)
    for label, height in ((1, 0.7), (2, 0.25)):
        off = np.stack([z - height * size, y - 0.45 * size - shift[0], x - 0.5 * size - shift[1]])
        bones[np.linalg.norm(off, axis=0) < 0.21 * size] = label
    depth = ndimage.distance_transform_edt(bones > 0)
    fraction = np.where(depth > 2, 0.25, np.where(depth > 0, 0.9, 0.0))
    tissue = np.where(x < size / 2, Tissue.MUSCLE, Tissue.FAT)
    tissue = np.where(y > 0.85 * size, Tissue.AIR, tissue)
    tissue = np.where(bones > 0, Tissue.MARROW, tissue).astype(np.uint8)
    grid = Grid((size,) * 3, (SPACING_MM,) * 3, (-10.0, 5.0, 30.0), AXIS_ALIGNED)
    stored = np.rint(fraction * FULL).astype(np.uint8)
    return TissueCase(f"made up {seed}", "made up", grid, stored, tissue, bones)


def a_scanned_mr(seed: int = 0, size: int = 64) -> ScannedMR:
    """A made-up knee as an MR shows it, with its truth."""
    case = a_tissue_case(seed, size)
    bone = case.fraction / float(FULL)
    signal = np.select([case.tissue == Tissue.FAT, case.tissue == Tissue.AIR], [900.0, 0.0], 400.0) * (1.0 - bone)
    hu = np.where(case.tissue == Tissue.AIR, -1000.0, 50.0 + 1400.0 * bone)

    def sampled(array: NDArray[Any], beyond: float) -> Any:
        image = case.grid.image(array)
        return lambda grid: sitk.GetArrayFromImage(
            sitk.Resample(image, grid.image(np.zeros(grid.size[::-1], np.uint8)), sitk.Transform(),
                          sitk.sitkNearestNeighbor, beyond)
        )  # fmt: skip

    return ScannedMR(case.grid.image(signal), sampled(hu, -1000.0), sampled(case.bones, 0.0))


def write_knees(config: TrainingConfig, folder: Path) -> None:
    """Put made-up knees where a training looks for its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for use in (TRAIN, STOP):
        for number, case in enumerate(planned(config, folder, use)):
            write_case(a_tissue_case(number + 10 * (use == STOP)), case.path)


def small_training(**changes: Any) -> TrainingConfig:
    """A training that ends at once."""
    return replace(SMALL, **changes)
