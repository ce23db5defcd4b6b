"""CT values are told from MR values, and lost geometry from a real one."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.volumes.checks import looks_like_hu, looks_like_stored_ct
from CTSMALib.volumes.extent import check_geometry

GENERATOR = np.random.default_rng(11)
MR = {
    "gamma": GENERATOR.gamma(4, 120, 50_000),
    "two tissues": np.concatenate([GENERATOR.normal(300, 60, 30_000), GENERATOR.normal(1000, 90, 20_000)]),
    "with background": np.concatenate([np.abs(GENERATOR.normal(0, 8, 50_000)), GENERATOR.gamma(5, 150, 50_000)]),
    "normalized": GENERATOR.normal(0, 1, 50_000),
    "phase": GENERATOR.uniform(-4096, 4095, 50_000),
}


@pytest.mark.parametrize("name", MR)
def test_mr_is_not_ct(name: str) -> None:
    values = np.rint(MR[name]).astype(np.int16)
    assert not looks_like_hu(values)
    assert not looks_like_stored_ct(values)


def test_ct_is_ct_with_and_without_offset(a_phantom: np.ndarray) -> None:
    values = a_phantom.ravel()
    assert looks_like_hu(values) and not looks_like_stored_ct(values)
    assert looks_like_stored_ct(values + 1024) and not looks_like_hu(values + 1024)
    tissue = values[values > -500]
    assert looks_like_hu(tissue) and looks_like_stored_ct(tissue + 1024)


@pytest.mark.parametrize(
    ("size", "spacing"),
    [((512, 512, 300), (0.4, 0.4, 0.6)), ((185, 177, 58), (0.98, 0.98, 3.27)), ((512, 512, 400), (0.98, 0.98, 1.25)),
     ((200, 200, 150), (1.0, 1.0, 1.0)), ((100, 300, 300), (5.0, 0.5, 0.5)), ((512, 512, 1200), (0.8, 0.8, 1.0))],
)  # fmt: skip
def test_usual_scans_pass(size: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    check_geometry(size, spacing, "The image")


@pytest.mark.parametrize(
    ("size", "spacing", "sentence"),
    [((512, 512, 300), (1.0, 1.0, 1.0), "seems to be lost"), ((3000, 3000, 200), (0.1, 0.1, 0.5), "too large"),
     ((100, 100, 100), (2.0, 2.0, 2.0), "too coarse"), ((512, 512, 300), (np.inf, 1.0, 1.0), "no usable voxel size"),
     ((1024, 1024, 900), (1.4, 1.4, 3.0), "more than a scanner can image")],
)  # fmt: skip
def test_unusable_geometry_is_refused(size: tuple[int, ...], spacing: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        check_geometry(size, spacing, "The image")
