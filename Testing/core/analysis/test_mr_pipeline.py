"""Apparent parameters of a made-up MR, from scan and bone labels to a result folder that reads back."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.mr_bone_source import GIVEN, MRBones
from CTSMALib.analysis.mr_pipeline import analyze_mr
from CTSMALib.anatomy.labels import COMPARTMENTS
from CTSMALib.errors import AnatomyError, InputError
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.notices import Notice
from CTSMALib.report import write_reports
from Testing.core.made_up_mr import BONE_FRACTION, MARROW, NOISE, made_up_mr


@pytest.fixture(scope="module")
def a_scan():
    return made_up_mr()


@pytest.fixture(scope="module")
def a_result(a_scan) -> KneeResult:
    (result,) = analyze_mr(*a_scan)
    return result


BY_SOMEBODY = Notice("bones-by-somebody", "Somebody outlined the bones.")


@pytest.fixture(scope="module")
def a_coarse_result() -> KneeResult:
    """Of an MR that resolves no trabeculae, whose bones somebody finds."""
    scan, labels = made_up_mr(pixel_mm=0.7, slice_mm=3.0)
    found = MRBones(labels, "somebody 1.0", (BY_SOMEBODY,))
    (result,) = analyze_mr(scan, find_bones=lambda mr, progress: found)
    return result


def test_all_compartments_are_reported_with_all_parameters(a_result: KneeResult) -> None:
    analysis = a_result.analysis
    assert analysis.modality == "MR" and analysis.side.side == "right" and analysis.image.resolves_trabeculae
    assert [c.key for c in analysis.compartments if c.reported] == [c.key for c in COMPARTMENTS]
    for compartment in analysis.compartments:
        assert set(KEYS) <= set(compartment.values)
    for patch in analysis.patches:
        assert set(patch.uncertainties) == {key for key in KEYS if key in patch.values}
    assert len(analysis.patches) == 96 and len(analysis.display_patches) > 300
    assert {made.key for made in analysis.maps} == set(KEYS)


def test_the_bone_fraction_is_found_whatever_the_coil(a_result: KneeResult) -> None:
    """The coil varies by 15 % to both sides along the leg, which as bone would be 0.11 to both sides."""
    found = np.array([p.values["app_bv_tv"] for p in a_result.analysis.patches if p.values])
    assert found.mean() == pytest.approx(BONE_FRACTION, abs=0.05)
    assert found.std() < 0.03


def test_noise_and_resolution_are_measured(a_result: KneeResult) -> None:
    snr = np.mean([p.values["mr_snr"] for p in a_result.analysis.patches if p.values])
    assert snr == pytest.approx(MARROW / NOISE, rel=0.1)
    assert a_result.analysis.scan_values["mr_slice_mm"] == pytest.approx(1.0)


def test_volumes_are_those_of_the_labels_that_are_delivered(a_result: KneeResult) -> None:
    labels = a_result.images["labels"]
    values, voxel_ml = sitk.GetArrayFromImage(labels), np.prod(labels.GetSpacing()) / 1000
    assert {bone.label: bone.volume_ml for bone in a_result.analysis.bones} == pytest.approx(
        {label: (values == label).sum() * voxel_ml for label in np.unique(values).tolist() if label}
    )


def test_a_coarse_scan_is_refused_with_its_bones(a_coarse_result: KneeResult) -> None:
    analysis = a_coarse_result.analysis
    assert not analysis.image.resolves_trabeculae
    assert not any(c.reported for c in analysis.compartments)
    assert not any(p.values for p in analysis.patches) and not analysis.maps
    assert "not-resolvable" in {n.code for n in analysis.notices}
    assert {b.name for b in analysis.bones} >= {"femur", "tibia"}


def test_what_outlined_the_bones_is_told(a_result: KneeResult, a_coarse_result: KneeResult, tmp_path) -> None:
    assert a_result.analysis.bones_by == GIVEN and "bones-by-simple-method" not in {
        n.code for n in a_result.analysis.notices
    }
    result = a_coarse_result
    assert result.analysis.bones_by == "somebody 1.0" and result.analysis.notices[0] == BY_SOMEBODY
    write_folder(result, tmp_path)
    assert load_analysis(tmp_path).bones_by == "somebody 1.0"
    write_reports(result.analysis, tmp_path, ("html",))
    assert "Outlines of the bones: somebody 1.0." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_dark_marrow_is_refused() -> None:
    with pytest.raises(InputError, match="darker"):
        analyze_mr(*made_up_mr(marrow=30.0))


def test_labels_without_a_tibia_are_refused(a_scan) -> None:
    scan, labels = a_scan
    with pytest.raises(AnatomyError, match="no tibia"):
        analyze_mr(scan, sitk.Cast(labels == 1, sitk.sitkUInt8))


def test_the_result_reads_back_equal(a_result: KneeResult, tmp_path) -> None:
    flagged = replace(a_result.analysis.patches[0], flags=("low-snr", "motion"), uncertainties={"app_bv_tv": 0.01})
    analysis = replace(a_result.analysis, patches=(flagged, *a_result.analysis.patches[1:]))
    write_folder(replace(a_result, analysis=analysis), tmp_path)
    found = load_analysis(tmp_path)
    assert found == analysis and found.modality == "MR"


def test_the_report_speaks_of_an_mr(a_result: KneeResult, tmp_path) -> None:
    write_folder(a_result, tmp_path)
    write_reports(a_result.analysis, tmp_path, ("html", "csv"))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "right knee on MR" in html and "Apparent bone volume fraction" in html
    assert "Repeatability of single patches" in html and "virtual knees" in html
    words = re.sub(r'"data:[^"]*"', "", html)
    assert " HU" not in words and "bone window" not in words
    header, first = (tmp_path / "report.csv").read_text(encoding="utf-8").splitlines()[:2]
    assert "app_bv_tv [1]" in header and header.endswith(",flags") and "ct_" not in header
    assert len(first.split(",")) == len(header.split(","))
