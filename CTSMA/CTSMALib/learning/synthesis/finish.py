"""From a trained network to a bundle: what is familiar to it, how sure it may be, and its model card."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from CTSMALib import __version__
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.bundles.write import write_bundle
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.draw_sample import draw_sample
from CTSMALib.learning.synthesis.model_card import model_card
from CTSMALib.learning.synthesis.state import State
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.synthesis.familiarity import Familiarity
from CTSMALib.synthesis.model import FAMILIARITY, NETWORK, SHIPPED, TASK
from CTSMALib.synthesis.network import SynthesisNet, read_out
from CTSMALib.synthesis.synthesize import WINDOW
from CTSMALib.virtual.version import GENERATOR

LEARNED, HELD_OUT = 160, 60  # images that familiarity is learned from, and that set its limit
NINETY = -np.log(0.1)  # half width of the interval of a Laplace distribution that holds 90 %, in scales
_LEARNED, _HELD_OUT = 3, 4  # streams of random numbers


@dataclass(frozen=True, eq=False)
class _Probed:
    features: np.ndarray
    ratios: np.ndarray  # absolute errors over the scales that the network gave


def finish(
    config: TrainingConfig, state: State, cases: list[TissueCase], stop_cases: list[TissueCase], out: Path,
    progress: Progress = silent,
) -> Bundle:  # fmt: skip
    """Write the bundle of a training that has ended.

    Args:
        config: of the training.
        state: its last.
        cases: it learned from.
        stop_cases: it did not.
        out: folder of the bundle.
        progress: told about each image.
    """
    net = averaged(config, state)
    learned = _probe(net, config, cases, (_LEARNED, LEARNED), part_of(progress, 0.0, 0.7))
    held_out = _probe(net, config, stop_cases, (_HELD_OUT, HELD_OUT), part_of(progress, 0.7, 0.95))
    familiarity = Familiarity.of(learned.features, held_out.features)
    calibration = float(np.quantile(held_out.ratios, 0.9) / NINETY)
    weights = {NETWORK + k: v for k, v in net.state_dict().items()}
    # half precision holds no small precisions: they are stored as they are
    weights |= {
        FAMILIARITY + "mean": torch.from_numpy(familiarity.mean),
        FAMILIARITY + "precision": torch.from_numpy(familiarity.precision),
    }
    settings = {
        "features": list(config.network.features), "spacing_mm": config.network.spacing_mm,
        "familiarity_limit": familiarity.limit, "calibration": calibration,
    }  # fmt: skip
    progress("Writing the model", 0.97)
    inference = {"network_def": _definition(config), "ctsma_synthesis": settings}
    return write_bundle(out, TASK, _metadata(config, state), inference, weights, model_card(config, state, settings))


def averaged(config: TrainingConfig, state: State) -> SynthesisNet:
    """The network with the average of its latest weights, in evaluation mode."""
    net = SynthesisNet(config.network.features)
    average = {k.removeprefix("module."): v for k, v in state.parts["average"].items() if k.startswith("module.")}
    net.load_state_dict(copy.deepcopy(average))
    return net.eval()


def _probe(
    net: SynthesisNet, config: TrainingConfig, cases: list[TissueCase], which: tuple[int, int], progress: Progress
) -> _Probed:  # fmt: skip
    stream, count = which
    features, ratios = [], []
    for number in range(count):
        progress("Learning what is familiar", number / count)
        rng = np.random.default_rng([config.seed, stream, number])
        sample = draw_sample(cases[number % len(cases)], WINDOW, config.network.spacing_mm, rng)
        with torch.inference_mode():
            raw, feature = net.with_summary(sample.mr[None])
        found = read_out(raw)
        counted = sample.known[None] & (sample.hu[None] > -500.0)
        ratio = ((found.hu - sample.hu[None]).abs() / found.scale_hu)[counted]
        features.append(feature[0].numpy())
        ratios.append(ratio[:: max(1, len(ratio) // 5000)].numpy())
    return _Probed(np.array(features, dtype=float), np.concatenate(ratios))


def _definition(config: TrainingConfig) -> dict:
    return {"_target_": f"{SynthesisNet.__module__}.{SynthesisNet.__name__}", "features": list(config.network.features)}


def _metadata(config: TrainingConfig, state: State) -> dict:
    import monai

    image = {
        "type": "image", "format": "magnitude", "modality": "MR", "num_channels": 1, "spatial_shape": ["32*n"] * 3,
        "dtype": "float32", "value_range": [0, 1], "is_patch_data": True, "channel_def": {"0": "MR"},
    }  # fmt: skip
    names = ["CT number", "scale", "background", "femur", "tibia", "patella", "fibula"]
    output = {
        "type": "image", "format": "hounsfield", "num_channels": 7, "spatial_shape": ["32*n"] * 3, "dtype": "float32",
        "value_range": [], "is_patch_data": True, "channel_def": {str(n): name for n, name in enumerate(names)},
    }  # fmt: skip
    last = state.history[-1]
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
        "eval_metrics": {"soft_tissue_mae_hu": last.soft_hu, "bone_mae_hu": last.bone_hu, "bone_dice": last.dice},
        "network_data_format": {"inputs": {"image": image}, "outputs": {"pred": output}},
        "training": {**asdict(config), "steps_done": state.step},
    }  # fmt: skip
