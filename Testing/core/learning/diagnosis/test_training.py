"""The whole training: folds that are kept, no patient on both sides, evaluation, and the bundle at the end."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.agreement import Interval
from CTSMALib.cli import main
from CTSMALib.diagnosis.batch import packed, whole_batch
from CTSMALib.diagnosis.model import load_model
from CTSMALib.errors import CancelledError, InputError
from CTSMALib.jobs.train_diagnosis import TrainDiagnosisRequest, run
from CTSMALib.learning.diagnosis import candidates as settings
from CTSMALib.learning.diagnosis import finish as finishing
from CTSMALib.learning.diagnosis import nested
from CTSMALib.learning.diagnosis import train as training
from CTSMALib.learning.diagnosis.calibrate import fit_calibration
from CTSMALib.learning.diagnosis.dataset import Case, DiagnosisData, grades, labels
from CTSMALib.learning.diagnosis.evaluate import default_of, evaluate
from CTSMALib.learning.diagnosis.faithfulness import Faithfulness
from CTSMALib.learning.diagnosis.finish import made_with
from CTSMALib.learning.diagnosis.fitted import Scores
from CTSMALib.learning.diagnosis.folds import folds
from CTSMALib.learning.diagnosis.nested import FoldResult, Predicted, best_candidate, cross_validate
from CTSMALib.learning.diagnosis.record import begin
from CTSMALib.learning.diagnosis.statistics import auc
from CTSMALib.learning.diagnosis.train import BUNDLE, FOLDS, train
from Testing.core.learning.diagnosis.made_up_knees import (
    one_compartment,
    small_training,
    some_cases,
    write_facts,
    write_patch_set,
)

CONFIG = small_training()
CASES = some_cases(60, one_compartment(1.5), seed=4)
DATA = DiagnosisData(CASES, {}, "mr", "0" * 64)
LINEAR = small_training(aggregators=("logistic", "age", "transformer"))


@pytest.fixture(scope="module", autouse=True)
def few_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        quick = replace(settings._NETWORK[0], epochs=4)
        patch.setattr(settings, "_NETWORK", (quick, *settings._NETWORK[1:]))
        yield


@pytest.fixture(scope="module")
def a_training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that ended, of 60 knees of a patch set beside it. Do not write into it."""
    folder = tmp_path_factory.mktemp("training")
    write_patch_set(CASES, folder / "set")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "aggregators": ["transformer", "logistic", "age"], "outer_folds": 3, "inner_folds": 2, "budget": 1,
                "resamplings": 50, "network": {"width": 8, "heads": 2, "layers": 1},
            }
        )
    )  # fmt: skip
    request = TrainDiagnosisRequest(folder / "set", "mr", folder / "t", folder / "config.json")
    return run(request)


def arguments(folder: Path) -> list[str]:
    set_folder, config = folder.parent / "set", folder.parent / "config.json"
    given = ["--patches", str(set_folder), "--predictions", "mr", "--out", str(folder), "--config", str(config)]
    return ["train", "diagnosis", *given]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_knee_is_predicted_once_by_every_aggregator(a_training: Path) -> None:
    rows = rows_of(a_training / "out_of_fold.csv")
    assert len(rows) == 180
    by_subject: dict[str, set[str]] = {}
    for row in rows:
        by_subject.setdefault(row["subject"], set()).add(row["fold"])
        assert 0.0 < float(row["p"]) < 1.0
        assert sum(float(row[f"p_grade_{grade}"]) for grade in range(5)) == pytest.approx(1.0, abs=1e-4)
    assert {len(inside) for inside in by_subject.values()} == {1}, "all aggregators have the same folds"
    assert {(row["knee"], row["aggregator"]) for row in rows} == {
        (case.knee, name) for case in CASES for name in CONFIG.aggregators
    }


def test_tables_hold_every_number_and_every_pair(a_training: Path) -> None:
    measured = rows_of(a_training / "evaluation.csv")
    assert len(measured) == 3 * 8 and all(row["value"] for row in measured)
    found = {(row["aggregator"], row["measure"]): float(row["value"]) for row in measured}
    rows = [row for row in rows_of(a_training / "out_of_fold.csv") if row["aggregator"] == "logistic"]
    truth, likely = [int(row["grade"]) >= 2 for row in rows], [float(row["p"]) for row in rows]
    assert found["logistic", "auc"] == pytest.approx(auc(truth, likely), abs=1e-3)
    assert found["logistic", "auc"] > 0.75
    assert [(row["first"], row["second"]) for row in rows_of(a_training / "differences.csv")] == [
        *(("transformer", "logistic"), ("transformer", "age")),
        ("logistic", "age"),
    ]


