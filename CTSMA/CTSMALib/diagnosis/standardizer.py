"""Values of patches relative to what is usual at their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from CTSMALib.diagnosis.tokens import PLACES, Array, KneeTokens

SHRINKAGE = 10.0  # knees that the mean over all places counts for in that of one place
LEAST_SCALE = 1e-9
FARTHEST = 6.0  # standard deviations; a value beyond counts as that far


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Usual values, learned from knees.

    Attributes:
        mean: (96, k + f) of values and features at each place, drawn towards the mean over all where few knees have a
            patch there.
        scale: (k + f,) standard deviation about it.
        log_mean, log_scale: (k,) of logarithms of standard uncertainties, which features have none of.
    """

    mean: Array
    scale: Array
    log_mean: Array
    log_scale: Array

    @classmethod
    def of(cls, knees: Sequence[KneeTokens]) -> Standardizer:
        """Learn what is usual."""
        present = np.array([knee.present for knee in knees])
        values = np.array([knee.quantities for knee in knees])
        everywhere = values[present].mean(axis=0)
        sums = np.where(present[..., None], values, 0.0).sum(axis=0) + SHRINKAGE * everywhere
        mean = sums / (present.sum(axis=0)[:, None] + SHRINKAGE)
        scale = (values - mean)[present].std(axis=0)
        logs = _logs(np.array([knee.uncertainties for knee in knees])[present])
        return cls(mean, np.maximum(scale, LEAST_SCALE), *_mean_and_scale(logs))

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Standardizer:
        """Make it again of what :meth:`arrays` gave.

        Raises:
            KeyError: an array is missing.
            ValueError: shapes do not belong together.
        """
        found = cls(**{field.name: arrays[field.name] for field in fields(cls)})
        quantities = len(found.scale)
        if found.mean.shape != (PLACES, quantities) or len(found.log_mean) > quantities:
            raise ValueError("means and scales do not belong together")
        return found

    @property
    def features(self) -> int:
        """How many features stand beside the values."""
        return len(self.scale) - len(self.log_mean)

    def arrays(self) -> dict[str, Array]:
        """All of it by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def values(self, tokens: KneeTokens) -> Array:
        """(96, k + f) standard deviations from what is usual at the place; 0 where a patch is absent."""
        off = np.clip((tokens.quantities - self.mean) / self.scale, -FARTHEST, FARTHEST)
        return np.where(tokens.present[:, None], off, 0.0)

    def inputs(self, tokens: KneeTokens) -> Array:
        """(96, 2 k + f) values, features and logarithms of uncertainties; 0 stands for usual or unknown."""
        logs = np.clip((_logs(tokens.uncertainties) - self.log_mean) / self.log_scale, -FARTHEST, FARTHEST)
        known = np.concatenate([self.values(tokens), logs], axis=1)
        return np.where(tokens.present[:, None] & np.isfinite(known), known, 0.0)


def _logs(uncertainties: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(uncertainties > 0.0, np.log(uncertainties), np.nan)


def _mean_and_scale(logs: Array) -> tuple[Array, Array]:
    """(k,) each; 0 and 1 where nothing is known."""
    known = np.isfinite(logs)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, logs, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (logs - mean) ** 2, 0.0).sum(axis=0) / count)
    return mean, np.where(spread > LEAST_SCALE, spread, 1.0)
