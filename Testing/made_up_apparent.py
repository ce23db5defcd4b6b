"""Apparent parameters put into the tables of a result of which nobody has estimated any, so that tests are quick."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

KEY, UNCERTAINTY, FLAG = "app_bv_tv", "u:app_bv_tv", "unlike-training"


def with_apparent(folder: Path, target: Path, shift: float = 0.0) -> Path:
    """Copy a result folder, with apparent BV/TV, uncertainties, features and flags in its tables.

    Args:
        folder: a result folder of the bundled CT.
        target: the folder to make.
        shift: added to every value.
    """
    shutil.copytree(folder, target)
    for file in ("patches.csv", "display_patches.csv"):
        path = target / file
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        for number, row in enumerate(rows):
            known = row["ct_bvf"] != ""
            row[KEY] = repr(0.1 + 0.5 * float(row["ct_bvf"]) + shift) if known else ""
            row[UNCERTAINTY] = repr(0.02 + 0.001 * (number % 20)) if known else ""
            for feature in ("f:1", "f:2"):
                row[feature] = repr(0.01 * number) if known else ""
            row["flags"] = FLAG if known and number % 5 == 0 else ""
        with path.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return target