@pytest.mark.parametrize("aggregator", ["logistic", "transformer"])
def test_the_bundle_diagnoses_new_knees(a_training: Path, aggregator: str) -> None:
    from CTSMALib.bundles.bundle import read_bundle

    model = load_model(read_bundle(a_training / BUNDLE, "diagnosis"))
    asked = some_cases(60, one_compartment(1.5), seed=11)
    found = [model.predict(case.tokens, aggregator) for case in asked]
    told = np.array([one.probability is not None for one in found])
    assert told.mean() > 0.7
    truth, likely = labels(asked)[told], [one.probability for one in found if one.probability is not None]
    assert auc(truth, likely) > (0.7 if aggregator == "logistic" else 0.4)
    assert all(one.low < one.probability < one.high for one in found if one.probability is not None)  # type: ignore[operator]
    assert model.simulated and model.default in ("logistic", "transformer")


def test_the_card_tells_what_was_learned_from_and_how_good_it_is(a_training: Path) -> None:
    card = (a_training / BUNDLE / "docs" / "README.md").read_text()
    area = next(r for r in rows_of(a_training / "evaluation.csv") if r["measure"] == "auc" and r["aggregator"] == "age")
    assert "60 virtual knees of 30 patients" in card and "Trained on simulated knees" in card
    assert f"| age | {float(area['value']):.3f} [" in card
    (apart,) = [r for r in rows_of(a_training / "differences.csv") if r["second"] == "logistic"]
    low, high = (float(apart[f"by_patient_{end}"]) for end in ("low", "high"))
    assert f"[{low:.3f}, {high:.3f}], interval by resampling patients" in card and "p = " not in card
    metadata = json.loads((a_training / BUNDLE / "configs" / "metadata.json").read_text())
    inference = json.loads((a_training / BUNDLE / "configs" / "inference.json").read_text())
    for name, share in inference["ctsma_diagnosis"]["faithful"].items():
        assert metadata["eval_metrics"][name]["faithful"][0] == pytest.approx(share, abs=1e-3)
        assert f"- {name}: {share:.3f} [" in card
    assert inference["ctsma_diagnosis"]["faithful"]["logistic"] > 0.8
    assert metadata["eval_metrics"]["age"]["auc"][0] == pytest.approx(float(area["value"]), abs=1e-3)


