"""CT numbers on one scale: the same bone looks the same whatever the tube voltage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.errors import InputError
from CTSMALib.learning.patches.patch_set import read_patch_set
from CTSMALib.learning.student.batches import plain_batch, training_batch
from CTSMALib.learning.student.config import StudentConfig
from CTSMALib.learning.student.data import references_of
from CTSMALib.student.reference_scale import BONE_HU, MARROW_HU, on_reference_scale
from Testing.core.student.made_up_cubes import made_up_patches
from Testing.core.student.made_up_set import made_up_set


def test_marrow_and_bone_of_every_scan_come_to_the_same_two_numbers() -> None:
    hu = np.array([[-60.0, 1350.0], [-40.0, 1650.0]])
    found = on_reference_scale(hu, np.array([-60.0, -40.0]), np.array([1350.0, 1650.0]))
    assert found == pytest.approx(np.array([[MARROW_HU, BONE_HU]] * 2), abs=1e-3) and found.dtype == np.float32


def test_the_same_mixture_of_marrow_and_bone_looks_the_same() -> None:
    shares = np.random.default_rng(0).uniform(0.0, 1.0, (1, 3, 4, 5))
    low, high = (
        on_reference_scale(m + shares * (b - m), m, b) for m, b in ((MARROW_HU, 1740.0), (MARROW_HU - 8.0, 1350.0))
    )
    assert np.abs(low - high).max() < 1e-2


def test_networks_read_batches_on_that_scale() -> None:
    found = made_up_patches(6)
    same = plain_batch(found).ct
    assert np.abs(same.numpy() - found.ct.values).max() < 1e-2  # usual references change nothing
    other = found.references.copy()
    other[:, 1] = 2.0 * BONE_HU - MARROW_HU  # twice the contrast
    found = replace(found, references=other)
    above, before = (float(cubes.mean()) - MARROW_HU for cubes in (plain_batch(found).ct, same))
    assert above == pytest.approx(0.5 * before, rel=1e-3)
    config = StudentConfig(batch=6, seed=1)
    assert training_batch(found, config, 0).ct.std() < 0.8 * float(found.ct.values.std())
    assert found.select(np.arange(3)).references.shape == (3, 2)


def test_a_set_whose_scans_have_no_references_is_refused(tmp_path: Path) -> None:
    found = read_patch_set(made_up_set(tmp_path / "set"))
    assert references_of(found).shape == (len(found), 2)
    for bone in (np.nan, MARROW_HU):
        found.knees["ct_bone_tissue_hu"][3] = bone
        with pytest.raises(InputError, match="vk0003_right"):
            references_of(found)
