"""A scene file opens anywhere and restores everything."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.errors import InputError, OutputError
from CTSMALib.jobs.scene_file import write_scene
from CTSMALib.scene.bundle import write_bundle
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.overlay import slice_composites
from CTSMALib.scene.panel_state import MODULE, PanelState
from CTSMALib.scene.result_nodes import results_in
from CTSMALib.scene.selection import center_of, label_at
from CTSMALib.scene.state import load_state, state_node
from CTSMALib.scene.views import joint_center

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture(scope="module")
def a_bundle(analyzed: Analyzed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "scene.mrb"
    write_bundle(analyzed("plain")[0], path)
    return path


def test_it_holds_no_absolute_paths(a_bundle: Path, analyzed: Analyzed) -> None:
    with zipfile.ZipFile(a_bundle) as archive:
        names = archive.namelist()
        scene = next(name for name in names if name.endswith(".mrml"))
        text = archive.read(scene).decode("utf-8")
    assert len(names) == len(set(names))
    assert str(a_bundle.parent) not in text
    assert str(analyzed("plain")[0]) not in text
    assert 'fileName="/' not in text


def test_everything_is_restored(a_bundle: Path) -> None:
    scene = new_scene()
    assert scene.ReadFromMRB(str(a_bundle))
    (result,) = results_in(scene)
    state = load_state(state_node(scene, MODULE), PanelState)
    assert scene.GetNodeByID(state.result) is result.node
    assert scene.GetNodeByID(state.ct) is result.get("ct")
    shown = {(c.GetBackgroundVolumeID(), c.GetLabelVolumeID()) for c in slice_composites(scene)}
    assert shown == {(result.get("ct").GetID(), result.get("patch_labels").GetID())}
    assert label_at(result, center_of(result, 10)) in (0, 10)
    color = [0.0] * 4
    result.get("patch_colors").GetColor(10, color)
    assert result.get("patch_colors").GetColorName(10) == result.patches.ids[9]
    assert len({round(channel, 3) for channel in color[:3]}) > 1  # still colored by value


def test_the_views_look_at_the_joint(a_bundle: Path) -> None:
    scene = new_scene()
    assert scene.ReadFromMRB(str(a_bundle))
    (result,) = results_in(scene)
    camera = scene.GetFirstNodeByClass("vtkMRMLCameraNode")
    np.testing.assert_allclose(camera.GetFocalPoint(), joint_center(result), atol=1e-3)
    red = scene.GetFirstNodeByClass("vtkMRMLSliceNode")
    assert np.linalg.norm(np.array([red.GetSliceToRAS().GetElement(k, 3) for k in range(3)]) - joint_center(result)) < 1


def test_a_folder_that_is_no_result_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_bundle(tmp_path, tmp_path / "scene.mrb")
    assert not (tmp_path / "scene.mrb").exists()


def test_nothing_stays_behind(analyzed: Analyzed, tmp_path: Path) -> None:
    at_root = set(Path("/").iterdir())
    folder = shutil.copytree(analyzed("plain")[0], tmp_path / "result")
    before = {path.name for path in folder.iterdir()}
    write_scene(folder)
    assert {path.name for path in folder.iterdir()} == before | {"scene.mrb"}
    assert set(Path("/").iterdir()) == at_root


def test_a_place_that_cannot_be_written_is_told(analyzed: Analyzed, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        write_bundle(analyzed("plain")[0], tmp_path / "file" / "scene.mrb")
