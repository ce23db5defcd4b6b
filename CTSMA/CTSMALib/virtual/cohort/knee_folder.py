"""The folder of one knee: written from its :class:`KneeData`, complete or absent."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from CTSMALib import __version__
from CTSMALib.errors import InputError
from CTSMALib.progress import Progress, silent
from CTSMALib.virtual.body.knee_data import KneeData, PatchImages
from CTSMALib.virtual.body.order import NO_TRUTH
from CTSMALib.virtual.cohort.images import write_labels, write_scan
from CTSMALib.virtual.cohort.knee_plan import KneePlan
from CTSMALib.virtual.cohort.plain import as_json
from CTSMALib.virtual.cohort.scans_as_dicom import write_dicom
from CTSMALib.virtual.cohort.tables import write_landmarks, write_truth
from CTSMALib.virtual.cohort.transforms import write_transforms
from CTSMALib.virtual.version import GENERATOR

SCHEMA, SCHEMA_VERSION = "ctsma-virtual-knee", 1
KNEE_FILE = "knee.json"
CT_FILE, CT_LABELS_FILE, MR_LABELS_FILE = "ct.nii.gz", "ct_labels.nii.gz", "bffe_labels.nii.gz"
TRUTH_FILE, LANDMARKS_FILE, PATCHES_FILE = "truth.csv", "landmarks.csv", "patches.npz"
TRANSFORMS_FOLDER = "transforms"
DICOM_FOLDER = "dicom"


def mr_file(series: str) -> str:
    """The name of an MR scan's file."""
    return f"{series}.nii.gz"


def write_knee(data: KneeData, plan: KneePlan, cohort: Path, progress: Progress = silent) -> dict[str, Any]:
    """Write the folder of a knee into the folder of its cohort.

    Args:
        data: the knee.
        plan: what was wanted.
        cohort: exists; a knee of that name does not.
        progress: told of every step; may cancel.

    Returns:
        What :data:`KNEE_FILE` holds.

    Raises:
        OSError: a file could not be written; nothing of the knee is left.
    """
    with _aside(cohort / plan.subject) as folder:
        _write_scans(data, folder, progress)
        progress("Writing the tables", 0.8)
        if plan.order.truth != NO_TRUTH:
            write_truth(data.truth, folder / TRUTH_FILE)
        write_landmarks(data.landmarks, folder / LANDMARKS_FILE)
        (folder / TRANSFORMS_FOLDER).mkdir()
        write_transforms(data, folder / TRANSFORMS_FOLDER)
        if data.patches is not None:
            _write_patches(data.patches, folder / PATCHES_FILE)
        if plan.dicom:
            progress("Writing DICOM", 0.85)
            write_dicom(data, plan, folder / DICOM_FOLDER)
        facts = _facts(data, plan, folder)
        content = as_json(facts)
        (folder / KNEE_FILE).write_bytes(content)
        progress("Writing the tables", 1.0)
    found: dict[str, Any] = json.loads(content)
    return found


def read_knee_facts(folder: Path) -> dict[str, Any]:
    """What :data:`KNEE_FILE` in the folder of a knee holds.

    Raises:
        InputError: it is no knee, or one that this version cannot read.
    """
    try:
        facts = json.loads((folder / KNEE_FILE).read_bytes())
        schema, version = facts["schema"], facts["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} is not the folder of a virtual knee.", "Move it away and run it again.") from error
    if schema != SCHEMA or version != SCHEMA_VERSION:
        raise InputError(
            f"The knee in {folder} has format version {version}; this CTSMA reads version {SCHEMA_VERSION}.",
            "Use the CTSMA that made it, or make the cohort again in a new folder.",
        )
    found: dict[str, Any] = facts
    return found


def remove_parts(cohort: Path) -> None:
    """Delete what was begun and not finished; only for who holds the lock of the cohort."""
    for left in cohort.glob(".*.part-*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A hidden folder beside ``target`` that takes its name when the block ends well, and is deleted otherwise."""
    folder = target.with_name(f".{target.name}.part-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        folder.mkdir()
        yield folder
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_scans(data: KneeData, folder: Path, progress: Progress) -> None:
    progress("Writing the scans", 0.0)
    if data.ct is not None:
        write_scan(data.ct, folder / CT_FILE)
    for number, (series, image) in enumerate(data.mr.items(), start=1):
        progress("Writing the scans", 0.5 * number / (1 + len(data.mr)))
        write_scan(image, folder / mr_file(series))
    progress("Writing the scans", 0.6)
    for labels, name in ((data.ct_labels, CT_LABELS_FILE), (data.mr_labels, MR_LABELS_FILE)):
        if labels is not None:
            write_labels(labels, folder / name)


def _write_patches(patches: PatchImages, path: Path) -> None:
    np.savez_compressed(
        path,
        ids=np.array(patches.ids, dtype=np.str_),
        ct=patches.ct.astype(np.int16, copy=False),
        mr=patches.mr.astype(np.int16, copy=False),
        ct_trabecular=patches.ct_trabecular,
        mr_trabecular=patches.mr_trabecular,
        ct_spacing_mm=np.array(patches.ct_spacing_mm, dtype=float),
        mr_spacing_mm=np.array(patches.mr_spacing_mm, dtype=float),
        ct_first_mm=patches.ct_first_mm,
        mr_first_mm=patches.mr_first_mm,
        ct_direction=patches.ct_direction,
        mr_direction=patches.mr_direction,
        shift_mm=np.asarray(patches.shift_mm, dtype=float),
    )


def _facts(data: KneeData, plan: KneePlan, folder: Path) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "software_version": __version__,
        "generator": GENERATOR,
        "digest": plan.digest,
        "number": plan.number,
        "subject": plan.subject,
        "split": plan.split,
        "spec": data.spec,
        "order": plan.order,
        "dicom": plan.dicom,
        "ct_protocol": data.ct_protocol,
        "mr_protocols": data.mr_protocols,
        "frames": {
            bone: {"origin_lps_mm": origin, "axes_lps": axes, "mirrored": bool(mirrored)}
            for bone, (origin, axes, mirrored) in data.frames.items()
        },
        "files": sorted(path.name for path in folder.iterdir()),
    }
