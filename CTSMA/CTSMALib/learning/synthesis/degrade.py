"""What MR scanners do to a signal: resolution, slices, noise. All on voxel arrays (z, y, x) of torch."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as nn
from scipy import ndimage

IN_PLANE_MM, SLICE_MM = (0.35, 1.2), (0.5, 4.5)
THICK = 0.55  # share of scans with slices thicker than the pixels
NOISE = (0.005, 0.09)  # SD as a share of the brightest tissue
FWHM_TO_SD = 1.0 / 2.3548
LEAST_SD = 0.2  # voxels; less blur is left out


def as_scanned(
    signal: torch.Tensor, spacing_mm: float, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:  # fmt: skip
    """A signal as a random scanner shows it, on the same voxels.

    Args:
        signal: (z, y, x), the brightest tissue about 1.
        spacing_mm: of the voxels.
        torch_rng: of fields.
        rng: of everything else.
    """
    in_plane = rng.uniform(*IN_PLANE_MM)
    widths = [in_plane * FWHM_TO_SD / spacing_mm] * 3
    axis = int(rng.integers(3))
    thickness = float(np.exp(rng.uniform(*np.log(SLICE_MM)))) if rng.random() < THICK else in_plane
    blur = blurred(signal, widths)
    if thickness > 1.5 * spacing_mm:
        blur = _sliced(blur, axis, thickness / spacing_mm, float(rng.random()))
    noise = float(np.exp(rng.uniform(*np.log(NOISE))))
    real = blur + noise * torch.randn(blur.shape, generator=torch_rng)
    return torch.hypot(real, noise * torch.randn(blur.shape, generator=torch_rng))


def blurred(values: torch.Tensor, sds: list[float]) -> torch.Tensor:
    """A separable Gaussian; standard deviations in voxels along z, y, x."""
    found = values.numpy()
    for axis, sd in enumerate(sds):
        if sd >= LEAST_SD:
            found = ndimage.gaussian_filter1d(found, sd, axis, mode="nearest", truncate=2.5)
    return torch.from_numpy(found)


def smooth_field(shape: torch.Size, width: float, torch_rng: torch.Generator) -> torch.Tensor:
    """A smooth random field of about standard deviation 1 that varies over ``width`` voxels."""
    coarse = [max(2, math.ceil(n / max(width, 1.0)) + 1) for n in shape]
    noise = torch.randn([1, 1, *coarse], generator=torch_rng)
    return 1.3 * nn.interpolate(noise, size=list(shape), mode="trilinear", align_corners=True)[0, 0]


def _sliced(values: torch.Tensor, axis: int, thickness: float, phase: float) -> torch.Tensor:
    """Averages over slices of some thickness (voxels), interpolated back."""
    count = values.shape[axis]
    box = max(2, round(thickness))
    moved = torch.movedim(values, axis, 0).reshape(count, 1, -1).permute(2, 1, 0)
    offset = int(phase * box)
    padded = nn.pad(moved, (box - offset, box), mode="replicate")
    means = nn.avg_pool1d(padded, box, box)
    centers = torch.arange(means.shape[2]) * box + 0.5 * (box - 1) - (box - offset)
    place = (torch.arange(count) - centers[0]) / box
    low = place.floor().long().clamp(0, means.shape[2] - 2)
    share = (place - low).clamp(0.0, 1.0)
    back = means[:, 0, low] * (1.0 - share) + means[:, 0, low + 1] * share
    return torch.movedim(back.T.reshape(count, *[n for a, n in enumerate(values.shape) if a != axis]), 0, axis)
