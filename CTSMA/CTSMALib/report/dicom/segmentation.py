"""The bones of a result as a DICOM Segmentation: one binary segment each, coded with SNOMED CT."""

from __future__ import annotations

import highdicom as hd
import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from CTSMALib.analysis.pipeline import BONES_GIVEN
from CTSMALib.anatomy.labels import BONES, Bone
from CTSMALib.errors import InputError
from CTSMALib.palette import BONE_RGB
from CTSMALib.report.dicom.codes import (
    ANATOMICAL_STRUCTURE,
    ATLAS_FAMILY,
    bone_code,
    concept,
    private_scheme,
    side_code,
)
from CTSMALib.report.dicom.grids import refer_to_planes, volume_of
from CTSMALib.report.dicom.study import BODY_PART, Study

LABEL = "BONES"


def bones_in(labels: sitk.Image) -> tuple[Bone, ...]:
    """The bones of which a label map has voxels, in the order of their labels."""
    found = set(np.unique(sitk.GetArrayViewFromImage(labels)).tolist())
    return tuple(bone for bone in BONES if bone.label in found)


def frames_of(labels: sitk.Image) -> int:
    """How many frames the segmentation has: for each bone, the slices that it is in."""
    values = sitk.GetArrayViewFromImage(labels)
    return sum(int((values == bone.label).any(axis=(1, 2)).sum()) for bone in bones_in(labels))


def segmentation(labels: sitk.Image, study: Study, place: int) -> Dataset:
    """Make the segmentation.

    Args:
        labels: of the result, numbered as in :mod:`CTSMALib.anatomy.labels`; its grid is kept.
        study: where it goes.
        place: of the object among those of the study.

    Raises:
        InputError: the label map holds no bone.
    """
    bones = bones_in(labels)
    if not bones:
        raise InputError("The result holds no bones to write.", "Analyze the scan again.")
    volume = volume_of(labels, study)
    numbered = np.zeros(volume.array.shape, dtype=np.uint8)  # segments are numbered without gaps
    for number, bone in enumerate(bones, start=1):
        numbered[volume.array == bone.label] = number
    made = hd.seg.Segmentation(
        **study.sources,
        pixel_array=volume.with_array(numbered),
        segmentation_type="BINARY",
        segment_descriptions=[_description(bone, number, study) for number, bone in enumerate(bones, start=1)],
        content_label=LABEL,
        content_description=study.describe("bones"),
        **study.instance(place),
    )
    made.CodingSchemeIdentificationSequence = [private_scheme()]
    made.BodyPartExamined = BODY_PART  # the side is one of each segment
    refer_to_planes(made, study, codes.cid7203.SegmentationImageDerivation)
    return study.finish(made, study.describe("bones"))


def _description(bone: Bone, number: int, study: Study) -> hd.seg.SegmentDescription:
    analysis = study.analysis
    family = concept(ATLAS_FAMILY)
    by_hand = any(notice.code == BONES_GIVEN.code for notice in analysis.notices)
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=bone.name.capitalize(),
        segmented_property_category=concept(ANATOMICAL_STRUCTURE),
        segmented_property_type=bone_code(bone),
        algorithm_type="SEMIAUTOMATIC" if by_hand else "AUTOMATIC",
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="CTSMA bones", family=family, version=analysis.software_version, source="CTSMA"
        ),
        tracking_uid=study.identity.tracking_uid(study.source.digest, "bone", bone.name, analysis.side.side),
        tracking_id=f"{analysis.side.side} {bone.name}",
        display_color=hd.color.CIELabColor.from_rgb(*BONE_RGB[bone.name]),
    )
    side = side_code(analysis.side.side)
    if side is not None:
        described.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [side]
    return described
