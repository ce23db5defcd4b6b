"""Teacher and students learn, can be stopped at any time, and go on to the same result."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from CTSMALib.errors import CancelledError, InputError
from CTSMALib.learning.student.batches import augmented, plain_batch, training_batch
from CTSMALib.learning.student.config import DISTILLATIONS, NONE, POOLED, StudentConfig
from CTSMALib.learning.student.curves import Curves
from CTSMALib.learning.student.device import Place
from CTSMALib.learning.student.distill import FeatureDistillation, on_smaller_grid
from CTSMALib.learning.student.state import read_state
from CTSMALib.learning.student.train import STUDENT, TEACHER, best_network, read_in_parts, train
from CTSMALib.student.network import CT, MR, PatchNet
from CTSMALib.student.tied_values import tied
from Testing.core.student.made_up_cubes import made_up_patches

CPU = Place(torch.device("cpu"))
SMALL = StudentConfig(
    distillation=NONE, widths=(4, 6, 8), steps=6, batch=8, check_every=2, patience=0, learning_rate=0.01
)


@pytest.fixture(scope="module")
def some_patches():
    return made_up_patches(48)


@pytest.fixture(scope="module")
def other_patches():
    return made_up_patches(24, seed=1)


@pytest.fixture(scope="module")
def a_teacher() -> PatchNet:
    torch.manual_seed(0)
    return PatchNet(MR, SMALL.widths).eval()


def test_a_student_learns_what_is_in_the_cubes(some_patches, other_patches, tmp_path: Path) -> None:
    config = replace(SMALL, widths=(6, 8, 12), steps=120, batch=16, check_every=40)
    state = train(config, STUDENT, some_patches, other_patches, tmp_path, place=CPU)
    assert state.best.icc > 0.7
    found = tied(read_in_parts(best_network(state), other_patches)).numpy()
    assert np.corrcoef(found[:, 0], other_patches.values[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize("way", DISTILLATIONS)
def test_every_way_of_distilling_moves_the_student(way: str, some_patches, other_patches, a_teacher, tmp_path) -> None:
    config = replace(SMALL, steps=2, distillation=way, augment=False)
    state = train(config, STUDENT, some_patches, other_patches, tmp_path / way, a_teacher, place=CPU)
    plain = train(replace(config, distillation=NONE), STUDENT, some_patches, other_patches, tmp_path / NONE, place=CPU)
    same = torch.equal(state.parts["net"]["stages.1.0.weight"], plain.parts["net"]["stages.1.0.weight"])
    assert same == (way == NONE)
    assert np.isfinite(state.best.error)


def test_a_training_that_was_stopped_ends_as_one_that_was_not(some_patches, other_patches, a_teacher, tmp_path) -> None:
    config = replace(SMALL, distillation=POOLED)
    whole = train(config, STUDENT, some_patches, other_patches, tmp_path / "whole", a_teacher, place=CPU)

    def stop_at_five(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("step 5 "):
            raise CancelledError

    with pytest.raises(CancelledError):
        train(config, STUDENT, some_patches, other_patches, tmp_path / "parts", a_teacher, stop_at_five, CPU)
    assert read_state(tmp_path / "parts").step == 4
    again = train(config, STUDENT, some_patches, other_patches, tmp_path / "parts", a_teacher, place=CPU)
    for name, value in whole.parts["net"].items():
        assert torch.equal(value, again.parts["net"][name]), name
    assert [c.error for c in whole.history] == [c.error for c in again.history]
    table = (tmp_path / "parts" / "history.csv").read_text()
    assert table == (tmp_path / "whole" / "history.csv").read_text() and table.count("\n") == 4


@pytest.mark.parametrize("stopped", [True, False])
def test_curves_are_closed_however_a_training_ends(
    stopped: bool, some_patches, other_patches, tmp_path, monkeypatch
) -> None:
    closed = []
    real = Curves.close
    monkeypatch.setattr(Curves, "close", lambda curves: (closed.append(curves), real(curves)))

    def told(stage: str, fraction: float, message: str = "") -> None:
        if stopped:
            raise CancelledError

    with pytest.raises(CancelledError) if stopped else nullcontext():
        train(SMALL, STUDENT, some_patches, other_patches, tmp_path, progress=told, place=CPU)
    assert len(closed) == 1


def test_a_training_ends_early_when_nothing_gets_better(some_patches, other_patches, tmp_path) -> None:
    config = replace(SMALL, steps=40, check_every=1, patience=2, learning_rate=1e-9)
    state = train(config, TEACHER, some_patches, other_patches, tmp_path, place=CPU)
    assert state.ended and state.step < 40


def test_a_folder_of_another_training_is_refused(some_patches, other_patches, tmp_path) -> None:
    train(replace(SMALL, steps=1), STUDENT, some_patches, other_patches, tmp_path, place=CPU)
    with pytest.raises(InputError, match="other settings"):
        train(replace(SMALL, steps=1, seed=3), STUDENT, some_patches, other_patches, tmp_path, place=CPU)


def test_distilling_without_a_teacher_is_refused(some_patches, other_patches, tmp_path) -> None:
    with pytest.raises(InputError, match="no teacher"):
        train(replace(SMALL, distillation=POOLED), STUDENT, some_patches, other_patches, tmp_path, place=CPU)


def test_a_student_equal_to_its_teacher_has_nothing_to_learn_from_it(some_patches) -> None:
    torch.manual_seed(1)
    net = PatchNet(CT, (4, 6, 8)).eval()
    batch = plain_batch(some_patches.select(np.arange(8)))
    read = net(batch.ct, batch.ct_valid, batch.covariates)
    for way in ("l1", "attention", "relational"):
        loss = FeatureDistillation(way, (1, 2, 3), (4, 6, 8))(read, read, batch.ct_valid)
        assert loss.item() < 1e-5


def test_maps_are_compared_on_the_grid_of_the_coarser() -> None:
    ours, theirs = on_smaller_grid(torch.rand(1, 2, 8, 10, 10), torch.rand(1, 2, 10, 10, 10))
    assert ours.shape == theirs.shape == (1, 2, 8, 10, 10)


def test_patients_come_up_equally_often(some_patches) -> None:
    rows = np.flatnonzero((some_patches.subjects == "s0") | (np.arange(48) == 1))  # eight of one, one of another
    few = some_patches.select(rows)
    config = replace(SMALL, batch=400, augment=False)
    values = training_batch(few, config, 0).values[:, 0].numpy()
    lonely = few.values[few.subjects == "s1", 0]
    assert 0.4 < np.isclose(values, lonely, atol=1e-6).mean() < 0.6


def test_augmentation_keeps_both_scans_in_step_and_tells_of_blur_and_noise(some_patches) -> None:
    few = some_patches.select(np.arange(4))
    marked_ct, marked_mr = few.ct.values.copy(), few.mr.values.copy()
    marked_ct[:, -4:], marked_mr[:, -10:] = 5000, 50  # the proximal end of either
    few = replace(few, ct=replace(few.ct, values=marked_ct), mr=replace(few.mr, values=marked_mr))
    sharper = []
    for seed in range(12):
        batch = augmented(few, SMALL, np.random.default_rng(seed))
        ends = [float(v[:, 0].mean() - v[:, -1].mean()) for v in (batch.ct, batch.mr)]
        assert np.sign(ends[0]) == np.sign(ends[1])
        sharper.append(batch.covariates[:, 0].mean().item())
    assert np.ptp(sharper) > 0.1
