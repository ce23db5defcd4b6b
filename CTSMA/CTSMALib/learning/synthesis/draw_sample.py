"""One training sample: a box of a knee, turned, scaled and bent, as a random MR shows it, with CT numbers and labels.

Contrast, resolution, bias, noise and field of view are drawn anew each time (domain randomization: Billot B et al.,
Med Image Anal 86:102789, 2023); CT numbers follow from the same tissue, so that both agree exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as nn
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.learning.synthesis.case import FULL, TissueCase
from CTSMALib.learning.synthesis.coarse_guess import guessed
from CTSMALib.learning.synthesis.contrast import draw_contrast
from CTSMALib.learning.synthesis.degrade import as_scanned, blurred, smooth_field
from CTSMALib.learning.synthesis.masses import draw_mass
from CTSMALib.learning.synthesis.standard_ct import BLUR_MM, BONE_HU, TISSUE_HU
from CTSMALib.synthesis.network import COARSE, FINE

MOST_TURN_DEG, SCALE_SD = 20.0, 0.06
OFF_CENTER_MM = 12.0  # SD by which a sample of the whole knee is off its middle
NEAR_BONE = 0.8  # share of the samples about a voxel of bone
MARGIN_MM = 3.0  # around a box, for what blurs
MOST_BENT_MM, BENT_OVER_MM, MOST_SD = 3.0, (20.0, 50.0), 2.0  # SD of a displacement, how far it reaches, its limit
TEXTURE = 0.35  # most by which bone varies from place to place, as a share
PART_KNOWN = 0.3  # share of the samples with a border of the field of view in them
SCALE_JITTER = 0.15


@dataclass(frozen=True, eq=False)
class Sample:
    """What a network learns from.

    Attributes:
        mr: (1, n, n, n), 0 outside its field of view.
        hu: likewise CT numbers.
        known: likewise whether the MR is there.
        bones: (n, n, n) labels.
        guess: (5, n, n, n) likelihoods as the coarse network might give them; ``None`` where none were wanted.
    """

    mr: torch.Tensor
    hu: torch.Tensor
    known: torch.Tensor
    bones: torch.Tensor
    guess: torch.Tensor | None = None


def draw_sample(
    case: TissueCase, edge: int, spacing_mm: float, rng: np.random.Generator, kind: str = COARSE
) -> Sample:  # fmt: skip
    """Draw a sample.

    Args:
        case: the knee.
        edge: voxels along each edge of the box.
        spacing_mm: of the sample.
        rng: draws everything; the same state gives the same sample.
        kind: of the network that learns from it: a coarse one sees all of the knee, a fine one a part and a guess.
    """
    to_case = _turn(rng)
    center = _center(case, rng) if kind == FINE else _middle(case, rng)
    own_mm = case.grid.spacing_mm[0]
    bent_mm = float(rng.uniform(0.0, MOST_BENT_MM))
    half_mm = 0.5 * edge * spacing_mm * np.abs(to_case).sum(axis=1) + MARGIN_MM + MOST_SD * bent_mm
    fraction, tissue, bones, first = _cut(case, center, half_mm)
    torch_rng = torch.Generator().manual_seed(int(rng.integers(2**62)))
    fraction = _textured(fraction, own_mm, torch_rng, rng)
    hu = TISSUE_HU[tissue.long()]
    hu = hu + fraction * (BONE_HU - hu)
    signals = _signals(tissue, own_mm, torch_rng, rng)
    mass = draw_mass(tissue, fraction, own_mm, rng)
    if mass is not None:
        hu, signals = (torch.where(mass.where, value, old) for value, old in ((mass.hu, hu), (mass.signal, signals)))
    signal = (1.0 - _grown(fraction, rng)) * signals
    signal = as_scanned(signal, own_mm, torch_rng, rng)
    hu = blurred(hu, [BLUR_MM / own_mm] * 3)
    places = _places(edge, spacing_mm / own_mm, to_case, center - first, signal.shape)
    places = places + _bent(edge, spacing_mm, bent_mm / own_mm, signal.shape, torch_rng, rng)
    stack = torch.stack([signal, hu - TISSUE_HU[0]])[None]
    values = nn.grid_sample(stack, places, mode="bilinear", padding_mode="zeros", align_corners=True)[0]
    labels = nn.grid_sample(bones[None, None].float(), places, mode="nearest", padding_mode="zeros", align_corners=True)
    known = _field_of_view(edge, rng)
    mr = _finished(values[0], known, torch_rng, rng)
    true = labels[0, 0].long()
    guess = guessed(true, spacing_mm, torch_rng, rng) if kind == FINE else None
    return Sample(mr[None], values[1:] + TISSUE_HU[0], known[None], true, guess)


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """(3, 3) from the sample's axes (z, y, x) to those of the case: turn, scale, mirror."""
    turn = Rotation.from_rotvec(np.radians(MOST_TURN_DEG) * rng.uniform(-1.0, 1.0, 3) / np.sqrt(3.0) * 1.4).as_matrix()
    scale = np.exp(SCALE_SD * rng.standard_normal(3))
    if rng.random() < 0.5:
        scale[2] *= -1.0
    found: NDArray[np.float64] = turn * scale
    return found


def _middle(case: TissueCase, rng: np.random.Generator) -> NDArray[np.float64]:
    """(3,) index z, y, x not far from the middle of the case."""
    off_mm = np.clip(rng.normal(0.0, OFF_CENTER_MM, 3), -3.0 * OFF_CENTER_MM, 3.0 * OFF_CENTER_MM)
    found: NDArray[np.float64] = 0.5 * np.array(case.bones.shape) + off_mm / case.grid.spacing_mm[0]
    return found