def test_the_same_command_again_does_nothing_and_sums_up(
    a_training: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "cross_validate", None)
    assert main(arguments(a_training)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Training     {a_training}" and lines[1].startswith("AUC          transformer 0.")
    assert lines[-2].endswith(f"ctsma diagnose RESULT --model {a_training / BUNDLE}")


def test_a_training_of_a_version_that_knew_no_features_goes_on(a_training: Path, tmp_path: Path) -> None:
    record = json.loads((a_training / "training.json").read_text())
    assert record["config"].pop("features") == 0
    (tmp_path / "training.json").write_text(json.dumps(record))
    data = replace(DATA, values_from=record["values_from"], sha256=record["sha256"])
    begin(CONFIG, data, True, tmp_path)
    with pytest.raises(InputError, match="other settings"):
        begin(replace(CONFIG, features=1), data, True, tmp_path)


def test_other_settings_or_values_are_refused(a_training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = [word if word != "mr" else "truth" for word in arguments(a_training)]
    assert main(other) == 2
    assert "begun with other knees or values" in capsys.readouterr().err
    assert main(arguments(a_training)[:-2]) == 2
    assert "begun with other settings" in capsys.readouterr().err


def test_a_training_that_was_stopped_goes_on_with_what_it_has(a_training: Path, tmp_path: Path) -> None:
    stages: list[float] = []

    def stopped(stage: str, fraction: float, message: str = "") -> None:
        stages.append(fraction)
        if (tmp_path / FOLDS / "logistic-0.json").exists():
            raise CancelledError

    config = replace(CONFIG, aggregators=LINEAR.aggregators)
    with pytest.raises(CancelledError):
        train(config, DATA, True, tmp_path, stopped)
    kept = {path.name for path in (tmp_path / FOLDS).iterdir()}
    assert kept == {"logistic-0.json"} and not (tmp_path / BUNDLE).exists()
    before = (tmp_path / FOLDS / "logistic-0.json").stat().st_mtime_ns
    seen: list[str] = []
    results = cross_validate(config, CASES, tmp_path / FOLDS, lambda stage, fraction, message="": seen.append(message))
    assert (tmp_path / FOLDS / "logistic-0.json").stat().st_mtime_ns == before
    assert len(results) == 9 and any("min left" in message for message in seen)
    whole = json.loads((a_training / FOLDS / "transformer-2.json").read_text())
    assert json.loads((tmp_path / FOLDS / "transformer-2.json").read_text())["predicted"] == whole["predicted"]


def test_real_knees_are_no_training_that_was_begun_with_virtual_ones(
    a_training: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (a_training.parent / "set" / "patches.json").read_bytes()
    try:
        write_facts(a_training.parent / "set", 60 * 24, 60, virtual=False)
        assert main(arguments(a_training)) == 2
    finally:
        (a_training.parent / "set" / "patches.json").write_bytes(kept)
    assert "begun with other knees or values" in capsys.readouterr().err
    assert made_with(CONFIG, DATA, True) != made_with(CONFIG, DATA, False)


def test_what_does_not_say_whether_it_is_virtual_is_refused(tmp_path: Path, capsys) -> None:
    write_patch_set(CASES, tmp_path / "set")
    path = tmp_path / "set" / "patches.json"
    facts = json.loads(path.read_text())
    given = ["train", "diagnosis", "--patches", str(tmp_path / "set"), "--predictions", "mr"]
    for wrong in ({k: v for k, v in facts.items() if k != "virtual"}, {**facts, "virtual": 0}):
        path.write_text(json.dumps(wrong))
        assert main([*given, "--out", str(tmp_path / "t")]) == 2
        assert "damaged" in capsys.readouterr().err
    assert not (tmp_path / "t").exists()


def test_the_calibration_is_that_of_the_members_which_begin_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: dict[str, set[int]] = {}
    real = finishing.fit

    def spy(what, *given):  # type: ignore[no-untyped-def]
        seeds.setdefault(what.aggregator, set()).add(what.seed)
        return real(what, *given)

    monkeypatch.setattr(finishing, "fit", spy)
    results = made_up_results({"transformer": 1.0, "logistic": 1.0})
    config = small_training(aggregators=("transformer", "logistic"), budget=3)
    bundle = finishing.finish(config, DATA, True, results, evaluate(config, CASES, results), tmp_path / "b")
    assert {name: len(used) for name, used in seeds.items()} == {"logistic": 1, "transformer": 1}
    model = load_model(bundle)
    outer = folds(CASES, config.outer_folds, config.seed)
    batches = [packed(whole_batch([case.tokens], model.standardizer)) for case in CASES]
    by_network = [model.transformers[where](*batch) for where, batch in zip(outer, batches, strict=True)]
    logits = np.array([float(found.logit) for found in by_network])
    expected = fit_calibration(
        logits, np.array([float(found.severity) for found in by_network]), labels(CASES), grades(CASES)
    )
    found = model.calibrations["transformer"]
    assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept), rel=0.02, abs=2e-3)
    logits = np.array(
        [model.logistic.logits(c.tokens, model.standardizer)[w] for c, w in zip(CASES, outer, strict=True)]
    )
    expected = fit_calibration(logits, logits, labels(CASES), grades(CASES))
    found = model.calibrations["logistic"]
    assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept))
    assert (model.origin.kind, model.origin.sha256) == ("mr", "")


def test_who_stops_a_training_is_told_that_folds_are_kept(a_training: Path, tmp_path: Path, capsys) -> None:
    def stopped(*given: object) -> None:
        raise CancelledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "cross_validate", stopped)
        assert main([str(tmp_path / "t") if word == str(a_training) else word for word in arguments(a_training)]) != 0
    told = capsys.readouterr().err
    assert "Finished folds are kept; give the same command again" in told and "Nothing was written" not in told


def test_a_kept_fold_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "logistic-0.json").write_text("{")
    with pytest.raises(InputError, match="logistic-0"):
        cross_validate(LINEAR, CASES, tmp_path)


def test_no_fit_sees_a_patient_that_it_predicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    class Spy:
        def __init__(self, learned: Sequence[Case]) -> None:
            self.subjects = {case.subject for case in learned}

        def scores(self, cases: Sequence[Case]) -> Scores:
            asked = {case.subject for case in cases}
            seen.append(asked)
            assert not asked & self.subjects
            numbers = np.array([case.age for case in cases])
            return Scores(numbers, numbers)

    monkeypatch.setattr(nested, "fit", lambda what, cases, config, tick: Spy(cases))
    cross_validate(CONFIG, CASES, tmp_path)
    assert len(seen) == 3 * 3 * 3, "two inner folds and the outer one, for each of three folds and aggregators"


