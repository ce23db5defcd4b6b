"""Which recipe reads apparent parameters off an MR best: repeatability in a new session, and agreement with the truth.

On the boxes of :mod:`Testing.benchmarks.apparent.dataset`, two sessions. For every recipe, condition (protocol, or
disturbance of it) and parameter:

- rescan ICC(2,1) of single patches between sessions, and the correlation of the first session with the measured truth,
  both with 95 % intervals from resampling knees;
- the ceiling: how well a ridge regression on the true parameters predicts the value, ICC(2,1) in cross-validation by
  knee. No student can be expected to agree with this label better.

Everything is told for all patches, and for those without the flag ``dim-marrow``: edema and cysts are read as bone by
every recipe.

The signal of pure marrow follows a plane (in the logarithm) through the levels of all boxes of a knee: the coil's
sensitivity is smooth, and a level of each box alone would depend on its bone.

Usage::

    python -m Testing.benchmarks.apparent.recipes --cache DIR [--keep]
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from CTSMALib.agreement import clustered_interval, icc_agreement, repeatability
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch import EDGE_MM
from CTSMALib.morphometry.apparent.levels import estimate_marrow
from CTSMALib.morphometry.apparent.patch_image import PatchImage
from CTSMALib.morphometry.apparent.quality import MOST_DIM, dimness
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.morphometry.apparent.registry import DEFAULT, RECIPES
from CTSMALib.morphometry.apparent.repeatability import ALL, FILE, KnownRepeatability, RepeatabilityStudy
from CTSMALib.virtual.scanners import MRProtocol
from CTSMALib.virtual.scanners.line_response import WindowMTF
from CTSMALib.virtual.version import GENERATOR
from Testing.benchmarks.apparent.dataset import COLUMNS, CONDITIONS, OFF_MM, PLACED_OFF, SESSIONS, TRUTH
from Testing.benchmarks.record import ResultTable

RESULTS = Path(__file__).parent / "results"
CODE = ("CTSMA/CTSMALib/morphometry/apparent",)
LEAST_VALID = 0.5
ALL_PATCHES, UNFLAGGED = "all", "without dim marrow"
FOLDS, RESAMPLINGS = 10, 500
Floats = NDArray[np.float64]
Row = dict[str, object]
Truth = dict[tuple[str, str], Floats]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="the boxes")
    parser.add_argument("--keep", action="store_true", help="make the default's repeatability that of the package")
    parser.add_argument("--only-read", action="store_true", help="read the boxes there are; judge later")
    options = parser.parse_args()
    settings = {"generator": GENERATOR, "knees": len(list(options.cache.glob("truth???.npz")))}
    values = ResultTable(options.cache / "patches.csv", ("knee", "session", "condition"), CODE, generator=GENERATOR)
    for file in sorted(options.cache.glob("knee???.npz")):
        if not values.holds(knee=file.stem):
            values.add(list(_read(file)))
            print(file.stem, flush=True)
    if options.only_read:
        return
    truth = _truth(options.cache)
    parts = {ALL_PATCHES: values.rows, UNFLAGGED: _unflagged(values.rows)}
    table = ResultTable(RESULTS / "recipes.csv", ("recipe", "condition", "patches_are", "parameter"), CODE, **settings)
    table.rows = []
    for name in RECIPES:
        for condition in CONDITIONS:
            for chosen, rows in parts.items():
                table.add([{"patches_are": chosen, **row} for row in _judged(rows, truth, name, condition)])
    known = ResultTable(RESULTS / "repeatability.csv", ("parameter", "compartment"), CODE, **settings)
    known.rows = []
    study = _repeatability(values.rows, truth)
    known.add([dataclasses.asdict(entry) for entry in study.entries])
    if options.keep:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(study), indent=1) + b"\n")
    for chosen in parts:
        print(f"\nPatches: {chosen}")
        _print([r for r in table.rows if r["patches_are"] == chosen])


def _read(file: Path) -> Iterator[Row]:
    """Values of every patch, session, condition and recipe of a knee."""
    data = np.load(file)
    for session in SESSIONS:
        for condition in CONDITIONS:
            prefix = f"{session}|{condition}|"
            parts = {key.removeprefix(prefix): data[key] for key in data.files if key.startswith(prefix)}
            patches = _patches(parts)
            for name_of_patch, patch in zip(data["ids"].tolist(), patches, strict=True):
                if not _has_truth(name_of_patch):
                    continue
                key = {"knee": file.stem, "patch": name_of_patch, "session": session, "condition": condition}
                known = {"grade": int(data["grade"]), "snr": float(parts["snr"]), "valid": _filled(patch)}
                row: Row = {**key, **known, "marrow": patch.marrow, "noise": patch.noise, "dim": dimness(patch)}
                for name, recipe in RECIPES.items():
                    found = recipe.read(patch)
                    row |= {f"{name} {k}": f"{getattr(found, k.removeprefix('app_')):.5f}" for k in KEYS}
                yield row


def _has_truth(patch: str) -> bool:
    """Whether the dataset measures the truth of a patch; the others are left out, which saves half of the time."""
    _, _, column, layer = patch.split("-")
    return int(column[1:]) == COLUMNS[int(layer[1:]) - 1]


def _filled(patch: PatchImage) -> float:
    """Share of the cube of a patch that counts."""
    return float(np.count_nonzero(patch.inside) * np.prod(patch.spacing_mm) / EDGE_MM**3)


def _unflagged(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Without the patches whose marrow is dim in either session, under the same condition."""
    dim = {(r["knee"], r["patch"], r["condition"]) for r in rows if float(r["dim"]) > MOST_DIM}
    return [r for r in rows if (r["knee"], r["patch"], r["condition"]) not in dim]


