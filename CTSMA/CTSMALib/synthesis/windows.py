"""Both networks over a whole image and its mirror image, window by window, put together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray

from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.synthesis.network import CHANNELS, COARSER, FINE, Prediction, SynthesisNet, finer, read_out

COARSE_WINDOW, COARSE_OVERLAP = 64, 0.5  # a window of 128 mm shows the whole knee, as in the training
FINE_WINDOW, FINE_OVERLAP = 96, 0.25
Predict = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks say of an image.

    Attributes:
        prediction: (1, ..., z, y, x) on its voxels.
        feature: (c,) deepest features of the coarse network in the window that shows most of the image.
    """

    prediction: Prediction
    feature: NDArray[np.float64]


def seen_by(
    net: SynthesisNet, signal: NDArray[np.float32], known: NDArray[np.bool_], progress: Progress = silent
) -> Seen:  # fmt: skip
    """Run both networks, on the image and on its mirror image, and average what they say.

    Args:
        net: in evaluation mode.
        signal: (z, y, x), 0 where it is not known, edges multiples of 32 and at least 64.
        known: (z, y, x) where the image is.
        progress: told about every window; cancels by raising.
    """
    image = torch.from_numpy(np.stack([signal, known.astype(np.float32)]))[None]
    with torch.inference_mode():
        raw, feature = _raw(net, image, part_of(progress, 0.0, 0.5))
        raw += _raw(net, image.flip(-1), part_of(progress, 0.5, 1.0))[0].flip(-1)
        raw *= 0.5
    return Seen(read_out(raw), feature)


def _raw(net: SynthesisNet, image: torch.Tensor, progress: Progress) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """The raw output of the fine network, and features of the coarse one; channels of the image: signal, known."""
    progress("Looking at the whole knee", 0.0)
    guess, feature = _guess(net, image)
    return _fine(net, torch.cat([image, guess], dim=1), progress), feature


def _guess(net: SynthesisNet, image: torch.Tensor) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """Likelihoods (1, 5, z, y, x) of the coarse network on the voxels of the image, and its features."""
    features: list[tuple[float, torch.Tensor]] = []

    def predict(window: torch.Tensor) -> torch.Tensor:
        raw, feature = net.coarse.with_summary(window[:, :1])
        features.append((float(window[:, 1].mean()), feature[0]))
        return raw

    coarse = torch.nn.functional.avg_pool3d(image, COARSER)
    logits = _windowed(coarse, COARSE_WINDOW, COARSE_OVERLAP, predict)
    fullest = max(features, key=lambda known: known[0])[1]
    return finer(logits), fullest.numpy().astype(np.float64)


def _fine(net: SynthesisNet, image: torch.Tensor, progress: Progress) -> torch.Tensor:
    """The raw output of the fine network; channels of the image: signal, known, guess."""
    count = math.prod(len(_starts(n)) for n in image.shape[2:])
    done = 0

    def predict(window: torch.Tensor) -> torch.Tensor:
        nonlocal done
        progress("Making the CT", 0.1 + 0.9 * min(done / count, 1.0), f"part {done + 1} of {count}")
        done += 1
        if not bool(window[:, 1].any()):  # beyond the image
            return torch.zeros((1, CHANNELS[FINE][1], *window.shape[2:]))
        raw: torch.Tensor = net.fine(torch.cat([window[:, :1], window[:, 2:]], dim=1))
        return raw

    return _windowed(image, FINE_WINDOW, FINE_OVERLAP, predict)


def _windowed(image: torch.Tensor, window: int, overlap: float, predict: Predict) -> torch.Tensor:
    edges = [window if window == COARSE_WINDOW else min(window, n) for n in image.shape[2:]]
    found = sliding_window_inference(image, edges, 1, predict, overlap=overlap, mode="gaussian")
    assert isinstance(found, torch.Tensor)
    return found


def _starts(count: int) -> range:
    """First voxels of fine windows along an axis, as many as there are."""
    edge = min(FINE_WINDOW, count)
    return range(max(1, math.ceil((count - edge) / (edge * (1.0 - FINE_OVERLAP))) + 1))