def _center(case: TissueCase, rng: np.random.Generator) -> NDArray[np.float64]:
    """(3,) index z, y, x about which the sample lies."""
    shape = np.array(case.bones.shape)
    for _ in range(200 if rng.random() < NEAR_BONE else 1):
        index = rng.uniform(0.08, 0.92, 3) * shape
        if case.bones[tuple(index.astype(int))]:
            break
    return index


def _cut(
    case: TissueCase, center: NDArray[np.float64], half_mm: NDArray[np.float64]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, NDArray[np.float64]]:  # fmt: skip
    """The box of the case that a sample needs; beyond the case, its border goes on."""
    own_mm = case.grid.spacing_mm[0]
    start = np.floor(center - half_mm / own_mm).astype(int)
    stop = np.ceil(center + half_mm / own_mm).astype(int) + 1
    inside = tuple(slice(max(a, 0), min(b, n)) for a, b, n in zip(start, stop, case.bones.shape, strict=True))
    pad = [(max(-a, 0), max(b - n, 0)) for a, b, n in zip(start, stop, case.bones.shape, strict=True)]
    parts = [np.pad(array[inside], pad, mode="edge") for array in (case.fraction, case.tissue, case.bones)]
    fraction, tissue, bones = (torch.from_numpy(np.ascontiguousarray(part)) for part in parts)
    return fraction.float() / FULL, tissue, bones, start.astype(float)


def _textured(
    fraction: torch.Tensor, own_mm: float, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:
    """Bone varies over a millimeter or so, as trabeculae make it."""
    amount = rng.uniform(0.0, TEXTURE)
    noise = smooth_field(fraction.shape, rng.uniform(0.8, 2.0) / own_mm, torch_rng)
    return (fraction * (1.0 + amount * noise * (fraction < 0.8))).clamp(0.0, 1.0)


def _grown(fraction: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Bone looks thicker in some MR: susceptibility."""
    return (fraction * rng.uniform(0.95, 1.4)).clamp(0.0, 1.0)


def _signals(tissue: torch.Tensor, own_mm: float, torch_rng: torch.Generator, rng: np.random.Generator) -> torch.Tensor:
    """Signals of what fills the voxels, uneven within a tissue."""
    table = torch.from_numpy(draw_contrast(rng))
    signal = table[tissue.long()]
    uneven = rng.uniform(0.0, 0.12)
    noise = smooth_field(signal.shape, rng.uniform(1.5, 12.0) / own_mm, torch_rng)
    return signal * (1.0 + uneven * noise).clamp(0.3, 2.0)


def _places(
    edge: int, step: float, to_case: NDArray[np.float64], center: NDArray[np.float64], shape: torch.Size
) -> torch.Tensor:  # fmt: skip
    """(1, n, n, n, 3) places of the sample's voxels in the cut, x, y, z from -1 to 1; ``step`` in voxels of the cut."""
    theta = np.zeros((3, 4))
    last = np.array(shape, dtype=float) - 1.0
    theta[:, :3] = (2.0 / last)[:, None] * to_case * step * 0.5 * (edge - 1)  # from -1 to 1 in either
    theta[:, 3] = 2.0 * center / last - 1.0
    theta = theta[::-1][:, [2, 1, 0, 3]].copy()
    return nn.affine_grid(torch.from_numpy(theta).float()[None], [1, 1, edge, edge, edge], align_corners=True)


def _bent(
    edge: int, spacing_mm: float, amount: float, shape: torch.Size, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:  # fmt: skip
    """(1, n, n, n, 3) smooth displacement of places, so that outlines are found by what is seen there, not by shape;
    its standard deviation in voxels of the cut."""
    width = rng.uniform(*BENT_OVER_MM) / spacing_mm
    sample = torch.Size((edge,) * 3)
    parts = [smooth_field(sample, width, torch_rng).clamp(-MOST_SD, MOST_SD) * (2.0 * amount / (n - 1)) for n in shape]
    return torch.stack(parts[::-1], dim=-1)[None]


def _field_of_view(edge: int, rng: np.random.Generator) -> torch.Tensor:
    known = torch.ones((edge,) * 3, dtype=torch.bool)
    if rng.random() < PART_KNOWN:
        for _ in range(int(rng.integers(1, 3))):
            axis, width = int(rng.integers(3)), int(rng.integers(1, edge // 3))
            hidden = [slice(None)] * 3
            hidden[axis] = slice(0, width) if rng.random() < 0.5 else slice(edge - width, edge)
            known[tuple(hidden)] = False
    return known


def _finished(
    signal: torch.Tensor, known: torch.Tensor, torch_rng: torch.Generator, rng: np.random.Generator
) -> torch.Tensor:  # fmt: skip
    """Coil sensitivity, a power of the signal, and the scale of the values."""
    bias = torch.exp(rng.uniform(0.0, 0.35) * smooth_field(signal.shape, rng.uniform(40.0, 110.0), torch_rng))
    seen = (signal * bias).clamp_min(0.0)
    top = float(torch.quantile(seen[known][::13], 0.99)) + 1e-6 if bool(known.any()) else 1.0
    seen = (seen / top) ** rng.uniform(0.75, 1.3)
    return torch.where(known, seen * float(np.exp(SCALE_JITTER * rng.standard_normal())), torch.zeros(()))
