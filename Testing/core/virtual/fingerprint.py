"""What a version of the generator makes of a few seeds, in numbers that do not depend on the machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.virtual.body.make_knee import make_knee
from CTSMALib.virtual.body.order import FAST, KneeOrder
from CTSMALib.virtual.cohort.plain import as_plain
from CTSMALib.virtual.population import draw_grade, draw_spec

FROZEN = Path(__file__).parent / "frozen"
SPECS = range(500)  # seeds of specifications
DIGITS = 6
WHOLE, PATCHES = (5,), (6,)  # seeds of knees that are made
FEW = 4


def fingerprint() -> dict[str, Any]:
    """Specifications by a digest; scans, labels, transforms and truth by numbers."""
    made = {str(seed): _whole(seed) for seed in WHOLE} | {str(seed): _patches(seed) for seed in PATCHES}
    return {"specs": specs_digest(), "knees": made}


def specs_digest() -> str:
    """SHA-256 of what is drawn for :data:`SPECS`: of the parameters of the population and of how seeds are used."""
    specs = [as_plain(draw_spec(seed, draw_grade(seed))) for seed in SPECS]
    return hashlib.sha256(json.dumps(_rounded(specs), sort_keys=True).encode()).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _whole(seed: int) -> dict[str, list[float]]:
    data = make_knee(draw_spec(seed), KneeOrder(preset="tiny", truth=FAST, patches=FEW, scan_seed=seed))
    assert data.ct is not None and data.ct_labels is not None and data.mr_labels is not None
    return {
        "ct": _of_image(data.ct),
        "bffe": _of_image(data.mr["bffe"]),
        "ct_labels": _counts(data.ct_labels),
        "mr_labels": _counts(data.mr_labels),
        "femur": [float(v) for v in data.transforms["femur"].ravel()],
        "tibia landmarks": [float(v) for v in data.landmarks["tibia"].ct_mm[::10].ravel()],
        "bv_tv": [float(row["bv_tv"]) for row in data.truth],
    }


def _patches(seed: int) -> dict[str, list[float]]:
    order = KneeOrder(mode="patches", preset="tiny", truth=FAST, patches=FEW, scan_seed=seed)
    data = make_knee(draw_spec(seed), order)
    assert data.patches is not None
    return {
        "ct": _of_values(data.patches.ct),
        "bffe": _of_values(data.patches.mr),
        "bv_tv": [float(row["bv_tv"]) for row in data.truth],
    }


def _of_image(image: sitk.Image) -> list[float]:
    return [*_of_values(sitk.GetArrayViewFromImage(image)), *map(float, image.GetOrigin())]


def _of_values(values: NDArray[np.int16]) -> list[float]:
    """Mean, spread and a few voxels."""
    every = max(values.size // 7, 1)
    return [float(values.mean()), float(values.std()), *map(float, values.ravel()[::every])]


def _counts(labels: sitk.Image) -> list[float]:
    return [float(n) for n in np.bincount(sitk.GetArrayViewFromImage(labels).ravel(), minlength=5)]
