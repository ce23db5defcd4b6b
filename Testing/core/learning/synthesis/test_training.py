"""Training: what counts, what is learned, going on after a stop, and the bundle at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.errors import CancelledError, InputError
from CTSMALib.learning.state_file import STATE_FILE
from CTSMALib.learning.synthesis import finish as finishing
from CTSMALib.learning.synthesis import train as training
from CTSMALib.learning.synthesis.case import TissueCase
from CTSMALib.learning.synthesis.check import AIR_HU, check
from CTSMALib.learning.synthesis.config import LABEL_MAP, TrainingConfig
from CTSMALib.learning.synthesis.loss import hu_loss, loss_of
from CTSMALib.learning.synthesis.measure import measure
from CTSMALib.learning.synthesis.prepare import STOP, TRAIN, load, planned, prepare
from CTSMALib.learning.synthesis.samples import Batch
from CTSMALib.learning.synthesis.scanned import ScannedMR
from CTSMALib.learning.synthesis.state import State, read_state
from CTSMALib.learning.synthesis.train import train, trained_network
from CTSMALib.synthesis.model import TASK, SynthesisModel, load_model
from CTSMALib.synthesis.network import CLASSES, COARSE, FINE, HU_SCALE, read_out
from CTSMALib.synthesis.windows import seen_by
from CTSMALib.synthesis.working_image import working_image
from Testing.core.small_networks import a_bundle, a_scanned_mr, a_tissue_case, small_training, write_knees

CONFIG = small_training()


@pytest.fixture(scope="module")
def cases() -> list[TissueCase]:
    return [a_tissue_case(0), a_tissue_case(1)]


@pytest.fixture(scope="module", autouse=True)
def one_sample_a_check() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "CHECKS_EACH", 1)
        yield


@pytest.fixture(scope="module", params=[COARSE, FINE])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def trained(cases: list[TissueCase], tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    """Both networks, never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    return {k: train(CONFIG, k, cases[:1], cases[1:], folder / k, workers=0) for k in (COARSE, FINE)}


def test_a_tiny_training_lowers_its_loss(kind: str, cases: list[TissueCase], tmp_path: Path) -> None:
    """Of samples drawn anew at each step, so that a few steps tell little."""
    state = train(replace(CONFIG, coarse_steps=20, steps=20), kind, cases[:1], cases[1:], tmp_path, workers=0)
    assert [one.step for one in state.history] == [4, 8, 12, 16, 20] and state.step == 20
    assert state.history[-1].training_loss < 0.9 * state.history[0].training_loss


