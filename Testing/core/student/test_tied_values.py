"""Four parameters from two numbers: they agree with each other, and so do their uncertainties."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from CTSMALib.student.tied_values import latents, tied, together, uncertainties


@pytest.fixture
def some_values() -> torch.Tensor:
    rng = np.random.default_rng(1)
    fraction, number = rng.uniform(0.1, 0.6, 50), rng.uniform(0.8, 3.0, 50)
    return torch.from_numpy(np.column_stack([fraction, fraction / number, (1 - fraction) / number, number]))


def test_values_survive_the_way_there_and_back(some_values: torch.Tensor) -> None:
    assert torch.allclose(tied(latents(some_values)), some_values, atol=1e-6)


def test_the_plate_model_holds_whatever_a_network_says() -> None:
    fraction, thickness, separation, number = tied(torch.randn(200, 5) * 2.0).unbind(dim=1)
    assert torch.allclose(fraction, thickness * number, rtol=1e-5)
    assert torch.allclose(1.0 - fraction, separation * number, rtol=1e-5)


def test_uncertainties_are_those_of_drawn_errors() -> None:
    correlation = -0.6
    outputs = torch.tensor([[-0.9, 0.6, np.log(0.05), np.log(0.08), np.arctanh(correlation)]], dtype=torch.float64)
    rng = np.random.default_rng(0)
    covariance = [[0.05**2, correlation * 0.05 * 0.08], [correlation * 0.05 * 0.08, 0.08**2]]
    drawn = rng.multivariate_normal(outputs[0, :2].numpy(), covariance, 200_000)
    spread = tied(torch.from_numpy(drawn)).std(dim=0)
    assert torch.allclose(uncertainties(outputs)[0], spread, rtol=0.02)


def test_networks_that_differ_are_less_sure_together_than_each() -> None:
    one = torch.tensor([[-1.0, 0.5, np.log(0.1), np.log(0.1), 0.0]], dtype=torch.float64)
    other = torch.tensor([[-0.6, 0.9, np.log(0.1), np.log(0.1), 0.0]], dtype=torch.float64)
    both = together(torch.stack([one, other]))
    assert torch.allclose(both[0, :2], torch.tensor([-0.8, 0.7], dtype=torch.float64))
    assert torch.allclose(both[0, 2:4].exp() ** 2, torch.tensor([0.1**2 + 0.2**2] * 2, dtype=torch.float64), rtol=1e-4)
    assert float(both[0, 4]) > 0.5  # both of their differences point the same way
    assert torch.allclose(together(one[None]), one, atol=1e-6)
