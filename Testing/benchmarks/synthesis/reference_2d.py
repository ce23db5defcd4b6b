"""The kind of network that the reference synthesizes with: a 2-D generator of residual blocks, here trained in pairs.

Written after the published description (reference-method a.2): reflection padding, a 7 x 7 layer, two strided ones,
nine residual blocks, two transposed ones, a 7 x 7 layer and tanh, norms of the instance, Adam at 2e-4 with betas 0.5
and 0.999. Other than the reference: pairs are known, so it learns by L1 instead of cycles and discriminators, which no
CPU trains in this time; half the width (32 instead of 64); CT numbers from -1000 to 2000 HU take the place of 8 bits;
no edge channel, whose weights are not to be had. Slices are sagittal planes of the same samples as ours.

Usage (goes on where it was stopped)::

    python -m Testing.benchmarks.synthesis.reference_2d --knees RUN/knees --out FILE --minutes M
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.prepare import TRAIN, load
from CTSMALib.learning.synthesis.samples import Batch, training_batches
from CTSMALib.synthesis.network import FINE

WIDTH, BLOCKS = 32, 9
CENTER_HU, HALF_HU = 500.0, 1500.0
RATE, BETAS = 2e-4, (0.5, 0.999)
PLANES = 8  # of each sample
MULTIPLE = 4
BRIGHTEST = 99.0
SAVE_EVERY = 50


class Reference(nn.Module):
    """(n, 1, y, x) MR to (n, 1, y, x) CT, both scaled."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(1, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]
        for n in (1, 2):
            layers += [nn.Conv2d(n * width, 2 * n * width, 3, 2, 1), nn.InstanceNorm2d(2 * n * width), nn.ReLU()]
        layers += [_Residual(4 * width) for _ in range(blocks)]
        for n in (4, 2):
            up = nn.ConvTranspose2d(n * width, n * width // 2, 3, 2, 1, output_padding=1)
            layers += [up, nn.InstanceNorm2d(n * width // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 1, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, mr: torch.Tensor) -> torch.Tensor:
        """See the class."""
        found: torch.Tensor = self.layers(mr)
        return found


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        again = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.layers = nn.Sequential(*half, nn.ReLU(), *again)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = x + self.layers(x)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knees", type=Path, required=True, help="knees of a run of 'ctsma train synthesis'")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file")
    parser.add_argument("--minutes", type=float, required=True, help="of training, all runs together")
    options = parser.parse_args()
    config = TrainingConfig(steps=1_000_000)
    torch.manual_seed(config.seed)
    net = Reference()
    step, spent = 0, 0.0
    if options.out.exists():
        stored = load_file(str(options.out))
        step, spent = int(stored.pop("step")), float(stored.pop("seconds"))
        net.load_state_dict(stored)
    optimizer = torch.optim.Adam(net.parameters(), RATE, BETAS)
    batches = training_batches(load(config, options.knees, TRAIN), config, FINE, step, config.steps, 1)
    began = time.monotonic()
    for number, batch in enumerate(batches, start=1):
        for group in optimizer.param_groups:  # constant, then linearly to nothing, as the reference
            share = min((spent + time.monotonic() - began) / (60.0 * options.minutes), 1.0)
            group["lr"] = RATE * min(1.0, 2.0 * (1.0 - share) + 0.01)
        loss = _step(net, optimizer, batch)
        now = spent + time.monotonic() - began
        over = now >= 60.0 * options.minutes
        if number % SAVE_EVERY == 0 or over:
            facts = {"step": torch.tensor(step + number), "seconds": torch.tensor(now)}
            save_file({**net.state_dict(), **facts}, str(options.out))
            print(step + number, f"{now / 60.0:.1f} min", f"L1 {loss * HALF_HU:.0f} HU", flush=True)
        if over:
            return


def _step(net: Reference, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    planes = torch.linspace(4, batch.hu.shape[-1] - 5, PLANES).long()
    volumes = (batch.image[:, :1], batch.hu, batch.known)
    flat = [x[..., planes].permute(0, 4, 1, 2, 3).flatten(0, 1) for x in volumes]
    optimizer.zero_grad()
    wanted = ((flat[1] - CENTER_HU) / HALF_HU).clamp(-1.0, 1.0)
    loss = ((net(flat[0]) - wanted).abs() * flat[2]).sum() / flat[2].sum().clamp_min(1)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def load_reference(path: Path) -> Reference:
    """The network of a file."""
    net = Reference()
    stored = load_file(str(path))
    net.load_state_dict({k: v for k, v in stored.items() if k not in ("step", "seconds")})
    return net.eval()


def reference_ct(net: Reference, signal: NDArray, known: NDArray) -> NDArray:
    """(z, y, x) HU of an MR (z, y, x) on a grid along the patient's axes, sagittal plane by plane."""
    top = float(np.percentile(signal[known & (signal > 0)], BRIGHTEST))
    scaled = torch.from_numpy(np.where(known, np.maximum(signal, 0.0) / top, 0.0).astype(np.float32))
    found = np.full(signal.shape, CENTER_HU - HALF_HU, np.float32)
    pad = [-n % MULTIPLE for n in signal.shape[:2]]
    with torch.inference_mode():
        for x in range(signal.shape[2]):
            plane = nn.functional.pad(scaled[None, None, :, :, x], (0, pad[1], 0, pad[0]))
            made = net(plane)[0, 0, : signal.shape[0], : signal.shape[1]]
            found[:, :, x] = made.numpy() * HALF_HU + CENTER_HU
    return found


if __name__ == "__main__":
    main()
