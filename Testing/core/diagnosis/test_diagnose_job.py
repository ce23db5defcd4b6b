"""``ctsma diagnose``: what is written of whom."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from CTSMALib.analysis.exclusions import without_excluded
from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.analysis.patient_tokens import patient_tokens
from CTSMALib.analysis.result import Exclusion, KneeAnalysis
from CTSMALib.analysis.student_reading import UNLIKE
from CTSMALib.bundles.bundle import Bundle
from CTSMALib.cli import main
from CTSMALib.diagnosis.tokens import IDS, KneeTokens
from CTSMALib.jobs.commands import diagnose_arguments
from CTSMALib.jobs.diagnose import DiagnoseRequest
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.volumes.virtual_mark import NOTICE
from Testing.core.diagnosis.made_up_model import a_diagnosis_bundle, some_knees
from Testing.core.made_up_knee import made_up_knee

HIDDEN = {"probability", "low", "high", "grades", "usual_probability", "patches", "compartments"}


@pytest.fixture(scope="module")
def a_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return a_diagnosis_bundle(tmp_path_factory.mktemp("bundle") / "b")


def with_values(analysis: KneeAnalysis, tokens: KneeTokens, virtual: bool) -> KneeAnalysis:
    """Findings whose patches have apparent parameters, and whose compartments are all reported."""
    patches = []
    for one in analysis.patches:
        place = IDS.index(one.patch.id)
        if tokens.present[place]:
            values = dict(zip(KEYS, tokens.values[place], strict=True))
            unsure = dict(zip(KEYS, tokens.uncertainties[place], strict=True))
            one = replace(one, values={**one.values, **values}, uncertainties=unsure)
        patches.append(one)
    reported = tuple(replace(finding, reported=True) for finding in analysis.compartments)
    notices = (*analysis.notices, *([NOTICE] if virtual else []))
    return replace(analysis, patches=tuple(patches), compartments=reported, notices=notices)


def a_result(folder: Path, virtual: bool = False, side: str = "left") -> Path:
    """A result folder with apparent parameters."""
    folder.mkdir(parents=True)
    knee = made_up_knee(side)
    write_folder(replace(knee, analysis=with_values(knee.analysis, some_knees(3, seed=9)[1], virtual)), folder)
    return folder


def diagnosed(folder: Path, bundle: Bundle, *more: str) -> dict:
    assert main(["diagnose", str(folder), "--model", str(bundle.folder), *more]) == 0
    return json.loads((folder / "diagnosis.json").read_text())


def test_of_a_real_person_no_probability_is_given(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    found = diagnosed(a_result(tmp_path / "r"), a_bundle)
    told = capsys.readouterr().out
    assert not HIDDEN & set(found) and found["shown"] is False
    assert found["schema"] == "ctsma-diagnosis" and found["schema_version"] == 1
    assert "trained on simulated knees" in found["statement"] and found["statement"] in told
    assert found["checked"][0] == "24 of 96 patches have values (FM 6, FL 6, TM 6, TL 6)."
    assert "within the range of the training" in found["checked"][1] and found["checked"][1] in told
    assert "Probability" not in told and "Grades" not in told


def test_for_research_it_is_shown_and_marked(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    found = diagnosed(a_result(tmp_path / "r"), a_bundle, "--research")
    told = capsys.readouterr().out
    assert set(found) >= HIDDEN and found["research"] is True and found["virtual"] is False
    assert found["statement"].startswith("Trained on simulated knees.") and found["statement"] in told
    assert f"Probability  {found['probability']:.2f}" in told
    assert told.splitlines()[-1] == "Research use only: not a medical device."


def test_of_a_virtual_knee_it_is_shown(tmp_path: Path, a_bundle: Bundle) -> None:
    found = diagnosed(a_result(tmp_path / "r", virtual=True), a_bundle)
    assert found["shown"] is True and found["virtual"] is True and 0.0 < found["probability"] < 1.0
    assert len(found["patches"]) == 24 and set(found["compartments"]) == {"FM", "FL", "TM", "TL"}


def test_a_model_of_real_knees_is_shown(tmp_path: Path) -> None:
    bundle = a_diagnosis_bundle(tmp_path / "real", simulated=False)
    found = diagnosed(a_result(tmp_path / "r"), bundle)
    assert found["shown"] is True and "trained on real knees" in found["statement"]


def test_where_the_model_abstains_not_even_research_shows_a_number(tmp_path: Path, a_bundle: Bundle) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    knee, tokens = made_up_knee(), some_knees(3, seed=9)[1]
    few = tokens.only(np.arange(96) < 72)
    write_folder(replace(knee, analysis=with_values(knee.analysis, few, virtual=True)), folder)
    found = diagnosed(folder, a_bundle, "--research")
    assert found["shown"] is False and not HIDDEN & set(found)
    assert "lateral tibial plateau" in found["abstained"] and found["abstained"] in found["statement"]


def test_it_says_nothing_where_metal_or_the_anatomy_took_a_compartment(tmp_path: Path, a_bundle: Bundle) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    knee = made_up_knee()
    analysis = with_values(knee.analysis, some_knees(3, seed=9)[1], virtual=True)
    refused = replace(analysis.compartments[1], reported=False, reason="metal lies near 17 of its patches")
    compartments = (analysis.compartments[0], refused, *analysis.compartments[2:])
    write_folder(replace(knee, analysis=replace(analysis, compartments=compartments)), folder)
    found = diagnosed(folder, a_bundle, "--research")
    assert found["shown"] is False and not HIDDEN & set(found) and found["counts"]["FL"] == 0
    assert "Lateral femoral condyle: metal lies near 17 of its patches." in found["statement"]


def test_a_diagnosis_knows_the_values_that_it_was_made_from(tmp_path: Path, a_bundle: Bundle) -> None:
    folder = a_result(tmp_path / "r")
    found = diagnosed(folder, a_bundle)
    analysis = load_analysis(folder)
    assert found["values_sha256"] == patient_tokens(analysis).digest
    excluded = next(one.patch.id for one in analysis.patches if KEYS[0] in one.values)
    left = without_excluded(analysis, [Exclusion(excluded, "motion", "reader", "2026-01-01T00:00:00Z")])
    assert patient_tokens(left).digest != found["values_sha256"]


def test_both_knees_of_a_result_are_diagnosed(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    for side in ("left", "right"):
        a_result(tmp_path / "r" / side, virtual=True, side=side)
    assert main(["diagnose", str(tmp_path / "r"), "--model", str(a_bundle.folder)]) == 0
    assert all((tmp_path / "r" / side / "diagnosis.json").is_file() for side in ("left", "right"))
    assert capsys.readouterr().out.count("Probability") == 2


def test_a_result_without_apparent_parameters_is_refused(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    write_folder(made_up_knee(), folder)
    assert main(["diagnose", str(folder), "--model", str(a_bundle.folder)]) == 2
    told = capsys.readouterr().err
    assert "has no apparent parameters of patches" in told and "Traceback" not in told
    assert not (folder / "diagnosis.json").exists()


def test_a_folder_that_is_no_result_is_refused(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    assert main(["diagnose", str(tmp_path), "--model", str(a_bundle.folder)]) == 2
    assert "is not a CTSMA result" in capsys.readouterr().err


def test_tokens_of_a_result_are_those_that_were_put_in(tmp_path: Path) -> None:
    folder = a_result(tmp_path / "r")
    given, found = some_knees(3, seed=9)[1], patient_tokens(load_analysis(folder))
    assert np.array_equal(given.present, found.present)
    assert np.array_equal(given.values[given.present], found.values[given.present])
    assert np.array_equal(given.uncertainties[given.present], found.uncertainties[given.present])


def flagged(folder: Path, count: int) -> Path:
    """A result of a virtual knee, some of whose 24 patches look unlike those that the student learned from."""
    folder.mkdir()
    knee = made_up_knee()
    analysis = with_values(knee.analysis, some_knees(3, seed=9)[1], virtual=True)
    patches, left = [], count
    for number, one in enumerate(analysis.patches):
        if left and number % 2 and one.uncertainties:
            one, left = replace(one, flags=(*one.flags, UNLIKE)), left - 1
        patches.append(one)
    assert not left
    write_folder(replace(knee, analysis=replace(analysis, patches=tuple(patches))), folder)
    return folder


def test_patches_unlike_the_training_of_the_student_are_left_out(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    found = diagnosed(flagged(tmp_path / "r", 3), a_bundle)
    assert found["shown"] is True and len(found["patches"]) == 21 and sum(found["counts"].values()) == 21
    assert found["checked"][0].startswith("21 of 96 patches have values")
    assert found["checked"][1].startswith("3 more were left out") and found["checked"][1] in capsys.readouterr().out


def test_with_more_than_a_quarter_of_them_nothing_is_said(tmp_path: Path, a_bundle: Bundle) -> None:
    found = diagnosed(flagged(tmp_path / "r", 7), a_bundle, "--research")
    assert found["shown"] is False and not HIDDEN & set(found)
    assert found["abstained"].startswith("7 of 24 patches look unlike")
    assert found["abstained"] in found["statement"] and found["checked"][1].startswith("7 more were left out")


def test_values_of_another_origin_are_noted(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    found = diagnosed(a_result(tmp_path / "r"), a_bundle)
    note = "The model learned from values that are of unknown origin; those of this knee are estimated from CT."
    assert note in found["notes"] and f"Note         {note}" in capsys.readouterr().out


def test_the_aggregator_can_be_chosen(tmp_path: Path, a_bundle: Bundle, capsys) -> None:
    folder = a_result(tmp_path / "r")
    assert diagnosed(folder, a_bundle)["aggregator"] == "logistic"
    assert diagnosed(folder, a_bundle, "--aggregator", "transformer")["aggregator"] == "transformer"
    assert ", transformer" in capsys.readouterr().out


def test_the_arguments_of_a_request_are_those_of_the_command(tmp_path: Path, a_bundle: Bundle) -> None:
    folder = a_result(tmp_path / "r")
    assert (
        main(diagnose_arguments(DiagnoseRequest(folder, a_bundle.folder, research=True, aggregator="transformer"))) == 0
    )
    found = json.loads((folder / "diagnosis.json").read_text())
    assert found["research"] is True and found["aggregator"] == "transformer"