def test_where_nothing_is_to_be_known_nothing_is_found(tmp_path: Path) -> None:
    nothing = some_cases(160, one_compartment(0.0), seed=6)
    config = small_training(aggregators=("logistic", "transformer"), outer_folds=5, inner_folds=3)
    found = [one for fold in range(5) for one in _linear_fold(config, nothing, fold, tmp_path)]
    truth = {case.knee: case.has_oa for case in nothing}
    area = auc([truth[one.knee] for one in found], [one.probability for one in found])
    assert len(found) == 160 and 0.35 < area < 0.62


def _linear_fold(config, cases, fold: int, folder: Path) -> tuple[Predicted, ...]:  # type: ignore[no-untyped-def]
    outer = folds(cases, config.outer_folds, config.seed)
    learned = [case for case, where in zip(cases, outer, strict=True) if where != fold]
    asked = [case for case, where in zip(cases, outer, strict=True) if where == fold]
    nothing = (lambda: None, lambda: None)
    return nested.one_fold(config, "logistic", fold, learned, asked, nothing).predicted


def made_up_results(slopes: dict[str, float]) -> list[FoldResult]:
    """Predictions that follow the grade more or less."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=len(CASES))
    results = []
    for name, slope in slopes.items():
        likely = 1.0 / (1.0 + np.exp(-(slope * (np.array([c.grade for c in CASES]) - 1.5) + noise)))
        rows = [
            Predicted(c.knee, c.subject, 0.0, 0.0, float(p), (0.2,) * 5) for c, p in zip(CASES, likely, strict=True)
        ]
        results.append(FoldResult(name, 0, (0.5, 0.4, 0.6), 1, tuple(rows)))
    return results


@pytest.mark.parametrize(
    ("transformer", "default"), [(3.0, "transformer"), (0.505, "logistic"), (0.5, "logistic"), (0.1, "logistic")]
)
def test_the_transformer_is_the_default_only_where_it_is_clearly_better(transformer: float, default: str) -> None:
    config = small_training(aggregators=("transformer", "logistic"))
    found = evaluate(config, CASES, made_up_results({"transformer": transformer, "logistic": 0.5}))
    passed = {name: faithful(0.95) for name in ("logistic", "transformer")}
    assert default_of(found, passed, config.tie) == default
    area = found.of("transformer", "auc")
    assert isinstance(area, Interval) and area.low < area.value <= area.high
    apart = found.differences[0]
    assert apart.delong.value == pytest.approx(area.value - found.of("logistic", "auc").value)
    assert apart.by_patient.value == pytest.approx(apart.delong.value)


def faithful(share: float) -> Faithfulness:
    return Faithfulness(Interval(share, share, share), 30, 1.0, 0.5, 0.9)


@pytest.mark.parametrize(
    ("transformer", "logistic", "default"),
    [(0.89, 0.9, "logistic"), (0.9, 0.89, "transformer"), (0.5, 0.4, "transformer"), (0.9, np.nan, "transformer")],
)
def test_what_explains_itself_faithfully_answers_by_default(transformer: float, logistic: float, default: str) -> None:
    config = small_training(aggregators=("transformer", "logistic"))
    found = evaluate(config, CASES, made_up_results({"transformer": 3.0, "logistic": 0.5}))
    shares = {"transformer": faithful(transformer), "logistic": faithful(logistic)}
    assert default_of(found, shares, config.tie) == default


def test_the_settings_with_the_least_inner_loss_are_taken() -> None:
    results = made_up_results({"logistic": 1.0})
    config = small_training(budget=3)
    assert best_candidate(config, "logistic", results) == nested.candidates("logistic", 3)[1]


def test_a_folder_without_a_patch_set_or_with_wrong_names_is_refused(a_training: Path, tmp_path: Path, capsys) -> None:
    given = ["--predictions", "mr", "--out", str(tmp_path / "t")]
    assert main(["train", "diagnosis", "--patches", str(tmp_path), *given]) == 2
    assert "holds no patch set" in capsys.readouterr().err
    (tmp_path / "c.toml").write_text("outer_fold = 3\n")
    patches = str(a_training.parent / "set")
    assert main(["train", "diagnosis", "--patches", patches, *given, "--config", str(tmp_path / "c.toml")]) == 2
    assert "unknown name 'outer_fold'" in capsys.readouterr().err
    assert not (tmp_path / "t").exists()
