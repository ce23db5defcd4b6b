"""A registration in the scene: CT, MR, the surface of every bone, and two transforms per bone.

A bone's "auto" transform holds what was found and lies under its "user" transform, which holds the correction, so
that what is put under "auto" is moved by T_user after T_auto. One parameter node refers to all nodes of a review, so
that a saved scene restores it. Transforms are hidden from lists of nodes: they say what the record says, and are made
again from it where they were deleted all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib.errors import InputError
from CTSMALib.registration.names import KNEE
from CTSMALib.registration.record import BoneRecord, RegistrationRecord
from CTSMALib.scene.geometry import fill_volume
from CTSMALib.scene.registration.bone_surface import add_surfaces
from CTSMALib.scene.registration.matrices import Matrix, to_numpy, to_vtk

REVIEW_ATTRIBUTE = "CTSMA.Review"  # on the parameter node; its value is the version of its content
REVIEW_VERSION = "1"
CT, MR, KNEE_MOTION = "ct", "mr", "knee"  # roles of nodes
CT_WINDOW, CT_LEVEL = 1800.0, 400.0  # HU; cortex and trabeculae
NOTED = "noted_"  # beginning of roles that only remember nodes of others
_BONES, _ACTIVE, _OWNED, _TRANSFORMS = "bones", "active", "owned", "transforms"  # parameters


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

    @property
    def present(self) -> bool:
        """Whether the scene holds parameter node and both scans, without which there is no review."""
        return self.node.GetScene() is self.scene and self.ct is not None and self.mr is not None

    @property
    def whole(self) -> bool:
        """Whether all transforms that were made are there too; the MR may have been taken out of them by the user."""
        if not self.present:
            return False
        both = {f"{kind}_{bone}" for bone in self.bones for kind in ("auto", "user")}
        return all(self.get(role) is not None for role in both | _transform_roles(self))

    def owned(self, with_volumes: bool = True) -> list[Any]:
        """Every node that goes with the review: not the volumes that were in the scene before it, or neither volume."""
        roles: list[str] = []
        self.node.GetNodeReferenceRoles(roles)
        kept = {CT, MR} - set(json.loads(self.node.GetParameter(_OWNED)) if with_volumes else ())
        kept |= {role for role in roles if role.endswith("_colors") or role.startswith(NOTED)}  # only remembered
        found = [self.get(role) for role in roles if role not in kept]
        return [*(node for node in found if node is not None), self.node]


def open_review(scene: Any, record: RegistrationRecord, ct: Any, mr: Any, labels: Any) -> ReviewNodes:
    """Make the nodes of a registration; the MR follows the first bone. Nothing stays in the scene when it fails.

    Args:
        scene: ``vtkMRMLScene``.
        record: what was found, corrections included.
        ct: fixed scan, a SimpleITK image (LPS) or a volume node.
        mr: moving scan, likewise.
        labels: bone labels of the CT, likewise; a node is only read.

    Raises:
        InputError: a volume node is under a transform or not in the scene any more, or no bone was registered.
    """
    if not record.bones:
        raise InputError("The registration holds no bone.", "Register the scans again.")
    for node in (ct, mr, labels):
        _check(node)
    for node in (ct, mr):
        if not _is_image(node) and node.GetScene() is not scene:
            raise InputError(f"'{node.GetName()}' is no longer in the scene.", "Load it again, then open the review.")
    node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    node.UnRegister(None)
    node.SetName("CTSMA registration")
    node.SetAttribute(REVIEW_ATTRIBUTE, REVIEW_VERSION)
    node.SetParameter(_BONES, json.dumps([bone.name for bone in record.bones]))
    node.SetParameter(_OWNED, json.dumps([role for role, given in ((CT, ct), (MR, mr)) if _is_image(given)]))
    node.SetParameter(_ACTIVE, record.bones[0].name)
    review = ReviewNodes(scene.AddNode(node))
    try:
        _add_volumes(review, ct, mr)
        add_surfaces(review, labels)
        add_transforms(review, record)
    except BaseException:
        remove_nodes(scene, review.owned())
        raise
    return review


def add_transforms(review: ReviewNodes, record: RegistrationRecord) -> bool:
    """Make transforms that are missing, with the motions of the record; then an MR under none follows the active bone.

    Returns:
        Whether any was missing.
    """
    missing = not review.whole
    for bone in record.bones:
        _add_transforms(review, bone)
    stages = [stage for stage in record.stages if stage.stage == KNEE]
    if stages and review.get(KNEE_MOTION) is None:
        add_transform(review, KNEE_MOTION, "knee", np.array(stages[-1].moving_to_fixed_ras))
    if missing:
        _note_transforms(review, {role for role in _transform_roles(review) if review.get(role) is not None})
        if review.mr.GetParentTransformNode() is None:  # which it lay under may be among those that were missing
            set_active(review, review.active)
    return missing


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


def display_of(volume: Any) -> Any:
    """The display node of a volume, made where there is none, as for volumes that a script has made."""
    if volume.GetDisplayNode() is None:
        volume.CreateDefaultDisplayNodes()
    return volume.GetDisplayNode()


def add_transform(review: ReviewNodes, role: str, name: str, matrix: Matrix) -> Any:
    """A transform of a review that lists of nodes do not show: deleted or moved there, the review would be wrong."""
    node = review.scene.CreateNodeByClass("vtkMRMLLinearTransformNode")
    node.UnRegister(None)
    node.SetName(name)
    node.SetHideFromEditors(True)  # before it is in the scene, so that the tree of the Data module never holds it
    node.SetMatrixTransformToParent(to_vtk(matrix))
    node = review.scene.AddNode(node)
    review.set(role, node)
    _note_transforms(review, _transform_roles(review) | {role})
    return node


def remove_nodes(scene: Any, nodes: Iterable[Any]) -> None:
    """Remove nodes with their display and storage nodes."""
    for node in nodes:
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
            review.set(role, node)  # so that it goes where the rest fails
            fill_volume(node, given)
            display = display_of(node)
            display.SetAutoWindowLevel(False)
            if role == CT:
                display.SetWindowLevel(CT_WINDOW, CT_LEVEL)
            else:
                display.SetWindowLevelMinMax(0.0, float(np.percentile(sitk.GetArrayViewFromImage(given), 99.5)))
        display_of(node)
        review.set(role, node)


def _add_transforms(review: ReviewNodes, bone: BoneRecord) -> None:
    """Those of a bone that are missing, one under the other."""
    auto, user = review.auto(bone.name), review.user(bone.name)
    if auto is None:
        matrix = np.array(bone.auto_moving_to_fixed_ras)
        auto = add_transform(review, f"auto_{bone.name}", f"{bone.name} auto", matrix)
    if user is None:
        matrix = np.array(bone.user_moving_to_fixed_ras)
        user = add_transform(review, f"user_{bone.name}", f"{bone.name} user", matrix)
        user.SetCenterOfTransformation(*bone.center_fixed_ras_mm)
    for node in (auto, user):
        if not node.GetHideFromEditors():  # in a scene of an earlier version
            node.SetHideFromEditors(True)
    if auto.GetTransformNodeID() != user.GetID():
        auto.SetAndObserveTransformNodeID(user.GetID())


def _transform_roles(review: ReviewNodes) -> set[str]:
    """The roles of the transforms that were made; references to deleted nodes are gone, and do not tell of them."""
    return set(json.loads(review.node.GetParameter(_TRANSFORMS) or "[]"))


def _note_transforms(review: ReviewNodes, roles: set[str]) -> None:
    review.node.SetParameter(_TRANSFORMS, json.dumps(sorted(roles)))


def _matrix(node: Any) -> Matrix:
    matrix = to_vtk(np.eye(4))
    node.GetMatrixTransformToParent(matrix)
    return to_numpy(matrix)
