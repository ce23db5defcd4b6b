"""Views draw what the scene holds, where it is; clicks reach observers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk


def slice_widget(name: str = "Red") -> Any:
    return slicer.app.layoutManager().sliceWidget(name)


def pixel_of(widget: Any, ras: tuple[float, float, float]) -> tuple[int, int]:
    """Row and column of a place in the picture of a slice view."""
    x, y, _ = widget.sliceView().convertRASToXYZ(ras)
    height = widget.mrmlSliceNode().GetDimensions()[1]
    return height - 1 - round(y), round(x)


def volume_of(array: np.ndarray, name: str, kind: str = "vtkMRMLScalarVolumeNode") -> Any:
    node = slicer.util.addVolumeFromArray(array, name=name, nodeClassName=kind)
    node.CreateDefaultDisplayNodes()
    return node


@pytest.fixture
def a_cube(scene: Any) -> Any:
    """A bright cube from 20 to 30 mm along R and 30 to 40 along A, in all slices."""
    array = np.zeros((40, 60, 60), np.int16)
    array[:, 30:40, 20:30] = 1000
    node = volume_of(array, "cube")
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(1000, 500)
    slicer.util.setSliceViewerLayers(background=node, fit=True)
    return node


def test_the_cube_is_where_it_should_be(bench: Any, a_cube: Any) -> None:
    widget = slice_widget()
    picture = bench.view_picture(widget, (300, 300))
    assert picture.shape == (300, 300, 3)
    inside, left, above = (pixel_of(widget, place) for place in ((25, 35, 20), (15, 35, 20), (25, 45, 20)))
    assert picture[inside].tolist() == [255, 255, 255]
    assert picture[left].tolist() == [0, 0, 0]
    assert picture[above].tolist() == [0, 0, 0]
    assert inside[1] < pixel_of(widget, (15, 35, 20))[1]  # right of the patient is on the left
    assert inside[0] > above[0]


def test_three_slice_views_look_along_three_axes(a_cube: Any) -> None:
    manager = slicer.app.layoutManager()
    assert sorted(manager.sliceViewNames()) == ["Green", "Red", "Yellow"]
    orientations = {name: slice_widget(name).sliceOrientation for name in manager.sliceViewNames()}
    assert orientations == {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}
    assert manager.property("threeDViewCount") == 1


def test_labels_lie_over_the_image(bench: Any, a_cube: Any) -> None:
    labels = np.zeros((40, 60, 60), np.uint8)
    labels[:, 10:20, 20:30] = 1
    node = volume_of(labels, "labels", "vtkMRMLLabelMapVolumeNode")
    slicer.util.setSliceViewerLayers(label=node, labelOpacity=1.0)
    picture = bench.view_picture(slice_widget(), (300, 300)).astype(int)
    red, green, blue = picture[pixel_of(slice_widget(), (25, 15, 20))]
    assert max(red, green, blue) - min(red, green, blue) > 50
    assert picture[pixel_of(slice_widget(), (25, 25, 20))].tolist() == [0, 0, 0]


def test_a_transform_moves_the_foreground(bench: Any, a_cube: Any) -> None:
    bright = volume_of(np.full((40, 10, 10), 1000, np.int16), "moving")
    bright.GetDisplayNode().SetAutoWindowLevel(False)
    bright.GetDisplayNode().SetWindowLevel(1000, 500)
    slicer.util.setSliceViewerLayers(foreground=bright, foregroundOpacity=1.0)
    widget = slice_widget()
    before, after = pixel_of(widget, (5, 5, 20)), pixel_of(widget, (45, 15, 20))
    picture = bench.view_picture(widget, (400, 400))
    before, after = pixel_of(widget, (5, 5, 20)), pixel_of(widget, (45, 15, 20))
    assert (picture[before].min(), picture[after].max()) == (255, 0)
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(0, 3, 40)
    shift.SetElement(1, 3, 10)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(shift)
    bright.SetAndObserveTransformNodeID(transform.GetID())
    picture = bench.view_picture(widget)
    assert (picture[before].max(), picture[after].min()) == (0, 255)


def test_markups_are_drawn_by_their_displayable_manager(bench: Any, a_cube: Any) -> None:
    widget = slice_widget()
    plain = bench.view_picture(widget, (300, 300))
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "P")
    points.CreateDefaultDisplayNodes()
    offset = widget.sliceLogic().GetSliceOffset()
    points.AddControlPoint(50.0, 10.0, offset)
    picture = bench.view_picture(widget)
    row, column = pixel_of(widget, (50.0, 10.0, offset))
    near = (slice(row - 6, row + 7), slice(column - 6, column + 7))
    assert np.abs(picture[near].astype(int) - plain[near]).max() > 100
    manager = widget.sliceView().displayableManagerByClassName("vtkMRMLMarkupsDisplayableManager")
    assert manager.IsA("vtkMRMLMarkupsDisplayableManager")


def test_a_click_reaches_an_observer_with_its_place(bench: Any, a_cube: Any) -> None:
    view = slice_widget().sliceView()
    bench.view_picture(view, (300, 300))
    interactor, places = view.interactor(), []
    tag = interactor.AddObserver(
        vtk.vtkCommand.LeftButtonPressEvent, lambda caller, event: places.append(caller.GetEventPosition())
    )
    bench.click(view, 70, 110)
    interactor.RemoveObserver(tag)
    assert places == [(70, 110)]
    ras = view.mrmlSliceNode().GetXYToRAS().MultiplyPoint((70, 110, 0, 1))
    x, y, _ = view.convertRASToXYZ(ras[:3])
    assert (round(x), round(y)) == (70, 110)


def test_the_3d_view_draws_a_model(bench: Any, scene: Any) -> None:
    ball = vtk.vtkSphereSource()
    ball.SetRadius(40)
    ball.Update()
    model = scene.AddNewNodeByClass("vtkMRMLModelNode", "ball")
    model.SetAndObservePolyData(ball.GetOutput())
    model.CreateDefaultDisplayNodes()
    model.GetDisplayNode().SetColor(1, 0, 0)
    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    picture = bench.view_picture(view, (300, 300)).astype(int)
    assert picture[150, 150, 0] > picture[150, 150, 1] + 100
    assert picture[5, 5, 2] > 100
    camera = view.cameraNode()
    camera.SetPosition(0, 3000, 0)
    assert abs(bench.view_picture(view).astype(int) - picture).max() > 100
    models = view.displayableManagerByClassName("vtkMRMLModelDisplayableManager")
    camera.SetPosition(0, 300, 0)
    view.forceRender()
    assert models.Pick(150, 150)
    assert models.GetPickedNodeID() == model.GetDisplayNode().GetID()


def test_the_layout_is_kept_on_its_node(bench: Any, scene: Any) -> None:
    manager, heard = slicer.app.layoutManager(), []
    node = manager.layoutLogic().GetLayoutNode()
    if not node.IsLayoutDescription(4999):
        node.AddLayoutDescription(
            4999,
            '<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Extra">'
            '<property name="orientation" action="default">Axial</property></view></item></layout>',
        )
    manager.layoutChanged.connect(heard.append)
    manager.setLayout(4999)
    assert manager.property("layout") == node.GetViewArrangement() == 4999
    assert heard == [4999]
    manager.layoutChanged.disconnect(heard.append)
    assert "Extra" in manager.sliceViewNames()
    extra = slice_widget("Extra")
    assert extra.mrmlSliceCompositeNode() is not None
    assert bench.view_picture(extra, (100, 100)).shape == (100, 100, 3)


def test_a_window_is_composed_for_the_documentation(bench: Any, a_cube: Any, tmp_path: Path) -> None:
    import qt

    panel = qt.QWidget()
    qt.QVBoxLayout(panel).addWidget(qt.QLabel("Panel"))
    rows = [[slice_widget("Red"), slicer.app.layoutManager().threeDWidget(0)], [slice_widget("Green")]]
    picture = bench.window_picture(panel, rows, tmp_path / "window.png", size=(900, 600))
    assert picture.shape == (600, 900, 3)
    assert (tmp_path / "window.png").exists()
    assert picture[10:200, 400:800].std() > 20


def test_data_nodes_get_an_item_in_the_hierarchy(scene: Any, a_cube: Any) -> None:
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert tree.GetItemByDataNode(a_cube) > 0
    hidden = scene.CreateNodeByClass("vtkMRMLModelNode")
    hidden.UnRegister(None)
    hidden.SetHideFromEditors(True)
    scene.AddNode(hidden)
    assert tree.GetItemByDataNode(hidden) == 0


def test_volumes_and_scenes_are_written_and_read(scene: Any, a_cube: Any, tmp_path: Path) -> None:
    assert slicer.util.saveNode(a_cube, str(tmp_path / "cube.nrrd"))
    loaded = slicer.util.loadVolume(str(tmp_path / "cube.nrrd"))
    assert np.array_equal(slicer.util.arrayFromVolume(loaded), slicer.util.arrayFromVolume(a_cube))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    scene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    assert slicer.util.getNode("cube").GetImageData().GetDimensions() == (60, 60, 40)
    assert slicer.modules.volumes.logic().IsA("vtkSlicerVolumesLogic")


def test_a_slice_node_keeps_the_size_of_its_view_when_the_scene_is_closed(bench: Any, a_cube: Any) -> None:
    bench.view_picture(slice_widget(), (320, 240))
    slicer.mrmlScene.Clear(0)
    assert slice_widget().mrmlSliceNode().GetDimensions()[:2] == (320, 240)


def test_every_test_starts_with_empty_views(bench: Any, scene: Any) -> None:
    assert bench.view_picture(slice_widget(), (200, 200)).max() < 120
    assert slice_widget().mrmlSliceCompositeNode().GetBackgroundVolumeID() is None


def test_the_mouse_is_in_no_view_after_a_reset(bench: Any) -> None:
    crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    crosshair.SetCursorPositionRAS([1.0, 2.0, 3.0])
    assert crosshair.GetCursorPositionRAS([0.0] * 3)
    bench.reset()
    assert not crosshair.GetCursorPositionRAS([0.0] * 3)
