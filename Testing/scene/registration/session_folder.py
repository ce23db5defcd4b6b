"""The folder of a registration of the made-up pair, jobs that start from it, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from CTSMALib.registration.fixed_knee import FixedKnee
from CTSMALib.registration.local_field import LocalField
from CTSMALib.registration.names import JUDGE
from CTSMALib.registration.outcome import LABELS_FILE, record_of
from CTSMALib.registration.paired import Motions
from CTSMALib.registration.record import BoneRecord, RegistrationRecord, StageRecord
from CTSMALib.registration.record_folder import load_record, write_record
from CTSMALib.registration.register import Registration
from CTSMALib.registration.start import start_from
from CTSMALib.scene.geometry import flipped
from CTSMALib.volumes.media import write_image
from CTSMALib.volumes.rigid import applied
from Testing.core.made_up_pair import MadeUpPair


class Clock:
    """Seconds that only the test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def registration_folder(folder: Path, pair: MadeUpPair, record: RegistrationRecord) -> Path:
    """As ``ctsma register`` leaves it, without pictures."""
    folder.mkdir(parents=True)
    write_image(pair.labels, folder / LABELS_FILE)
    patches = tuple(
        replace(patch, mr_mm=tuple(applied(pair.matrices[patch.bone], np.array(patch.ct_mm)).tolist()))
        for patch in record.patches
    )
    write_record(replace(record, patches=patches, reviews=(), landmarks=()), folder)
    return folder


def finished_job(out: Path, initial: Path, stage: str, bone: Callable[[BoneRecord], BoneRecord]) -> Path:
    """The folder of a job that went on from a registration, with other bones, made as the job makes it."""
    then = load_record(initial)
    start = replace(start_from(then, initial.name), first_stage=stage)
    bones, stages = tuple(bone(each) for each in then.bones), then.stages
    if stage != JUDGE:
        auto = bones[0].auto_moving_to_fixed_ras
        stages = (*stages, StageRecord(stage, bones[0].name, auto, (), 1.1, 1.0, "made up"))
    found = Registration(Motions({}, {}, LocalField.none()), stages, bones, then.patches)
    record = record_of(found, then.fixed, then.moving, then.side, start, then.notices, ())
    out.mkdir()
    write_record(replace(record, files=then.files), out)
    return out


def places_on(pair: MadeUpPair, bone: str, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places on the surface of a bone, far from each other: (3,) RAS in the CT, and where they truly are in the MR."""
    points = FixedKnee(pair.ct, pair.labels).surface(bone).points_mm
    chosen = points[np.linspace(0, len(points) - 1, count + 2).round().astype(int)[1:-1]]
    return [(flipped(point), flipped(applied(pair.matrices[bone], point))) for point in chosen]
