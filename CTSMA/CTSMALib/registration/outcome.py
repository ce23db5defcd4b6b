"""From what was found to the folder of a registration: record, transforms, images, paired boxes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CTSMALib import __version__
from CTSMALib.notices import Notice
from CTSMALib.progress import Progress, silent
from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.moving_knee import MovingKnee
from CTSMALib.registration.names import JUDGE
from CTSMALib.registration.paired import around_bones, paired_boxes, resampled_on
from CTSMALib.registration.record import (
    ACCEPTED,
    AUTOMATIC,
    FAILED,
    GOOD,
    EarlierRun,
    LocalRecord,
    RegistrationRecord,
    Review,
)
from CTSMALib.registration.record_folder import PATCHES_FILE, TRANSFORMS, write_record
from CTSMALib.registration.register import Registration
from CTSMALib.registration.start import Start
from CTSMALib.volumes.media import write_image
from CTSMALib.volumes.scan import InputIdentity
from CTSMALib.volumes.virtual_mark import NOTICE as VIRTUAL

MR_ON_CT_FILE, LABELS_FILE, BOXES_FILE = "mr_on_ct.nii.gz", "bones.nii.gz", "patches.npz"
MR_BONES_FILE = "mr_bones.nii.gz"  # there where a synthetic CT led
PROGRAM = "CTSMA"


def record_of(
    found: Registration, fixed: InputIdentity, moving: InputIdentity, side: str, start: Start,
    fixed_notices: tuple[Notice, ...], moving_notices: tuple[Notice, ...],
) -> RegistrationRecord:  # fmt: skip
    """The record of a registration.

    Args:
        found: what was found.
        fixed, moving: which CT and MR.
        side: of the knee.
        start: where it began.
        fixed_notices, moving_notices: of CT and MR; what both say is kept once.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = tuple(dict.fromkeys((*fixed_notices, *moving_notices, *start.notices)))
    virtual = VIRTUAL in fixed_notices and VIRTUAL in moving_notices
    local = None
    if np.any(found.motions.local.coefficients):
        x, y, z = (float(v) for v in found.motions.local.center_mm)
        local = LocalRecord(
            (x, y, z), tuple((float(a), float(b), float(c)) for a, b, c in found.motions.local.coefficients)
        )
    reviews = tuple(
        Review(bone.name, AUTOMATIC, PROGRAM, now, "virtual knee, verdict good", __version__)
        for bone in found.bones
        if virtual and bone.verdict == GOOD
    )
    record = RegistrationRecord(
        software_version=__version__, created=now, fixed=fixed, moving=moving, side=side,
        first_stage=start.first_stage, started_from=start.name, stages=found.stages, bones=found.bones,
        patches=found.patches, local=local, earlier=_earlier(start.earlier), reviews=reviews,
        landmarks=start.landmarks_of(fixed, moving), files={}, notices=kept,
    )  # fmt: skip
    if start.only and start.earlier:
        return _with_what_stays(record, start.earlier, start.only)
    if start.first_stage == JUDGE and start.earlier:  # the same registration, looked at again
        then = start.earlier
        return replace(
            record, created=then.created, first_stage=then.first_stage, started_from=then.started_from,
            earlier=then.earlier, reviews=then.reviews,
        )  # fmt: skip
    return record


def _with_what_stays(
    record: RegistrationRecord, then: RegistrationRecord, only: tuple[str, ...]
) -> RegistrationRecord:  # fmt: skip
    """The record of single bones with steps, patches and decisions of the others."""
    patches = {(patch.id, patch.bone): patch for patch in record.patches}
    before = [patches.pop((patch.id, patch.bone), patch) for patch in then.patches]
    return replace(
        record,
        stages=(*(s for s in then.stages if s.subject not in only), *(s for s in record.stages if s.subject in only)),
        reviews=(*(r for r in then.reviews if r.bone not in only), *(r for r in record.reviews if r.bone in only)),
        patches=(*before, *patches.values()),
    )


def _earlier(record: RegistrationRecord | None) -> tuple[EarlierRun, ...]:
    if record is None:
        return ()
    last = EarlierRun(
        record.created, record.software_version, record.first_stage, record.stages, record.bones, record.local,
        record.reviews,
    )  # fmt: skip
    return (*record.earlier, last)


def write_registration(
    record: RegistrationRecord, found: Registration, fixed: FixedKnee, moving: MovingKnee, folder: Path,
    images: bool = True, progress: Progress = silent,
) -> RegistrationRecord:  # fmt: skip
    """Write everything that belongs to a registration.

    Args:
        record: of it.
        found: what was found.
        fixed: the CT.
        moving: the MR.
        folder: exists.
        images: whether the MR on the CT's grid and the paired boxes are written, of bones that did not fail or that a
            person accepted.
        progress: told of every step.

    Returns:
        The record with its files.

    Raises:
        OSError: a file could not be written completely.
    """
    files = {f"transform_{bone.name}": f"{TRANSFORMS}/{bone.name}.tfm" for bone in record.bones}
    files["patches"], files["labels"] = PATCHES_FILE, LABELS_FILE
    write_image(fixed.labels, folder / LABELS_FILE)
    last = {review.bone: review.decision for review in record.reviews}
    usable = [b.name for b in record.bones if b.verdict != FAILED or last.get(b.name) == ACCEPTED]
    if images and usable:
        progress("Resampling the MR", 0.1)
        kept = replace(found.motions, matrices={name: found.motions.matrices[name] for name in usable})
        region = around_bones(fixed.ct, {name: found.motions.bones[name] for name in usable})
        write_image(_as_stored(resampled_on(region, kept, moving), moving.image), folder / MR_ON_CT_FILE)
        files["mr_on_ct"] = MR_ON_CT_FILE
    patches = [patch for patch in record.patches if patch.bone in usable]
    if images and patches:
        progress("Cutting the patches", 0.7)
        boxes: dict[str, Any] = paired_boxes(fixed.ct, moving.image, moving.level(0.0), found.motions, patches)
        with (folder / BOXES_FILE).open("wb") as file:
            np.savez_compressed(file, **boxes)
        files["boxes"] = BOXES_FILE
    record = replace(record, files=files)
    write_record(record, folder)
    return record


def _as_stored(resampled: sitk.Image, mr: sitk.Image) -> sitk.Image:
    """In whole numbers where the MR holds those, which takes a third of the space."""
    signal = sitk.GetArrayViewFromImage(mr)
    if signal.min() < 0 or signal.max() > np.iinfo(np.uint16).max or not np.array_equal(signal, np.rint(signal)):
        return resampled
    return sitk.Cast(sitk.Round(resampled), sitk.sitkUInt16)
