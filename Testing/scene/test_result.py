"""A result folder becomes nodes, and the nodes become the folder again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk

from CTSMALib.analysis.folder import load_analysis
from CTSMALib.errors import InputError
from CTSMALib.scene.add_result import add_result, add_results
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.ct_node import ct_changed, follow_ct
from CTSMALib.scene.geometry import fill_volume, image_of
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.remove_result import ct_goes_along, remove_result
from CTSMALib.scene.restore import holds, write_result
from CTSMALib.scene.result_nodes import ResultNodes, is_result, results_in
from CTSMALib.scene.terminology import ATTRIBUTE

Analyzed = Callable[[str], tuple[Path, sitk.Image]]
MOST_TRIANGLES = 60_000  # of one bone


def assert_same_folder(made: Path, original: Path) -> None:
    assert load_analysis(made) == load_analysis(original)
    volumes = sorted(path.relative_to(original) for path in original.rglob("*.nii.gz"))
    assert volumes
    for file in volumes:
        a, b = sitk.ReadImage(str(original / file)), sitk.ReadImage(str(made / file))
        assert a.GetPixelID() == b.GetPixelID(), file
        np.testing.assert_array_equal(sitk.GetArrayFromImage(a), sitk.GetArrayFromImage(b), str(file))
        np.testing.assert_allclose(a.GetOrigin(), b.GetOrigin(), atol=1e-4)
        np.testing.assert_allclose(a.GetDirection(), b.GetDirection(), atol=1e-6)
        np.testing.assert_allclose(a.GetSpacing(), b.GetSpacing(), atol=1e-6)
    for file in sorted(path.relative_to(original) for path in original.rglob("*.vtp")):
        assert (original / file).read_text() == (made / file).read_text(), file


def count(scene: Any) -> int:
    return scene.GetNumberOfNodes()


def test_everything_of_the_folder_is_in_the_scene(a_result: ResultNodes, analyzed: Analyzed) -> None:
    analysis = load_analysis(analyzed("plain")[0])
    for role in analysis.files:
        assert a_result.get(role) is not None, role
    for made in analysis.maps:
        assert a_result.get(f"map_{made.key}") is not None
    assert len(a_result.patches) == 96
    assert len(a_result.display_patches) == len(analysis.display_patches)
    assert a_result.title == "CTSMA right knee"
    assert is_result(a_result.node)
    assert [each.node for each in results_in(a_result.scene)] == [a_result.node]


def test_the_folder_comes_back_from_the_scene(a_result: ResultNodes, analyzed: Analyzed, tmp_path: Path) -> None:
    write_result(a_result, tmp_path)
    assert_same_folder(tmp_path, analyzed("plain")[0])


def test_the_folder_comes_back_from_a_saved_scene(a_result: ResultNodes, analyzed: Analyzed, tmp_path: Path) -> None:
    assert a_result.scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    scene = new_scene()
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"))
    (restored,) = results_in(scene)
    assert set(restored.roles()) == set(a_result.roles())
    (tmp_path / "again").mkdir()
    write_result(restored, tmp_path / "again")
    assert_same_folder(tmp_path / "again", analyzed("plain")[0])


@pytest.mark.parametrize("name", ["mirrored", "oblique", "anisotropic"])
def test_the_folder_comes_back_from_the_ct_of_the_scene(
    name: str, a_scene: Any, analyzed: Analyzed, tmp_path: Path
) -> None:
    """The analyzed CT stays the only one: its part in the folder is cut out of it again."""
    folder, image = analyzed(name)
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    fill_volume(ct, image)
    result = add_result(a_scene, folder, ct)
    assert result.get("ct") is ct
    write_result(result, tmp_path)
    assert_same_folder(tmp_path, folder)


def test_the_folder_of_the_session_is_used_while_it_is_there(a_scene: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    folder = shutil.copytree(analyzed("plain")[0], tmp_path / "result")
    result = add_result(a_scene, folder)
    assert holds(folder, result)
    text = (folder / "analysis.json").read_text()
    (folder / "analysis.json").write_text(text.replace("direct", "other"))
    assert not holds(folder, result)
    shutil.rmtree(folder)
    assert not holds(folder, result)


def test_removing_a_result_leaves_the_scene_as_it_was(a_scene: Any, analyzed: Analyzed) -> None:
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    before = count(a_scene)
    result = add_result(a_scene, analyzed("plain")[0], ct)
    color_by(result, "ct_bvf")
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_scene)
    remove_result(result)
    assert count(a_scene) - before <= 1  # the subject hierarchy itself
    items = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), items, True)
    names = [tree.GetItemName(items.GetId(index)) for index in range(items.GetNumberOfIds())]
    assert names == []
    assert ct.GetScene() is a_scene


def test_a_result_with_its_own_ct_takes_it_along(a_result: ResultNodes) -> None:
    ct = a_result.get("ct")
    assert ct_goes_along(a_result)
    remove_result(a_result)
    assert ct.GetScene() is None


def test_a_ct_stays_for_another_result_that_stands_on_it(a_result: ResultNodes, analyzed: Analyzed) -> None:
    """As after the bones of an opened result were corrected and its CT was analyzed again."""
    ct = a_result.get("ct")
    again = add_result(a_result.scene, analyzed("plain")[0], ct)
    assert not again.owns_ct and not ct_goes_along(a_result)
    remove_result(a_result)
    assert ct.GetScene() is again.scene and again.get("ct") is ct
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(again.scene)
    assert tree.GetItemByDataNode(ct)
    assert again.owns_ct and ct_goes_along(again)
    remove_result(again)
    assert ct.GetScene() is None


@pytest.mark.parametrize("broken", ["analysis.json", "ct.nii.gz", "surfaces/femur.vtp", "maps/ct_bvf.nii.gz"])
def test_a_damaged_folder_leaves_nothing_in_the_scene(
    broken: str, a_scene: Any, analyzed: Analyzed, tmp_path: Path
) -> None:
    folder = shutil.copytree(analyzed("plain")[0], tmp_path / "result")
    data = (folder / broken).read_bytes()
    (folder / broken).write_bytes(data[: len(data) // 3])
    before = count(a_scene)
    with pytest.raises(InputError, match="damaged"):
        add_result(a_scene, folder)
    assert count(a_scene) - before <= 1  # the subject hierarchy itself


def test_a_deleted_node_is_named(a_result: ResultNodes, tmp_path: Path) -> None:
    a_result.scene.RemoveNode(a_result.get("depth"))
    with pytest.raises(InputError, match="depth"):
        write_result(a_result, tmp_path)


def test_a_text_that_is_no_result_is_refused(a_result: ResultNodes) -> None:
    a_result.node.SetText("something else")
    with pytest.raises(InputError, match="damaged"):
        _ = ResultNodes(a_result.node).patches


def test_two_results_have_different_names(a_result: ResultNodes, analyzed: Analyzed) -> None:
    other = add_result(a_result.scene, analyzed("plain")[0])
    assert other.title != a_result.title


def test_bones_are_tagged_and_small_enough(a_result: ResultNodes) -> None:
    femur = a_result.get("surface_femur")
    assert "SCT^71341001^femur" in femur.GetAttribute(ATTRIBUTE)
    colors = a_result.get("bone_colors")
    assert "71341001" in colors.GetTerminologyAsString(1)
    assert "12611008" in colors.GetTerminologyAsString(2)
    for name in ("femur", "tibia", "patella", "fibula"):
        assert 500 < a_result.get(f"surface_{name}").GetPolyData().GetNumberOfPolys() < MOST_TRIANGLES


def test_the_result_lies_beside_its_ct_in_the_hierarchy(a_scene: Any, analyzed: Analyzed) -> None:
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_scene)
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "patient")
    study = tree.CreateStudyItem(patient, "study")
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    tree.CreateItem(study, ct)
    result = add_result(a_scene, analyzed("plain")[0], ct)
    item = tree.GetItemByDataNode(result.get("surface_femur"))
    folder = tree.GetItemParent(item)
    assert tree.GetItemName(folder) == result.title
    assert tree.GetItemParent(folder) == study
    assert tree.GetItemParent(tree.GetItemByDataNode(ct)) == study


def test_the_table_holds_the_place_of_each_patch(a_result: ResultNodes) -> None:
    table = a_result.get("patch_table").GetTable()
    assert table.GetNumberOfRows() == 96
    row = 17
    place = [table.GetColumnByName(f"{axis} (mm)").GetValue(row) for axis in "RAS"]
    np.testing.assert_allclose(place, a_result.patches.centers_ras_mm[row])
    assert table.GetColumnByName("label").GetValue(row) == row + 1
    assert table.GetColumnByName("patch").GetValue(row) == a_result.patches.ids[row]
    assert "BVF" in [table.GetColumnName(k) for k in range(table.GetNumberOfColumns())]


def test_the_patch_table_agrees_with_the_analysis(a_result: ResultNodes, analyzed: Analyzed) -> None:
    analysis = load_analysis(analyzed("plain")[0])
    for index, item in enumerate(analysis.patches):
        assert a_result.patches.ids[index] == item.patch.id
        np.testing.assert_array_equal(
            a_result.patches.centers_ras_mm[index], np.array(item.patch.center_lps_mm) * (-1, -1, 1)
        )
        for key, values in a_result.patches.values.items():
            assert values[index] == item.values[key] if key in item.values else np.isnan(values[index])


def test_the_result_follows_the_transform_of_its_ct(a_scene: Any, analyzed: Analyzed) -> None:
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    transform = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    ct.SetAndObserveTransformNodeID(transform.GetID())
    result = add_result(a_scene, analyzed("plain")[0], ct)
    for role in ("patch_labels", "map_ct_bvf", "surface_femur", "grid_tibia_1", "selection"):
        assert result.get(role).GetTransformNodeID() == transform.GetID(), role


def test_the_result_follows_a_ct_that_is_put_under_a_transform_later(a_scene: Any, analyzed: Analyzed) -> None:
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    fill_volume(ct, analyzed("plain")[1])
    result = add_result(a_scene, analyzed("plain")[0], ct)
    transform = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    ct.SetAndObserveTransformNodeID(transform.GetID())
    follow_ct(result)
    assert not ct_changed(result)
    for role in ("patch_labels", "surface_femur", "grid_tibia_1"):
        assert result.get(role).GetTransformNodeID() == transform.GetID(), role
    ct.SetAndObserveTransformNodeID(None)
    follow_ct(result)
    assert result.get("patch_labels").GetTransformNodeID() is None


@pytest.mark.parametrize("change", ["hardened", "cropped"])
def test_a_ct_that_was_changed_is_not_taken_for_the_analyzed_one(
    change: str, a_scene: Any, analyzed: Analyzed, tmp_path: Path
) -> None:
    folder, image = analyzed("plain")
    ct = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    fill_volume(ct, image)
    result = add_result(a_scene, folder, ct)
    assert not ct_changed(result)
    if change == "hardened":
        transform = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        shift = vtk.vtkTransform()
        shift.Translate(60.0, 0.0, 0.0)
        transform.SetMatrixTransformToParent(shift.GetMatrix())
        ct.SetAndObserveTransformNodeID(transform.GetID())
        ct.HardenTransform()
    else:
        fill_volume(ct, image[5:, :, :])
    assert ct_changed(result)
    with pytest.raises(InputError, match="moved or cut"):
        write_result(result, tmp_path)


def test_several_folders_are_added_or_none(a_scene: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    before = count(a_scene)
    with pytest.raises(InputError):
        add_results(a_scene, [analyzed("plain")[0], tmp_path])
    assert count(a_scene) - before <= 1  # the subject hierarchy itself
    assert len(add_results(a_scene, [analyzed("plain")[0], analyzed("mirrored")[0]])) == 2


def test_voxels_of_a_map_keep_what_was_not_measured(a_result: ResultNodes) -> None:
    values = sitk.GetArrayFromImage(image_of(a_result.get("map_ct_bvf")))
    assert np.isnan(values).any()
    assert np.isfinite(values).any()


def test_the_text_of_the_node_is_the_text_of_the_folder(a_result: ResultNodes, analyzed: Analyzed) -> None:
    texts = json.loads(a_result.node.GetText())
    for name, text in texts.items():
        assert text == (analyzed("plain")[0] / name).read_text(encoding="utf-8")


def test_a_result_of_an_mr_is_shown_and_comes_back(a_scene: Any, analyzed: Analyzed, tmp_path: Path) -> None:
    """The folder of a CT under the role of an MR, with signals that are no whole numbers."""
    folder = tmp_path / "mr"
    shutil.copytree(analyzed("plain")[0], folder)
    signal = sitk.Cast(sitk.ReadImage(str(folder / "ct.nii.gz")), sitk.sitkFloat32) + 1024.25
    (folder / "ct.nii.gz").unlink()
    sitk.WriteImage(signal, str(folder / "mr.nii.gz"))
    document = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
    del document["files"]["ct"]
    document["files"]["mr"] = "mr.nii.gz"
    (folder / "analysis.json").write_text(json.dumps(document), encoding="utf-8")
    result = add_result(a_scene, folder)
    assert result.get("ct").GetName().endswith("MR")
    assert sitk.GetArrayFromImage(image_of(result.get("ct"))).max() == sitk.GetArrayViewFromImage(signal).max()
    (tmp_path / "again").mkdir()
    write_result(result, tmp_path / "again")
    assert_same_folder(tmp_path / "again", folder)
