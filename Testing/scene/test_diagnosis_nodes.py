"""A diagnosis in the scene: kept with its result, written again, and known to be outdated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import PATCH_TABLES, load_analysis
from CTSMALib.analysis.patient_tokens import patient_tokens
from CTSMALib.analysis.tables import measured_keys, write_table
from CTSMALib.diagnosis.diagnosis import Diagnosis
from CTSMALib.diagnosis.names import AGGREGATORS as KNOWN
from CTSMALib.diagnosis.record import FILE, MARKED, Subject, write_diagnosis
from CTSMALib.diagnosis.tokens import COMPARTMENT_KEYS, IDS
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.scene import diagnosis_nodes as nodes
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.diagnosis_nodes import DiagnosisState, diagnosis_of, keep_diagnosis, keep_state, state_of
from CTSMALib.scene.exclusions import exclude, undo
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.remove_result import remove_result
from CTSMALib.scene.restore import holds, write_result
from CTSMALib.scene.result_nodes import DIAGNOSIS, ResultNodes, results_in

SAID = Diagnosis(
    "logistic", "diagnosis 1.0", 0.7, 0.5, 0.8, (0.1, 0.2, 0.3, 0.3, 0.1), 0.45,
    {name: 0.01 * number for number, name in enumerate(IDS)}, dict.fromkeys(COMPARTMENT_KEYS, 0.2),
    dict.fromkeys(COMPARTMENT_KEYS, 24), 0.9, 1.4, None, (),
)  # fmt: skip
RESEARCH = Subject(virtual=False, research=True, simulated=True)
Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture
def a_diagnosed_folder(analyzed: Analyzed, tmp_path: Path) -> Path:
    folder = tmp_path / "diagnosed"
    shutil.copytree(analyzed("plain")[0], folder)
    known = load_analysis(folder)
    patches = [replace(one, values={**one.values, **dict.fromkeys(KEYS, 0.3)}) for one in known.patches]
    write_table(folder / PATCH_TABLES["patches"], patches, measured_keys(patches), labelled=True)
    digest = patient_tokens(load_analysis(folder)).digest
    write_diagnosis(replace(SAID, values_sha256=digest), RESEARCH, folder)
    return folder


@pytest.fixture
def a_diagnosed_result(a_scene: Any, a_diagnosed_folder: Path) -> ResultNodes:
    return add_result(a_scene, a_diagnosed_folder)


def test_the_diagnosis_of_a_folder_comes_with_its_result(a_diagnosed_result: ResultNodes) -> None:
    found = diagnosis_of(a_diagnosed_result)
    assert found is not None and found.shown and found.statement == MARKED and not found.outdated
    assert (found.probability, found.low, found.high) == (0.7, 0.5, 0.8) and len(found.grades) == 5
    assert found.strongest(2) == [(IDS[95], pytest.approx(0.95)), (IDS[94], pytest.approx(0.94))]
    assert found.checked[0].startswith("96 of 96 patches")


def test_a_saved_scene_has_it_again_and_how_it_was_asked_for(a_diagnosed_result: ResultNodes, tmp_path: Path) -> None:
    state = DiagnosisState("mine", "transformer", research=True)
    keep_state(a_diagnosed_result, state)
    assert a_diagnosed_result.scene.WriteToMRB(str(tmp_path / "s.mrb"))
    other = new_scene()
    other.ReadFromMRB(str(tmp_path / "s.mrb"))
    opened = next(results_in(other))
    assert nodes.text_of(opened) == nodes.text_of(a_diagnosed_result) != ""
    assert state_of(opened) == state and diagnosis_of(opened) == diagnosis_of(a_diagnosed_result)


def test_the_folder_that_is_written_again_holds_it(a_diagnosed_result: ResultNodes, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    write_result(a_diagnosed_result, folder)
    assert (folder / FILE).read_text(encoding="utf-8") == nodes.text_of(a_diagnosed_result)
    assert holds(folder, a_diagnosed_result)
    keep_diagnosis(a_diagnosed_result, json.dumps({"another": "one"}))
    assert not holds(folder, a_diagnosed_result)


def test_a_result_without_a_diagnosis_writes_none(a_result: ResultNodes, tmp_path: Path) -> None:
    assert diagnosis_of(a_result) is None and state_of(a_result) == DiagnosisState()
    write_result(a_result, tmp_path)
    assert not (tmp_path / FILE).exists() and holds(tmp_path, a_result)


def test_excluding_a_patch_makes_it_outdated_until_that_is_undone(a_diagnosed_result: ResultNodes) -> None:
    exclude(a_diagnosed_result, 7, "motion", "reader")
    found = diagnosis_of(a_diagnosed_result)
    assert found is not None and found.outdated
    undo(a_diagnosed_result)
    found = diagnosis_of(a_diagnosed_result)
    assert found is not None and not found.outdated


def test_a_later_diagnosis_takes_the_place_of_the_first(a_diagnosed_result: ResultNodes) -> None:
    count = a_diagnosed_result.scene.GetNumberOfNodesByClass("vtkMRMLTextNode")
    text = json.dumps({"shown": False, "statement": "No.", "abstained": "Too few.", "notes": [], "checked": []})
    keep_diagnosis(a_diagnosed_result, text)
    assert a_diagnosed_result.scene.GetNumberOfNodesByClass("vtkMRMLTextNode") == count
    found = diagnosis_of(a_diagnosed_result)
    assert found is not None and not found.shown and found.abstained == "Too few." and found.patches == {}


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"shown": true, "statement": "x"}', '{"shown": true}'])
def test_what_is_damaged_is_no_diagnosis(a_result: ResultNodes, text: str) -> None:
    keep_diagnosis(a_result, text)
    assert diagnosis_of(a_result) is None


def test_it_goes_with_its_result(a_diagnosed_result: ResultNodes) -> None:
    scene, node = a_diagnosed_result.scene, a_diagnosed_result.get(DIAGNOSIS)
    remove_result(a_diagnosed_result)
    assert not scene.IsNodePresent(node)


def test_wrong_choices_of_a_scene_become_the_default(a_result: ResultNodes) -> None:
    a_result.node.SetAttribute("CTSMA.Diagnosis.aggregator", "forest")
    a_result.node.SetAttribute("CTSMA.Diagnosis.research", "perhaps")
    assert state_of(a_result) == DiagnosisState()
    assert nodes.AGGREGATORS == KNOWN and nodes.DIAGNOSIS_FILE == FILE
