"""The benchmark of explanations, on made-up knees and a made-up model."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.tokens import COMPARTMENT, KneeTokens
from CTSMALib.learning.diagnosis.faithfulness import Change, _drawn, change_of, faithfulness, out_of_fold, wilson
from Testing.benchmarks.diagnosis import faithful
from Testing.core.diagnosis.made_up_model import a_diagnosis_bundle
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, some_cases, write_patch_set

CASES = some_cases(12, one_compartment(1.0), seed=5, kept=48)


@pytest.fixture(scope="module")
def a_model(tmp_path_factory: pytest.TempPathFactory) -> DiagnosisModel:
    return load_model(a_diagnosis_bundle(tmp_path_factory.mktemp("bundle") / "b"))


def logits_of(model: DiagnosisModel) -> Callable[[Sequence[KneeTokens]], np.ndarray]:
    return lambda knees: model.logits(knees, "logistic").mean(axis=1)


def test_the_benchmark_writes_a_row_for_each_aggregator_and_ranking(
    a_model: DiagnosisModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = a_diagnosis_bundle(tmp_path / "b")
    given = ["--patches", str(write_patch_set(CASES, tmp_path / "set")), "--predictions", "mr"]
    out = tmp_path / "faithful.csv"
    monkeypatch.setattr(sys, "argv", [faithful.__file__, *given, "--model", str(bundle.folder), "--out", str(out)])
    monkeypatch.setattr(faithful, "DRAWS", 20)
    faithful.main()
    rows = list(csv.DictReader(out.open(newline="")))
    assert [(row["aggregator"], row["ranking"]) for row in rows] == [
        *(("logistic", "supporting"), ("logistic", "absolute")),
        *(("transformer", "supporting"), ("transformer", "absolute")),
    ]
    assert {(row["patients"], row["knees"]) for row in rows} == {("6", "12")}
    assert all(float(row["share"]) >= 0.9 for row in rows if row["ranking"] == "supporting")
    said = json.loads(out.with_suffix(".json").read_text())
    assert said["command"].startswith("python -m Testing.benchmarks.diagnosis.faithful") and said["seed"] == 1
    assert said["model"] == read_bundle(bundle.folder).identity


def test_patches_that_do_not_matter_are_not_called_faithful(a_model: DiagnosisModel) -> None:
    rng, found = np.random.default_rng(0), []
    for case in CASES:
        least = -np.abs(a_model.answer(case.tokens, "logistic").parts)
        found.append(change_of(logits_of(a_model), case.subject, case.tokens, least, rng, draws=20))
    assert faithfulness(found).share.value < 0.5


def test_draws_have_as_many_patches_of_each_compartment() -> None:
    tokens, rng = CASES[0].tokens, np.random.default_rng(1)
    top = np.zeros(96, dtype=bool)
    top[np.flatnonzero(tokens.present)[[0, 1, 2, 20]]] = True
    draws = [_drawn(tokens.present, top, rng) for _ in range(5)]
    for draw in draws:
        assert not (draw & ~tokens.present).any()
        assert np.array_equal(np.bincount(COMPARTMENT[draw], minlength=4), np.bincount(COMPARTMENT[top], minlength=4))
    assert len({draw.tobytes() for draw in draws}) > 1


def test_a_knee_that_would_keep_too_few_patches_is_left_out(a_model: DiagnosisModel) -> None:
    few = CASES[0].tokens.only(np.cumsum(CASES[0].tokens.present) <= 26)
    worth = np.where(COMPARTMENT[few.present].max() == COMPARTMENT, 1.0, 0.0)
    found = change_of(logits_of(a_model), "s", few, worth, np.random.default_rng(0))
    assert found is None and faithfulness([found]).patients == 0


def test_both_knees_of_a_patient_count_as_one() -> None:
    found = faithfulness([Change("a", 3.0, 1.0, 1.0), None, Change("a", 0.0, 1.0, 0.0), Change("b", 1.0, 2.0, 0.1)])
    assert (found.share.value, found.patients, found.top, found.drawn) == (0.5, 2, 1.25, 1.5)
    assert found.beaten == pytest.approx(1.1 / 3.0)


def test_the_interval_of_a_share() -> None:
    found = wilson(0.9, 100)
    assert (found.low, found.high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))


def test_members_explain_the_knees_that_they_lack() -> None:
    class Member:
        """Its log odds are the mean of one quantity; it explains them by what it is given."""

        def __init__(self, own: set[str], worth: Callable[[KneeTokens], np.ndarray]) -> None:
            self.own, self.worth = own, worth

        def logits(self, knees: Sequence[KneeTokens]) -> np.ndarray:
            return np.array([knee.values[knee.present, 0].mean() for knee in knees])

        def contributions(self, tokens: KneeTokens) -> tuple[np.ndarray, float]:
            assert tokens.digest in self.own
            return np.where(tokens.present, self.worth(tokens), 0.0), 0.0

    outer = np.arange(12) // 2 % 3
    apart = [{case.tokens.digest for case, where in zip(CASES, outer, strict=True) if where == k} for k in range(3)]
    ticks: list[int] = []
    right = [Member(own, lambda tokens: tokens.values[:, 0]) for own in apart]
    found = out_of_fold(right, CASES, outer, 1, lambda: ticks.append(1))
    assert found.share.value == 1.0 and found.patients == 6 and len(ticks) == 12

    def unremarkable(tokens: KneeTokens) -> np.ndarray:
        return 1.0 - np.abs(tokens.values[:, 0] - tokens.values[tokens.present, 0].mean())

    wrong = [Member(own, unremarkable) for own in apart]
    assert out_of_fold(wrong, CASES, outer, 1, lambda: None).share.value < 0.5
