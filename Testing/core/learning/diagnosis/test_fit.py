"""What aggregators learn: all that there is to know, what others cannot, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from CTSMALib.diagnosis.batch import whole_batch
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.tokens import COMPARTMENT
from CTSMALib.learning.diagnosis.candidates import AGGREGATORS, MOST_CANDIDATES, Candidate, candidates
from CTSMALib.learning.diagnosis.config import DiagnosisConfig, NetworkConfig
from CTSMALib.learning.diagnosis.dataset import labels
from CTSMALib.learning.diagnosis.fit import fit
from CTSMALib.learning.diagnosis.fit_network import _thinned
from CTSMALib.learning.diagnosis.fitted import Fit
from CTSMALib.learning.diagnosis.statistics import auc
from Testing.core.learning.diagnosis.made_up_knees import (
    BETWEEN,
    WITHIN,
    one_compartment,
    small_training,
    some_cases,
    together,
)

CONFIG = DiagnosisConfig(network=NetworkConfig(width=16, heads=2, layers=2))


def best_possible(size: float, patches: int) -> float:
    """AUC of the best linear rule where one compartment moves: the others tell the level of the knee."""
    noise = WITHIN**2 / patches
    left = BETWEEN**2 + noise - BETWEEN**4 / (BETWEEN**2 + noise / 3.0)
    return float(norm.cdf(size / np.sqrt(2.0 * left)))


def test_logistic_regression_comes_near_the_best_possible() -> None:
    learned, asked = some_cases(400, one_compartment(0.8), 1), some_cases(1000, one_compartment(0.8), 2)
    found = fit(Fit("logistic", Candidate(penalty=30.0, summaries="means"), 0), learned, CONFIG).scores(asked)
    best = best_possible(0.8, 6)
    assert best - 0.035 < auc(labels(asked), found.logits) < best + 0.03


def test_the_transformer_learns_what_logistic_regression_cannot() -> None:
    learned, asked = some_cases(240, together(2.0), 1, kept=16), some_cases(300, together(2.0), 2, kept=16)
    usual = fit(Fit("logistic", Candidate(penalty=3.0), 0), learned, CONFIG).scores(asked)
    assert abs(auc(labels(asked), usual.logits) - 0.5) < 0.1
    settings = Candidate(epochs=20, learning_rate=5e-3, weight_decay=0.1)
    found = fit(Fit("transformer", settings, 0), learned, CONFIG).scores(asked)
    assert auc(labels(asked), found.logits) > 0.9


def test_attention_learns_a_change_of_some_patches() -> None:
    learned, asked = some_cases(200, one_compartment(1.5), 1), some_cases(200, one_compartment(1.5), 2)
    settings = Candidate(epochs=30, learning_rate=5e-3, weight_decay=0.1)
    found = fit(Fit("attention-mil", settings, 0), learned, CONFIG).scores(asked)
    assert auc(labels(asked), found.logits) > 0.85


def test_age_alone_tells_what_age_tells_and_an_unknown_age_is_usual() -> None:
    learned, asked = some_cases(400, one_compartment(0.0), 1), some_cases(1000, one_compartment(0.0), 2)
    fitted = fit(Fit("age", Candidate(penalty=3.0), 0), learned, CONFIG)
    found = fitted.scores(asked)
    assert auc(labels(asked), found.logits) == pytest.approx(norm.cdf(5.0 / 8.0 / np.sqrt(2.0)), abs=0.04)
    nobody = [type(case)(case.knee, case.subject, case.grade, np.nan, case.tokens, case.hu) for case in asked[:3]]
    assert np.isfinite(fitted.scores(nobody).logits).all()


def test_more_patches_at_hand_than_in_training_do_no_harm() -> None:
    learned, asked = some_cases(300, one_compartment(0.8), 1), some_cases(300, one_compartment(0.8), 2, kept=92)
    fitted = fit(Fit("logistic", Candidate(penalty=30.0), 0), learned, CONFIG)
    assert auc(labels(asked), fitted.scores(asked).logits) > best_possible(0.8, 6) - 0.02


@pytest.mark.parametrize("aggregator", ["transformer", "attention-mil"])
def test_the_same_seed_gives_the_same_network_and_leaves_the_random_numbers_of_others_alone(aggregator: str) -> None:
    import torch

    cases, config = some_cases(20, one_compartment(1.0)), small_training(batch=8)
    settings = Candidate(epochs=2, learning_rate=5e-3, weight_decay=0.1)
    torch.manual_seed(5)
    one, two, other = (fit(Fit(aggregator, settings, seed), cases, config).scores(cases) for seed in (7, 7, 8))
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))
    assert np.array_equal(one.logits, two.logits) and not np.array_equal(one.logits, other.logits)


def test_networks_learn_from_knees_without_compartments_and_the_transformer_from_none() -> None:
    import torch

    cases = some_cases(400, one_compartment(1.0))
    batch = whole_batch([case.tokens for case in cases], Standardizer.of([case.tokens for case in cases]))
    config = small_training(compartment_lost=0.3, all_lost=0.2, least_kept=1.0)
    torch.manual_seed(1)
    thin = _thinned(batch, config, 0.2)
    counts = thin.present.sum(dim=1)
    assert float((counts == 0).float().mean()) == pytest.approx(0.2, abs=0.06)
    kept = torch.zeros(400, 4).scatter_add_(
        1, torch.from_numpy(COMPARTMENT)[thin.places], thin.present.float()
    )[counts > 0]  # fmt: skip
    assert set(kept.unique().tolist()) == {0.0, 6.0}
    assert float((kept == 0.0).float().mean()) == pytest.approx(0.3, abs=0.05)
    assert _thinned(batch, config, 0.0).present.any(dim=1).all()


def test_without_any_patch_the_transformer_says_how_often_knees_are_diseased() -> None:
    learned = some_cases(200, one_compartment(1.0), 1)
    settings = Candidate(epochs=30, learning_rate=5e-3, weight_decay=0.1)
    fitted = fit(Fit("transformer", settings, 0), learned, CONFIG)
    _parts, start = fitted.contributions(learned[0].tokens)  # type: ignore[attr-defined]
    assert 1.0 / (1.0 + np.exp(-start)) == pytest.approx(labels(learned).mean(), abs=0.12)


def test_every_aggregator_has_the_same_budget() -> None:
    for budget in range(1, MOST_CANDIDATES + 1):
        assert {len(set(candidates(name, budget))) for name in AGGREGATORS} == {budget}
