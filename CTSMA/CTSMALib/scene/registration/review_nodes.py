"""A registration in the scene: CT, MR, the surface of every bone, and two transforms per bone.

A bone's "auto" transform holds what was found and lies under its "user" transform, which holds the correction, so
that what is put under "auto" is moved by T_user after T_auto. One parameter node refers to all nodes of a review, so
that a saved scene restores it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import InputError
from CTSMALib.registration.names import KNEE
from CTSMALib.registration.record import BoneRecord, RegistrationRecord
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.model_nodes import add_model, with_normals
from CTSMALib.scene.registration.bone_surface import surface_of
from CTSMALib.scene.registration.matrices import Matrix, to_numpy, to_vtk

REVIEW_ATTRIBUTE = "CTSMA.Review"  # on the parameter node; its value is the version of its content
REVIEW_VERSION = "1"
CT, MR, KNEE_MOTION = "ct", "mr", "knee"  # roles of nodes
CONTOUR_RGB = {  # Okabe and Ito; unlike each other and unlike gray
    "femur": (230, 159, 0),
    "tibia": (86, 180, 233),
    "patella": (240, 228, 66),
    "fibula": (204, 121, 167),
}
CONTOUR_PIXELS = 2
CT_WINDOW, CT_LEVEL = 1800.0, 400.0  # HU; cortex and trabeculae
_BONES, _ACTIVE, _OWNED = "bones", "active", "owned"  # parameters


@dataclass(frozen=True)
class BoneMatrices:
    """The two motions of a bone.

    Attributes:
        auto: (4, 4) found, from RAS points of the MR to those of the CT.
        user: (4, 4) correction, applied after it in the CT's frame.
    """

    auto: Matrix
    user: Matrix

    @property
    def composed(self) -> Matrix:
        """(4, 4) from RAS points of the MR to those of the CT."""
        result: Matrix = self.user @ self.auto
        return result


class ReviewNodes:
    """The nodes of one registration under review.

    Args:
        node: the parameter node that refers to them.
    """

    def __init__(self, node: Any) -> None:
        self.node = node
        self.scene = node.GetScene()

    def get(self, role: str) -> Any:
        """The node of a role; ``None`` where there is none or it was deleted."""
        return self.node.GetNodeReference(role)

    def set(self, role: str, node: Any) -> None:
        """Let a role refer to a node that belongs to the review and goes with it."""
        self.node.SetNodeReferenceID(role, node.GetID())

    @property
    def ct(self) -> Any:
        """The fixed scan, ``vtkMRMLScalarVolumeNode``."""
        return self.get(CT)

    @property
    def mr(self) -> Any:
        """The moving scan, ``vtkMRMLScalarVolumeNode``."""
        return self.get(MR)

    @property
    def bones(self) -> tuple[str, ...]:
        """The registered bones, in the record's order."""
        return tuple(json.loads(self.node.GetParameter(_BONES)))

    @property
    def active(self) -> str:
        """The bone whose motion the MR follows."""
        return str(self.node.GetParameter(_ACTIVE))

    def auto(self, bone: str) -> Any:
        """The transform node with what was found for a bone."""
        return self.get(f"auto_{bone}")

    def user(self, bone: str) -> Any:
        """The transform node with the correction of a bone."""
        return self.get(f"user_{bone}")

    def surface(self, bone: str) -> Any:
        """The model of a bone of the CT; ``None`` where it has no voxels."""
        return self.get(f"surface_{bone}")

    def owned(self, with_volumes: bool = True) -> list[Any]:
        """Every node that goes with the review: not the volumes that were in the scene before it, or neither volume."""
        roles: list[str] = []
        self.node.GetNodeReferenceRoles(roles)
        kept = {CT, MR} - set(json.loads(self.node.GetParameter(_OWNED)) if with_volumes else ())
        # Colors that the volumes had are only remembered.
        found = [self.get(role) for role in roles if role not in kept and not role.endswith("_colors")]
        return [*(node for node in found if node is not None), self.node]


def open_review(scene: Any, record: RegistrationRecord, ct: Any, mr: Any, labels: Any) -> ReviewNodes:
    """Make the nodes of a registration; the MR follows the first bone.

    Args:
        scene: ``vtkMRMLScene``.
        record: what was found, corrections included.
        ct: fixed scan, a SimpleITK image (LPS) or a volume node.
        mr: moving scan, likewise.
        labels: bone labels of the CT, likewise; a node is only read.

    Raises:
        InputError: a volume node is under a transform, or no bone was registered.
    """
    if not record.bones:
        raise InputError("The registration holds no bone.", "Register the scans again.")
    for node in (ct, mr, labels):
        _check(node)
    node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    node.UnRegister(None)
    node.SetName("CTSMA registration")
    node.SetAttribute(REVIEW_ATTRIBUTE, REVIEW_VERSION)
    node.SetParameter(_BONES, json.dumps([bone.name for bone in record.bones]))
    node.SetParameter(_OWNED, json.dumps([role for role, given in ((CT, ct), (MR, mr)) if _is_image(given)]))
    review = ReviewNodes(scene.AddNode(node))
    _add_volumes(review, ct, mr)
    _add_surfaces(review, labels)
    for bone in record.bones:
        _add_transforms(review, bone)
    stages = [stage for stage in record.stages if stage.stage == KNEE]
    if stages:
        review.set(KNEE_MOTION, _transform(scene, "knee", np.array(stages[-1].moving_to_fixed_ras)))
    set_active(review, record.bones[0].name)
    return review


