"""Knees whose boxes show known functions of position, made at once. Other processes can import the makers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.learning.patches.knee_boxes import moved
from CTSMALib.progress import Progress
from CTSMALib.virtual.body.knee_data import KneeData, PatchImages
from CTSMALib.virtual.body.order import PATCHES, KneeOrder
from CTSMALib.virtual.cohort.cohort_order import CohortOrder
from CTSMALib.virtual.cohort.knee_plan import Makers
from CTSMALib.virtual.cohort.make import make_cohort
from CTSMALib.virtual.spec import KneeSpec
from CTSMALib.volumes.rigid import rigid
from Testing.core.virtual.cohort import made_up_knees

CT_SPACING_MM, MR_SPACING_MM = (0.5, 0.4, 0.4), (0.8, 0.22, 0.22)  # z, y, x
SAGITTAL = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])  # columns: LPS of the MR's x, y and z
BOX_MM, MARROW, NOISE = 12.0, 600.0, 32.0
# Anatomical centers (lateral, anterior, proximal); the last box is mostly outside the bone.
PATCHES_OF = {
    "FM-r1-c1-d1": ("femur", (-20.0, 8.0, 6.0)), "FL-r2-c3-d2": ("femur", (22.0, -4.0, 10.0)),
    "TM-r3-c4-d1": ("tibia", (-25.0, -9.0, -6.0)), "TL-r1-c2-d2": ("tibia", (21.0, 3.0, -10.0)),
    "TL-r1-c2-d1": ("tibia", (21.0, 3.0, 1.5)),
}  # fmt: skip
TOP_MM = {"femur": np.inf, "tibia": 0.0}  # trabecular bone of the tibia ends here, proximally


def hu_at(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """HU at anatomical (..., 3) positions: another slope along every axis."""
    return 250.0 + places @ np.array([3.0, -5.0, 7.0])


def fraction_at(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bone fraction there: waves along the anterior axis, more bone laterally and proximally."""
    lateral, anterior, proximal = np.moveaxis(places, -1, 0)
    return 0.3 + 0.002 * lateral + 0.004 * proximal + 0.15 * np.cos(2.0 * np.pi * anterior / 3.4)


def trabecular_at(places: NDArray[np.float64], bone: str) -> NDArray[np.bool_]:
    return places[..., 2] < TOP_MM[bone]


def draw_spec(seed: int, grade: int | None = None, side: str | None = None) -> KneeSpec:
    return made_up_knees.draw_spec(seed, grade, side or ("left", "right")[seed % 2])


def make_knee(spec: KneeSpec, order: KneeOrder, progress: Progress) -> KneeData:
    data = made_up_knees.make_knee(spec, order, progress)
    rng = np.random.default_rng(spec.seed)
    frames, motions = {}, {}
    for bone in ("femur", "tibia", "patella"):
        turned = Rotation.from_rotvec(rng.uniform(-0.15, 0.15, 3)).as_matrix()
        frames[bone] = JointFrame(rng.normal(0.0, 5.0, 3), np.diag([-1.0, -1.0, 1.0]) @ turned, spec.side == "left")
        motion = Rotation.from_rotvec(rng.uniform(-0.1, 0.1, 3)).as_matrix()
        motions[bone] = rigid(motion, np.zeros(3), rng.normal(0.0, 10.0, 3))
    shift = order.registration_error_mm * rng.standard_normal((len(PATCHES_OF), 3))
    return replace(
        data,
        transforms=motions,
        frames={bone: (frame.origin_mm, frame.axes, frame.mirrored) for bone, frame in frames.items()},
        truth=truth_rows(frames, motions),
        patches=boxes_of(frames, motions, shift, rng),
    )


def truth_rows(frames: dict[str, JointFrame], motions: dict[str, NDArray]) -> list[dict[str, str | float]]:
    rows: list[dict[str, str | float]] = []
    for name, (bone, center) in PATCHES_OF.items():
        ct = frames[bone].to_lps(np.array(center))
        mr = moved(frames[bone], motions[bone]).to_lps(np.array(center))
        row: dict[str, str | float] = {"id": name, "bone": bone, "compartment": name[:2]}
        row |= {f"ct_{axis}_mm": float(v) for axis, v in zip("xyz", ct, strict=True)}
        row |= {f"mr_{axis}_mm": float(v) for axis, v in zip("xyz", mr, strict=True)}
        rows.append({**row, "bv_tv": 0.25, "tb_th_mm": float("nan"), "valid_fraction": 1.0})
    return rows


def boxes_of(
    frames: dict[str, JointFrame], motions: dict[str, NDArray], shift: NDArray, rng: np.random.Generator
) -> PatchImages:
    found: dict[str, list[NDArray]] = {name: [] for name in ("ct", "ct_on", "ct_first", "mr", "mr_on", "mr_first")}
    for (bone, center), off in zip(PATCHES_OF.values(), shift, strict=True):
        for name, frame, spacing, direction, by in (
            ("ct", frames[bone], CT_SPACING_MM, np.eye(3), np.zeros(3)),
            ("mr", moved(frames[bone], motions[bone]), MR_SPACING_MM, SAGITTAL, off),
        ):
            first, places = box(frame, np.array(center), by, spacing, direction)
            at = frame.to_anatomical(places)
            signal = hu_at(at) if name == "ct" else MARROW * (1.0 - fraction_at(at))
            noise = NOISE * rng.standard_normal(signal.shape) if name == "mr" else rng.uniform(-2, 2, signal.shape)
            found[name].append(np.rint(signal + noise).astype(np.int16))
            found[f"{name}_on"].append(trabecular_at(at, bone))
            found[f"{name}_first"].append(first)
    stacks = {name: np.stack(parts) for name, parts in found.items()}
    return PatchImages(
        tuple(PATCHES_OF), stacks["ct"], stacks["mr"], stacks["ct_on"], stacks["mr_on"], CT_SPACING_MM, MR_SPACING_MM,
        stacks["ct_first"], stacks["mr_first"], np.eye(3), SAGITTAL, shift,
    )  # fmt: skip


def box(
    frame: JointFrame, center: NDArray, off_mm: NDArray, spacing: tuple[float, float, float], direction: NDArray
) -> tuple[NDArray, NDArray]:
    """LPS of the first voxel, and of all voxels (z, y, x, 3)."""
    steps = np.array(spacing[::-1])
    count = np.ceil(BOX_MM / steps).astype(int)
    first = frame.to_lps(center) + off_mm - direction @ (0.5 * (count - 1) * steps)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in count[::-1]), indexing="ij"), axis=-1)[..., ::-1]
    return first, first + (index * steps) @ direction.T


MADE_UP = Makers(draw_spec, made_up_knees.draw_grade, make_knee)


def a_cohort_of(folder: Path, knees: int = 4, error_mm: float = 0.3) -> Path:
    """A cohort in mode ``patches``."""
    folder.mkdir(parents=True, exist_ok=True)
    make_cohort(CohortOrder(knees, 5, PATCHES, registration_error_mm=error_mm), folder, MADE_UP)
    return folder
