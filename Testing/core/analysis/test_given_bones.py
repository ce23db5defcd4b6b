"""A CT analyzed with bones that somebody has labelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import load_analysis
from CTSMALib.analysis.pipeline import BONES_GIVEN, analyze_scan
from CTSMALib.analysis.registration_input import knee_of_scan
from CTSMALib.analysis.stored import load_volume
from CTSMALib.errors import AnatomyError
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


def a_scan(image: sitk.Image) -> Scan:
    return Scan(image, ScanHeader(), InputIdentity("knee.nii.gz", "NIfTI", ""), ())


def with_cartilage(labels: sitk.Image) -> sitk.Image:
    """A structure between the bones that has no label of CTSMA."""
    values = sitk.GetArrayFromImage(labels)
    values[values.shape[0] // 2][values[values.shape[0] // 2] == 0] = 9
    changed = sitk.GetImageFromArray(values)
    changed.CopyInformation(labels)
    return changed


def test_its_own_bones_give_nearly_the_same_and_are_kept(analyzed: Analyzed) -> None:
    folder, image = analyzed("plain")
    before = load_analysis(folder)
    labels = load_volume(before, folder, "labels")
    (knee,) = analyze_scan(a_scan(image), labels=with_cartilage(labels))
    after = knee.analysis
    assert BONES_GIVEN in after.notices and after.side.side == before.side.side
    kept = sitk.Resample(knee.images["labels"], labels, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(kept), sitk.GetArrayViewFromImage(labels))
    for old, new in zip(before.compartments, after.compartments, strict=True):
        assert new.patches_valid == pytest.approx(old.patches_valid, abs=3)
        assert new.values["ct_hu_mean"].mean == pytest.approx(old.values["ct_hu_mean"].mean, abs=15.0)


def test_registration_places_patches_of_labelled_bones_where_the_analysis_does(analyzed: Analyzed) -> None:
    folder, image = analyzed("plain")
    labels = load_volume(load_analysis(folder), folder, "labels")
    (knee,) = analyze_scan(a_scan(image), labels=labels)
    placed = {p.patch.id: p.patch.center_lps_mm for p in knee.analysis.patches}
    registered = knee_of_scan(a_scan(image), labels)
    assert len(registered.patches) > 20
    for patch in registered.patches:
        np.testing.assert_allclose(patch.center_lps_mm, placed[patch.id], atol=1e-6)


def test_bones_without_a_tibia_are_refused(analyzed: Analyzed) -> None:
    folder, image = analyzed("plain")
    labels = load_volume(load_analysis(folder), folder, "labels")
    with pytest.raises(AnatomyError, match="tibia"):
        analyze_scan(a_scan(image), labels=labels * sitk.Cast(labels != 2, sitk.sitkUInt8))
