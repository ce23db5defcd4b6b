"""A diagnosis that reads features of the student beside the values, from training to its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.origin import Origin
from CTSMALib.diagnosis.tokens import IDS, KneeTokens
from CTSMALib.errors import InputError
from CTSMALib.learning.diagnosis import candidates as settings
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import Case, DiagnosisData
from CTSMALib.learning.diagnosis.train import train
from CTSMALib.student.summary import MOST_FEATURES
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, small_training, some_cases

OWN = Origin("student", "a" * 64)


def with_features(case: Case, rng: np.random.Generator, size: float = 2.0) -> Case:
    """The disease shows in the second of two features alone."""
    told = rng.normal(0.0, 1.0, (96, 2)) + np.array([0.0, size * case.has_oa])
    there = np.flatnonzero(case.tokens.present)
    return replace(case, tokens=case.tokens.with_features({IDS[n]: told[n].tolist() for n in there}, 2))


@pytest.fixture(scope="module", autouse=True)
def few_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "_NETWORK", (replace(settings._NETWORK[0], epochs=4), *settings._NETWORK[1:]))
        yield


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    rng = np.random.default_rng(8)
    return tuple(with_features(case, rng) for case in some_cases(60, one_compartment(0.0), seed=5))


@pytest.fixture(scope="module")
def a_model(cases: tuple[Case, ...], tmp_path_factory: pytest.TempPathFactory) -> DiagnosisModel:
    data = DiagnosisData(cases, {}, OWN.kind, "0" * 64, OWN.sha256)
    bundle = train(small_training(features=2), data, True, tmp_path_factory.mktemp("training"))
    assert "2 features that the student gives each" in (bundle.folder / "docs" / "README.md").read_text()
    return load_model(bundle)


def test_the_disease_is_found_where_only_a_feature_shows_it(a_model: DiagnosisModel, cases: tuple[Case, ...]) -> None:
    rng = np.random.default_rng(9)
    asked = [with_features(case, rng) for case in some_cases(40, one_compartment(0.0), seed=6)]
    found = {case.knee: a_model.predict(case.tokens, "logistic", OWN) for case in asked}
    likely = {True: [], False: []}  # type: dict[bool, list[float]]
    for case in asked:
        probability = found[case.knee].probability
        if probability is not None:
            likely[case.has_oa].append(probability)
    assert a_model.features == 2 and min(map(len, likely.values())) > 5
    assert np.median(likely[True]) > 0.8 and np.median(likely[False]) < 0.2


@pytest.mark.parametrize("aggregator", ["logistic", "transformer"])
def test_contributions_still_add_up(a_model: DiagnosisModel, cases: tuple[Case, ...], aggregator: str) -> None:
    found = a_model.predict(cases[0].tokens, aggregator, OWN)
    assert found.probability is not None and found.usual_probability is not None
    logit, usual = (np.log(p / (1.0 - p)) for p in (found.probability, found.usual_probability))
    assert sum(found.patches.values()) == pytest.approx(logit - usual, abs=1e-4)


def test_it_says_nothing_of_features_of_another_student_or_of_none(
    a_model: DiagnosisModel, cases: tuple[Case, ...]
) -> None:
    told = a_model.predict(cases[0].tokens, origin=Origin("student", "b" * 64))
    assert told.probability is None and told.abstained is not None and "its own student" in told.abstained
    nothing = cases[0].tokens.with_features({}, 2)
    told = a_model.predict(nothing, origin=OWN)
    assert told.probability is None and told.abstained is not None and "analyze the scan again" in told.abstained


def test_knees_without_features_are_another_kind_of_knee(a_model: DiagnosisModel, cases: tuple[Case, ...]) -> None:
    bare = KneeTokens(cases[0].tokens.values, cases[0].tokens.uncertainties, cases[0].tokens.present)
    with pytest.raises(InputError, match="other quantities"):
        a_model.predict(bare, origin=OWN)
    assert bare.digest == cases[0].tokens.digest  # of the values that a report shows


@pytest.mark.parametrize("count", [-1, MOST_FEATURES + 1])
def test_a_number_of_features_that_no_student_gives_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="features"):
        DiagnosisConfig(features=count)
