"""Networks over patches: what has no influence, what is ordered, and where log odds come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from CTSMALib.diagnosis.attention_mil import AttentionMIL
from CTSMALib.diagnosis.attribution import integrated_gradients
from CTSMALib.diagnosis.batch import Batch, packed, whole_batch
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


def test_integrated_gradients_add_up_and_point_at_the_patch_that_differs() -> None:
    knees = some_knees(30)
    standardizer = Standardizer.of(knees)
    nets = [a_transformer(1), a_transformer(2)]
    batch = packed(whole_batch(knees[:1], standardizer))
    parts, usual = integrated_gradients(nets, batch)
    reached = float(torch.stack([net(*batch).logit for net in nets]).mean())
    assert parts.sum() + usual == pytest.approx(reached, abs=1e-5)
    assert np.all(parts[~knees[0].present] == 0.0)
    only = torch.zeros_like(batch.inputs)
    only[0, 5] = 2.0
    alone, _ = integrated_gradients(nets, Batch(only, batch.places, batch.present))
    assert np.flatnonzero(alone).tolist() == [int(batch.places[0, 5])]
