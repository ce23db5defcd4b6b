"""The patches of one virtual knee, from the boxes that a cohort in mode ``patches`` holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.anatomy.patch import LEAST_VALID
from CTSMALib.learning.patches.columns import columns_of
from CTSMALib.learning.patches.ct_facts import references_from_boxes
from CTSMALib.learning.patches.edge_width import edge_width_mm
from CTSMALib.learning.patches.knee_boxes import KneeBoxes, read_knee_boxes
from CTSMALib.learning.patches.knee_part import KneePart, Value
from CTSMALib.learning.patches.mr_targets import levels_of, read_targets
from CTSMALib.learning.patches.scan_boxes import ScanBoxes
from CTSMALib.morphometry.apparent.recipe import Recipe
from CTSMALib.morphometry.apparent.registry import DEFAULT
from CTSMALib.morphometry.direct_ct.ct_features import patch_features
from CTSMALib.morphometry.direct_ct.patch_sampling import STEP_MM, Steps, sample_label_patches, sample_patches
from CTSMALib.morphometry.direct_ct.tissue_reference import TissueReferences
from CTSMALib.student.cubes import CT_STEPS_MM, MR_STEPS_MM, shape_of
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.cohort.read import CohortKnee
from CTSMALib.virtual.scanners.ct_kernel import CTKernel
from CTSMALib.virtual.scanners.line_response import SliceMTF, WindowMTF

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# The width across slices as it is measured on whole virtual scans, from what the protocol states: surfaces of a knee
# hardly tell slices of 0.6 and 1 mm apart (Testing/benchmarks/student/results/sharpness.csv). Within slices both agree.
SEEN_AT_LEAST_MM, SEEN_PER_MM = 0.43, 0.19
LITTLE_BONE, NO_TARGET = "too little trabecular bone", "no structure seen on the MR"
_SAID_OTHERWISE = ("ct_slice_mm", "ct_pixel_mm")  # facts of the protocol, in place of which the voxels are told


def virtual_part(knee: CohortKnee, recipe: Recipe = DEFAULT) -> KneePart:
    """Sample both scans, read the targets, measure the CT.

    Args:
        knee: of a cohort in mode ``patches``.
        recipe: how targets are read.

    Raises:
        InputError: the knee cannot be read.
    """
    boxes = read_knee_boxes(knee)
    levels = levels_of(boxes.mr, boxes.mr_centers_mm, float(knee.facts["mr_snr"]))
    targets = read_targets(boxes, levels, _shown_resolution_mm(boxes), recipe)
    references = references_from_boxes(boxes.ct, float(knee.facts["ct_kvp"]))
    features, filled = _features(boxes, references)
    enough = (filled >= LEAST_VALID) & (targets.filled >= LEAST_VALID)
    seen = np.isfinite(targets.values).all(axis=1)
    key = knee_key(knee.subject, knee.side)
    columns = columns_of(
        key, boxes.ids, boxes.bones, np.column_stack([filled, boxes.error_mm]), targets.values, targets.uncertainties,
        targets.dim, boxes.truth, features,
    )  # fmt: skip
    ct, ct_valid = sampled_cubes(boxes.ct, boxes.ct_frames, boxes.bones, boxes.ct_centers_mm, CT_STEPS_MM)
    signal, mr_valid = sampled_cubes(boxes.mr, boxes.mr_frames, boxes.bones, boxes.mr_centers_mm, MR_STEPS_MM)
    fraction = 1.0 - signal / levels.marrow.astype(np.float32)[:, None, None, None]
    part = KneePart(
        knee=_knee_row(knee, key, boxes, references, levels.noise),
        columns=columns,
        ct=as_hu(ct),
        ct_valid=ct_valid.astype(np.uint8),
        mr=fraction.astype(np.float16),
        mr_valid=mr_valid.astype(np.uint8),
        left_out={LITTLE_BONE: int(np.count_nonzero(~enough)), NO_TARGET: int(np.count_nonzero(enough & ~seen))},
    )
    return chosen(part, enough & seen)


def knee_key(subject: str, side: str) -> str:
    """What names a knee in every table: ``"SUBJECT_SIDE"``."""
    return f"{subject}_{side}"


def seen_through_mm(stated_mm: float) -> float:
    """The width across slices that is measured on a whole scan with such slices."""
    return SEEN_AT_LEAST_MM + SEEN_PER_MM * stated_mm


def chosen(part: KneePart, kept: Bools) -> KneePart:
    """Some patches of a part.

    Args:
        part: the patches.
        kept: (n,) which.
    """
    return replace(
        part,
        columns={name: values[kept] for name, values in part.columns.items()},
        ct=part.ct[kept],
        ct_valid=part.ct_valid[kept],
        mr=part.mr[kept],
        mr_valid=part.mr_valid[kept],
    )


def sampled_cubes(
    boxes: ScanBoxes, frames: dict[str, JointFrame], bones: tuple[str, ...], centers_mm: NDArray[np.float64],
    steps_mm: Steps,
) -> tuple[Floats, Bools]:  # fmt: skip
    """Cubes along the axes of the bones, one from each box.

    Args:
        boxes: of a scan.
        frames: of the bones in this scan.
        bones: (n,) which one a patch lies in.
        centers_mm: (n, 3) LPS of the patches in this scan.
        steps_mm: distance of cells.

    Returns:
        Values by linear interpolation, the mean of the cube outside the box; where trabecular bone is inside the box,
        by the nearest voxel.
    """
    shape = shape_of(steps_mm)
    values = np.zeros((len(bones), *shape), dtype=np.float32)
    valid = np.zeros((len(bones), *shape), dtype=bool)
    for number, bone in enumerate(bones):
        frame = frames[bone]
        center = frame.to_anatomical(centers_mm[number])[None]
        values[number] = sample_patches(boxes.image(number), center, frame, step_mm=steps_mm)[0]
        valid[number] = sample_label_patches(boxes.mask(number), center, frame, step_mm=steps_mm)[0] > 0
    return filled_up(values), valid


def filled_up(values: Floats) -> Floats:
    """Cubes whose cells outside the image have the mean of the others.

    Args:
        values: (n, ...), NaN outside.
    """
    known = np.isfinite(values)
    axes = tuple(range(1, values.ndim))
    total = np.where(known, values, 0.0).sum(axis=axes, keepdims=True)
    mean = total / np.maximum(known.sum(axis=axes, keepdims=True), 1)
    return np.where(known, values, mean).astype(np.float32)


def as_hu(values: Floats) -> NDArray[np.int16]:
    """CT numbers as they are stored."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def _shown_resolution_mm(boxes: KneeBoxes) -> float:
    """The resolution that the noise of the MR shows, which is what is measured on a whole scan."""
    protocol = boxes.facts["mr_protocols"][BFFE]
    return WindowMTF(float(protocol["acquired_mm"]), float(protocol["window_fade"])).noise_width_mm


