"""The nodes of a registration under review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage, optimize

from CTSMALib.errors import InputError
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.scene.geometry import fill_volume, flipped
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.model_nodes import points_of
from CTSMALib.scene.registration import review_nodes
from CTSMALib.scene.registration.bone_surface import MOST_TRIANGLES, surface_of
from CTSMALib.scene.registration.closing import remove_review
from CTSMALib.scene.registration.matrices import to_numpy, to_vtk
from CTSMALib.scene.registration.modes import BLEND, MODES, SIDE_BY_SIDE, mode_of
from CTSMALib.scene.registration.review_nodes import (
    ReviewNodes,
    matrices,
    open_review,
    reviews_in,
    set_active,
    set_auto,
    set_user,
)
from CTSMALib.scene.registration.seeing import show_mode
from CTSMALib.volumes.rigid import moving_to_fixed_ras, turned
from Testing.core.made_up_pair import MadeUpPair
from Testing.scene.registration.conftest import FIELD_MM
from Testing.scene.registration.drawn_slice import DrawnSlice
from Testing.scene.slice_picture import SIZE

PIXEL_MM = FIELD_MM / SIZE[0]
A_TURN = turned(np.array([2.0, -1.0, 3.0]), np.array([70.0, 20.0, 5.0]), np.array([0.1, 0.7, -1 / 3]))


def middle(picture: np.ndarray) -> np.ndarray:
    """The part of a picture that holds no border of a scan."""
    return picture[60:-60, 60:-60, 0].astype(float)


def shift_mm(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far what is seen has moved to the right and upwards: the shift that makes both pictures most alike."""
    before, after = (ndimage.gaussian_filter(picture, 1.5) for picture in (before, after))
    kept = (slice(15, -15), slice(15, -15))
    unlike = lambda move: np.square(ndimage.shift(before, move, order=1) - after)[kept].mean()  # noqa: E731
    simplex = 2.0 * np.array([(0.0, 0.0), (2.0, 1.0), (-1.0, 2.0)])
    rows, columns = optimize.minimize(
        unlike, (0.0, 0.0), method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 0.01}
    ).x
    return np.array([columns, -rows]) * PIXEL_MM


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0)])
def test_a_nudge_of_a_millimeter_moves_the_picture_a_millimeter_the_right_way(
    a_review: ReviewNodes, a_view: DrawnSlice, direction: tuple[float, float]
) -> None:
    show_mode(a_review, "contour")
    nudge = np.eye(4)
    nudge[:3, 3] = to_numpy(a_view.node.GetSliceToRAS())[:3, :2] @ direction
    before = middle(a_view.picture())
    set_user(a_review, "femur", nudge)
    np.testing.assert_allclose(shift_mm(before, middle(a_view.picture())), direction, atol=0.05)


def test_a_nudge_to_the_patients_left_goes_to_the_right_of_an_axial_picture(
    a_review: ReviewNodes, joint_ras: np.ndarray
) -> None:
    view = DrawnSlice(a_review.scene, "Red")
    view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
    view.node.JumpSliceByCentering(*(joint_ras + (0.0, 0.0, 18.0)).tolist())
    show_mode(a_review, "contour")
    before = middle(view.picture())
    nudge = np.eye(4)
    nudge[0, 3] = -2.0
    set_user(a_review, "femur", nudge)
    np.testing.assert_allclose(shift_mm(before, middle(view.picture())), (2.0, 0.0), atol=0.1)
    view.close()


def test_undo_restores_matrices_exactly(a_review: ReviewNodes) -> None:
    set_user(a_review, "tibia", A_TURN)
    before = matrices(a_review, "tibia")
    set_user(a_review, "tibia", A_TURN @ turned(np.array([0.1, 0.0, 0.0]), np.zeros(3), np.zeros(3)))
    assert not np.array_equal(matrices(a_review, "tibia").user, before.user)
    set_user(a_review, "tibia", before.user)
    np.testing.assert_array_equal(matrices(a_review, "tibia").user, A_TURN)
    np.testing.assert_array_equal(matrices(a_review, "tibia").auto, before.auto)


