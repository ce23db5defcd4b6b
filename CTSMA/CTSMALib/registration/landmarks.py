"""Pairs of points that a person set in CT and MR, and the rigid motion that fits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from CTSMALib.anatomy.labels import BONES
from CTSMALib.errors import InputError
from CTSMALib.inputs import read_rows
from CTSMALib.notices import Notice
from CTSMALib.registration.fixed_knee import WHOLE
from CTSMALib.volumes.rigid import Matrix, applied, rigid

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]
FEWEST = 3
FAR_OFF = "landmarks-far-off"
FAR_OFF_MM = 4.0  # residual that careful placing stays below
FLAT_MM = 2.0  # points nearer to a line than this do not fix a turn about it
_NUMBERS = ("ct_x_mm", "ct_y_mm", "ct_z_mm", "mr_x_mm", "mr_y_mm", "mr_z_mm")
_FORMAT = f"Give a CSV file with the columns bone, {', '.join(_NUMBERS)} (LPS); decimals have a point."


def read_landmarks(path: Path) -> dict[str, Pairs]:
    """Read pairs of points.

    Args:
        path: CSV; the column ``bone`` names a bone, or ``knee``. Other columns are left aside.

    Returns:
        Bone name, or ``"knee"``, to (n, 3) points of the CT and of the MR, LPS, mm.

    Raises:
        InputError: the file cannot be read, or a bone has too few points or points on a line.
    """
    found: dict[str, list[list[float]]] = {}
    try:
        _, rows = read_rows(path, ("bone", *_NUMBERS), f"The table of landmarks '{path.name}'", _FORMAT)
        for row in rows:
            found.setdefault(row["bone"].lower(), []).append([float(row[name]) for name in _NUMBERS])
    except ValueError as error:  # also of decimal commas
        raise InputError(f"The landmarks '{path.name}' are no table of pairs of points.", _FORMAT) from error
    unknown = sorted(set(found) - {WHOLE, *(bone.name for bone in BONES)})
    if unknown or not found:
        what = f"of '{unknown[0]}'" if unknown else "at all"
        raise InputError(f"'{path.name}' holds no landmarks of bones, or some {what}.", _FORMAT)
    pairs = {bone: (np.array(rows)[:, :3], np.array(rows)[:, 3:]) for bone, rows in found.items()}
    for bone, (ct, mr) in pairs.items():
        check_pairs(bone, ct, mr)
    return pairs


def check_pairs(bone: str, ct_mm: NDArray[np.float64], mr_mm: NDArray[np.float64]) -> None:
    """Refuse points that do not determine a motion.

    Raises:
        InputError: there are fewer than three, they lie on a line, are no numbers, or fit a mirror image.
    """
    both = np.hstack([ct_mm, mr_mm])
    if not np.all(np.isfinite(both)):
        raise InputError(f"A landmark of the {bone} has a place that is no number.", "Set or write it again.")
    if len(ct_mm) < FEWEST:
        raise InputError(f"There are {len(ct_mm)} landmarks of the {bone}.", f"Set at least {FEWEST} pairs of points.")
    for points in (ct_mm, mr_mm):
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) / np.sqrt(len(points))
        if spread[1] < FLAT_MM:
            raise InputError(f"The landmarks of the {bone} lie on a line.", "Set points that are spread over the bone.")
    off_mm, pairs = residual_mm((ct_mm, mr_mm), fitted((ct_mm, mr_mm))), (ct_mm * [-1.0, 1.0, 1.0], mr_mm)
    if off_mm > FAR_OFF_MM and residual_mm(pairs, fitted(pairs)) < 0.5 * off_mm:
        raise InputError(
            f"The landmarks of the {bone} fit a mirror image of it.",
            "Check that points were not exchanged between sides, and that CT and MR show the same knee.",
        )


def fitted(pairs: Pairs) -> Matrix:
    """The rigid motion (4, 4) from CT to MR with the least squared distance (Arun, Huang, Blostein, IEEE PAMI 1987).

    Args:
        pairs: (n, 3) points of the CT and of the MR.
    """
    ct, mr = pairs
    middle, there = ct.mean(axis=0), mr.mean(axis=0)
    u, _, vt = np.linalg.svd((ct - middle).T @ (mr - there))
    proper = np.diag([1.0, 1.0, np.linalg.det(u @ vt)])
    return rigid((u @ proper @ vt).T, middle, there)


def residual_mm(pairs: Pairs, motion: Matrix) -> float:
    """Root mean square distance (mm) of points of the MR from where a motion takes those of the CT."""
    return float(np.sqrt(((applied(motion, pairs[0]) - pairs[1]) ** 2).sum(axis=1).mean()))


def far_off_notices(pairs: Mapping[str, Pairs], found: Mapping[str, Matrix]) -> Iterator[Notice]:
    """A notice for each bone whose landmarks no rigid motion fits."""
    for bone, both in pairs.items():
        off_mm = residual_mm(both, found[bone])
        if off_mm > FAR_OFF_MM:
            text = f"The landmarks of the {bone} fit each other to {off_mm:.0f} mm only (root mean square): check them."
            yield Notice(FAR_OFF, text)


def motions(pairs: Mapping[str, Pairs]) -> dict[str, Matrix]:
    """:func:`fitted` of every bone."""
    return {bone: fitted(both) for bone, both in pairs.items()}
