"""What a training of the synthesis network is made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from CTSMALib.errors import InputError

SOURCES = ("knee1", "visible_female", "visible_male")  # knee2 is held out
LABEL_MAP = "knee1"
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
        batch: samples a step.
        edge: voxels along the edge of a sample, a multiple of 32.
        learning_rate: the highest.
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
    batch: int = 1
    edge: int = 64
    learning_rate: float = 1e-3
    check_every: int = 200
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        if self.edge % 32 or self.edge < 32:
            raise InputError(f"A sample of {self.edge} voxels cannot be halved five times.", "Take 32, 64 or 96.")
        if self.seed < 0:
            raise InputError(f"The seed {self.seed} is negative.", "Take 0 or more.")
        if self.seed >= MOST_SEED:
            raise InputError(f"The seed {self.seed} is reserved for tests.", f"Take one below {MOST_SEED}.")
        for name in ("knees", "stop_knees", "coarse_steps", "steps", "batch", "check_every"):
            if getattr(self, name) < 1:
                raise InputError(f"A training with {name} = {getattr(self, name)} is none.", "Give 1 or more.")