def _truth(cache: Path) -> Truth:
    """Knee and patch to the four true parameters."""
    found: Truth = {}
    for file in sorted(cache.glob("truth???.npz")):
        measured = np.load(file)
        knee = file.stem.replace("truth", "knee")
        found |= {(knee, name): row[: len(TRUTH)] for name, row in zip(measured["ids"], measured["truth"], strict=True)}
    return found


def _patches(parts: dict[str, NDArray]) -> list[PatchImage]:
    """The boxes of one scan with their levels."""
    spacing = tuple(float(v) for v in parts["spacing"])
    assert len(spacing) == 3
    signal = parts["signal"].astype(np.float32)
    noise = MRProtocol().reference_value / float(parts["snr"])
    levels = np.array([estimate_marrow(s, b, noise) for s, b in zip(signal, parts["bone"], strict=True)])
    marrow = _smooth(levels, parts["center"])
    width_mm = WindowMTF(float(parts["acquired"]), MRProtocol().window_fade).noise_width_mm  # what the noise shows
    return [
        PatchImage(s, i, b, spacing, float(m), noise, width_mm)
        for s, i, b, m in zip(signal, parts["inside"], parts["bone"], marrow, strict=True)
    ]


def _smooth(levels: Floats, centers: Floats) -> Floats:
    """A plane through the logarithms of levels."""
    known = np.isfinite(levels)
    columns = np.column_stack([np.ones(len(centers)), centers - centers.mean(axis=0)])
    plane = np.linalg.lstsq(columns[known], np.log(levels[known]), rcond=None)[0]
    return np.exp(columns @ plane)


