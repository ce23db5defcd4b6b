"""MR to CT numbers and bones: windows of the network over the whole image, put together."""

from __future__ import annotations

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
from CTSMALib.synthesis.network import read_out
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU, SyntheticKnee
from CTSMALib.synthesis.working_image import WorkingImage, working_image

WINDOW, OVERLAP = 96, 0.25
LOWEST_HU, HIGHEST_HU = -1024.0, 3071.0
SMALLEST_ML = 1.0  # of a bone
OUTSIDE_WEIGHT = 0.5  # share of a window that must be known for it to count for familiarity


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
    raw, distance = _windows(image, model, progress)
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


def _windows(image: WorkingImage, model: SynthesisModel, progress: Progress) -> tuple[torch.Tensor, float]:
    """The raw output for the whole image, and its distance from the training."""
    batch = torch.from_numpy(np.stack([image.signal, image.known.astype(np.float32)]))[None]
    edges = [min(WINDOW, n) for n in image.signal.shape]
    count = np.prod(
        [max(1, np.ceil((n - e) / (e * (1 - OVERLAP))) + 1) for n, e in zip(image.signal.shape, edges, strict=True)]
    )
    features: list[torch.Tensor] = []
    done = 0

    def predict(window: torch.Tensor) -> torch.Tensor:
        nonlocal done
        progress("Making the CT", 0.05 + 0.9 * min(done / count, 1.0), f"window {done + 1} of {count:.0f}")
        done += 1
        signal, known = window[:, :1], window[:, 1:]
        if not bool(known.any()):
            return torch.zeros((1, 7, *window.shape[2:]))
        raw, feature = model.net.with_summary(signal)
        if float(known.mean()) >= OUTSIDE_WEIGHT:
            features.append(feature[0])
        return raw

    with torch.inference_mode():
        raw = sliding_window_inference(batch, edges, 1, predict, overlap=OVERLAP, mode="gaussian")
    assert isinstance(raw, torch.Tensor)
    if not features:
        return raw, float("inf")
    distances = [model.familiarity.distance(f.numpy()) for f in features]
    return raw, float(np.median(distances))


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
