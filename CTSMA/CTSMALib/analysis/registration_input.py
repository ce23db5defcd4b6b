"""The knee of a CT as a registration takes it: from a scan, from bones that were labelled, or from a result folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from CTSMALib.analysis.choice import check_side, choose_knees, no_knee
from CTSMALib.analysis.compartment_findings import refused_compartments
from CTSMALib.analysis.describe import METAL_NOTICE, SIDES, fit_notices, side_finding, side_notices
from CTSMALib.analysis.folder import load_analysis
from CTSMALib.analysis.patch_voxels import patch_voxels
from CTSMALib.analysis.result import CT_ROLE
from CTSMALib.analysis.stored import load_volume
from CTSMALib.anatomy.given_bones import GivenBones, aligned_labels, given_bones
from CTSMALib.anatomy.knee import KneeAnatomy, find_anatomy
from CTSMALib.anatomy.labels import COMPARTMENTS, FEMUR, TIBIA
from CTSMALib.anatomy.legs import find_knees
from CTSMALib.anatomy.patch import Patch
from CTSMALib.errors import InputError
from CTSMALib.morphometry.direct_ct.patch_sampling import STEP_MM
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, part_of, silent
from CTSMALib.registration.landmarks import FAR_OFF
from CTSMALib.registration.outcome import LABELS_FILE
from CTSMALib.registration.patch_pairs import COMPARTMENT, FixedPatch
from CTSMALib.registration.record_folder import load_record
from CTSMALib.registration.start import OTHER_SCANS
from CTSMALib.volumes.bone_labels import read_bone_labels
from CTSMALib.volumes.metal import metal_mask
from CTSMALib.volumes.scan import InputIdentity, Scan

NO_GRID = Notice("no-patches", "Femur and tibia are not both labelled, so there are no patches.")


@dataclass(frozen=True, eq=False)
class KneeOfCT:
    """One knee of a CT.

    Attributes:
        ct: HU.
        labels: bones, axis-aligned, 1 mm.
        patches: learning grid; empty where there is none.
        refused: compartments in which the CT cannot be relied on, key to reason.
        side: ``"left"``, ``"right"`` or ``"unknown"``.
        identity: which CT.
        notices: what a reader must know.
    """

    ct: sitk.Image
    labels: sitk.Image
    patches: tuple[FixedPatch, ...]
    refused: Mapping[str, str]
    side: str
    identity: InputIdentity
    notices: tuple[Notice, ...]


def knee_of_result(folder: Path) -> KneeOfCT:
    """From the result folder of ``ctsma analyze``.

    Raises:
        InputError: it is no result of a CT, or damaged.
    """
    analysis = load_analysis(folder)
    if analysis.modality != "CT":
        raise InputError(f"The result in {folder} is of an MR.", "Name the CT, or a result of a CT, first.")
    ct, labels = (load_volume(analysis, folder, role) for role in (CT_ROLE, "labels"))
    patches = tuple(FixedPatch.of(measured.patch) for measured in analysis.patches)
    refused = {c.key: c.reason for c in analysis.compartments if not c.reported}
    notices = (*analysis.notices, *_refusal_notices(refused))
    return KneeOfCT(
        ct, aligned_labels(labels), patches, refused, analysis.side.side, analysis.identity, notices
    )  # fmt: skip


def knee_of_scan(
    scan: Scan, labels: sitk.Image | None = None, side: str = "auto", progress: Progress = silent
) -> KneeOfCT:  # fmt: skip
    """From a CT, whose bones are found if they are not given.

    Args:
        scan: the CT.
        labels: bones in its space, values of :mod:`CTSMALib.anatomy.labels`.
        side: ``"auto"``, ``"left"`` or ``"right"``.
        progress: told about each step.

    Raises:
        AnatomyError: there is no knee, or not the one asked for.
        InputError: there are two knees and no side was stated.
    """
    check_side(side)
    if labels is not None and not _holds_both(labels):
        known = "unknown" if side == "auto" else side
        return KneeOfCT(scan.image, aligned_labels(labels), (), {}, known, scan.identity, (*scan.notices, NO_GRID))
    given = None if labels is None else given_bones(labels, on_ct=True)
    with threadpool_limits(limits=1, user_api="blas"):
        anatomy = _anatomy(scan, given, side, progress)
    known = anatomy.side.side if anatomy.side.certain else "unknown"
    metal = metal_mask(anatomy.scan)
    patches = tuple(_with_valid_fraction(anatomy, metal))
    refused = refused_compartments(patches, anatomy.incomplete, metal)
    finding = side_finding(anatomy.side, scan.header)
    notices = [*scan.notices, *side_notices(finding, anatomy.side.against), *fit_notices(anatomy)]
    if sitk.GetArrayFromImage(metal).any():
        notices.append(METAL_NOTICE)
    notices += _refusal_notices(refused)
    grid = tuple(FixedPatch.of(patch) for patch in patches)
    return KneeOfCT(scan.image, anatomy.labels, grid, refused, known, scan.identity, tuple(notices))


def knee_of_registration(folder: Path, scan: Scan) -> KneeOfCT:
    """From the folder of a registration of the same CT, which spares finding the bones again.

    Args:
        folder: of the registration.
        scan: the CT.

    Raises:
        InputError: the folder is damaged, or of another CT.
    """
    record = load_record(folder)
    if record.fixed.sha256 != scan.identity.sha256:
        raise InputError(f"The registration in {folder} is of another CT.", "Name that of this CT.")
    labels = read_bone_labels(folder / record.files.get("labels", LABELS_FILE))
    refused = {p.compartment: "" for p in record.patches if COMPARTMENT in p.flags}
    patches = tuple(FixedPatch(p.id, p.bone, p.compartment, p.ct_mm, p.valid_fraction) for p in record.patches)
    kept = tuple(notice for notice in record.notices if notice.code not in (OTHER_SCANS, FAR_OFF))
    return KneeOfCT(scan.image, aligned_labels(labels), patches, refused, record.side, scan.identity, kept)


def _refusal_notices(refused: Mapping[str, str]) -> list[Notice]:
    titles = {c.key: c.title for c in COMPARTMENTS}
    return [Notice(f"refused-{key}", f"{titles[key]}: {reason}") for key, reason in refused.items()]


def _holds_both(labels: sitk.Image) -> bool:
    found = np.unique(sitk.GetArrayFromImage(labels))
    return FEMUR.label in found and TIBIA.label in found


def _anatomy(scan: Scan, given: GivenBones | None, side: str, progress: Progress) -> KneeAnatomy:
    candidates = find_knees(scan.image if given is None else given.as_ct, part_of(progress, 0.0, 0.4))
    if not candidates:
        raise no_knee("CT")
    chosen, wanted = choose_knees(candidates, side)
    if len(chosen) > 1:
        raise InputError("The CT shows both knees.", "State which one the MR shows: --side left or --side right.")
    stated = SIDES.get(scan.header.laterality, "")
    return find_anatomy(scan.image, chosen[0], stated, wanted, part_of(progress, 0.4, 1.0), given)


def _with_valid_fraction(anatomy: KneeAnatomy, metal: sitk.Image) -> list[Patch]:
    filled = list(anatomy.learning)
    for bone in anatomy.frames:
        rows = [n for n, patch in enumerate(filled) if patch.bone == bone]
        if rows:
            centers = np.array([filled[n].center_anatomical_mm for n in rows])
            valid = patch_voxels(anatomy, bone, centers, metal, STEP_MM)[1]
            for n, fraction in zip(rows, valid.mean(axis=(1, 2, 3)), strict=True):
                filled[n] = replace(filled[n], valid_fraction=float(fraction))
    return filled
