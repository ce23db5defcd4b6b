"""Where a registration starts: from nothing, from a motion of the knee, or from motions of bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from CTSMALib.errors import InputError
from CTSMALib.registration.fixed_knee import WHOLE
from CTSMALib.registration.landmarks import motions, read_landmarks
from CTSMALib.registration.names import BONES, KNEE, LOCAL, POSE, STAGES
from CTSMALib.registration.record import RegistrationRecord
from CTSMALib.registration.record_folder import holds_registration, load_record
from CTSMALib.volumes.rigid import Matrix, fixed_to_moving_lps, read_itk


@dataclass(frozen=True, eq=False)
class Start:
    """What is known beforehand.

    Attributes:
        first_stage: the first that is run, one of :data:`~CTSMALib.registration.names.STAGES`.
        knee: (4, 4) motion of the knee from the CT to the MR; ``None`` where it is not known.
        bones: motions of bones, by name.
        name: what it was read from.
        earlier: the registration that is gone on from.
    """

    first_stage: str = POSE
    knee: Matrix | None = None
    bones: Mapping[str, Matrix] = field(default_factory=dict)
    name: str = ""
    earlier: RegistrationRecord | None = None


def read_start(path: Path | None, first_stage: str = "") -> Start:
    """Read where to start from.

    Args:
        path: a transform file of ITK (of the whole knee), a CSV file of landmarks, or the folder of a registration;
            ``None`` starts from nothing.
        first_stage: the first stage to run; empty takes the first that the start does not settle.

    Raises:
        InputError: the path cannot be used, or does not hold what the stage needs.
    """
    if first_stage and first_stage not in STAGES:
        raise InputError(f"There is no stage '{first_stage}'.", f"Stages are {', '.join(STAGES)}.")
    start = Start() if path is None else _read(path)
    usual = POSE if path is None else (BONES if start.bones else KNEE)
    stage = first_stage or usual
    needs = {POSE: True, KNEE: start.knee is not None, BONES: start.knee is not None or bool(start.bones)}
    if not needs.get(stage, bool(start.bones)):
        what = "motions of the bones" if stage == LOCAL else "a motion of the knee"
        raise InputError(
            f"To begin with the stage '{stage}', {what} must be known.",
            "Give --initial: the folder of a registration, a transform file, or landmarks.",
        )
    return Start(stage, start.knee, start.bones, start.name, start.earlier)


def _read(path: Path) -> Start:
    if path.is_dir() and holds_registration(path):
        return start_from(load_record(path), path.name)
    if path.is_dir():
        raise InputError(f"{path} holds no registration.", "Name a folder that 'ctsma register' wrote.")
    if not path.is_file():
        raise InputError(f"'{path}' does not exist.", "Check the path.")
    if path.suffix.lower() == ".csv":
        known = motions(read_landmarks(path))
        return Start(knee=known.pop(WHOLE, None), bones=known, name=path.name)
    return Start(knee=read_itk(path), name=path.name)


def start_from(record: RegistrationRecord, name: str = "") -> Start:
    """A start from an earlier registration, corrections by a person included."""
    knees = [s for s in record.stages if s.subject == WHOLE]
    knee = fixed_to_moving_lps(np.array(knees[-1].moving_to_fixed_ras)) if knees else None
    return Start(knee=knee, bones={b.name: b.fixed_to_moving_lps for b in record.bones}, name=name, earlier=record)
