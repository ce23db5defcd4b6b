"""MR to CT numbers and bones."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from scipy import ndimage

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import AnatomyError
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.synthesis.body import air_around
from CTSMALib.synthesis.model import SynthesisModel
from CTSMALib.synthesis.synthetic_knee import UNKNOWN_HU, SyntheticKnee
from CTSMALib.synthesis.windows import seen_by
from CTSMALib.synthesis.working_image import working_image

AIR_HU, HIGHEST_HU = -1000.0, 3071.0
AIR_ERROR_HU = 100.0  # least half width of the interval of air that was found by its signal
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
    seen = seen_by(model.net, image.signal, image.known, part_of(progress, 0.05, 0.95))
    progress("Putting the windows together", 0.95)
    found = seen.prediction
    distance = model.familiarity.distance(seen.feature)
    likelihood = torch.softmax(found.logits, dim=1)[0].numpy().astype(np.float16)
    bones = _pieces(likelihood, image.known, model.spacing_mm)
    if not bones.any():
        raise AnatomyError("No bone was found in the MR.", "Give an MR of a knee.")
    air = air_around(image.signal, image.known) & (bones == 0)
    hu = np.where(air, AIR_HU, found.hu[0, 0].numpy().clip(AIR_HU, HIGHEST_HU))
    hu = np.where(image.known, np.rint(hu), UNKNOWN_HU).astype(np.int16)
    interval = np.float32(model.calibration * -np.log(0.1))  # of a Laplace distribution
    own = found.scale_hu[0, 0].numpy() * interval
    error = np.where(image.known, np.where(air, np.maximum(own, AIR_ERROR_HU), own), 0.0).astype(np.float32)
    return SyntheticKnee(
        image.grid, hu, error, bones, likelihood, image.known, distance, model.familiarity.limit, model.identity
    )


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
