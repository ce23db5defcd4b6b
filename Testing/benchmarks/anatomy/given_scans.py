"""The real CTs that the project was given, as they are and mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from CTSMALib.volumes import read_scan
from Testing.benchmarks.anatomy.truth import flipped


@dataclass(frozen=True)
class GivenScan:
    """A CT of the Soft-tissue-Sarcoma collection.

    Attributes:
        name: patient.
        path: within the data folder.
        side: as seen in the image: fibula, and the header's patient orientation.
        bones: those in the field of view.
        compartments: those that lie in it as a whole.
    """

    name: str
    path: str
    side: str
    bones: tuple[str, ...]
    compartments: tuple[str, ...]


GIVEN = (
    GivenScan("sts_047", "sts_047_knee_full/CT_image.nii.gz", "right", ("femur", "tibia", "patella", "fibula"),
              ("FM", "FL", "TM", "TL")),
    GivenScan("sts_010", "sts_010_knee_prox_tibia/CT_image.nii.gz", "left", ("femur", "tibia", "fibula"),
              ("FM", "FL", "TM", "TL")),
    GivenScan("sts_035", "sts_035_prox_tibia/dicom/CT/image", "right", ("femur", "tibia", "fibula"), ("TM", "TL")),
)  # fmt: skip


def load(scan: GivenScan, folder: Path, mirrored: bool) -> sitk.Image:
    """Read a scan, HU; mirrored left to right if asked."""
    path = folder / scan.path
    if not path.exists():
        raise SystemExit(f"'{path}' is missing. See Testing/benchmarks for the data this benchmark needs.")
    image = read_scan(path).image
    return flipped(image) if mirrored else image


def expected_side(scan: GivenScan, mirrored: bool) -> str:
    """The side that is right for a scan."""
    return scan.side if not mirrored else {"left": "right", "right": "left"}[scan.side]