def _judged(rows: list[dict[str, str]], truth: Truth, name: str, condition: str) -> Iterator[Row]:
    """Repeatability, correlation and ceiling of one recipe under one condition."""
    for n, parameter in enumerate(KEYS):
        all_pairs, all_true, all_knees, _ = _pairs(rows, truth, f"{name} {parameter}", condition)
        usable = np.isfinite(all_pairs).all(axis=1)
        pairs, of, whose = all_pairs[usable], all_true[usable], all_knees[usable]
        rescan = clustered_interval(lambda r, p=pairs: icc_agreement(p[r]), whose, RESAMPLINGS)
        known = np.isfinite(of).all(axis=1)
        label, of, whose_known = pairs[known, 0], of[known], whose[known]
        told = clustered_interval(
            lambda r, p=label, t=of[:, n]: float(stats.pearsonr(p[r], t[r])[0]), whose_known, RESAMPLINGS
        )
        yield {
            "recipe": name, "version": RECIPES[name].version, "condition": condition, "parameter": parameter,
            "patches": int(usable.sum()), "with_truth": int(known.sum()), "knees": len(np.unique(whose)),
            "lost": int((~usable).sum()),
            "rescan_icc": rescan.value, "rescan_low": rescan.low, "rescan_high": rescan.high,
            "r_truth": told.value, "r_low": told.low, "r_high": told.high,
            "mean": float(pairs.mean()), "true_mean": float(of[:, n].mean()),
            "ceiling": _ceiling(of, label, whose_known),
        }  # fmt: skip


def _pairs(
    rows: list[dict[str, str]], truth: Truth, column: str, condition: str
) -> tuple[Floats, Floats, NDArray, NDArray]:
    """(n, 2) values of both sessions, (n, 4) truth, (n,) knees, (n,) patches."""
    own = [r for r in rows if r["condition"] == condition and float(r["valid"]) >= LEAST_VALID]
    first, second = ({(r["knee"], r["patch"]): r for r in own if r["session"] == s} for s in SESSIONS)
    keys = [key for key in first if key in second]
    true = np.array([truth.get(key, np.full(len(TRUTH), np.nan)) for key in keys])
    pairs = np.array([[float(session[key][column]) for session in (first, second)] for key in keys])
    return pairs, true, np.array([knee for knee, _ in keys]), np.array([patch for _, patch in keys])


def _repeatability(rows: list[dict[str, str]], truth: Truth) -> RepeatabilityStudy:
    """That of the default recipe, where boxes are placed a little off, as in practice."""
    entries = []
    for parameter in KEYS:
        pairs, _, knees, patches = _pairs(rows, truth, f"{DEFAULT.name} {parameter}", PLACED_OFF)
        for compartment in (ALL, *(c.key for c in COMPARTMENTS)):
            chosen = np.array([compartment in (ALL, patch[:2]) for patch in patches]) & np.isfinite(pairs).all(axis=1)
            own, whose = pairs[chosen], knees[chosen]
            icc = clustered_interval(lambda r, p=own: icc_agreement(p[r]), whose, RESAMPLINGS)
            found = repeatability(own[:, 0], own[:, 1])
            entries.append(
                KnownRepeatability(
                    parameter, compartment, round(icc.value, 3), round(icc.low, 3), round(icc.high, 3),
                    round(found.within_sd, 5), round(100.0 * found.cv, 2), round(found.least_significant_change, 5),
                    int(chosen.sum()), len(np.unique(whose)),
                )
            )  # fmt: skip
    basis = (
        f"{len(np.unique(knees))} virtual knees ({GENERATOR}, no patients), 0.22 x 0.22 x 0.75 mm, scanned twice in "
        f"new sessions; patches placed {OFF_MM:g} mm off (SD along each axis) in each."
    )
    return RepeatabilityStudy(DEFAULT.name, DEFAULT.version, basis, tuple(entries))


def _ceiling(truth: Floats, label: Floats, knees: NDArray) -> float:
    """ICC(2,1) between a label and what a ridge regression makes of the true parameters and their squares."""
    columns = np.column_stack([truth, truth**2])
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13)))
    folds = GroupKFold(min(FOLDS, len(np.unique(knees))))
    predicted = cross_val_predict(model, columns, label, groups=knees, cv=folds)
    return icc_agreement(np.column_stack([label, predicted]))


def _print(rows: list[dict[str, str]]) -> None:
    for condition in CONDITIONS:
        print(f"\n{condition}: rescan ICC / r with truth / ceiling")
        for name in RECIPES:
            own = [r for r in rows if r["condition"] == condition and r["recipe"] == name]
            cells = [f"{r['rescan_icc']} / {r['r_truth']} / {r['ceiling']}" for r in own]
            print(f"{name:22s} " + "   ".join(cells))


if __name__ == "__main__":
    main()
