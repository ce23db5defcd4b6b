"""Knees as tokens with a known effect of osteoarthritis, so that the best possible AUC is known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from CTSMALib.diagnosis.tokens import COMPARTMENT, IDS, PLACES, KneeTokens
from CTSMALib.learning.diagnosis.config import DiagnosisConfig, NetworkConfig
from CTSMALib.learning.diagnosis.dataset import Case
from CTSMALib.learning.patches.columns import COLUMNS, COUNTS
from CTSMALib.learning.patches.patch_set import KNEE_COLUMNS, SetFacts
from CTSMALib.morphometry.apparent.recipe import KEYS

torch.set_num_threads(1)

Array = NDArray[np.float64]
USUAL, SPREAD = np.array([0.25, 0.2, 0.6, 1.3]), np.array([0.03, 0.02, 0.08, 0.15])
SMALL = DiagnosisConfig(
    aggregators=("transformer", "logistic", "age"), outer_folds=3, inner_folds=2, budget=1, resamplings=50,
    network=NetworkConfig(width=8, heads=2, layers=1),
)  # fmt: skip
WITHIN, BETWEEN = 1.0, 0.5  # standard deviations of patches about their knee, and of knees

Effect = Callable[[int, np.random.Generator], Array]


def one_compartment(size: float) -> Effect:
    """Osteoarthritis raises BV/TV of the medial tibia by this many standard deviations of patches, each grade alike."""

    def effect(grade: int, rng: np.random.Generator) -> Array:
        return np.array([0.0, 0.0, size * (grade >= 2), 0.0])

    return effect


def together(size: float) -> Effect:
    """Medial femur and tibia both move, the same way in osteoarthritis and opposite ways otherwise: no mean tells."""

    def effect(grade: int, rng: np.random.Generator) -> Array:
        sign = rng.choice((-1.0, 1.0))
        return size * np.array([sign, 0.0, sign if grade >= 2 else -sign, 0.0])

    return effect


def a_case(number: int, effect: Effect, rng: np.random.Generator, kept: int = 24) -> Case:
    """A knee; every subject has two. Ages of the diseased are 5 years higher on average."""
    grade = int(rng.choice(5, p=(0.35, 0.2, 0.2, 0.15, 0.1)))
    off = rng.normal(0.0, WITHIN, (PLACES, 4)) + rng.normal(0.0, BETWEEN, 4)
    off[:, 0] += effect(grade, rng)[COMPARTMENT]
    values = USUAL + SPREAD * off
    present = np.zeros(PLACES, dtype=bool)
    for compartment in range(4):
        present[rng.choice(np.flatnonzero(compartment == COMPARTMENT), kept // 4, replace=False)] = True
    age = float(rng.normal(55.0 + 5.0 * (grade >= 2), 8.0))
    sure = np.tile(0.2 * SPREAD, (PLACES, 1)) * rng.uniform(0.8, 1.2, (PLACES, 1))
    tokens = KneeTokens(np.where(present[:, None], values, np.nan), sure, present, age=age)
    hu = KneeTokens(900.0 * tokens.values[:, :1], np.full((PLACES, 1), np.nan), present, age=age)
    return Case(f"s{number // 2:03d}_{'LR'[number % 2]}", f"s{number // 2:03d}", grade, age, tokens, hu)


def some_cases(count: int, effect: Effect, seed: int = 0, kept: int = 24) -> tuple[Case, ...]:
    """Knees of half as many subjects."""
    rng = np.random.default_rng(seed)
    return tuple(a_case(number, effect, rng, kept) for number in range(count))


def write_patch_set(cases: Sequence[Case], folder: Path, without: str = "") -> Path:
    """The tables of a patch set, with the values as targets of MR and as truth; one column may be left out."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = [
        {**dict.fromkeys(KNEE_COLUMNS, ""), "knee": c.knee, "subject": c.subject, "side": "left", "split": "test",
         "grade": c.grade, "age": c.age}
        for c in cases
    ]  # fmt: skip
    rows = []
    for case in cases:
        for place in np.flatnonzero(case.tokens.present):
            row: dict[str, object] = dict.fromkeys(COLUMNS, "") | dict.fromkeys(COUNTS, 1)
            row |= {"knee": case.knee, "id": IDS[place], "ct_hu_mean": case.hu.values[place, 0]}
            for number, key in enumerate(KEYS):
                row[key] = case.tokens.values[place, number]
                row[f"u:{key}"] = case.tokens.uncertainties[place, number]
                row[f"true:{key.removeprefix('app_')}"] = row[key]
            rows.append({name: value for name, value in row.items() if name != without})
    write_table(folder / "knees.csv", facts)
    write_table(folder / "patches.csv", rows)
    write_facts(folder, len(rows), len(facts))
    return folder


def write_facts(folder: Path, patches: int, knees: int, virtual: bool = True) -> None:
    """What a patch set says of itself."""
    facts = SetFacts("0", "correlation 1", virtual, patches, knees, "made up")
    (folder / "patches.json").write_bytes(msgspec.json.encode(facts))


def write_table(path: Path, rows: Sequence[dict]) -> None:
    """A CSV file with the names of the first row as columns."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def small_training(**changes: object) -> DiagnosisConfig:
    """A training that takes a second or two."""
    return replace(SMALL, **changes)  # type: ignore[arg-type]
