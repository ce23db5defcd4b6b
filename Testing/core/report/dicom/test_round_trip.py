"""What is written can be read again, with the same values at the same places, and is valid DICOM."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.compartment_findings import summaries
from CTSMALib.analysis.pipeline import BONES_GIVEN
from CTSMALib.analysis.result import SideFinding, Summary
from CTSMALib.anatomy.labels import BONES
from CTSMALib.catalogue import quantities, quantity
from CTSMALib.jobs.dicom_export import DicomRequest, run
from CTSMALib.palette import BONE_RGB
from CTSMALib.report.dicom import codes
from CTSMALib.virtual.dicom import STYLES
from CTSMALib.volumes.virtual_mark import NOTICE
from Testing.core.dicom_validity import errors_of
from Testing.core.report.dicom.code_reading import quantity_of
from Testing.core.report.dicom.dicom_knee import MAPS, DicomKnee, objects_in, store

ALL_BUT_PDF = ("seg", "pm", "sr")
WITH_REPORT = ("siemens", "enhanced")  # making one takes seconds


@pytest.fixture(scope="module")
def an_export(tmp_path_factory: pytest.TempPathFactory, a_dicom_knee: Any) -> Any:
    """(style) to a knee and the folder with its objects."""
    done: dict[str, tuple[DicomKnee, Path]] = {}

    def export(style: str) -> tuple[DicomKnee, Path]:
        if style not in done:
            knee = a_dicom_knee(style)
            out = tmp_path_factory.mktemp(f"objects-{style}")
            kinds = ALL_BUT_PDF if style in WITH_REPORT else ALL_BUT_PDF[:2]
            done[style] = knee, run(DicomRequest(knee.result, knee.series, out, kinds))
        return done[style]

    return export


def array_on(volume: hd.Volume, image: sitk.Image, dtype: Any, outside: float) -> np.ndarray:
    """What a volume of DICOM holds at the voxels of an image; it must lie on the grid of the image."""
    origin = np.array(image.TransformPhysicalPointToContinuousIndex(volume.affine[:3, 3].tolist()))
    start = np.rint(origin).astype(int)
    np.testing.assert_allclose(origin, start, atol=2e-3)
    steps = volume.affine[:3, :3] / np.array(volume.spacing)
    axes = np.array(image.GetDirection()).reshape(3, 3)[:, ::-1]
    np.testing.assert_allclose(np.array(volume.spacing), image.GetSpacing()[::-1], rtol=1e-5)
    sign = np.sign((steps * axes).sum(axis=0))
    np.testing.assert_allclose(steps, axes * sign, atol=1e-5)
    whole = np.full(image.GetSize()[::-1], outside, dtype=dtype)
    picked = [start[2 - axis] + int(sign[axis]) * np.arange(count) for axis, count in enumerate(volume.array.shape)]
    whole[np.ix_(*picked)] = volume.array
    return whole


@pytest.mark.parametrize("style", STYLES)
def test_bones_come_back_voxel_by_voxel(an_export: Any, style: str) -> None:
    knee, out = an_export(style)
    seg = hd.seg.segread(out / "seg.dcm")
    named = {
        number: (seg.get_segment_description(number).segmented_property_type.value)
        for number in range(1, seg.number_of_segments + 1)
    }
    assert named == {1: "71341001", 2: "12611008", 3: "87342007"}  # no patella: numbers have no gap
    found = array_on(seg.get_volume(combine_segments=True), knee.labels, np.uint8, 0)
    label = {bone.snomed: bone.label for bone in BONES}
    back = np.choose(found, [0, *(label[code] for code in named.values())])
    np.testing.assert_array_equal(back, sitk.GetArrayFromImage(knee.labels))
    kind = seg.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Right"
    for segment in seg.SegmentSequence:
        color = hd.color.CIELabColor.from_dicom_value(segment.RecommendedDisplayCIELabValue)
        assert color.to_rgb(clip=True) == pytest.approx(BONE_RGB[segment.SegmentLabel.lower()], abs=1)


@pytest.mark.parametrize("key", MAPS)
@pytest.mark.parametrize("style", STYLES)
def test_maps_come_back_with_all_values(an_export: Any, style: str, key: str) -> None:
    knee, out = an_export(style)
    made = hd.pm.ParametricMap.from_dataset(pydicom.dcmread(out / f"pm-{key}.dcm"))
    found = array_on(made.get_volume(apply_real_world_transform=False, dtype=np.float32), knee.maps[key], "f4", np.nan)
    np.testing.assert_array_equal(found, sitk.GetArrayFromImage(knee.maps[key]))
    mapping = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1.0, 0.0)
    assert quantity_of(mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]) is quantity(key)
    units = {"ct_hu_mean": "[hnsf'U]", "ct_bvf": "1"}
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == units[key]


def measurements_of(report: pydicom.Dataset) -> dict[tuple[str, ...], tuple[float, str]]:
    """Value and unit by tracking identifier, key of the quantity and derivation; read by pydicom alone."""
    found: dict[tuple[str, ...], tuple[float, str]] = {}
    inside = next(one for one in report.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == "126010")
    for group in inside.ContentSequence:
        name = next(
            one.TextValue for one in group.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == "112039"
        )
        for one in group.ContentSequence:
            entry = quantity_of(one.ConceptNameCodeSequence[0])
            if one.ValueType != "NUM" or entry is None:
                continue
            derivations = [
                part.ConceptCodeSequence[0].CodeValue
                for part in one.get("ContentSequence", [])
                if part.ValueType == "CODE"
            ]
            value = one.MeasuredValueSequence[0]
            assert float(value.NumericValue) == pytest.approx(value.FloatingPointValue, rel=1e-9)
            place = (name, entry.key, *derivations)
            assert place not in found
            found[place] = value.FloatingPointValue, value.MeasurementUnitsCodeSequence[0].CodeValue
    return found


def test_measurements_come_back(an_export: Any) -> None:
    knee, out = an_export("siemens")
    found = measurements_of(pydicom.dcmread(out / "sr.dcm"))
    wanted = {("scan", "ct_noise_sd_hu"): 14.0 / 3.0}
    for finding in knee.analysis.compartments:
        for key, summary in finding.values.items():
            wanted[finding.key, key, codes.MEAN[0]] = summary.mean
            wanted[finding.key, key, codes.STANDARD_DEVIATION[0]] = summary.sd
            wanted[finding.key, key, codes.PATCH_COUNT[0]] = summary.n
    mapped = {entry.key for entry in quantities(scope="patch", mapped=True)}
    for patch in knee.analysis.patches:
        for key in mapped & patch.values.keys():
            wanted[patch.patch.id, key] = patch.values[key]
    assert {place: value for place, (value, _) in found.items()} == wanted
    for (_, key, *derivation), (_, unit) in found.items():
        patches = derivation == [codes.PATCH_COUNT[0]]
        assert unit == ("{patches}" if patches else codes.unit_code(quantity(key)).value)


def test_it_is_told_what_was_counted_and_a_single_value_has_no_deviation(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee, plate = a_dicom_knee("siemens"), "ct_plate_thickness_mm"
    own = [p for p in knee.analysis.patches if p.patch.compartment == "TM" and p.values]
    values = summaries([((p.patch.row, p.patch.column), p.values) for p in own])
    values["ct_bvf"] = Summary(0.3, 0.0, 1)
    compartments = tuple(replace(f, values=values) if f.key == "TM" else f for f in knee.analysis.compartments)
    shutil.copytree(knee.result, tmp_path / "result")
    store(replace(knee.analysis, compartments=compartments), tmp_path / "result")
    out = run(DicomRequest(tmp_path / "result", knee.series, tmp_path / "out", ("sr",)))
    found = measurements_of(pydicom.dcmread(out / "sr.dcm"))
    assert found["TM", "ct_bvf", codes.MEAN[0]][0] == 0.3 and found["TM", "ct_bvf", "patch_count"][0] == 1
    assert ("TM", "ct_bvf", codes.STANDARD_DEVIATION[0]) not in found
    assert found["TM", plate, "place_count"] == (values[plate].n, "{places}") and values[plate].n <= 12 < len(own)
    assert ("TM", plate, "patch_count") not in found
    assert found["TM", plate, codes.STANDARD_DEVIATION[0]][0] == values[plate].sd
    older = next(f for f in compartments if f.key == "TL").values[plate]  # as results had it before
    assert found["TL", plate, "patch_count"] == (older.n, "{patches}")
    assert errors_of(out / "sr.dcm") == []


def test_the_report_follows_its_template(an_export: Any) -> None:
    """highdicom reads TID 1500 back."""
    knee, out = an_export("siemens")
    report = hd.sr.srread(out / "sr.dcm")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    groups = report.content.get_image_measurement_groups()
    assert len({group.tracking_uid for group in groups}) == len(groups)
    named = {group.tracking_identifier: group for group in groups}
    for finding in knee.analysis.compartments:
        reporting = named[finding.key].get_qualitative_evaluations()[0].value
        assert reporting == codes.concept(codes.REPORTED if finding.reported else codes.NOT_REPORTED)
    site = named["FM"].finding_sites[0]
    assert (site.value.meaning, site.laterality.meaning, site.topographical_modifier.meaning) == (
        "Femur", "Right", "Medial",
    )  # fmt: skip
    texts = [item.TextValue for item in named["FM"][0].ContentSequence if item.ValueType == "TEXT"]
    assert "CTSMA direct CT measurement" in texts and knee.analysis.software_version in texts
    comments = [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
    assert "Research use only — not a medical device." in comments
    patch = next(one for one in knee.analysis.patches if one.values)
    place = named[patch.patch.id].get_measurements()[0].referenced_coordinates[0]
    np.testing.assert_allclose(place.value, [patch.patch.center_lps_mm], rtol=1e-6)


@pytest.mark.parametrize("style", STYLES)
def test_objects_belong_to_the_study_and_refer_to_its_images(an_export: Any, style: str) -> None:
    knee, out = an_export(style)
    sources = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(knee.series.iterdir())]
    uids = {source.SOPInstanceUID for source in sources}
    made = list(objects_in(out))
    assert len(made) == 1 + (style in WITH_REPORT) + len(MAPS)
    new = Counter(uid for one in made for uid in (one.SOPInstanceUID, one.SeriesInstanceUID))
    assert set(new.values()) == {1}
    assert all(uid.startswith("2.25.") for uid in new)
    for one in made:
        for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate", "StudyDate"):
            assert getattr(one, keyword) == getattr(sources[0], keyword), keyword
        assert one.StudyID == "A_STUDY_ID_OF_22"
        assert "Szpital" not in str(one)
        assert "research use only" in one.SeriesDescription
        if "PerFrameFunctionalGroupsSequence" in one:
            assert one.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
            for groups in one.PerFrameFunctionalGroupsSequence:
                for item in groups.DerivationImageSequence[0].SourceImageSequence:
                    assert item.ReferencedSOPInstanceUID in uids
                    assert ("ReferencedFrameNumber" in item) == (style == "enhanced")


@pytest.mark.parametrize("style", STYLES)
def test_dciodvfy_finds_no_error(an_export: Any, style: str) -> None:
    _, out = an_export(style)
    for path in sorted(out.glob("*.dcm")):
        assert errors_of(path) == [], path.name


def test_an_unknown_side_is_left_open(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee = a_dicom_knee("siemens")
    shutil.copytree(knee.result, tmp_path / "result")
    store(replace(knee.analysis, side=SideFinding("unknown", "", "", None)), tmp_path / "result")
    run(DicomRequest(tmp_path / "result", knee.series, tmp_path / "out", ("seg", "pm")))
    for path in sorted((tmp_path / "out").glob("*.dcm")):
        made = pydicom.dcmread(path)
        assert not made.get("Laterality")
        assert made.SeriesDescription.endswith(", knee, research use only")
        assert errors_of(path) == [], path.name


def test_bones_that_somebody_labelled_are_not_called_automatic(tmp_path: Path, an_export: Any) -> None:
    knee, out = an_export("siemens")
    shutil.copytree(knee.result, tmp_path / "result")
    store(replace(knee.analysis, notices=(*knee.analysis.notices, BONES_GIVEN)), tmp_path / "result")
    by_hand = run(DicomRequest(tmp_path / "result", knee.series, tmp_path / "out", ("seg",)))
    for folder, kind in ((out, "AUTOMATIC"), (by_hand, "SEMIAUTOMATIC")):
        made = pydicom.dcmread(folder / "seg.dcm")
        assert {segment.SegmentAlgorithmType for segment in made.SegmentSequence} == {kind}
    assert errors_of(by_hand / "seg.dcm") == []


def test_frames_refer_to_the_nearest_plane(an_export: Any) -> None:
    """Planes of the series are 1.2 mm apart, those of the maps 1.5 mm."""
    knee, out = an_export("ge")
    planes = {}
    for path in knee.series.iterdir():
        source = pydicom.dcmread(path, stop_before_pixels=True)
        normal = np.cross(source.ImageOrientationPatient[:3], source.ImageOrientationPatient[3:])
        planes[source.SOPInstanceUID] = float(np.dot(source.ImagePositionPatient, normal))
    made = pydicom.dcmread(out / f"pm-{MAPS[0]}.dcm")
    for groups in made.PerFrameFunctionalGroupsSequence:
        height = float(np.dot(groups.PlanePositionSequence[0].ImagePositionPatient, normal))
        nearest = min(abs(plane - height) for plane in planes.values())
        for item in groups.DerivationImageSequence[0].SourceImageSequence:
            assert abs(planes[item.ReferencedSOPInstanceUID] - height) == pytest.approx(nearest, abs=1e-3)


def test_a_virtual_scan_is_called_so_in_every_object(tmp_path: Path, a_dicom_knee: Any) -> None:
    knee = a_dicom_knee("philips", virtual=True)
    run(DicomRequest(knee.result, knee.series, tmp_path / "out", paper="letter"))
    made = list(objects_in(tmp_path / "out"))
    assert len(made) == 5
    for one in made:
        assert one.SeriesDescription.startswith("VIRTUAL, ")
        assert len(one.SeriesDescription) <= 64
        assert "research use only" in one.SeriesDescription
    report = next(one for one in made if one.Modality == "SR")
    assert f"VIRTUAL: {NOTICE.text}" in [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]
    pdf = next(one for one in made if one.Modality == "DOC")
    assert pdf.DocumentTitle.startswith("VIRTUAL")
    assert pdf.EncapsulatedDocument[: pdf.EncapsulatedDocumentLength].startswith(b"%PDF")
    assert b"/MediaBox [ 0 0 612 792 ]" in pdf.EncapsulatedDocument  # US letter, in points
    for path in sorted((tmp_path / "out").glob("*.dcm")):
        assert errors_of(path) == [], path.name