def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    kind: str, trained: dict[str, State], cases: list[TissueCase], tmp_path: Path
) -> None:
    def stopped(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith("step 6 "):
            raise CancelledError

    with pytest.raises(CancelledError):
        train(CONFIG, kind, cases[:1], cases[1:], tmp_path, stopped, workers=0)
    kept = read_state(tmp_path)
    assert kept is not None and kept.step == 4 and kept.config == CONFIG
    state, whole = train(CONFIG, kind, cases[:1], cases[1:], tmp_path, workers=0), trained[kind]
    assert state.history == whole.history
    for part in ("net", "average"):
        assert all(torch.equal(state.parts[part][name], value) for name, value in whole.parts[part].items())
    with pytest.raises(InputError, match="other settings"):
        train(replace(CONFIG, seed=4), kind, cases[:1], cases[1:], tmp_path, workers=0)
    again = train(CONFIG, kind, [], [], tmp_path, workers=0)
    assert again.history == whole.history  # a training that has ended is not gone on with


@pytest.mark.parametrize("kept", [2, 4])  # just before the larger boxes, and among them
def test_a_training_stopped_near_its_larger_boxes_ends_as_one_that_was_not(
    cases: list[TissueCase], tmp_path: Path, kept: int
) -> None:
    config = replace(CONFIG, steps=2, wide_steps=4, check_every=2)
    whole = train(config, FINE, cases[:1], cases[1:], tmp_path / "whole", workers=0)
    assert [one.step for one in whole.history] == [2, 4, 6]

    def stopped(stage: str, fraction: float, message: str = "") -> None:
        if message.startswith(f"step {kept + 1} "):
            raise CancelledError

    with pytest.raises(CancelledError):
        train(config, FINE, cases[:1], cases[1:], tmp_path / "part", stopped, workers=0)
    state = train(config, FINE, cases[:1], cases[1:], tmp_path / "part", workers=0)
    assert state.history == whole.history
    for name, value in whole.parts["average"].items():
        assert torch.equal(state.parts["average"][name], value)


def test_larger_boxes_have_their_own_learning_rate() -> None:
    config = replace(CONFIG, wide_steps=4)
    run = training._Run.begin(config, FINE)
    assert run.steps == 12 and run.optimizer.param_groups[0]["max_lr"] == config.learning_rate
    run.enter(8)
    assert run.optimizer.param_groups[0]["max_lr"] == config.wide_learning_rate < config.learning_rate
    assert training._Run.begin(config, COARSE).steps == 8


@pytest.mark.parametrize("steps", [1, 2, 19, 20, 39])
def test_any_number_of_larger_boxes_can_be_entered(steps: int) -> None:
    run = training._Run.begin(replace(CONFIG, wide_steps=steps), FINE)
    run.enter(8)
    rates = []
    for _ in range(steps):
        run.optimizer.step()
        run.schedule.step()
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert all(0.0 < rate <= CONFIG.wide_learning_rate for rate in rates)


def test_progress_counts_the_voxels_of_larger_boxes() -> None:
    config = TrainingConfig(steps=100, wide_steps=10, edge=32, wide_edge=64)
    assert [config.work(FINE, step) for step in (0, 100, 110)] == [0, 100, 180]
    assert config.work(COARSE, 4000) == config.steps_of(COARSE) == 4000


def test_a_state_that_is_none_is_refused(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    for content in (b"no state", b""):
        (tmp_path / STATE_FILE).write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            read_state(tmp_path)
    torch.save({"version": 1, "config": Path("x")}, tmp_path / STATE_FILE)  # an object that is made by code
    with pytest.raises(InputError, match="cannot be read"):
        read_state(tmp_path)


def a_batch() -> Batch:
    """CT numbers, bones, and what is known: all but two layers."""
    bones = torch.zeros(1, 6, 6, 6, dtype=torch.long)
    bones[0, 2:4, 2:5] = 1
    known = torch.ones(1, 1, 6, 6, 6, dtype=torch.bool)
    known[:, :, :, :2] = False
    hu = torch.where(bones[:, None] > 0, 500.0, 40.0)
    return Batch(torch.zeros_like(hu), hu, known, bones)


def raw_of(hu: torch.Tensor, bones: torch.Tensor) -> torch.Tensor:
    """What the fine network would write to say so."""
    logits = 8.0 * torch.nn.functional.one_hot(bones, CLASSES).movedim(-1, 1).float()
    return torch.cat([hu / HU_SCALE, torch.full_like(hu, -2.0), logits], dim=1)


def test_what_is_not_known_does_not_count(kind: str) -> None:
    batch = a_batch()
    raw = raw_of(batch.hu, batch.bones)
    altered = torch.where(batch.known, raw, torch.linspace(-9.0, 9.0, raw.numel()).reshape(raw.shape))
    hidden = replace(batch, bones=torch.where(batch.known[:, 0], batch.bones, 3))
    part = slice(2, None) if kind == COARSE else slice(None)
    expected = float(loss_of(kind, raw[:, part], batch))
    assert float(loss_of(kind, altered[:, part], hidden)) == pytest.approx(expected, abs=1e-6)
    shifted = torch.where(batch.known, altered.roll(1, dims=2), altered)
    assert float(loss_of(kind, shifted[:, part], hidden)) > expected + 0.1


def test_the_loss_is_lowest_for_the_truth_and_an_honest_scale() -> None:
    batch = a_batch()
    right = read_out(raw_of(batch.hu, batch.bones))
    off = replace(right, hu=batch.hu + 60.0)
    assert float(hu_loss(right, batch)) < float(hu_loss(off, batch))
    scales = (10.0, 60.0, 400.0)
    values = [float(hu_loss(replace(off, scale_hu=torch.full_like(batch.hu, s)), batch)) for s in scales]
    assert values[1] == min(values)


def test_a_check_measures_bone_and_soft_tissue_apart(kind: str) -> None:
    batch = a_batch()

    class Off(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            hu = batch.hu + torch.where(batch.bones[:, None] > 0, -80.0, 30.0)
            hu[~batch.known] = 3000.0
            raw = raw_of(hu, torch.where(torch.arange(6) < 3, batch.bones, 0))
            return raw[:, 2:] if kind == COARSE else raw

    found = check(Off(), kind, [batch], 7, 1.5)  # type: ignore[arg-type]
    assert (found.step, found.training_loss) == (7, 1.5)
    assert found.dice == pytest.approx(2 / 3)  # half of the bone is found, and nothing else
    if kind == COARSE:
        assert found.soft_hu is None and found.bone_hu is None and str(found).endswith("Dice 0.667")
        return
    assert found.soft_hu == pytest.approx(30.0, abs=0.01) and found.bone_hu == pytest.approx(80.0, abs=0.01)
    assert "Dice 0.667, error 30 HU in soft tissue and 80 HU in bone" in str(found)


@pytest.mark.parametrize("seed", [890, 950, 999])
def test_seeds_that_are_reserved_for_tests_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="reserved for tests"):
        TrainingConfig(seed=seed)
    assert TrainingConfig(seed=889).seed == 889


@pytest.mark.parametrize(
    ("change", "said"),
    [({"edge": 40}, "halved"), ({"wide_edge": 0}, "halved"), ({"steps": 0}, "steps = 0"), ({"wide_steps": -1}, "wide")],
)
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


def test_a_bundle_of_a_training_holds_both_networks(
    trained: dict[str, State], cases: list[TissueCase], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = [a_scanned_mr(0), a_scanned_mr(1, 88)]
    for name, value in (("LEARNED", 5), ("HELD_OUT", 3), ("stop_scans", lambda config: scans)):
        monkeypatch.setattr(finishing, name, value)
    bundle = finishing.finish(CONFIG, trained[COARSE], trained[FINE], cases[:1], cases[1:], tmp_path / "b")
    assert read_bundle(tmp_path / "b", TASK) == bundle
    assert bundle.metadata["training"]["seed"] == CONFIG.seed
    found = measure(load_model(bundle).net, CONFIG.network.spacing_mm, scans, 2)  # weights are stored in half precision
    assert bundle.metadata["eval_metrics"]["bone_dice"] == pytest.approx(found.dice, abs=0.02)
    assert bundle.metadata["eval_metrics"]["bone_mae_hu"] == pytest.approx(found.bone_hu, rel=0.02)
    assert "Research use only" in (tmp_path / "b" / "docs" / "README.md").read_text()
    model = load_model(bundle)
    assert model.spacing_mm == CONFIG.network.spacing_mm
    within = np.mean([np.mean(_off(model, scan) <= 1.0) for scan in scans])  # every MR counts alike
    assert within == pytest.approx(0.9, abs=0.01)
    assert 0 < model.familiarity.limit < np.inf and not model.net.training
    for net, kind in ((model.net.coarse, COARSE), (model.net.fine, FINE)):
        stored = net.state_dict()
        own = trained_network(trained[kind], kind).state_dict()
        assert all(torch.allclose(stored[name], value, rtol=1e-3, atol=1e-4) for name, value in own.items())


def _off(model: SynthesisModel, scan: ScannedMR) -> NDArray[np.float64]:
    """Errors outside the air, in half widths of the interval of 90 %."""
    image = working_image(scan.mr, model.spacing_mm)
    found = seen_by(model.net, image.signal, image.known).prediction
    hu = scan.true_ct(image.grid)
    half = found.scale_hu[0, 0].numpy() * model.calibration * np.log(10.0)
    counted = image.known & ((scan.true_bones(image.grid) > 0) | (hu > AIR_HU))
    return (np.abs(found.hu[0, 0].numpy() - hu) / half)[counted]


def test_a_bundle_whose_networks_do_not_fit_is_refused(tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "b")
    for change in ({"features": [8] * 6}, {"calibration": "x"}):
        config = {"ctsma_synthesis": {**bundle.config["ctsma_synthesis"], **change}}
        with pytest.raises(InputError, match="not one that this version reads"):
            load_model(replace(bundle, config=config))
