"""Virtual CT as DICOM: nothing is lost in any style, and the files are what the standard asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CTSMALib.errors import InputError, OutputError
from CTSMALib.virtual.dicom import STYLES, PatientFacts, ct_series, write_ct_series
from CTSMALib.virtual.scanners import CT_PROTOCOLS
from CTSMALib.volumes import list_series, read_scan
from Testing.core.virtual.dicom.pictures import leg

FACTS = PatientFacts("vk-0001", "F", 63.4, "left", 7)
BONE = CT_PROTOCOLS["bone"]
CLASSIC = [style for style in STYLES if style != "enhanced"]
OBLIQUE = Rotation.from_euler("zyx", (17, -11, 23), degrees=True).as_matrix()
GEOMETRY = ("GetSpacing", "GetOrigin", "GetDirection")


def same_place(a: sitk.Image, b: sitk.Image) -> None:
    for name in GEOMETRY:
        np.testing.assert_allclose(getattr(a, name)(), getattr(b, name)(), rtol=0, atol=1e-11)


@pytest.mark.parametrize("direction", [np.eye(3), OBLIQUE], ids=["axial", "oblique"])
@pytest.mark.parametrize("style", STYLES)
def test_values_and_places_come_back(tmp_path: Path, style: str, direction: np.ndarray) -> None:
    image = leg(direction)
    image[0, 0, 0], image[5, 6, 7] = BONE.lowest_hu, BONE.highest_hu
    write_ct_series(image, tmp_path / "ct", FACTS, style, BONE)
    scan = read_scan(tmp_path / "ct")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(scan.image), sitk.GetArrayFromImage(image))
    same_place(scan.image, image)
    assert [notice.code for notice in scan.notices] == ["virtual-scan"]
    header = scan.header
    assert (header.laterality, header.patient_age, header.patient_id, header.kvp) == ("L", "063Y", "vk-0001", 120.0)
    assert header.body_part == "KNEE" and header.slice_thickness_mm == BONE.slice_mm


@pytest.mark.parametrize("style", CLASSIC)
def test_gdcm_reads_the_same(tmp_path: Path, style: str) -> None:
    """As 3D Slicer and most other programs do."""
    image = leg(OBLIQUE)
    write_ct_series(image, tmp_path / "ct", FACTS, style, BONE)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "ct"))
    found = sitk.ReadImage(names)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(image))
    same_place(found, image)


def test_gdcm_reads_the_enhanced_file(tmp_path: Path) -> None:
    image = leg(OBLIQUE)
    (file,) = write_ct_series(image, tmp_path / "ct", FACTS, "enhanced", BONE)
    found = sitk.ReadImage(str(file))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(image))
    same_place(found, image)


@pytest.mark.parametrize("style", STYLES)
def test_the_outside_of_the_field_of_view_is_padding(tmp_path: Path, style: str) -> None:
    """And values beyond 12 bits, as around metal, are kept."""
    hu = sitk.GetArrayFromImage(leg())
    hu[:, :4], hu[:, 4, :5], hu[:, 4, 5:9] = -2000, -1400, 7000
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(leg())
    file = write_ct_series(image, tmp_path / "ct", FACTS, style, BONE)[0]
    assert "PixelPaddingValue" in pydicom.dcmread(file)
    found = sitk.GetArrayFromImage(read_scan(tmp_path / "ct").image)
    np.testing.assert_array_equal(found, np.where(hu == -2000, -1024, hu))


def test_the_styles_differ_as_scanners_do(tmp_path: Path) -> None:
    first = {}
    for style in CLASSIC:
        paths = write_ct_series(leg(), tmp_path / style, FACTS, style, BONE)
        first[style] = pydicom.dcmread(paths[0])
        assert [pydicom.dcmread(p).InstanceNumber for p in (paths[0], paths[-1])] == [1, len(paths)]
    assert {s: d.PixelRepresentation for s, d in first.items()} == {"siemens": 0, "ge": 1, "philips": 0}
    assert {s: d.PatientPosition for s, d in first.items()} == {"siemens": "HFS", "ge": "FFS", "philips": "FFS"}
    assert first["siemens"].SliceLocation > first["ge"].SliceLocation
    assert len({str(d.ConvolutionKernel) for d in first.values()}) == 3
    assert [s for s, d in first.items() if "SpacingBetweenSlices" in d] == ["ge"]
    assert {d.StudyInstanceUID for d in first.values()} == {first["ge"].StudyInstanceUID}
    assert len({d.SeriesInstanceUID for d in first.values()}) == 3
    for dataset in first.values():
        assert dataset.Manufacturer == "CTSMA virtual scanner" and "virtual" in dataset.StudyDescription
        assert dataset.SyntheticData == "YES" and "Research use only" in dataset.ImageComments


def test_a_folder_of_all_styles_is_listed(tmp_path: Path) -> None:
    for style in STYLES:
        write_ct_series(leg(), tmp_path / style, FACTS, style, BONE)
    listed = list_series(tmp_path)
    assert len(listed) == 4 and all(series.usable for series in listed)
    assert len({series.choice for series in listed}) == 4
    for series in listed:
        assert series.slice_spacing_mm == pytest.approx(0.9) and "knee" in series.description.lower()


@pytest.mark.parametrize("style", STYLES)
def test_a_seed_gives_the_same_bytes(tmp_path: Path, style: str) -> None:
    once = write_ct_series(leg(), tmp_path / "a", FACTS, style, BONE)
    again = write_ct_series(leg(), tmp_path / "b", FACTS, style, BONE)
    assert [p.name for p in once] == [p.name for p in again]
    assert [p.read_bytes() for p in once] == [p.read_bytes() for p in again]
    other = write_ct_series(leg(), tmp_path / "c", replace(FACTS, study_seed=8), style, BONE)
    mine, theirs = pydicom.dcmread(once[0]), pydicom.dcmread(other[0])
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        assert mine[keyword].value != theirs[keyword].value
        assert mine[keyword].value.startswith("2.25.") and mine[keyword].value.is_valid


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    sheared = leg(np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1]]))
    folder = tmp_path / "ct"
    for image, style, reason in (
        (leg(), "acme", "no DICOM style 'acme'"),
        (sitk.Cast(leg(), sitk.sitkFloat32), "ge", "32-bit float"),
        (sheared, "ge", "not perpendicular"),
        (leg()[:, :, 3], "ge", "is no volume"),
        (sitk.Add(leg(), 31_500), "ge", "more than the DICOM style"),
    ):
        with pytest.raises(InputError, match=reason):
            write_ct_series(image, folder, FACTS, style, BONE)
        assert list(tmp_path.iterdir()) == []
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="already holds files"):
        write_ct_series(leg(), folder, FACTS, "ge", BONE)
    with pytest.raises(InputError, match="is a file"):
        write_ct_series(leg(), folder / "notes.txt", FACTS, "ge", BONE)
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "changed", [{"subject": "a\\b"}, {"subject": ""}, {"sex": "female"}, {"age_years": float("nan")}, {"side": "R"}]
)
def test_impossible_facts_are_refused(changed: dict) -> None:
    with pytest.raises(InputError):
        replace(FACTS, **changed)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError])
def test_a_half_written_series_never_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    usual, calls = ct_series.file_meta, []

    def fails_late(*arguments: object) -> object:
        calls.append(1)
        if len(calls) > 5:
            raise failure
        return usual(*arguments)

    monkeypatch.setattr(ct_series, "file_meta", fails_late)
    with pytest.raises((KeyboardInterrupt, OutputError)):
        write_ct_series(leg(), tmp_path / "ct", FACTS, "ge", BONE)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    (tmp_path / ".ct.unfinished").mkdir()  # of a run that was killed
    (tmp_path / ".ct.unfinished" / "i1.CTDC.1").write_text("half")
    (tmp_path / "ct").mkdir()
    paths = write_ct_series(leg(), tmp_path / "ct", FACTS, "ge", BONE)
    assert sorted(p.name for p in (tmp_path / "ct").iterdir()) == sorted(p.name for p in paths)
    assert [p.name for p in tmp_path.iterdir()] == ["ct"]
