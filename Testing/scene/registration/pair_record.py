"""The record of a registration of the made-up pair that found the true motions."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CTSMALib.anatomy.labels import BONES
from CTSMALib.registration.names import KNEE
from CTSMALib.registration.record import IDENTITY, PairedPatch, RegistrationRecord, StageRecord, ras_rows
from CTSMALib.volumes import read_mr, read_scan
from CTSMALib.volumes.scan import InputIdentity
from Testing.core.made_up_pair import MadeUpPair, made_up_pair
from Testing.core.registration.made_up_record import a_record

NEAR_MM, FAR_MM = 0.2, 1.7  # errors of two patches on the femur


def true_record(pair: MadeUpPair) -> RegistrationRecord:
    """All bones with the true motion and no correction, the knee with that of the tibia, two patches in the femur."""
    like = a_record()
    bones = tuple(
        replace(
            like.bones[0],
            name=bone.name,
            auto_moving_to_fixed_ras=ras_rows(pair.matrices[bone.name]),
            user_moving_to_fixed_ras=IDENTITY,
            center_fixed_ras_mm=center_ras(pair, bone.name),
        )
        for bone in BONES
    )
    knee = StageRecord(KNEE, "knee", ras_rows(pair.matrices["tibia"]), (1.0, 1.1), 1.1, 1.0, "made up")
    joint = pair.joint_mm
    patches = tuple(
        PairedPatch(name, "femur", tuple((joint + (x, 0.0, 12.0)).tolist()), (0.0, 0.0, 0.0), 1.0, error)
        for name, x, error in (("FM-r1-c1-d1", 22.0, NEAR_MM), ("FL-r1-c1-d1", -22.0, FAR_MM))
    )
    return replace(like, bones=bones, stages=(knee,), patches=patches)


@functools.cache
def identities() -> tuple[InputIdentity, InputIdentity]:
    """Which data the CT and the MR of the made-up pair are, read from files."""
    pair = made_up_pair()
    with tempfile.TemporaryDirectory() as folder:
        ct, mr = Path(folder, "ct.nrrd"), Path(folder, "mr.nrrd")
        sitk.WriteImage(pair.ct, str(ct))
        sitk.WriteImage(pair.mr, str(mr))
        return read_scan(ct).identity, read_mr(mr).identity


def center_ras(pair: MadeUpPair, bone: str) -> tuple[float, float, float]:
    """The middle of a bone of the CT, RAS, mm."""
    label = next(b.label for b in BONES if b.name == bone)
    where = np.argwhere(sitk.GetArrayViewFromImage(pair.labels) == label).mean(axis=0)[::-1]
    x, y, z = pair.labels.TransformContinuousIndexToPhysicalPoint(where.tolist())
    return -x, -y, z
