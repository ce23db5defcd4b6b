"""Where a registration starts: from nothing, from a motion of the knee, or from motions of bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from CTSMALib.anatomy.labels import BONES as BONE_LABELS
from CTSMALib.errors import InputError
from CTSMALib.notices import Notice
from CTSMALib.registration.fixed_knee import WHOLE
from CTSMALib.registration.landmarks import far_off_notices, motions, read_landmarks
from CTSMALib.registration.names import BONES, KEEPING, KNEE, POSE, STAGES
from CTSMALib.registration.record import BoneRecord, LandmarkPair, RegistrationRecord
from CTSMALib.registration.record_folder import holds_registration, load_record
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps, read_itk
from CTSMALib.volumes.scan import InputIdentity

OTHER_SCANS = "started-from-other-scans"


@dataclass(frozen=True, eq=False)
class Start:
    """What is known beforehand.

    Attributes:
        first_stage: the first that is run, one of :data:`~CTSMALib.registration.names.STAGES`.
        knee: (4, 4) motion of the knee from the CT to the MR; ``None`` where it is not known.
        bones: motions of bones, by name.
        name: what it was read from.
        earlier: the registration that is gone on from.
        notices: what a reader must know about it.
        only: bones that are found anew, while the others stay as they are in ``earlier``; empty for all.
    """

    first_stage: str = POSE
    knee: Matrix | None = None
    bones: Mapping[str, Matrix] = field(default_factory=dict)
    name: str = ""
    earlier: RegistrationRecord | None = None
    notices: tuple[Notice, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def staying(self) -> dict[str, BoneRecord]:
        """Bones that stay as they are, by name."""
        if not self.only or self.earlier is None:
            return {}
        return {bone.name: bone for bone in self.earlier.bones if bone.name not in self.only}

    def landmarks_of(self, fixed: InputIdentity, moving: InputIdentity) -> tuple[LandmarkPair, ...]:
        """Landmarks of the registration that is gone on from, if they were set in these scans."""
        then = self.earlier
        same = then is not None and (then.fixed.sha256, then.moving.sha256) == (fixed.sha256, moving.sha256)
        return then.landmarks if then is not None and same else ()

    def of_scans(self, fixed: InputIdentity, moving: InputIdentity) -> Start:
        """The start, with a notice where it was found with other scans.

        Raises:
            InputError: motions would be kept that were found with other scans.
        """
        if self.earlier is None:
            return self
        both = (("CT", self.earlier.fixed, fixed), ("MR", self.earlier.moving, moving))
        other = " and ".join(name for name, then, now in both if then.sha256 != now.sha256)
        if not other:
            return self
        if self.first_stage in KEEPING or self.only:
            raise InputError(
                f"The registration '{self.name}' is of another {other}.", "Name that of these scans with --initial."
            )
        text = f"The registration '{self.name}' that this one started from is of another {other}, or an altered one."
        return replace(self, notices=(*self.notices, Notice(OTHER_SCANS, text)))


def read_start(path: Path | None, first_stage: str = "", only: tuple[str, ...] = ()) -> Start:
    """Read where to start from.

    Args:
        path: a transform file of ITK (of the whole knee), a CSV file of landmarks, or the folder of a registration;
            ``None`` starts from nothing.
        first_stage: the first stage to run; empty takes the first that the start does not settle.
        only: names of bones that are found anew, in a registration; all of them by default.

    Raises:
        InputError: the path cannot be used, or does not hold what the stage or the bones need.
    """
    if first_stage and first_stage not in STAGES:
        raise InputError(f"There is no stage '{first_stage}'.", f"Stages are {', '.join(STAGES)}.")
    start = Start() if path is None else _read(path)
    usual = POSE if path is None else (BONES if start.bones else KNEE)
    stage = first_stage or usual
    known = start.knee is not None or bool(start.bones)
    needs = {POSE: True, KNEE: known, BONES: known}
    if not needs.get(stage, bool(start.bones)):
        what = "motions of the bones" if stage in KEEPING else "a motion of the knee"
        raise InputError(
            f"To begin with the stage '{stage}', {what} must be known.",
            "Give --initial: the folder of a registration, a transform file, or landmarks.",
        )
    return replace(start, first_stage=stage, only=_chosen(only, start.earlier, stage))


def _chosen(only: tuple[str, ...], earlier: RegistrationRecord | None, stage: str) -> tuple[str, ...]:
    """Bones that are found anew; none named where these are all."""
    if not only:
        return ()
    if earlier is None or stage != BONES:
        raise InputError(
            "Single bones are found anew in a registration that knows the others.",
            "Give its folder with --initial, and begin with the stage 'bones'; or leave out --bones.",
        )
    wrong = next((name for name in only if name not in {bone.name for bone in BONE_LABELS}), None)
    if wrong is not None:
        names = ", ".join(bone.name for bone in BONE_LABELS)
        raise InputError(f"There is no bone '{wrong}'.", f"Bones are {names}.")
    return () if {bone.name for bone in earlier.bones} <= set(only) else tuple(dict.fromkeys(only))


def _read(path: Path) -> Start:
    if path.is_dir() and holds_registration(path):
        return start_from(load_record(path), path.name)
    if path.is_dir():
        raise InputError(f"{path} holds no registration.", "Name a folder that 'ctsma register' wrote.")
    if not path.is_file():
        raise InputError(f"'{path}' does not exist.", "Check the path.")
    if path.suffix.lower() == ".csv":
        pairs = read_landmarks(path)
        known = motions(pairs)
        told = tuple(far_off_notices(pairs, known))
        return Start(knee=known.pop(WHOLE, None), bones=known, name=path.name, notices=told)
    return Start(knee=read_itk(path), name=path.name)


def start_from(record: RegistrationRecord, name: str = "") -> Start:
    """A start from an earlier registration, corrections by a person included."""
    knees = [s for s in record.stages if s.subject == WHOLE]
    knee = fixed_to_moving_lps(np.array(knees[-1].moving_to_fixed_ras)) if knees else None
    return Start(knee=knee, bones={b.name: b.fixed_to_moving_lps for b in record.bones}, name=name, earlier=record)
