"""A model of a bundle: its answers, and when it abstains."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.bundles.bundle import read_bundle, sha256_of
from CTSMALib.diagnosis.calibration import Calibration, jackknife_error, sigmoid
from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.origin import Origin
from CTSMALib.diagnosis.tokens import COMPARTMENT, IDS, KneeTokens
from CTSMALib.errors import InputError
from Testing.core.diagnosis.made_up_model import CALIBRATION, a_diagnosis_bundle, some_knees


@pytest.fixture(scope="module")
def a_model(tmp_path_factory: pytest.TempPathFactory) -> DiagnosisModel:
    return load_model(a_diagnosis_bundle(tmp_path_factory.mktemp("bundle") / "b"))


@pytest.fixture
def a_knee() -> KneeTokens:
    return some_knees(3, seed=9)[1]


@pytest.mark.parametrize("aggregator", ["logistic", "transformer"])
def test_probability_interval_grades_and_contributions_belong_together(
    a_model: DiagnosisModel, a_knee: KneeTokens, aggregator: str
) -> None:
    found = a_model.predict(a_knee, aggregator)
    assert found.aggregator == aggregator and found.abstained is None
    assert found.probability is not None and found.low is not None and found.high is not None
    assert 0.0 < found.low < found.probability < found.high < 1.0
    assert sum(found.grades) == pytest.approx(1.0) and min(found.grades) >= 0.0
    assert sum(found.grades[2:]) == pytest.approx(found.probability)
    assert set(found.patches) == {name for name, there in zip(IDS, a_knee.present, strict=True) if there}
    total = sum(found.patches.values())
    assert sum(found.compartments.values()) == pytest.approx(total)
    assert found.usual_probability is not None
    logit, usual = (np.log(p / (1.0 - p)) for p in (found.probability, found.usual_probability))
    assert total == pytest.approx(logit - usual, abs=1e-4)
    assert "simulated" in found.notes[0]


def test_the_default_of_the_bundle_answers(tmp_path: Path, a_knee: KneeTokens) -> None:
    model = load_model(a_diagnosis_bundle(tmp_path / "b", default="transformer", simulated=False))
    found = model.predict(a_knee)
    assert found.aggregator == "transformer" and found.notes == ()


def test_it_abstains_with_too_few_patches(a_model: DiagnosisModel, a_knee: KneeTokens) -> None:
    found = a_model.predict(a_knee.only(COMPARTMENT != 0))
    assert found.probability is None and found.patches == {} and found.distance is None
    assert found.abstained is not None and "medial femoral condyle" in found.abstained
    assert found.counts == {"FM": 0, "FL": 6, "TM": 6, "TL": 6}


def test_it_abstains_far_from_what_it_learned_from(a_model: DiagnosisModel, a_knee: KneeTokens) -> None:
    assert a_model.predict(a_knee).distance < a_model.familiarity.limit  # type: ignore[operator]
    moved = KneeTokens(a_knee.values * 1.8, a_knee.uncertainties, a_knee.present)
    found = a_model.predict(moved)
    assert found.probability is None and found.low is None and found.grades == ()
    assert found.abstained is not None and "99 in 100" in found.abstained
    assert found.distance is not None and found.distance > found.limit


def test_other_quantities_are_refused(a_model: DiagnosisModel, a_knee: KneeTokens) -> None:
    less = KneeTokens(a_knee.values[:, :3], a_knee.uncertainties[:, :3], a_knee.present)
    with pytest.raises(InputError, match="other quantities"):
        a_model.predict(less)


def test_a_bundle_of_another_make_is_refused(tmp_path: Path) -> None:
    bundle = a_diagnosis_bundle(tmp_path / "b")
    path = bundle.folder / "configs" / "inference.json"
    config = json.loads(path.read_text())
    config["ctsma_diagnosis"]["members"] = 9
    path.write_text(json.dumps(config))
    metadata = json.loads((bundle.folder / "configs" / "metadata.json").read_text())
    metadata["ctsma"]["config_sha256"] = sha256_of(path)
    (bundle.folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(InputError, match="not one that this version reads"):
        load_model(read_bundle(bundle.folder))


@pytest.mark.parametrize(
    ("learned", "given", "said"),
    [
        (Origin("mr"), Origin("mr"), ""),
        (Origin("student", "a" * 64), Origin("some method", "a" * 64), ""),
        (Origin("student", "a" * 64), Origin("mr"), "by the model aaaaaaaa; those of this knee are measured on MR."),
        (
            Origin("mr"),
            Origin("x", "b" * 64),
            "measured on MR; those of this knee are estimated from CT by the model bbb",
        ),
        (Origin("student", "a" * 64), Origin("x", "b" * 64), "model aaaaaaaa; those of this knee are estimated from"),
        (Origin("student"), Origin("x", "b" * 64), "is not known"),
        (Origin("truth"), Origin("mr"), "the truth of virtual knees; those of this knee are measured on MR"),
        (Origin(""), Origin("mr"), "unknown origin"),
    ],
)
def test_values_of_another_origin_than_the_trainings_are_noted(
    a_model: DiagnosisModel, a_knee: KneeTokens, learned: Origin, given: Origin, said: str
) -> None:
    found = replace(a_model, origin=learned).predict(a_knee, origin=given)
    assert found.probability is not None and len(found.notes) == 1 + bool(said)
    assert said in found.notes[-1]


@pytest.mark.parametrize(("share", "said"), [(0.72, True), (0.9, False), (None, False)])
def test_contributions_that_are_not_faithful_are_noted(
    a_model: DiagnosisModel, a_knee: KneeTokens, share: float | None, said: bool
) -> None:
    model = replace(a_model, faithful={"logistic": 0.99} | ({} if share is None else {"transformer": share}))
    notes = model.predict(a_knee, "transformer").notes
    assert ("Do not rely on what single patches add: only for 72 % of patients" in " ".join(notes)) is said
    assert len(model.predict(a_knee, "logistic").notes) == 1


def test_grades_of_a_calibration_add_up_and_follow_the_severity() -> None:
    grades = CALIBRATION.grades(np.array([-5.0, 0.0, 5.0]))
    assert np.allclose(grades.sum(axis=1), 1.0) and (grades >= 0.0).all()
    assert np.all(np.diff(grades @ np.arange(5)) > 0.0)


def test_the_interval_widens_with_the_error_of_the_members_and_of_the_calibration() -> None:
    sure = Calibration(1.0, 0.0, (0.0, 0.0, 0.0), 1.0, (0.0, 1.0, 2.0, 3.0))
    assert sure.probability(0.7) == (pytest.approx(sure.probability(0.7)[1]),) * 3
    _, low, high = sure.probability(0.7, 0.5)
    assert np.log(high / (1 - high)) == pytest.approx(0.7 + 1.96 * 0.5)
    assert np.log(low / (1 - low)) == pytest.approx(0.7 - 1.96 * 0.5)
    assert CALIBRATION.probability(3.0)[2] - CALIBRATION.probability(3.0)[1] > 0.05


def test_probabilities_of_log_odds_are_exact_far_out() -> None:
    assert (sigmoid(-2000.0), sigmoid(0.0), sigmoid(2000.0)) == (0.0, 0.5, 1.0)
    assert sigmoid(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-9)
    assert CALIBRATION.probabilities(np.array([-3.0, 3.0])) == pytest.approx(
        [sigmoid(CALIBRATION.calibrated(logit)) for logit in (-3.0, 3.0)], abs=1e-12
    )


def test_the_jackknife_gives_the_standard_error_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=25)
    without_one = (values.sum() - values) / 24
    assert jackknife_error(without_one) == pytest.approx(values.std(ddof=1) / 5.0)
    assert jackknife_error(np.array([1.3])) == 0.0