def test_the_correction_is_applied_after_what_was_found(a_review: ReviewNodes, a_pair: MadeUpPair) -> None:
    set_user(a_review, "femur", A_TURN)
    to_world = to_vtk(np.eye(4))
    a_review.mr.GetParentTransformNode().GetMatrixTransformToWorld(to_world)
    found = moving_to_fixed_ras(a_pair.matrices["femur"])
    np.testing.assert_allclose(to_numpy(to_world), A_TURN @ found, atol=1e-9)
    np.testing.assert_allclose(matrices(a_review, "femur").composed, A_TURN @ found, atol=1e-9)


def test_the_mr_follows_the_active_bone_alone(a_review: ReviewNodes) -> None:
    set_active(a_review, "patella")
    assert a_review.active == "patella"
    assert a_review.mr.GetParentTransformNode() is a_review.auto("patella")
    assert a_review.ct.GetParentTransformNode() is None
    set_auto(a_review, "femur", np.eye(4))
    set_user(a_review, "femur", A_TURN)
    assert not np.allclose(matrices(a_review, "patella").composed, A_TURN)
    with pytest.raises(KeyError):
        set_active(a_review, "talus")


def test_surfaces_lie_at_the_borders_of_the_labels(a_review: ReviewNodes, a_pair: MadeUpPair) -> None:
    distance = sitk.SignedMaurerDistanceMap(a_pair.labels == 1, False, False, True)
    points = flipped(points_of(a_review.surface("femur")))
    index = np.array([distance.TransformPhysicalPointToIndex(p.tolist()) for p in points[::97]])
    index = index[np.all((index > 2) & (index < np.array(distance.GetSize()) - 3), axis=1)]  # its border cuts the bone
    from_border = np.array([distance[each.tolist()] for each in index]) - 0.5  # it is 0 at the bone's last voxels
    assert abs(from_border.mean()) < 0.15
    assert np.percentile(np.abs(from_border), 95) < 1.0


def test_surfaces_of_oblique_labels_are_in_place_and_small_enough(a_scene: Any) -> None:
    image = sitk.Image(240, 200, 160, sitk.sitkUInt8)
    image.SetSpacing((0.3, 0.3, 0.4))
    image.SetDirection(turned(np.array([20.0, -35.0, 50.0]), np.zeros(3), np.zeros(3))[:3, :3].ravel().tolist())
    image.SetOrigin((-40.0, 25.0, 60.0))
    k, j, i = np.indices(image.GetSize()[::-1])
    array = ((i - 120) ** 2 + (j - 100) ** 2 + (1.6 * (k - 80)) ** 2 < 95**2).astype(np.uint8)
    labels = sitk.GetImageFromArray(array)
    labels.CopyInformation(image)
    node = a_scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    fill_volume(node, labels)
    surface = surface_of(node, 1)
    assert 10_000 < surface.GetNumberOfPolys() <= MOST_TRIANGLES
    center = flipped(np.array(labels.TransformIndexToPhysicalPoint((120, 100, 80))))
    np.testing.assert_allclose(surface.GetCenter(), center, atol=0.5)
    assert surface_of(node, 3) is None


def test_a_saved_scene_restores_the_review(a_review: ReviewNodes, tmp_path: Path) -> None:
    set_active(a_review, "tibia")
    set_user(a_review, "tibia", A_TURN)
    for mode in MODES:  # also what some modes need and what is not saved
        show_mode(a_review, mode)
    before = {bone: matrices(a_review, bone) for bone in a_review.bones}
    assert a_review.scene.WriteToMRB(str(tmp_path / "review.mrb"))
    scene = new_scene(tmp_path)
    assert scene.ReadFromMRB(str(tmp_path / "review.mrb"))
    (review,) = reviews_in(scene)
    assert (review.bones, review.active, mode_of(review)) == (a_review.bones, "tibia", SIDE_BY_SIDE)
    for bone, was in before.items():
        np.testing.assert_allclose(matrices(review, bone).auto, was.auto, atol=1e-9)
        np.testing.assert_allclose(matrices(review, bone).user, was.user, atol=1e-9)
        assert review.user(bone).GetCenterOfTransformation() == a_review.user(bone).GetCenterOfTransformation()
        assert review.surface(bone).GetPolyData().GetNumberOfPoints() > 500
    assert review.mr.GetParentTransformNode() is review.auto("tibia")
    assert review.mr.GetImageData().GetDimensions() == a_review.mr.GetImageData().GetDimensions()
    for mode in MODES:
        show_mode(review, mode)