def reviews_in(scene: Any) -> Iterator[ReviewNodes]:
    """The reviews in a scene, in the order they came."""
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLScriptedModuleNode")
        if node.GetAttribute(REVIEW_ATTRIBUTE):
            yield ReviewNodes(node)


def set_active(review: ReviewNodes, bone: str) -> None:
    """Let the MR follow the motion of a bone.

    Raises:
        KeyError: the bone was not registered.
    """
    if bone not in review.bones:
        raise KeyError(bone)
    review.node.SetParameter(_ACTIVE, bone)
    review.mr.SetAndObserveTransformNodeID(review.auto(bone).GetID())


def set_user(review: ReviewNodes, bone: str, matrix: Matrix) -> None:
    """Give a bone another correction (4, 4), RAS, in the frame of the CT."""
    review.user(bone).SetMatrixTransformToParent(to_vtk(matrix))


def set_auto(review: ReviewNodes, bone: str, matrix: Matrix) -> None:
    """Give a bone another motion that was found (4, 4), RAS, as after another run."""
    review.auto(bone).SetMatrixTransformToParent(to_vtk(matrix))


def matrices(review: ReviewNodes, bone: str) -> BoneMatrices:
    """What the transform nodes of a bone hold now, also after a user has dragged them."""
    return BoneMatrices(_matrix(review.auto(bone)), _matrix(review.user(bone)))


def remove_review(review: ReviewNodes, keep_volumes: bool = False) -> None:
    """Remove what was made for a review; volumes that were in the scene before stay, without a transform.

    Args:
        review: the nodes.
        keep_volumes: whether volumes stay that came with it, too.
    """
    scene = review.scene
    if review.mr is not None:
        review.mr.SetAndObserveTransformNodeID(None)
    for node in review.owned(with_volumes=not keep_volumes):
        attached = []
        if node.IsA("vtkMRMLDisplayableNode"):
            attached += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
        if node.IsA("vtkMRMLStorableNode"):
            attached += [node.GetNthStorageNode(index) for index in range(node.GetNumberOfStorageNodes())]
        for part in (*attached, node):
            if part is not None and part.GetScene() is scene:
                scene.RemoveNode(part)


def _check(node: Any) -> None:
    if not _is_image(node) and node.GetParentTransformNode() is not None:
        raise InputError(
            f"'{node.GetName()}' is under a transform.", "Take it out of the transform, then open the review again."
        )


def _is_image(given: Any) -> bool:
    return isinstance(given, sitk.Image)


def _add_volumes(review: ReviewNodes, ct: Any, mr: Any) -> None:
    """Scans that come as images get a window that shows bone; those of the scene keep theirs."""
    for role, title, given in ((CT, "CT", ct), (MR, "MR", mr)):
        node = given
        if _is_image(given):
            node = review.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", title)
            fill_volume(node, given)
            node.CreateDefaultDisplayNodes()
            display = node.GetDisplayNode()
            display.SetAutoWindowLevel(False)
            if role == CT:
                display.SetWindowLevel(CT_WINDOW, CT_LEVEL)
            else:
                display.SetWindowLevelMinMax(0.0, float(np.percentile(sitk.GetArrayViewFromImage(given), 99.5)))
        review.set(role, node)


def _add_surfaces(review: ReviewNodes, labels: Any) -> None:
    node = labels
    if _is_image(labels):
        node = review.scene.CreateNodeByClass("vtkMRMLLabelMapVolumeNode")
        node.UnRegister(None)
        fill_volume(node, labels)
    for bone in BONES:
        surface = surface_of(node, bone.label) if bone.name in review.bones else None
        if surface is None:
            continue
        model = add_model(review.scene, f"{bone.name} of the CT", with_normals(surface), CONTOUR_RGB[bone.name])
        model.GetDisplayNode().SetVisibility2D(True)
        model.GetDisplayNode().SetSliceIntersectionThickness(CONTOUR_PIXELS)
        review.set(f"surface_{bone.name}", model)


def _add_transforms(review: ReviewNodes, bone: BoneRecord) -> None:
    auto = _transform(review.scene, f"{bone.name} auto", np.array(bone.auto_moving_to_fixed_ras))
    user = _transform(review.scene, f"{bone.name} user", np.array(bone.user_moving_to_fixed_ras))
    user.SetCenterOfTransformation(*bone.center_fixed_ras_mm)
    auto.SetAndObserveTransformNodeID(user.GetID())
    review.set(f"auto_{bone.name}", auto)
    review.set(f"user_{bone.name}", user)


def _transform(scene: Any, name: str, matrix: Matrix) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    node.SetMatrixTransformToParent(to_vtk(matrix))
    return node


def _matrix(node: Any) -> Matrix:
    matrix = to_vtk(np.eye(4))
    node.GetMatrixTransformToParent(matrix)
    return to_numpy(matrix)
