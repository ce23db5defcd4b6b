"""The volumes that accuracy is measured on: phantoms under scanning conditions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from Testing.benchmarks.morphometry.numeric import numeric_truth
from Testing.benchmarks.morphometry.phantoms import PHANTOMS, Phantom, Spacing
from Testing.benchmarks.morphometry.realized import REALIZED, realized_truth

RIM_MM = 1.3  # thickness counts only so far from the faces: more than the radius of any sphere
NOISE = 0.25  # standard deviation relative to the contrast
ALL = tuple(PHANTOMS)
SOLID = tuple(name for name in PHANTOMS if name not in ("field", "stretched"))  # fields cost minutes each
FEW = ("plates", "rods", "gyroid")


@dataclass(frozen=True)
class Condition:
    """How phantoms are scanned.

    Attributes:
        name: as in tables.
        spacing_mm: (z, y, x).
        edge_mm: of the volume.
        phantoms: names.
        seeds: of the position, of the noise, and of random shapes.
        rotated: whether the lattice is turned against the shape.
        noise: whether noise is added.
        binary: whether only the segmentation is given, which is the fraction at one half.
    """

    name: str
    spacing_mm: Spacing
    edge_mm: float = 10.0
    phantoms: tuple[str, ...] = ALL
    seeds: tuple[int, ...] = (3,)
    rotated: bool = True
    noise: bool = False
    binary: bool = False


CONDITIONS = (
    Condition("0.1 mm", (0.1, 0.1, 0.1), seeds=(3, 4)),
    # Whole periods of 1.2 mm: aligned shapes would be cut unfairly by the faces.
    Condition("0.1 mm, aligned", (0.1, 0.1, 0.1), edge_mm=9.6, rotated=False,
              phantoms=("plates", "rods", "lattice", "gyroid", "sheet")),
    Condition("0.1 mm, noise", (0.1, 0.1, 0.1), phantoms=SOLID, noise=True),
    Condition("0.1 mm, binary", (0.1, 0.1, 0.1), phantoms=SOLID, binary=True),
    Condition("0.05 mm", (0.05, 0.05, 0.05), edge_mm=7.0, phantoms=FEW),
    Condition("0.2 mm", (0.2, 0.2, 0.2), edge_mm=12.0, phantoms=SOLID),
    Condition("0.1 x 0.1 x 0.3 mm", (0.3, 0.1, 0.1), edge_mm=9.9, phantoms=SOLID, seeds=(3, 4)),
    Condition("0.22 x 0.22 x 1.0 mm", (1.0, 0.22, 0.22), edge_mm=12.0, phantoms=FEW, seeds=(3, 4)),
)  # fmt: skip
QUICK = (Condition("0.1 mm", (0.1, 0.1, 0.1), edge_mm=6.0, phantoms=("rods", "gyroid")),)


@dataclass(frozen=True)
class Case:
    """One phantom under one condition."""

    condition: Condition
    phantom: Phantom
    seed: int

    @property
    def key(self) -> dict[str, object]:
        """What tells it from other cases."""
        return {"condition": self.condition.name, "phantom": self.phantom.name, "seed": self.seed}

    @cached_property
    def exact(self) -> NDArray[np.float32]:
        """(z, y, x) partial volumes without noise."""
        c = self.condition
        z, y, x = (round(c.edge_mm / s) for s in c.spacing_mm)
        return self.phantom.fraction((z, y, x), c.spacing_mm, self.seed, c.rotated)

    @cached_property
    def fraction(self) -> NDArray[np.float32]:
        """(z, y, x) what the methods are given."""
        if self.condition.binary:
            return (self.exact > 0.5).astype(np.float32)
        if not self.condition.noise:
            return self.exact
        noise = np.random.default_rng(self.seed).normal(0.0, NOISE, self.exact.shape)
        return self.exact + noise.astype(np.float32)

    @cached_property
    def inner(self) -> NDArray[np.bool_]:
        """(z, y, x) where thickness counts."""
        inner = np.ones(self.exact.shape, bool)
        for axis, (n, step) in enumerate(zip(self.exact.shape, self.condition.spacing_mm, strict=True)):
            distance = (np.minimum(np.arange(n), np.arange(n)[::-1]) + 0.5) * step
            inner &= (distance >= RIM_MM).reshape([-1 if a == axis else 1 for a in range(3)])
        return inner

    @cached_property
    def truth(self) -> dict[str, float]:
        """Catalogue key to value: of the piece in the volume where that is known, and of the whole shape otherwise."""
        c = self.condition
        realized = realized_truth(self.phantom, self.exact, c.spacing_mm, self.seed, c.rotated)
        return self.numeric | self.phantom.known(self.seed) | realized

    @property
    def numeric(self) -> dict[str, float]:
        """The part of the truth that is neither closed form nor of the piece."""
        c = self.condition
        piece = numeric_truth(f"{self.phantom.name} {self.seed}") if c.rotated and round(c.edge_mm) == 10 else {}
        found = numeric_truth(self.phantom.name) | piece
        return {k: v for k, v in found.items() if k not in self.phantom.known(self.seed) and k not in REALIZED}


def cases(conditions: tuple[Condition, ...]) -> list[Case]:
    """All phantoms and seeds of the conditions."""
    return [
        Case(condition, PHANTOMS[name], seed)
        for condition in conditions
        for name in condition.phantoms
        for seed in condition.seeds
    ]
