"""Summaries of compartments, and contributions that add up."""

from __future__ import annotations

import numpy as np
import pytest

from CTSMALib.diagnosis.logistic import LogisticModel
from CTSMALib.diagnosis.standardizer import Standardizer
from CTSMALib.diagnosis.summaries import FULL, MEANS, names, summarize
from CTSMALib.diagnosis.tokens import COMPARTMENT, PLACES
from CTSMALib.morphometry.apparent.recipe import KEYS
from Testing.core.diagnosis.made_up_model import a_logistic_model, some_knees


def test_summaries_are_means_deviations_and_differences_of_medial_and_lateral() -> None:
    rng = np.random.default_rng(2)
    values, present = rng.normal(size=(PLACES, 4)), rng.random(PLACES) < 0.5
    found = dict(zip(names(KEYS), summarize(values, present, FULL).values, strict=True))
    inside = {key: values[present & (n == COMPARTMENT)] for n, key in enumerate(("FM", "FL", "TM", "TL"))}
    assert np.isclose(found["mean app_bv_tv TM"], inside["TM"][:, 0].mean())
    assert np.isclose(found["SD app_tb_n_per_mm FL"], inside["FL"][:, 3].std(ddof=1))
    apart = inside["TM"][:, 1].mean() - inside["TL"][:, 1].mean()
    assert np.isclose(found["|TM - TL| app_tb_th_mm"], abs(apart))
    assert summarize(values, present, MEANS).values.shape == (16,)


def test_a_compartment_without_patches_has_no_summary() -> None:
    found = dict(zip(names(KEYS), summarize(np.ones((PLACES, 4)), COMPARTMENT != 1, FULL).values, strict=True))
    assert np.isnan(found["mean app_bv_tv FL"]) and np.isnan(found["|FM - FL| app_bv_tv"])
    assert np.isclose(found["mean app_bv_tv TM"], 1.0) and abs(found["SD app_bv_tv TM"]) < 1e-12


@pytest.mark.parametrize("summaries", [40, 16])
def test_contributions_add_up_to_the_log_odds_exactly(summaries: int) -> None:
    model, knees = a_logistic_model(), some_knees(12)
    parts_of = (model.center[:summaries], model.scale[:summaries], model.coefficients[:, :summaries])
    model = LogisticModel(*parts_of, model.intercepts)
    standardizer = Standardizer.of(knees)
    for knee in knees:
        parts, usual = model.contributions(knee, standardizer)
        assert np.isclose(parts.sum() + usual, model.logits(knee, standardizer).mean(), rtol=1e-10)
        assert np.all(parts[~knee.present] == 0.0)


def test_what_a_patch_adds_to_linear_summaries_is_what_leaving_its_deviation_out_takes_away() -> None:
    knees = some_knees(12)
    standardizer = Standardizer.of(knees)
    model = a_logistic_model()
    model.coefficients[:, 16:] = 0.0  # means alone are linear
    model.center[:16] = 0.0
    knee = knees[5]
    parts, _ = model.contributions(knee, standardizer)
    place = int(np.flatnonzero(knee.present)[7])
    changed = knee.values.copy()
    changed[place] = standardizer.mean[place]
    usual_there = type(knee)(changed, knee.uncertainties, knee.present)
    lost = model.logits(knee, standardizer).mean() - model.logits(usual_there, standardizer).mean()
    assert np.isclose(parts[place], lost, rtol=1e-9)
