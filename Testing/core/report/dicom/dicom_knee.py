"""A knee with a DICOM series and the result that an analysis could have made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CTSMALib.analysis.folder import PATCH_TABLES, write_findings
from CTSMALib.analysis.maps import METHOD, parameter_map
from CTSMALib.analysis.result import KneeAnalysis, ParameterMap
from CTSMALib.analysis.tables import measured_keys, write_table
from CTSMALib.anatomy.labels import PATELLA
from CTSMALib.virtual.dicom import PatientFacts, write_ct_series
from CTSMALib.virtual.scanners import CT_PROTOCOLS
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.media import write_image
from Testing.core.report.synthetic_knee import analysis_of, synthetic_knee

MAPS = ("ct_hu_mean", "ct_bvf")
OBLIQUE = Rotation.from_euler("zyx", (17, -11, 23), degrees=True).as_matrix()
FACTS = PatientFacts("vk-0001", "F", 63.4, "right", 7)
PATIENT = "Żółć^Łukasz"
CROP_START, CROP_MARGIN = (7, 5, 3), (4, 6, 2)  # voxels that an analysis cut off, x, y, z


@dataclass(frozen=True, eq=False)
class DicomKnee:
    """A result folder and the folder of its series, with what was put into them."""

    series: Path
    result: Path
    analysis: KneeAnalysis
    labels: sitk.Image
    maps: dict[str, sitk.Image]


def made_volumes(oblique: bool) -> tuple[sitk.Image, sitk.Image, dict[str, sitk.Image], KneeAnalysis]:
    """CT, labels on a part of its grid and without a patella, maps on a grid of their own, and the findings."""
    knee = synthetic_knee()
    analysis = analysis_of(knee)
    size = [n - start - margin for n, start, margin in zip(knee.ct.GetSize(), CROP_START, CROP_MARGIN, strict=True)]
    part = sitk.RegionOfInterest(knee.labels, size, CROP_START)
    labels = part * sitk.Cast(part != PATELLA.label, part.GetPixelID())
    grid = sitk.Image([70, 60, 66], sitk.sitkUInt8)
    grid.SetSpacing((1.5, 1.5, 1.5))
    grid.SetOrigin((-132.0, -20.0, 592.0))
    trabecular = sitk.Resample(sitk.Cast(labels > 0, sitk.sitkUInt8), grid, sitk.Transform(), sitk.sitkNearestNeighbor)
    maps: dict[str, sitk.Image] = {}
    for key in MAPS:
        drawn = parameter_map(trabecular, list(analysis.display_patches), key)
        assert drawn is not None
        maps[key] = drawn
    images = [knee.ct, labels, *maps.values()]
    if oblique:
        for image in images:
            _turn(image)
    return knee.ct, labels, maps, analysis


def written_knee(folder: Path, style: str, volumes: tuple, virtual: bool = False) -> DicomKnee:
    """The series in the style of a vendor, and the result."""
    ct, labels, maps, analysis = volumes
    series, result = folder / "series", folder / "result"
    (result / "maps").mkdir(parents=True)
    write_ct_series(ct, series, FACTS, style, CT_PROTOCOLS["bone"])
    if not virtual:
        make_real(series)
    scan = read_scan(series)
    crop = sitk.RegionOfInterest(scan.image, labels.GetSize(), CROP_START)
    write_image(crop, result / "ct.nii.gz")
    write_image(labels, result / "labels.nii.gz")
    for key, image in maps.items():
        write_image(image, result / f"maps/{key}.nii.gz")
    analysis = replace(
        analysis,
        identity=scan.identity,
        header=scan.header,
        image=replace(analysis.image, size_voxels=scan.image.GetSize(), spacing_mm=scan.image.GetSpacing()),
        scan_values={"ct_noise_sd_hu": 14.0 / 3.0},
        maps=tuple(ParameterMap(key, f"maps/{key}.nii.gz", METHOD) for key in maps),
        notices=(*scan.notices, *analysis.notices),
    )
    store(analysis, result)
    return DicomKnee(series, result, analysis, labels, maps)


def store(analysis: KneeAnalysis, folder: Path) -> None:
    """Write the findings and tables of a result."""
    for name, file in PATCH_TABLES.items():
        patches = getattr(analysis, name)
        write_table(folder / file, patches, measured_keys(patches), labelled=name == "patches")
    write_findings(analysis, folder)


def make_real(series: Path) -> None:
    """Let a series be of a person, with the flaws that real headers have."""
    for path in series.iterdir():
        header = pydicom.dcmread(path)
        header.SpecificCharacterSet = "ISO_IR 192"
        header.PatientName, header.PatientID, header.PatientBirthDate = PATIENT, "KH-004711", "19570314"
        header.StudyID, header.StudyDate, header.AccessionNumber = "A_STUDY_ID_OF_22_CHARS", "20200611", "ACC-99120"
        header.ReferringPhysicianName, header.StudyDescription = "Wiśniewska^Maria", "CT KNIE Dr. Wiśniewska"
        header.InstitutionName, header.PatientComments = "Szpital Łódź", "comment about Łukasz"
        header.OtherPatientIDs = "KH-OTHER-0815"
        del header.SyntheticData, header.PatientIdentityRemoved, header.DeidentificationMethod
        header.save_as(path)


def objects_in(folder: Path) -> Iterator[pydicom.Dataset]:
    """The DICOM files of a folder, by name."""
    for path in sorted(folder.glob("*.dcm")):
        yield pydicom.dcmread(path)


def _turn(image: sitk.Image) -> None:
    """Turn a grid about the middle of the knee."""
    middle = np.array([-80.0, 25.0, 640.0])
    image.SetOrigin((middle + OBLIQUE @ (np.array(image.GetOrigin()) - middle)).tolist())
    image.SetDirection((OBLIQUE @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
