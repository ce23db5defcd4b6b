"""From a trained network to a bundle: what is familiar to it, how sure it may be, and its model card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib import __version__
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.draw_sample import draw_sample
from CTSMALib.learning.synthesis.measure import Measured, measure
from CTSMALib.learning.synthesis.model_card import model_card
from CTSMALib.learning.synthesis.samples import for_kind, spacing_of
from CTSMALib.learning.synthesis.scanned import scan_count, stop_scans
from CTSMALib.learning.synthesis.state import State
from CTSMALib.learning.synthesis.train import trained_network
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.synthesis.familiarity import Familiarity
from CTSMALib.synthesis.model import FAMILIARITY, NETWORK, SHIPPED, TASK
from CTSMALib.synthesis.network import COARSE, FINE, FoldedUNet, SynthesisNet
from CTSMALib.virtual.version import GENERATOR

LEARNED, HELD_OUT = 300, 150  # images that familiarity is learned from, and that set its limit
VIEW_MM = (85.0, 160.0)  # edges of the field of view of MRs of knees
NINETY = -np.log(0.1)  # half width of the interval of a Laplace distribution that holds 90 %, in scales
_LEARNED, _HELD_OUT = 3, 4  # streams of random numbers


def finish(
    config: TrainingConfig, coarse: State, fine: State, cases: list[TissueCase], stop_cases: list[TissueCase],
    out: Path, progress: Progress = silent,
) -> Bundle:  # fmt: skip
    """Write the bundle of a training that has ended.

    Args:
        config: of the training.
        coarse, fine: the last states of both networks.
        cases: they learned from.
        stop_cases: they did not.
        out: folder of the bundle.
        progress: told about each image.
    """
    net = SynthesisNet(config.network.coarse_features, config.network.features)
    net.coarse.load_state_dict(trained_network(coarse, COARSE).state_dict())
    net.fine.load_state_dict(trained_network(fine, FINE).state_dict())
    net.eval()
    learned = _features(net.coarse, config, cases, (_LEARNED, LEARNED), part_of(progress, 0.0, 0.5))
    others = _features(net.coarse, config, stop_cases, (_HELD_OUT, HELD_OUT), part_of(progress, 0.5, 0.7))
    familiarity = Familiarity.of(learned, others)
    told = part_of(progress, 0.7, 0.95)
    whole = measure(net, config.network.spacing_mm, stop_scans(config), scan_count(config), told)
    calibration = float(np.quantile(whole.ratios, 0.9) / NINETY)
    weights = {NETWORK + k: v for k, v in net.state_dict().items()}
    # half precision holds no small precisions: they are stored as they are
    weights |= {
        FAMILIARITY + "mean": torch.from_numpy(familiarity.mean),
        FAMILIARITY + "precision": torch.from_numpy(familiarity.precision),
    }
    settings = {
        "coarse_features": list(config.network.coarse_features), "features": list(config.network.features),
        "spacing_mm": config.network.spacing_mm, "familiarity_limit": familiarity.limit, "calibration": calibration,
    }  # fmt: skip
    progress("Writing the model", 0.97)
    inference = {"network_def": _definition(config), "ctsma_synthesis": settings}
    metadata = _metadata(config, coarse, fine, whole)
    return write_bundle(out, TASK, metadata, inference, weights, model_card(config, coarse, fine, whole, settings))


def _features(
    net: FoldedUNet, config: TrainingConfig, cases: list[TissueCase], which: tuple[int, int], progress: Progress
) -> NDArray[np.float64]:  # fmt: skip
    """(n, c) of images of whole knees, in fields of view as MRs have them, as the coarse network sees them."""
    stream, count = which
    coarse = for_kind(cases, COARSE)
    found = []
    for number in range(count):
        progress("Learning what is familiar", number / count)
        rng = np.random.default_rng([config.seed, stream, number])
        spacing_mm = spacing_of(config, COARSE)
        sample = draw_sample(coarse[number % len(coarse)], config.edge, spacing_mm, rng, COARSE)
        view = field_of_view(config.edge, spacing_mm, rng)
        with torch.inference_mode():
            found.append(net.with_summary(sample.mr[None] * view)[1][0].numpy())
    return np.array(found, dtype=float)


def field_of_view(edge: int, spacing_mm: float, rng: np.random.Generator) -> torch.Tensor:
    """(n, n, n) 1 within a box of the size that an MR of a knee has, about the middle."""
    view = torch.zeros((edge,) * 3)
    widths = np.minimum(rng.uniform(*VIEW_MM, 3) / spacing_mm, edge).astype(int)
    starts = [int(rng.integers(0, edge - width + 1)) for width in widths]
    view[tuple(slice(a, a + n) for a, n in zip(starts, widths, strict=True))] = 1.0
    return view


def _definition(config: TrainingConfig) -> dict:
    return {
        "_target_": f"{SynthesisNet.__module__}.{SynthesisNet.__name__}",
        "coarse_features": list(config.network.coarse_features), "features": list(config.network.features),
    }  # fmt: skip


def _metadata(config: TrainingConfig, coarse: State, fine: State, whole: Measured) -> dict:
    import monai

    image = {
        "type": "image", "format": "magnitude", "modality": "MR", "num_channels": 1, "spatial_shape": ["64*n"] * 3,
        "dtype": "float32", "value_range": [0, 1], "is_patch_data": True, "channel_def": {"0": "MR"},
    }  # fmt: skip
    names = ["CT number", "scale", "background", "femur", "tibia", "patella", "fibula"]
    output = {
        "type": "image", "format": "hounsfield", "num_channels": 7, "spatial_shape": ["64*n"] * 3, "dtype": "float32",
        "value_range": [], "is_patch_data": True, "channel_def": {str(n): name for n, name in enumerate(names)},
    }  # fmt: skip
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json",
        "name": SHIPPED, "version": "1.0", "changelog": {"1.0": "first version"},
        "monai_version": monai.__version__, "pytorch_version": torch.__version__, "numpy_version": np.__version__,
        "required_packages_version": {"ctsma": __version__},
        "task": "MR of a knee to CT numbers and bone labels",
        "description": "Trained on simulated knees. Research use only: not a medical device.",
        "authors": "CTSMA", "copyright": "CTSMA contributors, Apache-2.0",
        "data_source": f"{GENERATOR}, and one label map of a real knee",
        "intended_use": "Registration of MR to CT; research use only.",
        "eval_metrics": {"soft_tissue_mae_hu": whole.soft_hu, "bone_mae_hu": whole.bone_hu, "bone_dice": whole.dice},
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": output}},
        "training": {**asdict(config), "steps_done": [coarse.step, fine.step]},
    }  # fmt: skip