def _features(boxes: KneeBoxes, references: TissueReferences) -> tuple[dict[str, NDArray[np.float64]], NDArray]:
    """The direct CT measurement, and the (n,) share of each cube that is trabecular bone."""
    hu, valid = sampled_cubes(boxes.ct, boxes.ct_frames, boxes.bones, boxes.ct_centers_mm, STEP_MM)
    return patch_features(hu, valid, STEP_MM, references), valid.mean(axis=(1, 2, 3))


def _knee_row(
    knee: CohortKnee, key: str, boxes: KneeBoxes, references: TissueReferences, noise: float
) -> dict[str, Value]:
    facts = knee.facts
    protocol, profile = boxes.facts["ct_protocol"], float(facts["ct_slice_mm"])
    kernel = CTKernel(float(protocol["psf_fwhm_mm"]), float(protocol["edge_enhancement"]))
    return {
        "knee": key, "subject": knee.subject, "side": knee.side, "split": knee.split, "grade": knee.grade,
        "age": knee.age_years, "sex": knee.sex,
        "ct_inplane_fwhm_mm": edge_width_mm(kernel),
        "ct_through_fwhm_mm": seen_through_mm(edge_width_mm(SliceMTF(profile, float(protocol["focal_blur_mm"])))),
        "ct_noise_sd_hu": float(facts["ct_noise_hu"]),
        "ct_pixel_mm": boxes.ct.spacing_mm[2],
        "ct_slice_mm": boxes.ct.spacing_mm[0],
        "mirrored": int(all(frame.mirrored for frame in boxes.ct_frames.values())),
        "ct_marrow_hu": references.marrow.hu, "ct_bone_tissue_hu": references.bone_tissue_hu, "mr_noise": noise,
        "ct_slice_profile_mm": profile,
        **{name: value for name, value in facts.items() if name not in _SAID_OTHERWISE},
    }  # fmt: skip
