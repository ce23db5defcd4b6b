"""A record with something in every place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from CTSMALib.notices import Notice
from CTSMALib.registration.names import BONES, KNEE
from CTSMALib.registration.record import (
    ACCEPTED,
    CHECK,
    GOOD,
    IDENTITY,
    BoneRecord,
    EarlierRun,
    KneeQuality,
    LandmarkPair,
    LocalRecord,
    PairedPatch,
    Quality,
    RegistrationRecord,
    Review,
    StageRecord,
    ras_rows,
)
from CTSMALib.registration.record_folder import write_record
from CTSMALib.volumes.rigid import Matrix, turned
from CTSMALib.volumes.scan import InputIdentity

KNEE_MOTION: Matrix = turned(np.array([5.0, 3.0, -8.0]), np.array([10.0, 20.0, 30.0]), np.array([4.0, -7.0, 11.0]))
FEMUR_MOTION: Matrix = turned(np.array([15.0, 2.0, -6.0]), np.array([9.0, 21.0, 33.0]), np.array([3.0, -6.0, 12.0]))


def a_record() -> RegistrationRecord:
    """Of two bones, with an earlier run, a review and a patch."""
    quality = Quality(None, 0.1, 0.2, 0.3, 0.05, 0.1, 0.75, 1.2, 0.9, 0.33, 0.7)
    knee = KneeQuality(1.4, 0.4, 1.1, 0.95)
    bones = tuple(
        BoneRecord(name, ras_rows(matrix), IDENTITY, (1.5, -2.0, 3.0), knee, quality, quality, verdict, reasons)
        for name, matrix, verdict, reasons in (
            ("femur", FEMUR_MOTION, GOOD, ()),
            ("tibia", KNEE_MOTION, CHECK, ("The estimated error is 0.7 mm.",)),
        )
    )
    stages = (
        StageRecord(KNEE, "knee", ras_rows(KNEE_MOTION), (1.01, 1.12), 1.12, 0.99, "mutual-information 1"),
        StageRecord(BONES, "femur", ras_rows(FEMUR_MOTION), (1.1, 1.2), 1.2, 0.9, "mutual-information 1"),
    )
    reviews = (Review("femur", ACCEPTED, "Reader, Ä.", "2025-01-02T03:04:05+00:00", 'looks "right", €', "0.1"),)
    return RegistrationRecord(
        software_version="0.1", created="2025-01-02T03:04:05+00:00",
        fixed=InputIdentity("ct.nii.gz", "NIfTI", "0" * 64), moving=InputIdentity("mr.nii.gz", "NIfTI", "1" * 64),
        side="left", first_stage=KNEE, started_from="first.tfm", stages=stages, bones=bones,
        patches=(
            PairedPatch("FM-r1-c1-d1", "femur", (1.0, 1 / 3, -2.5), (0.1, 0.2, 0.3), 0.75, 1.25, ("error", "bone")),
            PairedPatch("FM-r1-c2-d1", "femur", (1.0, 2.0, -2.5), (0.1, 0.2, 0.3), 1.0, 0.25),
        ),
        local=LocalRecord((1.0, 2.0, 3.0), ((0.1, 0.0, -0.1),) * 9),
        earlier=(EarlierRun("2025-01-01T00:00:00+00:00", "0.1", "pose", stages[:1], bones[:1], None, ()),),
        reviews=reviews, landmarks=(LandmarkPair("1", "femur", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), True, "Ä"),),
        files={"patches": "patches.csv"}, notices=(Notice("made-up", "It is made up."),),
    )  # fmt: skip


def a_record_folder(folder: Path, **changes: object) -> Path:
    """A folder with that record, or a changed one."""
    folder.mkdir(parents=True, exist_ok=True)
    write_record(replace(a_record(), **changes), folder)
    return folder
