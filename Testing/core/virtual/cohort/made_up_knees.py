"""Small knees that are made at once, with everything that real ones have. Other processes can import the makers."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.errors import InputError
from CTSMALib.progress import Progress
from CTSMALib.virtual.body.knee_data import KneeData, Landmarks, PatchImages
from CTSMALib.virtual.body.order import NO_TRUTH, PATCHES, KneeOrder
from CTSMALib.virtual.cohort.knee_plan import Makers
from CTSMALib.virtual.scanners import CT_PROTOCOLS, MR_PROTOCOLS
from CTSMALib.virtual.spec import KneeSpec

BONES = ("femur", "tibia", "patella")
STARTED = "CTSMA_TEST_STARTED"  # folder that slow makers leave their process ids in
REFUSED_GRADE = 2
PROTOCOL = {"bffe": "bffe", "bffe_rescan": "bffe", "t1": "t1", "pd_fs": "pd_fs"}


def draw_grade(seed: int) -> int:
    return seed % 5


def draw_spec(seed: int, grade: int | None = None, side: str | None = None) -> KneeSpec:
    keys = ("FM", "FL", "TM", "TL")
    return KneeSpec(
        *(seed, side or "left", "F", 61.25, draw_grade(seed) if grade is None else grade, "medial", "adult", 1.02, 3.0),
        joint_space_mm=(1.5, 3.75),
        osteophyte_mm=0.0,
        plate_mm=dict.fromkeys(keys, 0.4),
        bone_fraction=dict.fromkeys(keys, 0.25),
        number_per_mm=dict.fromkeys(keys, 1.4),
        cysts=1,
        edema=0,
        family="field",
        body_fat_mm=9.0,
    )


def image(rng: np.random.Generator, high: int = 900, kind: type = np.int16) -> sitk.Image:
    made = sitk.GetImageFromArray(rng.integers(0, high, (6, 8, 10)).astype(kind))
    made.SetSpacing((0.4, 0.5, 0.8))
    made.SetOrigin((-12.5, 31.0, 400.0))
    made.SetDirection(Rotation.from_euler("z", 90.0, degrees=True).as_matrix().ravel().tolist())
    return made


def motion(rng: np.random.Generator) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rng.normal(0.0, 0.2, 3)).as_matrix()
    matrix[:3, 3] = rng.normal(0.0, 15.0, 3)
    return matrix


def make_knee(spec: KneeSpec, order: KneeOrder, progress: Progress) -> KneeData:
    progress("Shaping the bones", 0.2)
    rng = np.random.default_rng([spec.seed, order.scan_seed])
    series = ("bffe", *order.series, *(["bffe_rescan"] if order.rescan else []))
    whole = order.mode != PATCHES
    moves = {bone: motion(rng) for bone in BONES}
    landmarks = {}
    for bone in BONES:
        ct = rng.normal(0.0, 40.0, (40, 3))
        mr = ct @ moves[bone][:3, :3].T + moves[bone][:3, 3]
        landmarks[bone] = Landmarks(tuple(f"{bone}-{i:02d}" for i in range(40)), ct, mr)
    progress("Scanning", 0.9)
    ids = ("FM-r1-c1-d1", "TL-r3-c4-d2")
    patches = PatchImages(
        *(
            ids,
            rng.integers(0, 900, (2, 4, 5, 6)).astype(np.int16),
            rng.integers(0, 900, (2, 3, 7, 7)).astype(np.int16),
        ),
        ct_trabecular=np.ones((2, 4, 5, 6), np.bool_),
        mr_trabecular=np.ones((2, 3, 7, 7), np.bool_),
        ct_spacing_mm=(0.4, 0.35, 0.35),
        mr_spacing_mm=(0.75, 0.219, 0.219),
        ct_first_mm=rng.normal(0.0, 40.0, (2, 3)),
        mr_first_mm=rng.normal(0.0, 40.0, (2, 3)),
        ct_direction=np.eye(3),
        mr_direction=motion(rng)[:3, :3],
        shift_mm=rng.normal(0.0, order.registration_error_mm, (2, 3)),
    )
    return KneeData(
        spec=spec,
        ct_protocol=CT_PROTOCOLS["bone"],
        mr_protocols={name: MR_PROTOCOLS[PROTOCOL[name]] for name in series},
        ct=image(rng) if whole else None,
        mr={name: image(rng) for name in series} if whole else {},
        ct_labels=image(rng, 5, np.uint8) if whole else None,
        mr_labels=image(rng, 5, np.uint8) if whole else None,
        transforms=moves,
        rescan_transforms={bone: motion(rng) for bone in BONES} if order.rescan else {},
        landmarks=landmarks,
        frames={bone: (rng.normal(0.0, 9.0, 3), motion(rng)[:3, :3], spec.side == "left") for bone in BONES},
        truth=[]
        if order.truth == NO_TRUTH
        else [{"id": ids[0], "bv_tv": 1 / 3, "tb_th_mm": float("nan")}, {"id": "FM"}],
        patches=None if whole else patches,
    )


def refuse_one(spec: KneeSpec, order: KneeOrder, progress: Progress) -> KneeData:
    if spec.grade == REFUSED_GRADE:
        raise InputError("This knee cannot be made.", "Make another one.")
    return make_knee(spec, order, progress)


def never_end(spec: KneeSpec, order: KneeOrder, progress: Progress) -> KneeData:
    """Tells of its process and keeps it busy, deaf to signals, after the first knee of the cohort."""
    if order.scan_seed not in first_seeds():
        (Path(os.environ[STARTED]) / str(os.getpid())).touch()
        time.sleep(60.0)
    return make_knee(spec, order, progress)


def first_seeds() -> set[int]:
    from CTSMALib.virtual.cohort.cohort_order import CohortOrder
    from CTSMALib.virtual.cohort.knee_plan import plan_knee

    return {plan_knee(CohortOrder(1), 1, MADE_UP).order.scan_seed}


MADE_UP = Makers(draw_spec, draw_grade, make_knee)
REFUSING = Makers(draw_spec, draw_grade, refuse_one)
ENDLESS = Makers(draw_spec, draw_grade, never_end)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder, hidden ones included."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
