"""The network of a bundle with all that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from CTSMALib.bundles.bundle import Bundle, of_another_version, read_weights, shipped_bundle
from CTSMALib.synthesis.familiarity import Familiarity
from CTSMALib.synthesis.network import SynthesisNet

TASK = "synthesis"
SHIPPED = "synthesis"
NETWORK, FAMILIARITY = "network.", "familiarity."  # beginnings of the names of tensors


@dataclass(frozen=True, eq=False)
class SynthesisModel:
    """A network ready to use.

    Attributes:
        net: in evaluation mode.
        spacing_mm: of its voxels.
        familiarity: with what it learned from.
        calibration: factor by which the scale that the network gives is multiplied.
        identity: name, version and checksum.
    """

    net: SynthesisNet
    spacing_mm: float
    familiarity: Familiarity
    calibration: float
    identity: str


def load_model(bundle: Bundle | None = None) -> SynthesisModel:
    """The model of a bundle, or the one that comes with the software.

    Raises:
        InputError: the bundle does not hold such a model.
        MissingDependencyError: torch, monai or safetensors are not installed, or no model is.
    """
    bundle = bundle or shipped_bundle(SHIPPED, TASK)
    tensors = read_weights(bundle)
    try:
        settings = bundle.config["ctsma_synthesis"]
        net = SynthesisNet(settings["coarse_features"], settings["features"])
        net.load_state_dict({k.removeprefix(NETWORK): v for k, v in tensors.items() if k.startswith(NETWORK)})
        mean, precision = (tensors[FAMILIARITY + key].numpy().astype(np.float64) for key in ("mean", "precision"))
        familiarity = Familiarity(mean, precision, float(settings["familiarity_limit"]))
        spacing_mm, calibration = float(settings["spacing_mm"]), float(settings["calibration"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise of_another_version(bundle) from error
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return SynthesisModel(net.eval(), spacing_mm, familiarity, calibration, bundle.identity)
