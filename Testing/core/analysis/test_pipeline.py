"""The CT-only pipeline on the bundled knee, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.pipeline import analyze_scan
from CTSMALib.analysis.registration_input import knee_of_scan
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.anatomy.patch import DEPTHS_MM
from CTSMALib.catalogue import quantity
from CTSMALib.errors import AnatomyError, CancelledError
from CTSMALib.resources import resource
from CTSMALib.volumes import read_scan
from CTSMALib.volumes.scan import Scan


@pytest.fixture(scope="module")
def a_scan() -> Scan:
    scan = read_scan(resource("SampleData/knee_ct_sts047.nii.gz"))
    return replace(scan, header=replace(scan.header, laterality="L", kvp=140.0))


@pytest.fixture(scope="module")
def told() -> list[float]:
    """How far the analysis said that it was."""
    return []


@pytest.fixture(scope="module")
def a_result(a_scan: Scan, told: list[float]) -> KneeResult:
    (result,) = analyze_scan(a_scan, progress=lambda stage, fraction, message="": told.append(fraction))
    return result


def with_metal(scan: Scan, slices: slice) -> Scan:
    """The scan with a screw of 12 mm in the lateral femoral condyle."""
    hu = sitk.GetArrayFromImage(scan.image)
    hu[slices, 45:57, 42:54] = 3071
    image = sitk.GetImageFromArray(hu)
    image.CopyInformation(scan.image)
    return replace(scan, image=image)


def test_there_are_always_96_patches_in_grid_order(a_result: KneeResult) -> None:
    ids = [p.patch.id for p in a_result.analysis.patches]
    assert len(set(ids)) == 96
    rank = [c.key for c in COMPARTMENTS]
    assert ids == sorted(ids, key=lambda name: (rank.index(name[:2]), name[6:8], name[3:5], name[9:]))


def test_values_are_named_in_the_catalogue_and_plausible(a_result: KneeResult) -> None:
    for measurement in (*a_result.analysis.patches, *a_result.analysis.display_patches):
        for key, value in measurement.values.items():
            assert quantity(key).scope == "patch"
            assert np.isfinite(value)
    means = {c.key: c.values["ct_hu_mean"].mean for c in a_result.analysis.compartments}
    assert all(50 < hu < 400 for hu in means.values())
    assert means["FM"] > means["TM"]  # in this knee the condyles are denser than the plateau, as every slice shows


def test_compartments_summarize_their_patches(a_result: KneeResult) -> None:
    for compartment in a_result.analysis.compartments:
        own = [p for p in a_result.analysis.patches if p.patch.compartment == compartment.key and p.values]
        assert compartment.reported and compartment.patches_total == 24
        assert compartment.patches_valid == len(own) >= 20
        summary = compartment.values["ct_bvf"]
        values = [p.values["ct_bvf"] for p in own]
        assert (summary.mean, summary.sd, summary.n) == pytest.approx(
            (np.mean(values), np.std(values, ddof=1), len(own))
        )


def test_what_a_coarse_scan_cannot_carry_is_left_out(a_result: KneeResult) -> None:
    assert not a_result.analysis.image.resolves_trabeculae
    assert all("ct_plate_thickness_mm" not in p.values for p in a_result.analysis.patches)
    assert "unresolved-quantities" in {n.code for n in a_result.analysis.notices}


def test_a_header_that_contradicts_the_bones_is_reported(a_result: KneeResult) -> None:
    side = a_result.analysis.side
    assert (side.side, side.header_side, side.agrees_with_header) == ("right", "left", False)
    assert "side-conflict" in {n.code for n in a_result.analysis.notices}


def test_maps_and_patch_labels_lie_under_the_plate(a_result: KneeResult) -> None:
    patch_labels = sitk.GetArrayFromImage(a_result.images["patch_labels"])
    measured = {k for k, p in enumerate(a_result.analysis.patches, start=1) if p.values}
    assert set(np.unique(patch_labels)) - {0} == measured
    bvf = sitk.GetArrayFromImage(a_result.images["map:ct_bvf"])
    assert np.nanmin(bvf) >= 0 and np.nanmax(bvf) <= 1
    assert np.isfinite(bvf[patch_labels > 0]).mean() > 0.95


def test_surfaces_are_where_the_labels_are(a_result: KneeResult) -> None:
    for bone in a_result.analysis.bones:
        low_x, high_x, low_y, high_y, low_z, high_z = a_result.surfaces[bone.name].GetBounds()
        box = (high_x - low_x) * (high_y - low_y) * (high_z - low_z) / 1000
        assert 0.25 * box < bone.volume_ml < box


def test_volumes_are_those_of_the_labels_that_are_delivered(a_result: KneeResult) -> None:
    labels = a_result.images["labels"]
    values, voxel_ml = sitk.GetArrayFromImage(labels), np.prod(labels.GetSpacing()) / 1000
    found = {bone.label: bone.volume_ml for bone in a_result.analysis.bones}
    assert set(found) == set(np.unique(values)) - {0} >= {1, 2}
    for label, volume_ml in found.items():
        assert volume_ml == pytest.approx((values == label).sum() * voxel_ml)


def test_compartments_and_depth_agree_with_the_patches(a_result: KneeResult) -> None:
    compartments, depth = a_result.images["compartments"], a_result.images["depth"]
    measured = [p.patch for p in a_result.analysis.patches if p.values]
    index = [compartments.TransformPhysicalPointToIndex(patch.center_lps_mm) for patch in measured]
    numbers = [1 + [c.key for c in COMPARTMENTS].index(patch.compartment) for patch in measured]
    found = [compartments[i] for i in index]
    assert set(found) <= {0, 1, 2, 3, 4}
    assert np.mean(np.equal(found, numbers)) > 0.95  # at the rim a patch may lie beside the plate
    below = np.array([depth[i] - DEPTHS_MM[p.layer - 1] for i, p in zip(index, measured, strict=True)])
    assert np.nanquantile(np.abs(below), 0.9) < 2.0  # at a curved rim the nearest surface is not the one above


def test_plates_are_surfaces_without_a_thickness_that_is_not_resolved(a_result: KneeResult) -> None:
    for name in ("plate_femur", "plate_tibia"):
        thickness = a_result.surfaces[name].GetPointData().GetScalars()
        assert a_result.surfaces[name].GetNumberOfCells() > 2000
        assert all(np.isnan(thickness.GetValue(k)) for k in range(0, thickness.GetNumberOfValues(), 50))


def test_a_result_reads_back_equal(a_result: KneeResult, tmp_path) -> None:
    write_folder(a_result, tmp_path)
    assert load_analysis(tmp_path) == a_result.analysis


def test_metal_refuses_its_compartments_only(a_scan: Scan) -> None:
    (result,) = analyze_scan(with_metal(a_scan, slice(17, 20)))
    found = {c.key: c for c in result.analysis.compartments}
    assert not found["FL"].reported and "Metal" in found["FL"].reason and not found["FL"].values
    assert found["FM"].reported and found["TM"].reported
    assert all(not p.values for p in result.analysis.patches if p.patch.compartment == "FL")
    assert "metal" in {n.code for n in result.analysis.notices}


def test_metal_is_told_of_a_ct_that_is_only_registered(a_scan: Scan, a_result: KneeResult) -> None:
    knee = knee_of_scan(with_metal(a_scan, slice(17, 20)))
    assert set(knee.refused) == {"FL"} and "Metal" in knee.refused["FL"]
    assert {"metal", "refused-FL"} <= {notice.code for notice in knee.notices}
    clean = {p.patch.id: p.patch.valid_fraction for p in a_result.analysis.patches}
    lost = [clean[p.id] - p.valid_fraction for p in knee.patches]
    assert max(lost) > 0.05
    assert not knee_of_scan(a_scan).refused


def test_both_knees_cannot_be_had_from_one(a_scan: Scan) -> None:
    with pytest.raises(AnatomyError, match="Both knees"):
        analyze_scan(a_scan, side="both")


def test_no_knee_is_said_with_a_remedy(a_scan: Scan) -> None:
    nothing = replace(a_scan, image=a_scan.image * 0 - 1000)
    with pytest.raises(AnatomyError, match="No knee joint") as caught:
        analyze_scan(nothing)
    assert caught.value.remedy


def test_it_stops_when_told_to(a_scan: Scan) -> None:
    def cancel_late(stage: str, fraction: float, message: str = "") -> None:
        if fraction > 0.2:
            raise CancelledError

    with pytest.raises(CancelledError):
        analyze_scan(a_scan, progress=cancel_late)


def test_progress_never_goes_back(a_result: KneeResult, told: list[float]) -> None:
    assert told == sorted(told)
    assert told[0] >= 0 and told[-1] == 1.0
