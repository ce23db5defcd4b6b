"""Virtual knees in virtual MR scanners, with their truth."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.learning.synthesis.config import TrainingConfig
from CTSMALib.learning.synthesis.prepare import STOP, TRAIN, seeds
from CTSMALib.learning.synthesis.scanned import SEQUENCES, T1, ScannedMR, scanned_knee, stop_scans
from CTSMALib.learning.synthesis.virtual_case import spec_of
from CTSMALib.synthesis.working_image import WorkingImage, working_image

CONFIG = TrainingConfig(stop_knees=2)


@pytest.fixture(scope="module")
def a_t1() -> ScannedMR:
    return scanned_knee(spec_of(seeds(CONFIG, STOP)[0], CONFIG.sources)).seen_by(T1)


@pytest.fixture(scope="module")
def working(a_t1: ScannedMR) -> WorkingImage:
    return working_image(a_t1.mr, 1.0)


def test_truth_lies_where_the_mr_shows_it(a_t1: ScannedMR, working: WorkingImage) -> None:
    hu, bones = a_t1.true_ct(working.grid), a_t1.true_bones(working.grid)
    assert hu.shape == bones.shape == working.signal.shape
    assert {1, 2} <= set(np.unique(bones[working.known]).tolist())
    soft = working.known & (bones == 0) & (hu > -300)
    assert hu[working.known & (bones > 0)].mean() > 200.0 > 100.0 > hu[soft].mean()
    fat, cortex = soft & (hu < -60), working.known & (hu > 900)
    assert np.median(working.signal[fat]) > 2.0 * np.median(working.signal[cortex])
    for axis in range(3):  # what is displaced fits worse: fat is bright, cortex dark
        for by in (-2, 2):
            moved = np.roll(working.signal, by, axis=axis)
            assert moved[fat].mean() < working.signal[fat].mean()
            assert moved[cortex].mean() > working.signal[cortex].mean()


def test_all_sequences_of_all_stop_knees_are_scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Knee:
        def __init__(self, source: str) -> None:
            self.source = source

        def seen_by(self, sequence: str) -> tuple[str, str]:
            return self.source, sequence

    monkeypatch.setattr("CTSMALib.learning.synthesis.scanned.scanned_knee", lambda spec: Knee(str(spec.seed)))
    found = list(stop_scans(CONFIG))
    assert [sequence for _, sequence in found] == 2 * list(SEQUENCES)  # type: ignore[misc]
    assert len({knee for knee, _ in found}) == 2  # type: ignore[misc]
    assert not set(seeds(CONFIG, STOP)) & set(seeds(CONFIG, TRAIN))
