"""The benchmark of explanations, on made-up knees and a made-up model."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.bundles.bundle import read_bundle
from CTSMALib.diagnosis.model import DiagnosisModel, load_model
from CTSMALib.diagnosis.tokens import COMPARTMENT
from Testing.benchmarks.diagnosis import faithful
from Testing.core.diagnosis.made_up_model import a_diagnosis_bundle
from Testing.core.learning.diagnosis.made_up_knees import one_compartment, some_cases, write_patch_set

CASES = some_cases(12, one_compartment(1.0), seed=5, kept=48)


@pytest.fixture(scope="module")
def a_model(tmp_path_factory: pytest.TempPathFactory) -> DiagnosisModel:
    return load_model(a_diagnosis_bundle(tmp_path_factory.mktemp("bundle") / "b"))


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


def test_patches_that_do_not_matter_are_not_called_faithful(
    a_model: DiagnosisModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faithful, "DRAWS", 20)
    rng, better = np.random.default_rng(0), []
    for case in CASES:
        least = -np.abs(a_model.answer(case.tokens, "logistic").parts)
        found = faithful.change_of(a_model, case.tokens, "logistic", least, rng)
        assert found is not None
        better.append(found[0] > found[1])
    assert np.mean(better) < 0.5


def test_draws_have_as_many_patches_of_each_compartment() -> None:
    tokens, rng = CASES[0].tokens, np.random.default_rng(1)
    top = np.zeros(96, dtype=bool)
    top[np.flatnonzero(tokens.present)[[0, 1, 2, 20]]] = True
    draws = [faithful._drawn(tokens.present, top, rng) for _ in range(5)]
    for draw in draws:
        assert not (draw & ~tokens.present).any()
        assert np.array_equal(np.bincount(COMPARTMENT[draw], minlength=4), np.bincount(COMPARTMENT[top], minlength=4))
    assert len({draw.tobytes() for draw in draws}) > 1


def test_a_knee_that_would_keep_too_few_patches_is_left_out(a_model: DiagnosisModel) -> None:
    few = CASES[0].tokens.only(np.cumsum(CASES[0].tokens.present) <= 26)
    worth = np.where(COMPARTMENT[few.present].max() == COMPARTMENT, 1.0, 0.0)
    assert faithful.change_of(a_model, few, "logistic", worth, np.random.default_rng(0)) is None


def test_the_interval_of_a_share() -> None:
    low, high = faithful.wilson(0.9, 100)
    assert (low, high) == (pytest.approx(0.8256, abs=1e-3), pytest.approx(0.9448, abs=1e-3))