def test_removing_a_review_leaves_only_what_was_there(
    a_scene: Any, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> None:
    nodes = []
    for image in (a_pair.ct, a_pair.mr):
        nodes.append(a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
        fill_volume(nodes[-1], image)
        nodes[-1].CreateDefaultDisplayNodes()
    before = nodes_of(a_scene)
    review = open_review(a_scene, a_record_of_the_pair, *nodes, a_pair.labels)
    for mode in MODES:
        show_mode(review, mode)
    show_mode(review, BLEND)
    remove_review(review)
    assert nodes_of(a_scene) == before
    assert nodes[1].GetParentTransformNode() is None
    assert not list(reviews_in(a_scene))


def nodes_of(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


@pytest.mark.parametrize("step", ["fill_volume", "add_surfaces", "add_transforms"])
def test_a_review_that_cannot_be_opened_leaves_nothing_behind(
    a_scene: Any,
    a_pair: MadeUpPair,
    a_record_of_the_pair: RegistrationRecord,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    before = nodes_of(a_scene)
    monkeypatch.setattr(review_nodes, step, fail)
    with pytest.raises(MemoryError):
        open_review(a_scene, a_record_of_the_pair, a_pair.ct, a_pair.mr, a_pair.labels)
    assert nodes_of(a_scene) == before


def test_a_scan_that_was_deleted_meanwhile_is_refused(
    a_scene: Any, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> None:
    mr = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1")
    fill_volume(mr, a_pair.mr)
    a_scene.RemoveNode(mr)
    before = nodes_of(a_scene)
    with pytest.raises(InputError, match="'T1' is no longer in the scene"):
        open_review(a_scene, a_record_of_the_pair, a_pair.ct, mr, a_pair.labels)
    assert nodes_of(a_scene) == before


def test_scans_without_a_display_of_their_own_are_shown_in_every_mode(
    a_scene: Any, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord, joint_ras: np.ndarray
) -> None:
    nodes = [a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode") for _ in range(2)]
    for node, image in zip(nodes, (a_pair.ct, a_pair.mr), strict=True):
        fill_volume(node, image)
    review = open_review(a_scene, a_record_of_the_pair, *nodes, a_pair.labels)
    view = DrawnSlice(a_scene, "Red")
    view.node.SetFieldOfView(FIELD_MM, FIELD_MM, 1.0)
    view.node.JumpSliceByCentering(*(joint_ras + (0.0, 0.0, 18.0)).tolist())
    for mode in MODES:
        show_mode(review, mode)
        assert middle(view.picture()).std() > 10.0, mode
        a_scene.RemoveNode(nodes[0].GetDisplayNode())  # as a script may do later, too
    view.close()


def test_volumes_under_a_transform_are_refused(
    a_scene: Any, a_pair: MadeUpPair, a_record_of_the_pair: RegistrationRecord
) -> None:
    mr = a_scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1")
    fill_volume(mr, a_pair.mr)
    mr.SetAndObserveTransformNodeID(a_scene.AddNewNodeByClass("vtkMRMLLinearTransformNode").GetID())
    with pytest.raises(InputError, match="T1"):
        open_review(a_scene, a_record_of_the_pair, a_pair.ct, mr, a_pair.labels)
    assert not list(reviews_in(a_scene))
