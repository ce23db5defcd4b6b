"""Training: what counts, what is learned, going on after a stop, and the bundle at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.errors import CancelledError, InputError
from CTSMALib.learning.synthesis import finish as finishing
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.check import check
from CTSMALib.learning.synthesis.config import LABEL_MAP, TrainingConfig
from CTSMALib.learning.synthesis.loss import loss
from CTSMALib.learning.synthesis.prepare import STOP, TRAIN, load, planned, prepare
from CTSMALib.learning.synthesis.state import STATE_FILE, State, read_state
from CTSMALib.learning.synthesis.train import train
from CTSMALib.synthesis.model import TASK, load_model
from CTSMALib.synthesis.network import Prediction
from Testing.core.small_networks import a_tissue_case, small_training, write_knees


@pytest.fixture(scope="module")
def cases() -> list[TissueCase]:
    return [a_tissue_case(0), a_tissue_case(1)]


@pytest.fixture(scope="module")
def a_training(cases: list[TissueCase], tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingConfig, State]:
    """That was never stopped."""
    config = small_training()
    return config, train(config, cases[:1], cases[1:], tmp_path_factory.mktemp("whole"), workers=0)


def test_a_tiny_training_lowers_its_loss(a_training: tuple[TrainingConfig, State]) -> None:
    config, state = a_training
    assert [one.step for one in state.history] == [4, 8] and state.step == config.steps
    assert state.history[-1].training_loss < 0.8 * state.history[0].training_loss


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    a_training: tuple[TrainingConfig, State], cases: list[TissueCase], tmp_path: Path
) -> None:
    config, whole = a_training

    def stopped(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("step 6 "):
            raise CancelledError

    with pytest.raises(CancelledError):
        train(config, cases[:1], cases[1:], tmp_path, stopped, workers=0)
    kept = read_state(tmp_path)
    assert kept is not None and kept.step == 4 and kept.config == config
    state = train(config, cases[:1], cases[1:], tmp_path, workers=0)
    assert state.history == whole.history
    for part in ("net", "average"):
        assert all(torch.equal(state.parts[part][name], value) for name, value in whole.parts[part].items())


def test_a_folder_with_another_training_is_refused(
    a_training: tuple[TrainingConfig, State], cases: list[TissueCase], tmp_path: Path
) -> None:
    config = small_training(steps=4)
    first = train(config, cases[:1], cases[1:], tmp_path, workers=0)
    with pytest.raises(InputError, match="other settings"):
        train(replace(config, seed=4), cases[:1], cases[1:], tmp_path, workers=0)
    again = train(config, cases[:1], cases[1:], tmp_path, workers=0)
    assert again.history == first.history  # a training that has ended is not gone on with
    (tmp_path / STATE_FILE).write_bytes(b"no state")
    with pytest.raises(InputError, match="cannot be read"):
        read_state(tmp_path)


def a_prediction(hu: torch.Tensor, bones: torch.Tensor) -> Prediction:
    logits = 8.0 * torch.nn.functional.one_hot(bones, 5).movedim(-1, 1).float()
    return Prediction(hu.clone(), torch.full_like(hu, 20.0), logits)


def a_truth() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """CT numbers, bones, and what is known: all but two layers."""
    bones = torch.zeros(1, 6, 6, 6, dtype=torch.long)
    bones[0, 2:4, 2:5] = 1
    known = torch.ones(1, 1, 6, 6, 6, dtype=torch.bool)
    known[:, :, :, :2] = False
    return torch.where(bones[:, None] > 0, 500.0, 40.0), bones, known


def test_what_is_not_known_does_not_count() -> None:
    hu, bones, known = a_truth()
    found = a_prediction(hu, bones)
    expected = loss(found, hu, bones, known)
    altered_hu, altered_logits = found.hu.clone(), found.logits.clone()
    altered_hu[~known] = 3000.0
    altered_logits[(~known).expand_as(altered_logits)] = torch.linspace(-9, 9, int((~known).sum()) * 5)
    other_bones = torch.where(known[:, 0], bones, 3)
    altered = Prediction(altered_hu, found.scale_hu, altered_logits)
    assert float(loss(altered, hu, other_bones, known)) == pytest.approx(float(expected), abs=1e-6)
    altered_hu[known] += 100.0
    assert float(loss(altered, hu, other_bones, known)) > float(expected) + 1.0


def test_the_loss_is_lowest_for_the_truth_and_an_honest_scale() -> None:
    hu, bones, known = a_truth()
    right = a_prediction(hu, bones)
    off = replace(right, hu=hu + 60.0)
    assert float(loss(right, hu, bones, known)) < float(loss(off, hu, bones, known))
    scales = (10.0, 60.0, 400.0)
    values = [float(loss(replace(off, scale_hu=torch.full_like(hu, s)), hu, bones, known)) for s in scales]
    assert values[1] == min(values)
    other = replace(right, logits=a_prediction(hu, torch.zeros_like(bones)).logits)
    assert float(loss(other, hu, bones, known)) > float(loss(right, hu, bones, known)) + 1.0


def test_a_check_measures_bone_and_soft_tissue_apart() -> None:
    hu, bones, known = a_truth()

    class Off(torch.nn.Module):
        def forward(self, mr: torch.Tensor) -> torch.Tensor:
            raw = torch.zeros(1, 7, *mr.shape[2:])
            raw[:, :1] = (hu + torch.where(bones[:, None] > 0, -80.0, 30.0)) / 500.0
            raw[:, :1][~known] = 9.0
            raw[:, 2:] = a_prediction(hu, torch.where(torch.arange(6) < 3, bones, 0)).logits
            return raw

    found = check(Off(), [(torch.zeros_like(hu), hu, known, bones)], 7, 1.5)  # type: ignore[arg-type]
    assert (found.step, found.training_loss) == (7, 1.5)
    assert found.soft_hu == pytest.approx(30.0, abs=0.01) and found.bone_hu == pytest.approx(80.0, abs=0.01)
    assert found.dice == pytest.approx(2 / 3)  # half of the bone is found, and nothing else
    assert "30 HU in soft tissue and 80 HU in bone, Dice 0.667" in str(found)


@pytest.mark.parametrize("seed", [900, 950, 999])
def test_seeds_that_are_reserved_for_tests_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="reserved for tests"):
        TrainingConfig(seed=seed)
    assert TrainingConfig(seed=899).seed == 899


@pytest.mark.parametrize(("change", "said"), [({"edge": 40}, "halved"), ({"steps": 0}, "steps = 0")])
def test_what_cannot_be_trained_is_refused(change: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TrainingConfig(**change)


def test_no_knee_is_learned_from_and_checked_on(tmp_path: Path) -> None:
    config = TrainingConfig(knees=40, stop_knees=5, variants=3)
    learned, stop = ({case.path for case in planned(config, tmp_path, use)} for use in (TRAIN, STOP))
    assert (len(learned), len(stop)) == (43, 5) and not learned & stop
    other = replace(config, seed=2)
    assert not learned & {case.path for case in planned(other, tmp_path, TRAIN)}
    assert LABEL_MAP in config.sources
    without = replace(config, sources=("visible_male",))
    assert len(planned(without, tmp_path, TRAIN)) == 40


def test_knees_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    config = small_training(knees=2)
    write_knees(config, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    prepare(config, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert [case.name for case in load(config, tmp_path, TRAIN)] == ["made up 0", "made up 1"]


def test_a_bundle_of_a_training_loads_and_finds_its_own_samples_familiar(
    a_training: tuple[TrainingConfig, State], cases: list[TissueCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("LEARNED", 8), ("HELD_OUT", 6), ("WINDOW", 64)):
        monkeypatch.setattr(finishing, name, value)
    config, state = a_training
    bundle = finishing.finish(config, state, cases[:1], cases[1:], tmp_path / "b")
    assert read_bundle(tmp_path / "b", TASK) == bundle
    assert bundle.metadata["training"]["seed"] == config.seed
    assert bundle.metadata["eval_metrics"]["bone_dice"] == state.history[-1].dice
    assert "Research use only" in (tmp_path / "b" / "docs" / "README.md").read_text()
    model = load_model(bundle)
    assert model.spacing_mm == config.network.spacing_mm and model.calibration > 0
    assert 0 < model.familiarity.limit < np.inf and not model.net.training
    own = finishing.averaged(config, state).state_dict()
    stored = model.net.state_dict()
    assert all(torch.allclose(stored[name], value, rtol=1e-3, atol=1e-4) for name, value in own.items())
