"""What a version of the generator makes of a few seeds, in numbers that do not depend on the machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from CTSMALib.jobs.virtual import real_makers
from CTSMALib.virtual.body.knee_data import KneeData
from CTSMALib.virtual.body.make_knee import make_knee
from CTSMALib.virtual.body.order import FAST, FULL, KneeOrder
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import plan_knee
from CTSMALib.virtual.cohort.plain import as_plain
from CTSMALib.virtual.population import draw_grade, draw_spec

FROZEN = Path(__file__).parent / "frozen"
SPECS = range(500)  # seeds of specifications
COHORTS = (CohortOrder(60, seed=1), CohortOrder(60, seed=1, grades="balanced"), CohortOrder(20, seed=900))
DIGITS = 6
# Seed and grade of knees that are made: three anatomies, three structures, both sides, cysts and edema.
WHOLE, FULL_TRUTH, FEW_BOXES = (28, 4), (7, 3), (22, 2)


def fingerprint() -> dict[str, Any]:
    """Specifications and cohorts by a digest; scans, labels, transforms and truth by numbers."""
    made = {"whole": _whole(*WHOLE), "full truth": _patches(*FULL_TRUTH, truth=FULL, patches=2)}
    made["fast truth"] = _patches(*FEW_BOXES, truth=FAST, patches=4)
    return {"specs": specs_digest(), "cohorts": cohorts_digest(), "knees": made}


def specs_digest() -> str:
    """SHA-256 of what is drawn for :data:`SPECS`: of the parameters of the population and of how seeds are used."""
    specs = [as_plain(draw_spec(seed, draw_grade(seed))) for seed in SPECS]
    return hashlib.sha256(json.dumps(_rounded(specs), sort_keys=True).encode()).hexdigest()


def cohorts_digest() -> str:
    """SHA-256 of what the knees of a few cohorts are, which seeds they and their scans get, and their splits."""
    plans = [plan_knee(order, number, real_makers()) for order in COHORTS for number in range(1, order.knees + 1)]
    told = [[p.subject, p.spec.seed, p.spec.grade, p.order.scan_seed, p.split] for p in plans]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _whole(seed: int, grade: int) -> dict[str, list[float]]:
    order = KneeOrder(preset="tiny", series=("t1", "pd_fs"), rescan=True, truth=FAST, patches=2, scan_seed=seed)
    data = make_knee(draw_spec(seed, grade), order)
    assert data.ct is not None and data.ct_labels is not None and data.mr_labels is not None
    images = {}
    for name, image in {"ct": data.ct, **data.mr}.items():
        images |= _of_values(name, sitk.GetArrayViewFromImage(image))
        images[f"{name} origin"] = [float(v) for v in image.GetOrigin()]
    return {
        **images,
        "ct labels": _counts(data.ct_labels),
        "mr labels": _counts(data.mr_labels),
        "femur": [float(v) for v in data.transforms["femur"].ravel()],
        "femur, rescan": [float(v) for v in data.rescan_transforms["femur"].ravel()],
        "tibia landmarks": [float(v) for v in data.landmarks["tibia"].ct_mm[::10].ravel()],
        **_truth(data),
    }


def _patches(seed: int, grade: int, truth: str, patches: int) -> dict[str, list[float]]:
    order = KneeOrder(mode="patches", preset="tiny", truth=truth, patches=patches, scan_seed=seed)
    data = make_knee(draw_spec(seed, grade), order)
    assert data.patches is not None
    return {**_of_values("ct", data.patches.ct), **_of_values("bffe", data.patches.mr), **_truth(data)}


def _truth(data: KneeData) -> dict[str, list[float]]:
    """What was measured of every box."""
    found = {key: [float(row[key]) for row in data.truth] for key in ("bv_tv", "plate_mm", "tb_th_mm", "tb_n_per_mm")}
    return {f"truth {key}": values for key, values in found.items() if np.isfinite(values).all()}


def _of_values(name: str, values: NDArray[np.int16]) -> dict[str, list[float]]:
    """Mean and spread, and a few voxels."""
    every = max(values.size // 12, 1)
    return {
        f"{name} mean and SD": [float(values.mean()), float(values.std())],
        f"{name} voxels": [float(v) for v in values.ravel()[::every]],
    }


def _counts(labels: sitk.Image) -> list[float]:
    return [float(n) for n in np.bincount(sitk.GetArrayViewFromImage(labels).ravel(), minlength=5)]
