"""Typed state in a parameter node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from CTSMALib.jobs import request
from CTSMALib.scene import panel_state
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.panel_state import MODULE, PanelState
from CTSMALib.scene.state import NO_NODE, NodeId, load_state, save_state, state_node


@dataclass(frozen=True)
class AState:
    word: str = "a"
    count: int = 3
    share: float = 0.25
    on: bool = True
    node: NodeId = NO_NODE


@pytest.fixture()
def a_node(a_scene: Any) -> Any:
    return state_node(a_scene, "Test")


def test_an_empty_node_holds_the_defaults(a_node: Any) -> None:
    assert load_state(a_node, AState) == AState()


@pytest.mark.parametrize(
    "state", [AState("", 0, 0.0, False), AState("ä;=\n<", -7, 1e-17, True), AState("none", 2**40, 1 / 3, False)]
)
def test_what_was_saved_is_loaded(a_node: Any, state: AState) -> None:
    save_state(a_node, state)
    assert load_state(a_node, AState) == state


def test_choices_that_do_not_exist_become_the_default() -> None:
    wrong = PanelState(side="x", overlay="y", bones="patella only", layer=9, opacity=7.0, patch=-3, quantity="ct_hu_sd")
    assert wrong.valid() == PanelState(quantity="ct_hu_sd", opacity=1.0)
    right = PanelState(side="left", overlay="map", bones="femur", layer=2, opacity=0.25, patch=9, boxes=False)
    assert right.valid() == right


def test_the_sides_are_those_of_the_analysis() -> None:
    assert panel_state.SIDES == request.SIDES


def test_a_module_has_one_node(a_scene: Any) -> None:
    assert state_node(a_scene, "Test") is state_node(a_scene, "Test")
    assert state_node(a_scene, "Test") is not state_node(a_scene, "Other")


@pytest.mark.parametrize(("name", "text"), [("count", "many"), ("share", ""), ("on", "perhaps")])
def test_a_value_of_another_type_becomes_the_default(a_node: Any, name: str, text: str) -> None:
    a_node.SetParameter(name, text)
    assert load_state(a_node, AState) == AState()


def test_nodes_are_references_that_survive_an_import(a_scene: Any, tmp_path: Path) -> None:
    volume = a_scene.AddNewNodeByClass("vtkMRMLModelNode", "model")
    save_state(state_node(a_scene, MODULE), PanelState(ct=NodeId(volume.GetID()), patch=7))
    assert a_scene.WriteToMRB(str(tmp_path / "s.mrb"))
    other = new_scene()
    other.AddNewNodeByClass("vtkMRMLModelNode", "takes the same ID")
    assert other.ReadFromMRB(str(tmp_path / "s.mrb"), False)
    state = load_state(state_node(other, MODULE), PanelState)
    assert other.GetNodeByID(state.ct).GetName() == "model"
    assert state.patch == 7


def test_a_removed_node_is_no_node(a_scene: Any, a_node: Any) -> None:
    model = a_scene.AddNewNodeByClass("vtkMRMLModelNode", "model")
    save_state(a_node, AState(node=NodeId(model.GetID())))
    a_scene.RemoveNode(model)
    assert a_scene.GetNodeByID(load_state(a_node, AState).node or "none") is None


def test_observers_are_told_once_and_only_of_changes(a_node: Any) -> None:
    told: list[str] = []
    a_node.AddObserver("ModifiedEvent", lambda caller, event: told.append(event))
    save_state(a_node, AState("b", 4, 0.5, False))
    assert len(told) == 1
    save_state(a_node, AState("b", 4, 0.5, False))
    assert len(told) == 1
