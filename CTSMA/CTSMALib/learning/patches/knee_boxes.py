"""The boxes of one virtual knee as they are read back: both scans, where patches lie, and what is known of them."""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.frame import JointFrame
from CTSMALib.errors import InputError
from CTSMALib.learning.patches.scan_boxes import ScanBoxes
from CTSMALib.virtual.cohort.knee_folder import KNEE_FILE
from CTSMALib.virtual.cohort.read import CohortKnee
from CTSMALib.volumes.rigid import applied, read_itk

Array = NDArray[np.float64]
TRUTH = ("bv_tv", "tb_th_mm", "tb_sp_mm", "tb_n_per_mm")
_REMEDY = "Make the cohort again in a new folder with 'ctsma virtual make --mode patches'."


@dataclass(frozen=True, eq=False)
class KneeBoxes:
    """One knee of a cohort in mode ``patches``.

    Attributes:
        ids, bones, compartments: (n,) of the patches.
        ct, mr: boxes of both scans.
        ct_centers_mm: (n, 3) LPS centers of the patches in the CT.
        mr_centers_mm: (n, 3) LPS centers in the MR where a registration puts them.
        error_mm: (n,) distance of these from where the patches are.
        ct_frames, mr_frames: by bone, in the CT and moved along with it to the MR.
        truth: (n, 4) measured :data:`TRUTH`, NaN where unknown.
        facts: content of ``knee.json``.
    """

    ids: tuple[str, ...]
    bones: tuple[str, ...]
    compartments: tuple[str, ...]
    ct: ScanBoxes
    mr: ScanBoxes
    ct_centers_mm: Array
    mr_centers_mm: Array
    error_mm: Array
    ct_frames: dict[str, JointFrame]
    mr_frames: dict[str, JointFrame]
    truth: Array
    facts: dict[str, Any]


def read_knee_boxes(knee: CohortKnee) -> KneeBoxes:
    """Read what a cohort holds of a knee.

    Args:
        knee: of a cohort in mode ``patches``.

    Raises:
        InputError: it holds no boxes, was made without truth or by a version that marked no trabecular bone, or a file
            is damaged.
    """
    if knee.patches is None or knee.truth is None:
        raise InputError(
            f"The knee {knee.subject} has no boxes with truth to make patches of.",
            "Make the cohort in a new folder with 'ctsma virtual make --mode patches', without --no-truth.",
        )
    try:
        facts = json.loads((knee.folder / KNEE_FILE).read_bytes())
        with np.load(knee.patches, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        with knee.truth.open(encoding="utf-8", newline="") as file:
            rows = {row["id"]: row for row in csv.DictReader(file, strict=True)}
        return _knee_boxes(knee, facts, arrays, rows)
    except (OSError, ValueError, KeyError, TypeError, csv.Error, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"The knee {knee.subject} is damaged or of another version: {error!r}.", _REMEDY) from error


def moved(frame: JointFrame, motion: Array) -> JointFrame:
    """A frame that goes along with its bone.

    Args:
        frame: in the CT.
        motion: (4, 4) rigid, from LPS points of the CT to those of the MR.
    """
    return JointFrame(applied(motion, frame.origin_mm), frame.axes @ motion[:3, :3].T, frame.mirrored)


def _knee_boxes(
    knee: CohortKnee, facts: dict[str, Any], arrays: dict[str, NDArray[Any]], rows: dict[str, dict[str, str]]
) -> KneeBoxes:
    ids = tuple(str(name) for name in arrays["ids"])
    own = [rows[name] for name in ids]
    frames = {bone: _frame(told) for bone, told in facts["frames"].items()}
    bones = tuple(row["bone"] for row in own)
    motions = {bone: read_itk(knee.registration / f"{bone}.tfm") for bone in sorted(set(bones))}
    shift = arrays["shift_mm"]
    return KneeBoxes(
        ids=ids,
        bones=bones,
        compartments=tuple(row["compartment"] for row in own),
        ct=_scan_boxes(arrays, "ct"),
        mr=_scan_boxes(arrays, "mr"),
        ct_centers_mm=_numbers(own, ("ct_x_mm", "ct_y_mm", "ct_z_mm")),
        mr_centers_mm=_numbers(own, ("mr_x_mm", "mr_y_mm", "mr_z_mm")) + shift,
        error_mm=np.linalg.norm(shift, axis=1),
        ct_frames=frames,
        mr_frames={bone: moved(frames[bone], motion) for bone, motion in motions.items()},
        truth=_numbers(own, TRUTH),
        facts=facts,
    )


def _scan_boxes(arrays: dict[str, NDArray[Any]], name: str) -> ScanBoxes:
    z, y, x = (float(step) for step in arrays[f"{name}_spacing_mm"])
    values, trabecular = arrays[name], arrays[f"{name}_trabecular"]
    if values.shape != trabecular.shape:
        raise ValueError(f"{name} and its mask have different shapes")
    return ScanBoxes(values, trabecular, (z, y, x), arrays[f"{name}_first_mm"], arrays[f"{name}_direction"])


def _frame(told: dict[str, Any]) -> JointFrame:
    return JointFrame(np.array(told["origin_lps_mm"]), np.array(told["axes_lps"]), bool(told["mirrored"]))


def _numbers(rows: list[dict[str, str]], columns: tuple[str, ...]) -> Array:
    """(n, k) of cells; NaN where one is empty or absent."""
    cells = [[float(row.get(column) or "nan") for column in columns] for row in rows]
    return np.array(cells, dtype=float).reshape(-1, len(columns))
