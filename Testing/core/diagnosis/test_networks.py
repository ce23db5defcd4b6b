"""Networks over patches: what has no influence, what is ordered, and where log odds come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from CTSMALib.diagnosis.attention_mil import AttentionMIL
from CTSMALib.diagnosis.attribution import presence_contributions
from CTSMALib.diagnosis.batch import Batch, packed, whole_batch
from CTSMALib.diagnosis.layers import Output
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.transformer import PatchTransformer
from Testing.core.diagnosis.made_up_model import SHAPE, a_transformer, some_knees


@pytest.fixture(params=[PatchTransformer, AttentionMIL])
def a_network(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(1)
    return request.param(SHAPE).eval().requires_grad_(False)


@pytest.fixture
def some_batch() -> Batch:
    knees = some_knees(6)
    return whole_batch(knees, Standardizer.of(knees))


def test_absent_patches_have_no_influence(a_network: torch.nn.Module, some_batch: Batch) -> None:
    other = some_batch.inputs + 100.0 * ~some_batch.present[..., None]
    one, two = a_network(*some_batch), a_network(other, some_batch.places, some_batch.present)
    assert torch.equal(one.logit, two.logit) and torch.equal(one.cumulative, two.cumulative)


def test_packed_knees_give_the_same(a_network: torch.nn.Module, some_batch: Batch) -> None:
    small = packed(some_batch)
    assert small.inputs.shape[1] == 24
    assert torch.allclose(a_network(*small).logit, a_network(*some_batch).logit, atol=1e-5)


def test_the_place_of_a_patch_matters(a_network: torch.nn.Module, some_batch: Batch) -> None:
    elsewhere = a_network(some_batch.inputs, some_batch.places.flip(1), some_batch.present)
    assert (elsewhere.logit - a_network(*some_batch).logit).abs().min() > 1e-6


def test_higher_grades_or_more_are_never_likelier(a_network: torch.nn.Module, some_batch: Batch) -> None:
    for parameter in a_network.parameters():
        parameter.normal_()
    cumulative = a_network(*some_batch).cumulative
    assert cumulative.shape == (6, 4) and (cumulative.diff(dim=1) < 0.0).all()


def test_thinned_knees_keep_a_share_of_their_own_patches(some_batch: Batch) -> None:
    torch.manual_seed(3)
    thin = packed(some_batch, torch.tensor([1.0, 0.5, 0.01, 0.0, 0.3, 0.25]), torch.rand(some_batch.present.shape))
    assert thin.present.sum(dim=1).tolist() == [24, 12, 1, 1, 8, 6]
    for knee in range(6):
        kept = thin.places[knee][thin.present[knee]]
        assert some_batch.present[knee][kept].all() and len(kept.unique()) == len(kept)
        assert torch.equal(thin.inputs[knee][thin.present[knee]], some_batch.inputs[knee][kept])


@pytest.fixture
def some_transformers() -> list[PatchTransformer]:
    """Two with weights by chance, large enough for patches to matter."""
    nets = [a_transformer(1), a_transformer(2)]
    for net in nets:
        for parameter in net.parameters():
            parameter.mul_(2.0)
    return nets


def test_presence_leads_from_no_patch_to_all(some_batch: Batch) -> None:
    net = a_transformer(1)
    there = some_batch.present.float()
    assert torch.allclose(net(*some_batch[:2], there).logit, net(*some_batch).logit, atol=1e-5)
    none = net(*some_batch[:2], torch.zeros_like(some_batch.present)).logit
    assert torch.allclose(none, none[:1]) and torch.allclose(net(*some_batch[:2], 1e-9 * there).logit, none, atol=1e-4)


def test_contributions_along_presence_add_up(some_transformers: list[PatchTransformer], some_batch: Batch) -> None:
    batch = packed(Batch(*(part[:1] for part in some_batch)))
    wide = Batch(*(part[:1] for part in some_batch))
    parts, unknown = presence_contributions(some_transformers, batch)
    reached = float(torch.stack([net(*batch).logit for net in some_transformers]).mean())
    assert parts.sum() + unknown == pytest.approx(reached, abs=1e-5)
    assert np.abs(parts).max() > 1e-3 and np.all(parts[~wide.present[0].numpy()] == 0.0)
    assert presence_contributions(some_transformers, wide)[0] == pytest.approx(parts, abs=1e-5)


def test_equal_patches_of_one_place_add_as_much(some_transformers: list[PatchTransformer], some_batch: Batch) -> None:
    one = packed(Batch(*(part[:1] for part in some_batch)))
    twice = Batch(*(torch.cat([part[:, :5], part[:, 4:5]], dim=1) for part in one))
    slopes = torch.ones(1, 6).requires_grad_()
    inputs = twice.inputs.clone().requires_grad_()
    (found,) = torch.autograd.grad(some_transformers[0](inputs, twice.places, slopes).logit.sum(), slopes)
    assert found[0, 4] == pytest.approx(float(found[0, 5]), abs=1e-6)


def test_a_mean_is_explained_by_the_distance_of_each_patch_from_what_is_said_of_none(some_batch: Batch) -> None:
    """With attention that is the same to all, the way of presence can be integrated by hand."""

    class Mean(torch.nn.Module):
        def forward(self, inputs: torch.Tensor, places: torch.Tensor, present: torch.Tensor) -> Output:
            weights = torch.cat([torch.ones_like(present[:, :1]).float(), present.float()], dim=1)
            values = torch.cat([torch.zeros_like(inputs[:, :1, 0]), inputs[..., 0]], dim=1)
            mean = (weights * values).sum(dim=1) / weights.sum(dim=1)
            return Output(mean, mean[:, None].expand(-1, 4))

    batch = packed(Batch(*(part[:1] for part in some_batch)))
    parts, unknown = presence_contributions([Mean()], batch)  # type: ignore[list-item]
    values = batch.inputs[0, :, 0].double().numpy()
    count, total = len(values), values.sum()
    # integral from 0 to 1 of (v (1 + n t) - t sum) / (1 + n t)^2
    logarithm = np.log(1.0 + count) / count
    expected = values * logarithm - total * (logarithm - 1.0 / (1.0 + count)) / count
    assert unknown == 0.0
    assert parts[batch.places[0].numpy()] == pytest.approx(expected, abs=1e-4)
