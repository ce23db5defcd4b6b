"""The manifest of a cohort: a CSV table with one row per finished knee."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CTSMALib.outputs import replace_file
from CTSMALib.virtual.body.order import BFFE
from CTSMALib.virtual.cohort.knee_folder import (
    CT_FILE,
    PATCHES_FILE,
    TRANSFORMS_FOLDER,
    TRUTH_FILE,
    mr_file,
)
from CTSMALib.virtual.cohort.tables import csv_bytes

MANIFEST_FILE = "manifest.csv"
CORE_COLUMNS = ("subject", "side", "ct", "mr", "registration", "grade", "age", "sex", "split")
SPEC_COLUMNS = (
    *("worse", "source", "scale", "varus_deg", "medial_joint_space_mm", "lateral_joint_space_mm", "osteophyte_mm"),
    *("cysts", "edema", "family", "body_fat_mm", "seed"),
)
FILE_COLUMNS = ("truth", "patches")
# Facts of the protocols: column to name of the field.
CT_COLUMNS = {
    "ct_protocol": "name",
    "ct_kvp": "kvp",
    "ct_pixel_mm": "pixel_mm",
    "ct_slice_mm": "slice_mm",
    "ct_increment_mm": "increment_mm",
    "ct_psf_fwhm_mm": "psf_fwhm_mm",
    "ct_edge_enhancement": "edge_enhancement",
    "ct_noise_hu": "noise_hu",
    "ct_noise_ramp": "noise_ramp",
    "ct_slope": "slope",
    "ct_offset_hu": "offset_hu",
    "ct_cupping": "cupping",
}
MR_COLUMNS = {
    "mr_protocol": "name",
    "mr_pixel_mm": "pixel_mm",
    "mr_acquired_mm": "acquired_mm",
    "mr_slice_mm": "slice_mm",
    "mr_increment_mm": "increment_mm",
    "mr_snr": "snr",
    "mr_broadening_mm": "broadening_mm",
    "mr_bias_range": "bias_range",
}
COLUMNS = (*CORE_COLUMNS, *SPEC_COLUMNS, *FILE_COLUMNS, *CT_COLUMNS, *MR_COLUMNS)


def manifest_row(facts: dict[str, Any]) -> dict[str, Any]:
    """The row of a knee; paths are relative to the manifest, with forward slashes.

    Args:
        facts: what the knee's JSON file holds.
    """
    spec, name, files = facts["spec"], facts["subject"], facts["files"]

    def path(file: str) -> str | None:
        return f"{name}/{file}" if file in files else None

    row = {column: spec[column] for column in SPEC_COLUMNS if column in spec}
    row["medial_joint_space_mm"], row["lateral_joint_space_mm"] = spec["joint_space_mm"]
    row |= {
        "subject": name,
        "side": spec["side"],
        "ct": path(CT_FILE),
        "mr": path(mr_file(BFFE)),
        "registration": path(TRANSFORMS_FOLDER),
        "grade": spec["grade"],
        "age": spec["age_years"],
        "sex": spec["sex"],
        "split": facts["split"],
        "truth": path(TRUTH_FILE),
        "patches": path(PATCHES_FILE),
    }
    row |= {column: facts["ct_protocol"][field] for column, field in CT_COLUMNS.items()}
    row |= {column: facts["mr_protocols"][BFFE][field] for column, field in MR_COLUMNS.items()}
    return row


def write_manifest(rows: dict[int, dict[str, Any]], cohort: Path) -> None:
    """Write the manifest anew, completely or not at all.

    Args:
        rows: by number of the knee, in any order.
        cohort: its folder.

    Raises:
        OSError: it could not be written; what was there is kept.
    """
    replace_file(cohort / MANIFEST_FILE, csv_bytes(COLUMNS, (rows[number] for number in sorted(rows))))
