"""The choice of a node follows the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer


class Heard:
    """What a selector told."""

    def __init__(self, selector: Any) -> None:
        self.nodes: list[Any] = []
        self.ids: list[str] = []
        selector.currentNodeChanged.connect(self.nodes.append)
        selector.currentNodeIDChanged.connect(self.ids.append)


@pytest.fixture
def a_selector(scene: Any) -> Any:
    selector = slicer.qMRMLNodeComboBox()
    selector.setProperty("nodeTypes", ["vtkMRMLScalarVolumeNode"])
    selector.setProperty("hideChildNodeTypes", ["vtkMRMLLabelMapVolumeNode"])
    selector.setProperty("noneEnabled", True)
    selector.setMRMLScene(scene)
    return selector


def volume(name: str, kind: str = "vtkMRMLScalarVolumeNode") -> Any:
    return slicer.mrmlScene.AddNewNodeByClass(kind, name)


def test_nodes_come_and_go(scene: Any, a_selector: Any) -> None:
    a, b = volume("a"), volume("b")
    volume("labels", "vtkMRMLLabelMapVolumeNode")
    volume("hidden").SetHideFromEditors(True)
    assert [a_selector.nodeFromIndex(index) for index in range(a_selector.nodeCount())] == [a, b]
    scene.RemoveNode(a)
    assert a_selector.nodeFromIndex(0) is b
    scene.Clear(0)
    assert a_selector.nodeCount() == 0


def test_choosing_tells_once(a_selector: Any) -> None:
    node = volume("a")
    heard = Heard(a_selector)
    assert a_selector.currentNode() is None
    a_selector.setCurrentNode(node)
    a_selector.setCurrentNode(node)
    a_selector.setCurrentNodeID(node.GetID())
    assert heard.nodes == [node]
    assert heard.ids == [node.GetID()]
    a_selector.setCurrentNode(None)
    assert heard.nodes == [node, None]
    assert a_selector.property("currentNodeID") == ""


def test_without_none_the_first_node_is_chosen(scene: Any, a_selector: Any) -> None:
    a_selector.setProperty("noneEnabled", False)
    heard = Heard(a_selector)
    node = volume("a")
    assert heard.nodes == [node]
    scene.RemoveNode(node)
    assert a_selector.currentNode() is None


def test_a_removed_node_gives_way_to_its_neighbor(scene: Any, a_selector: Any) -> None:
    nodes = [volume(name) for name in "abc"]
    a_selector.setCurrentNode(nodes[1])
    scene.RemoveNode(nodes[1])
    assert a_selector.currentNode() is nodes[2]
    scene.Clear(0)
    assert a_selector.currentNode() is None


def test_renaming_is_shown_and_told(a_selector: Any) -> None:
    node, names = volume("a"), []
    a_selector.setCurrentNode(node)
    a_selector.currentNodeRenamed.connect(names.append)
    node.SetName("knee")
    assert names == ["knee"]
    assert a_selector._box.currentText == "knee"


def test_attributes_filter(a_selector: Any) -> None:
    plain, result = volume("plain"), volume("result")
    a_selector.addAttribute("vtkMRMLScalarVolumeNode", "CTSMA.Role", "map")
    assert a_selector.nodeCount() == 0
    result.SetAttribute("CTSMA.Role", "map")
    plain.SetAttribute("CTSMA.Role", "grid")
    assert a_selector.nodeCount() == 1
    assert a_selector.nodeFromIndex(0) is result
    a_selector.removeAttribute("vtkMRMLScalarVolumeNode", "CTSMA.Role")
    assert a_selector.nodeCount() == 2


def test_a_scene_that_is_read_arrives_as_a_whole(scene: Any, a_selector: Any, tmp_path: Path) -> None:
    volume("a")
    volume("b")
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    scene.Clear(0)
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Import()
    assert a_selector.nodeCount() == 2


def test_the_user_chooses(a_selector: Any) -> None:
    node, activated = volume("a"), []
    a_selector.nodeActivated.connect(activated.append)
    a_selector._box.setCurrentIndex(1)
    a_selector._box.activated.emit(1)
    assert a_selector.currentNode() is node
    assert activated == [node]


def test_a_deleted_selector_follows_no_more(bench: Any, a_selector: Any) -> None:
    a_selector.deleteLater()
    bench.process_events(10)
    volume("a")
    assert bench.errors == []


def test_the_selector_adds_and_removes(a_selector: Any) -> None:
    added = a_selector.addNode()
    assert a_selector.currentNode() is added
    a_selector.removeCurrentNode()
    assert a_selector.nodeCount() == 0
