"""Apparent parameters in the result of a CT: what reads them gets the right cubes, and the result says who it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from CTSMALib.analysis.folder import load_analysis, write_folder
from CTSMALib.analysis.knee_result import KneeResult
from CTSMALib.analysis.patient_tokens import patient_tokens
from CTSMALib.analysis.pipeline import _without_refused, analyze_scan
from CTSMALib.analysis.result import PatchMeasurement
from CTSMALib.analysis.student_reading import UNLIKE, reading_notices
from CTSMALib.diagnosis.tokens import lacking
from CTSMALib.morphometry.apparent.recipe import KEYS
from CTSMALib.report.csv_table import render_csv
from CTSMALib.report.leading import leading, pictured
from CTSMALib.report.sentences import limits, method, summary
from CTSMALib.report.tables import compartment_table
from CTSMALib.resources import resource
from CTSMALib.student.covariates import COVARIATES
from CTSMALib.student.cubes import CT_SHAPE, Cubes
from CTSMALib.student.estimate import Estimate
from CTSMALib.student.linear import FEATURES
from CTSMALib.student.model import load_student
from CTSMALib.student.reference_scale import BONE_HU, on_reference_scale
from CTSMALib.student.structure import STRUCTURE_KEYS, Structure
from CTSMALib.volumes import read_scan


class MeanReader:
    """Says the mean CT number of the bone in a cube, and that dense patches are unlike the training."""

    identity, sha256, simulated = "student 0.1 (aabbccdd)", "aabbccdd" * 8, True

    def __init__(self) -> None:
        self.covariates: list[np.ndarray] = []
        self.means_of_features: list[np.ndarray] = []
        self.quick: set[bool] = set()
        self.strange_scan = False
        self.structure = False

    def outside(self, covariates: np.ndarray) -> tuple[str, ...]:
        return ("noise 3 HU (8 to 90 HU)",) if self.strange_scan else ()

    def estimate(self, cubes: Cubes, covariates: np.ndarray, features: np.ndarray, quick: bool = False) -> Estimate:
        assert cubes.values.shape[1:] == CT_SHAPE == cubes.valid.shape[1:] and np.isfinite(cubes.values).all()
        means = np.array([v[m > 0].mean() for v, m in zip(cubes.values, cubes.valid, strict=True)])
        self.covariates.append(covariates)
        self.quick.add(quick)
        if not quick:
            self.means_of_features.append(np.column_stack([means, features[:, FEATURES.index("ct_hu_mean")]]))
        fraction = means / 1000.0
        values = np.column_stack([fraction, fraction / 2.0, (1 - fraction) / 2.0, np.full(len(means), 2.0)])
        structure = Structure(0.5 * values, 0.05 * values) if self.structure and not quick else None
        features = None if quick else np.column_stack([means, -means])
        return Estimate(values, 0.1 * values, np.where(means > 200.0, 1.5, 0.5), structure, features)


@pytest.fixture(scope="module")
def a_reader() -> MeanReader:
    return MeanReader()


@pytest.fixture(scope="module")
def a_result(a_reader: MeanReader) -> KneeResult:
    scan = read_scan(resource("SampleData/knee_ct_sts047.nii.gz"))
    scan = replace(scan, header=replace(scan.header, laterality="L", kvp=140.0))
    (result,) = analyze_scan(scan, reader=a_reader)
    return result


def test_every_valid_patch_has_all_four_parameters_and_how_sure_they_are(a_result: KneeResult) -> None:
    valid = [p for p in a_result.analysis.patches if p.values]
    assert len(valid) > 80
    for item in valid:
        assert set(KEYS) <= set(item.values) and set(item.uncertainties) == set(KEYS)
        assert item.values["app_tb_th_mm"] * 2.0 == pytest.approx(item.values["app_bv_tv"])
        assert (UNLIKE in item.flags) == (item.values["app_bv_tv"] > 0.2)
    assert all(not p.uncertainties and not p.flags for p in a_result.analysis.patches if not p.values)


def test_cubes_show_the_same_bone_as_the_direct_measurement(a_reader: MeanReader, a_result: KneeResult) -> None:
    ours, theirs = np.concatenate(a_reader.means_of_features).T
    references = a_result.analysis.references_hu
    assert references["bone_tissue"] < 0.95 * BONE_HU  # of 140 kV
    theirs = on_reference_scale(theirs, references["marrow"], references["bone_tissue"])
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99
    assert np.abs(ours - theirs).mean() < 10.0


def test_the_reader_knows_how_the_scan_was_taken(a_reader: MeanReader, a_result: KneeResult) -> None:
    told = dict(zip(COVARIATES, a_reader.covariates[0], strict=True))
    image = a_result.analysis.image
    assert told["ct_slice_mm"] == pytest.approx(max(image.spacing_mm)) and told["ct_noise_sd_hu"] == image.noise_sd_hu
    assert told["ct_inplane_fwhm_mm"] == image.psf_fwhm_inplane_mm
    assert a_reader.quick == {True, False}  # maps need not be as sure


def test_the_result_says_who_estimated_and_survives_the_disk(a_result: KneeResult, tmp_path) -> None:
    write_folder(a_result, tmp_path)
    stored = load_analysis(tmp_path)
    assert stored.model_sha256 == MeanReader.sha256 and MeanReader.identity in stored.method
    assert {n.code for n in stored.notices} >= {"apparent-simulated", "apparent-unlike-training"}
    assert {m.key for m in stored.maps} >= set(KEYS)
    first = next(p for p in stored.patches if p.values)
    assert first.uncertainties["app_bv_tv"] == pytest.approx(0.1 * first.values["app_bv_tv"])
    assert first.features == pytest.approx((1000.0 * first.values["app_bv_tv"], -1000.0 * first.values["app_bv_tv"]))
    assert [p.features for p in stored.patches] == [p.features for p in a_result.analysis.patches]
    assert not any(set(p.values) & {"f:1", "f:2"} or bool(p.features) != bool(p.values) for p in stored.patches)
    assert not any(p.features for p in stored.display_patches)
    assert patient_tokens(stored, 2).present.sum() == patient_tokens(stored).present.sum() > 0
    lacking_one = patient_tokens(stored, 3)  # the patches stay; the model says that it lacks features
    assert np.isnan(lacking_one.features).all() and lacking_one.digest == patient_tokens(stored).digest
    assert (tmp_path / "maps" / "app_bv_tv.nii.gz").is_file()


def test_of_a_scan_unlike_those_of_the_training_it_says_why(a_reader: MeanReader, a_result: KneeResult) -> None:
    told = reading_notices(a_reader, a_result.analysis.patches, ("noise 3 HU (8 to 90 HU)",))
    assert [n.code for n in told] == ["apparent-simulated", "apparent-unlike-scan"]
    assert "noise 3 HU (8 to 90 HU)" in told[1].text


def test_the_shipped_student_takes_no_patch_of_a_coarse_scan_for_familiar() -> None:
    reader = load_student()
    (result,) = analyze_scan(read_scan(resource("SampleData/knee_ct_sts047.nii.gz")), reader=reader)
    read = [p for p in result.analysis.patches if p.uncertainties]
    assert len(read) > 80 and all(UNLIKE in p.flags for p in read)
    (notice,) = (n for n in result.analysis.notices if n.code == "apparent-unlike-scan")
    assert "distance of slices 3.27 mm" in notice.text and "pixel size 0.98 mm" in notice.text
    assert not any(q.key.startswith("app_") for q in (*leading(result.analysis), *pictured(result.analysis)))
    assert any("must not be relied on" in text for text in summary(result.analysis))
    tokens = patient_tokens(result.analysis)
    assert not tokens.present.any() and "look unlike" in lacking(tokens)


def test_the_report_tells_estimates_from_measurements(a_result: KneeResult) -> None:
    analysis = a_result.analysis
    header, line = render_csv(analysis).splitlines()[:2]
    assert "u(app_bv_tv) [1]" in header and header.endswith("flags") and len(line) > 0
    assert any("estimates of a model" in text for text in summary(analysis))
    assert any("standard uncertainties" in text for text in method(analysis))
    assert not any("No trabecular thickness" in text for text in limits(analysis))
    names = [column.name for column in compartment_table(analysis).columns]
    assert len(names) == 4 and all(name.startswith("Apparent") for name in names)  # the plate is not resolved here


def test_the_structure_comes_on_request_and_does_not_lead(tmp_path) -> None:
    reader = MeanReader()
    reader.structure = True
    (result,) = analyze_scan(read_scan(resource("SampleData/knee_ct_sts047.nii.gz")), reader=reader)
    write_folder(result, tmp_path)
    analysis = load_analysis(tmp_path)
    first = next(p for p in analysis.patches if p.values)
    assert first.values["vcal_tb_th_mm"] == pytest.approx(0.5 * first.values["app_tb_th_mm"])
    assert first.uncertainties["vcal_bv_tv"] == pytest.approx(0.05 * first.values["app_bv_tv"])
    assert "structure-simulated" in {n.code for n in analysis.notices}
    assert not any(key.startswith("vcal_") for m in analysis.maps for key in (m.key,))
    assert not any(q.key in STRUCTURE_KEYS for q in (*leading(analysis), *pictured(analysis)))
    strange = reading_notices(reader, analysis.patches, ("noise 3 HU (8 to 90 HU)",))
    assert "apparent and calibrated parameters" in strange[-1].text
    header = render_csv(analysis).splitlines()[0]
    assert "vcal_tb_n_per_mm [1/mm]" in header and "u(vcal_tb_n_per_mm) [1/mm]" in header


def test_without_a_request_tables_have_no_columns_of_the_structure(a_result: KneeResult) -> None:
    assert "vcal_" not in render_csv(a_result.analysis)


def test_a_refused_compartment_keeps_nothing_of_what_a_student_saw(a_result: KneeResult) -> None:
    patches = list(a_result.analysis.patches)
    left = _without_refused(patches, {"TM"})
    assert [p.patch for p in left] == [p.patch for p in patches]
    for before, after in zip(patches, left, strict=True):
        assert after == (PatchMeasurement(before.patch) if before.patch.compartment == "TM" else before)
    assert any(p.features for p in patches if p.patch.compartment == "TM")
