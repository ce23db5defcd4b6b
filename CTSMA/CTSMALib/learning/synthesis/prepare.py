"""The training knees on disk: made once, read by every run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.learning.processes import ending_pool
from CTSMALib.learning.synthesis.case import TissueCase, read_case, write_case
from CTSMALib.learning.synthesis.config import LABEL_MAP, TrainingConfig
from CTSMALib.learning.synthesis.label_case import label_case
from CTSMALib.learning.synthesis.virtual_case import spec_of, virtual_case
from CTSMALib.progress import Progress, silent
from CTSMALib.resources import resource

TRAIN, STOP = "train", "stop"
FIRST_SEED = 10_000  # of virtual knees; each training seed has its own thousand


@dataclass(frozen=True)
class PlannedCase:
    """Attributes: its file; how it is made."""

    path: Path
    make: Callable[[], TissueCase]


@dataclass(frozen=True)
class _Virtual:
    seed: int
    sources: tuple[str, ...]

    def __call__(self) -> TissueCase:
        return virtual_case(spec_of(self.seed, self.sources))


@dataclass(frozen=True)
class _FromLabels:
    map_path: Path
    name: str
    seed: int

    def __call__(self) -> TissueCase:
        labels = sitk.ReadImage(str(self.map_path), sitk.sitkUInt8)
        return label_case(labels, f"{self.name} {self.seed}", self.name, np.random.default_rng([self.seed, 7]))


def planned(config: TrainingConfig, folder: Path, use: str) -> list[PlannedCase]:
    """The cases of a training: ``use`` is :data:`TRAIN` or :data:`STOP`."""
    own = seeds(config, use)
    cases = [PlannedCase(folder / f"virtual_{seed}.npz", _Virtual(seed, config.sources)) for seed in own]
    if use == TRAIN and LABEL_MAP in config.sources:
        path = resource(f"LabelMaps/{LABEL_MAP}.nii.gz")
        cases += [
            PlannedCase(folder / f"{LABEL_MAP}_{seed}.npz", _FromLabels(path, LABEL_MAP, seed))
            for seed in range(_first_seed(config), _first_seed(config) + config.variants)
        ]
    return cases


def seeds(config: TrainingConfig, use: str) -> range:
    """The seeds of the virtual knees of a training: ``use`` is :data:`TRAIN` or :data:`STOP`."""
    first = _first_seed(config)
    return range(first, first + config.knees) if use == TRAIN else range(first + 500, first + 500 + config.stop_knees)


def _first_seed(config: TrainingConfig) -> int:
    return FIRST_SEED + 1000 * config.seed


def prepare(config: TrainingConfig, folder: Path, processes: int = 1, progress: Progress = silent) -> None:
    """Make the cases that are not there yet; each file is complete or absent.

    Raises:
        CancelledError: by ``progress``; what is finished stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [c for use in (TRAIN, STOP) for c in planned(config, folder, use) if not c.path.exists()]
    if processes == 1 or len(missing) < 2:
        for number, case in enumerate(missing):
            progress("Making knees to learn from", number / len(missing), f"{number} of {len(missing)}")
            _make(case)
        return
    with ending_pool(processes) as pool:
        running = [pool.submit(_make, case) for case in missing]
        for number, done in enumerate(as_completed(running), start=1):
            done.result()
            progress("Making knees to learn from", number / len(missing), f"{number} of {len(missing)}")


def load(config: TrainingConfig, folder: Path, use: str) -> list[TissueCase]:
    """The cases of a use, which :func:`prepare` made."""
    return [read_case(case.path) for case in planned(config, folder, use)]


def _make(case: PlannedCase) -> None:
    write_case(case.make(), case.path)
