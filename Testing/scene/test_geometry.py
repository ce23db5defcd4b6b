"""Between LPS images and RAS nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from CTSMALib.scene.geometry import fill_volume, flipped, flipped_surface, from_world, image_of, to_world


def an_image(kind: int, turned: bool = True) -> sitk.Image:
    values = np.arange(3 * 4 * 5).reshape(3, 4, 5) - 20
    image = sitk.Cast(sitk.GetImageFromArray(values.astype(float)), kind)
    image.SetSpacing([0.4, 0.7, 3.3])
    image.SetOrigin([-150.25, 20.5, 600.75])
    if turned:
        turn = sitk.Euler3DTransform()
        turn.SetRotation(0.2, -0.15, 0.3)
        image.SetDirection(turn.GetMatrix())
    return image


@pytest.mark.parametrize("kind", [sitk.sitkInt16, sitk.sitkUInt8, sitk.sitkFloat32, sitk.sitkFloat64, sitk.sitkInt32])
def test_an_image_comes_back(a_scene: Any, kind: int) -> None:
    image = an_image(kind)
    node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    fill_volume(node, image)
    back = image_of(node)
    assert back.GetPixelID() == kind
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(image))
    assert back.GetSpacing() == image.GetSpacing()
    assert back.GetOrigin() == image.GetOrigin()
    np.testing.assert_allclose(back.GetDirection(), image.GetDirection(), atol=1e-12)


def test_a_voxel_lies_where_it_lay(a_scene: Any) -> None:
    image = an_image(sitk.sitkInt16)
    node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    fill_volume(node, image)
    to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)
    lps = np.array(image.TransformIndexToPhysicalPoint([4, 1, 2]))
    np.testing.assert_allclose(to_ras.MultiplyPoint((4, 1, 2, 1))[:3], lps * (-1, -1, 1), atol=1e-9)


def test_the_node_does_not_share_the_voxels(a_scene: Any) -> None:
    image = an_image(sitk.sitkInt16)
    node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    fill_volume(node, image)
    image[0, 0, 0] = 999
    assert image_of(node)[0, 0, 0] == -20


def test_surfaces_are_turned_not_mirrored() -> None:
    source = vtk.vtkCubeSource()
    source.SetBounds(1, 2, 3, 5, 7, 11)
    source.Update()
    turned = flipped_surface(source.GetOutput())
    assert turned.GetBounds() == (-2.0, -1.0, -5.0, -3.0, 7.0, 11.0)
    volume = vtk.vtkMassProperties()
    triangles = vtk.vtkTriangleFilter()
    triangles.SetInputData(turned)
    volume.SetInputConnection(triangles.GetOutputPort())
    assert volume.GetVolume() == pytest.approx(8.0)  # negative or zero if faces pointed inwards
    np.testing.assert_array_equal(flipped(np.array([[1.0, 2.0, 3.0]])), [[-1.0, -2.0, 3.0]])


def test_points_go_through_the_transforms_of_a_node(a_scene: Any) -> None:
    node = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    inner = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    outer = a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    turn = vtk.vtkTransform()
    turn.RotateZ(90)
    inner.SetMatrixTransformToParent(turn.GetMatrix())
    shift = vtk.vtkTransform()
    shift.Translate(10, 0, 0)
    outer.SetMatrixTransformToParent(shift.GetMatrix())
    inner.SetAndObserveTransformNodeID(outer.GetID())
    points = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 5.0]])
    np.testing.assert_array_equal(to_world(node, points), points)
    node.SetAndObserveTransformNodeID(inner.GetID())
    moved = to_world(node, points)
    np.testing.assert_allclose(moved, [[10, 1, 0], [8, 0, 5]], atol=1e-9)
    np.testing.assert_allclose(from_world(node, moved), points, atol=1e-9)
