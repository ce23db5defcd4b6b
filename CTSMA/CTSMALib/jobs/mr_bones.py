"""What outlines the bones of an MR in a job: the network that makes a synthetic CT, or a simple method without one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from CTSMALib.errors import AnatomyError, InputError, MissingDependencyError
from CTSMALib.jobs.learning_packages import need_learning_packages
from CTSMALib.jobs.register_guide import load_synthesis, synthesis_bundle
from CTSMALib.jobs.request import NETWORK, SIMPLE, AnalyzeMRRequest
from CTSMALib.notices import Notice, Severity
from CTSMALib.progress import Progress, part_of, silent

if TYPE_CHECKING:
    import SimpleITK as sitk

    from CTSMALib.analysis.mr_bone_source import BoneFinder, MRBones
    from CTSMALib.bundles.bundle import Bundle
    from CTSMALib.synthesis.model import SynthesisModel
    from CTSMALib.synthesis.synthetic_knee import SyntheticKnee

GRID_MM = 0.5  # of the outlines, which lie between the voxels of the network
SAME_DICE = 0.85  # of bones that two ways agree on
NOT_USED = "bone-network-not-used"
BY_NETWORK = "bones-by-network"


def bone_finder(request: AnalyzeMRRequest) -> BoneFinder:
    """What finds the bones of the MR of a request that gives none.

    Args:
        request: of an analysis of an MR.

    Raises:
        InputError: the model that was named cannot be used, or is not asked for.
        MissingDependencyError: a package for the network that was asked for is not installed.
    """
    from CTSMALib.analysis.mr_bone_source import simple_bones

    named = request.bone_model is not None
    if request.bones == SIMPLE:
        if named:
            raise InputError("A model for bones is given, and the simple method.", "Leave one of them out.")
        return simple_bones
    try:
        need_learning_packages()
        bundle = synthesis_bundle(request.bone_model)
    except MissingDependencyError as error:
        if named or request.bones == NETWORK:
            raise
        return partial(_instead, f"No network outlined the bones. {error.message} {error.remedy}")
    load_synthesis()
    from CTSMALib.synthesis.model import load_model

    found = partial(network_bones, bundle=bundle, model=load_model(bundle))
    return found if request.bones == NETWORK else partial(_likelier, found)


def network_bones(mr: sitk.Image, progress: Progress, bundle: Bundle, model: SynthesisModel) -> MRBones:
    """Bones of an MR as the network labels them.

    Args:
        mr: signal, any scalar type and orientation.
        progress: told about the windows of the network; cancels by raising.
        bundle: where the model is from.
        model: the network.

    Raises:
        AnatomyError: femur or tibia was not found.
        InputError: the image cannot be that of a knee.
    """
    from CTSMALib.analysis.mr_bone_source import MRBones
    from CTSMALib.anatomy.given_bones import LEAST_ML
    from CTSMALib.anatomy.grids import resample_axis_aligned
    from CTSMALib.anatomy.labels import FEMUR, TIBIA
    from CTSMALib.synthesis.synthesize import synthesize

    def told(stage: str, fraction: float, message: str = "") -> None:
        progress("Outlining the bones", fraction, message)

    knee = synthesize(mr, model, part_of(told, 0.0, 0.9))
    for bone in (FEMUR, TIBIA):
        if (knee.bones == bone.label).sum() * model.spacing_mm**3 < 1000.0 * LEAST_ML:
            raise AnatomyError(
                f"The network found no {bone.name} in the MR.",
                "Give an MR of a knee, or its bones as a label map with --labels.",
            )
    told("", 0.9)
    labels = knee.bones_on(resample_axis_aligned(mr, GRID_MM))
    return MRBones(labels, f"{bundle.name} {bundle.version}, SHA-256 {bundle.sha256}", _notices(knee))


def _notices(knee: SyntheticKnee) -> tuple[Notice, ...]:
    from CTSMALib.synthesis.synthetic_knee import NOT_LIKE_TRAINING

    told = Notice(
        BY_NETWORK,
        f"The bones were outlined on the MR by a network, {knee.model}, that learned from simulated knees; check the "
        "outlines in the pictures.",
    )
    texts = {notice.code: notice.text for notice in knee.notices}
    if NOT_LIKE_TRAINING in texts:
        texts[NOT_LIKE_TRAINING] = (
            f"The MR looks unlike those that the network learned from (distance {knee.distance:.1f}, usual up to "
            f"{knee.limit:.1f}): its bones may be wrong."
        )
    remedy = "Look at them before you rely on the values, or give bone labels."
    return told, *(Notice(code, f"{text} {remedy}") for code, text in texts.items())


def _likelier(network: BoneFinder, mr: sitk.Image, progress: Progress = silent) -> MRBones:
    """Bones by the network; where they are doubtful, only if the simple method finds the same ones.

    Raises:
        AnatomyError: neither finds a knee, or bones are doubtful and the simple method finds none.
    """
    from CTSMALib.analysis.mr_bone_source import simple_bones
    from CTSMALib.synthesis.synthetic_knee import DOUBTFUL, MISPLACED

    try:
        found = network(mr, part_of(progress, 0.0, 0.5))
    except AnatomyError as error:
        return _instead(f"The network found no knee in the MR. {error.message}", mr, part_of(progress, 0.5, 1.0))
    doubts = [notice.code for notice in found.notices if notice.code in DOUBTFUL]
    if not doubts:
        return found
    unlike = "The MR looks unlike those that the network for bones learned from"
    if MISPLACED in doubts:
        unlike = "The tibia that the network found does not lie below the femur"
    try:
        simple = simple_bones(mr, part_of(progress, 0.5, 1.0))
    except AnatomyError as error:
        raise AnatomyError(
            f"{unlike}, and a simple method finds no knee with bright marrow in it.",
            "Give the bones with --labels, or take those of the network with --bones network and look at them.",
        ) from error
    if _least_dice(found.labels, simple.labels) >= SAME_DICE:
        return found
    return _with_reason(simple, f"{unlike}, and its outlines were others.")


def _least_dice(labels: sitk.Image, other: sitk.Image) -> float:
    """Dice of femur or tibia, whichever is less, on the voxels of the first."""
    import numpy as np
    import SimpleITK as sitk

    from CTSMALib.anatomy.labels import FEMUR, TIBIA

    moved = sitk.Resample(other, labels, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    one, two = sitk.GetArrayViewFromImage(labels), sitk.GetArrayViewFromImage(moved)
    found = []
    for bone in (FEMUR, TIBIA):
        own, others = one == bone.label, two == bone.label
        both, all_of = int(np.count_nonzero(own & others)), int(np.count_nonzero(own)) + int(np.count_nonzero(others))
        found.append(2.0 * both / max(all_of, 1))
    return min(found)


def _instead(reason: str, mr: sitk.Image, progress: Progress = silent) -> MRBones:
    from CTSMALib.analysis.mr_bone_source import simple_bones

    return _with_reason(simple_bones(mr, progress), reason)


def _with_reason(bones: MRBones, reason: str) -> MRBones:
    return replace(bones, notices=(*bones.notices, Notice(NOT_USED, reason, Severity.INFO)))
