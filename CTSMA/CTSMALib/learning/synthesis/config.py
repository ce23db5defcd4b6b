"""What a training of the synthesis network is made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from CTSMALib.errors import InputError

SOURCES = ("knee1", "visible_female", "visible_male")  # knee2 is held out
LABEL_MAP = "knee1"
COARSE = "coarse"  # as CTSMALib.synthesis.network has it, which needs torch
MOST_SEED = 890  # knees of higher ones are those of the benchmarks


@dataclass(frozen=True)
class NetworkConfig:
    """The networks.

    Attributes:
        spacing_mm: of MR, CT and labels.
        coarse_features, features: of the levels, from half the resolution of the voxels down, and of the last layer.
    """

    spacing_mm: float = 1.0
    coarse_features: tuple[int, int, int, int, int, int] = (32, 32, 64, 96, 128, 32)
    features: tuple[int, int, int, int, int, int] = (32, 32, 48, 64, 96, 32)


@dataclass(frozen=True)
class TrainingConfig:
    """A training.

    Attributes:
        knees: virtual knees to train on.
        stop_knees: others, of the same anatomies, to check on.
        variants: insides and surroundings drawn for each label map.
        sources: anatomies of the virtual knees.
        seed: of knees and samples.
        coarse_steps, steps: samples are drawn and the weights of either network are changed this often.
        wide_steps: further steps of the fine network, on boxes as large as the windows that it is used on: norms of the
            instance depend on how much of the knee is seen.
        batch: samples a step.
        edge, wide_edge: voxels along the edge of a sample, multiples of 32; the latter of the further steps.
        learning_rate, wide_learning_rate: the highest.
        check_every: steps between checks on the stop knees; the state is written then. The last state is the result.
        network: see there.
    """

    knees: int = 60
    stop_knees: int = 4
    variants: int = 4
    sources: tuple[str, ...] = SOURCES
    seed: int = 1
    coarse_steps: int = 4000
    steps: int = 4000
    wide_steps: int = 800
    batch: int = 1
    edge: int = 64
    wide_edge: int = 96
    learning_rate: float = 1e-3
    wide_learning_rate: float = 3e-4
    check_every: int = 200
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for edge in (self.edge, self.wide_edge):
            if edge % 32 or edge < 32:
                raise InputError(f"A sample of {edge} voxels cannot be halved five times.", "Take 32, 64 or 96.")
        if self.seed < 0:
            raise InputError(f"The seed {self.seed} is negative.", "Take 0 or more.")
        if self.seed >= MOST_SEED:
            raise InputError(f"The seed {self.seed} is reserved for tests.", f"Take one below {MOST_SEED}.")
        for name in ("knees", "stop_knees", "coarse_steps", "steps", "batch", "check_every"):
            if getattr(self, name) < 1:
                raise InputError(f"A training with {name} = {getattr(self, name)} is none.", "Give 1 or more.")
        if self.wide_steps < 0:
            raise InputError(f"A training with wide_steps = {self.wide_steps} is none.", "Give 0 or more.")

    def steps_of(self, kind: str) -> int:
        """All steps of a network, ``"coarse"`` or ``"fine"``."""
        return self.coarse_steps if kind == COARSE else self.steps + self.wide_steps

    def is_wide(self, kind: str, step: int) -> bool:
        """Whether a step, counted from 0, is one of the further ones on larger boxes."""
        return kind != COARSE and step >= self.steps

    def work(self, kind: str, step: int) -> float:
        """What is done after so many steps: the first ones count 1 each, others by the voxels of their boxes."""
        first = min(step, self.steps) if kind != COARSE else step
        return first + (step - first) * (self.wide_edge / self.edge) ** 3
