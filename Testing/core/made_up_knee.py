"""A small made-up knee result, for tests of what happens to a result after the analysis."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from vtkmodules.vtkFiltersSources import vtkSphereSource

from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.result import (
    BoneFinding,
    CompartmentFinding,
    ImageFacts,
    KneeAnalysis,
    ParameterMap,
    PatchMeasurement,
    SideFinding,
    Summary,
)
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch import Patch
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.scan import InputIdentity, ScanHeader

KEYS = ("ct_mean_hu", "ct_sd_hu")


def made_up_analysis(side: str = "left") -> KneeAnalysis:
    """Findings with numbers that are awkward to store."""
    return KneeAnalysis(
        software_version="0.1.0",
        created="2024-02-29T12:00:00Z",
        method="direct CT measurement",
        model_sha256="",
        identity=InputIdentity("knee.nii.gz", "NIfTI", "0" * 64),
        header=ScanHeader(modality="CT", patient_name="Doe^Jänë", patient_id="4711", kvp=140.0),
        image=ImageFacts((12, 10, 8), (0.1 + 0.2, 0.7, 3.27), (12, 10, 8), 1.0 / 3.0, None, 12.5, False, "Too coarse."),
        side=SideFinding(side, "fibula", "", None),
        bones=(
            BoneFinding("femur", 1, "71341001", 123.456, True),
            BoneFinding("tibia", 2, "12611008", 99.9, False, (1.0, -2.5, 1e-17), tuple(map(tuple, np.eye(3))), True),
        ),
        references_hu={"fat": -98.7, "cortical": 1500.0},
        scan_values={"ct_noise_hu": 12.5},
        compartments=tuple(
            CompartmentFinding(c.key, c.title, c.key != "FL", "Metal." if c.key == "FL" else "", 20, 24, _means(c.key))
            for c in COMPARTMENTS
        ),
        patches=tuple(_patch(c.key, c.bone.name, i) for c in COMPARTMENTS for i in range(24)),
        display_patches=tuple(_patch("", "tibia", i, f"tibia-i{i:03d}-j000-d1") for i in range(30)),
        maps=(ParameterMap("ct_mean_hu", "map_ct_mean_hu.nii.gz", "interpolated patches"),),
        files={"ct": "ct.nii.gz", "labels": "labels.nii.gz", "surface_tibia": "surfaces/tibia.vtp"},
        notices=(Notice("coarse", 'Slices of 3.27 mm, "thick"; ≥ 1 mm\nsecond line', Severity.CAUTION),),
    )


def made_up_knee(side: str = "left", voxels: int = 12) -> KneeResult:
    """Findings with the arrays that they name."""
    grid = np.arange(voxels**3, dtype=np.int16).reshape(voxels, voxels, voxels)
    image = sitk.GetImageFromArray(grid)
    image.SetSpacing((0.5, 0.5, 2.0))
    image.SetOrigin((-10.0, 20.0, 30.0))
    image.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    image.SetMetaData("0010|0010", "Doe^Jane")
    labels = sitk.Cast(image > 100, sitk.sitkUInt8)
    sphere = vtkSphereSource()
    sphere.Update()
    return KneeResult(
        made_up_analysis(side),
        images={"ct": image, "labels": labels, "map:ct_mean_hu": sitk.Cast(image, sitk.sitkFloat32)},
        surfaces={"tibia": sphere.GetOutput()},
    )


def _means(compartment: str) -> dict[str, Summary]:
    return {} if compartment == "FL" else {KEYS[0]: Summary(200.0 / 7.0, 1e-300, 20)}


def _patch(compartment: str, bone: str, index: int, name: str = "") -> PatchMeasurement:
    row, column, layer = index // 8 % 3 + 1, index // 2 % 4 + 1, index % 2 + 1
    patch = Patch(
        id=name or f"{compartment}-r{row}-c{column}-d{layer}",
        bone=bone,
        compartment=compartment,
        row=row,
        column=column,
        layer=layer,
        center_lps_mm=(index / 3.0, -index / 7.0, 500.0 + index),
        center_anatomical_mm=(0.1 * index, 1e-9, -5.0),
        valid_fraction=1.0 - index / 100.0,
    )
    values = {KEYS[0]: 100.0 * np.pi + index}
    return PatchMeasurement(patch, values if index % 5 else {**values, KEYS[1]: 1.0 / (index + 3.0)})
