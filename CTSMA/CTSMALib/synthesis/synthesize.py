"""MR to CT numbers and bones: windows of the network over the whole image, put together."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, silent
from CTSMALib.synthesis.model import SynthesisModel
from CTSMALib.synthesis.network import CHANNELS, COARSER, FINE, finer, read_out
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU, SyntheticKnee
from CTSMALib.synthesis.working_image import LEAST, MULTIPLE, WorkingImage, working_image

WINDOW, OVERLAP = 96, 0.25
LOWEST_HU, HIGHEST_HU = -1024.0, 3071.0
SMALLEST_ML = 1.0  # of a bone


def synthesize(mr: sitk.Image, model: SynthesisModel, progress: Progress = silent) -> SyntheticKnee:
    """Make a CT and bone labels of an MR.

    Args:
        mr: signal, any scalar type, spacing and orientation.
        model: see :func:`~CTSMALib.synthesis.model.load_model`.
        progress: told about the windows; cancels by raising.

    Raises:
        InputError: the image cannot be that of a knee.
        AnatomyError: no bone was found.
    """
    progress("Preparing the MR", 0.0)
    image = working_image(mr, model.spacing_mm)
    with torch.inference_mode():
        progress("Looking at the whole knee", 0.05)
        guess, distance = _guess(image, model)
        raw = _fine(image, guess, model, progress)
    progress("Putting the windows together", 0.95)
    found = read_out(raw)
    likelihood = torch.softmax(found.logits, dim=1)[0].numpy().astype(np.float16)
    bones = _pieces(likelihood, image.known, model.spacing_mm)
    if not bones.any():
        raise AnatomyError("No bone was found in the MR.", "Give an MR of a knee.")
    hu = found.hu[0, 0].numpy().clip(LOWEST_HU, HIGHEST_HU)
    hu = np.where(image.known, np.rint(hu), UNKNOWN_HU).astype(np.int16)
    interval = np.float32(model.calibration * -np.log(0.1))  # of a Laplace distribution
    error = np.where(image.known, found.scale_hu[0, 0].numpy() * interval, 0.0).astype(np.float32)
    return SyntheticKnee(
        image.grid, hu, error, bones, likelihood, image.known, distance, model.familiarity.limit, model.identity
    )


def _guess(image: WorkingImage, model: SynthesisModel) -> tuple[torch.Tensor, float]:
    """Likelihoods (1, 5, z, y, x) of the coarse network on the fine grid; how far the MR is from the training."""
    both = torch.from_numpy(np.stack([image.signal, image.known.astype(np.float32)]))[None]
    coarse = torch.nn.functional.avg_pool3d(both, COARSER)
    size = coarse.shape[2:]
    padded = torch.nn.functional.pad(coarse, [v for n in size[::-1] for v in (0, max(-n % MULTIPLE, LEAST - n))])
    features: list[tuple[float, torch.Tensor]] = []

    def predict(window: torch.Tensor) -> torch.Tensor:
        raw, feature = model.net.coarse.with_summary(window[:, :1])
        features.append((float(window[:, 1:].mean()), feature[0]))
        return raw

    logits = _windowed(padded, predict)[:, :, : size[0], : size[1], : size[2]]
    weights = np.array([weight for weight, _ in features])
    distances = np.array([model.familiarity.distance(feature.numpy()) for _, feature in features])
    return finer(logits), float(distances[weights >= 0.5 * weights.max()].min())


def _fine(image: WorkingImage, guess: torch.Tensor, model: SynthesisModel, progress: Progress) -> torch.Tensor:
    """The raw output of the fine network."""
    both = torch.from_numpy(np.stack([image.known.astype(np.float32), image.signal]))[None]
    count = np.prod([len(_starts(n)) for n in image.signal.shape])
    done = 0

    def predict(window: torch.Tensor) -> torch.Tensor:
        nonlocal done
        progress("Making the CT", 0.1 + 0.85 * min(done / count, 1.0), f"part {done + 1} of {count}")
        done += 1
        if not bool(window[:, 0].any()):  # beyond the MR
            return torch.zeros((1, CHANNELS[FINE][1], *window.shape[2:]))
        raw: torch.Tensor = model.net.fine(window[:, 1:])
        return raw

    return _windowed(torch.cat([both, guess], dim=1), predict)


def _windowed(image: torch.Tensor, predict: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    edges = [min(WINDOW, n) for n in image.shape[2:]]
    found = sliding_window_inference(image, edges, 1, predict, overlap=OVERLAP, mode="gaussian")
    assert isinstance(found, torch.Tensor)
    return found


def _starts(count: int) -> range:
    """First voxels of windows along an axis, as many as there are."""
    edge = min(WINDOW, count)
    return range(max(1, math.ceil((count - edge) / (edge * (1.0 - OVERLAP))) + 1))


def _pieces(likelihood: NDArray[np.float16], known: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.uint8]:
    """Labels: of each bone its largest piece, if it is large enough."""
    labels = np.where(known, np.argmax(likelihood, axis=0), 0).astype(np.uint8)
    kept = np.zeros_like(labels)
    for bone in BONES:
        pieces, count = ndimage.label(labels == bone.label)
        if not count:
            continue
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        largest = int(sizes.argmax())
        if sizes[largest] * spacing_mm**3 / 1000.0 >= SMALLEST_ML:
            kept[ndimage.binary_fill_holes(pieces == largest)] = bone.label
    return kept
