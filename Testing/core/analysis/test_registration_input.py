"""A result folder as a registration takes it."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import load_analysis
from CTSMALib.analysis.registration_input import knee_of_result
from CTSMALib.errors import InputError

Analyzed = Callable[[str], tuple[Path, sitk.Image]]


@pytest.fixture
def a_folder(analyzed: Analyzed, tmp_path: Path) -> Path:
    """A result folder that may be changed."""
    return Path(shutil.copytree(analyzed("plain")[0], tmp_path / "result"))


def test_the_knee_of_a_result_is_that_of_its_volumes_and_tables(a_folder: Path) -> None:
    knee, analysis = knee_of_result(a_folder), load_analysis(a_folder)
    stored = sitk.ReadImage(str(a_folder / "ct.nii.gz"))
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(knee.ct), sitk.GetArrayViewFromImage(stored))
    assert knee.ct.GetPixelID() == stored.GetPixelID() and knee.ct.GetOrigin() == stored.GetOrigin()
    assert set(np.unique(sitk.GetArrayViewFromImage(knee.labels))) >= {1, 2}
    assert [p.id for p in knee.patches] == [p.patch.id for p in analysis.patches]
    assert knee.identity == analysis.identity and not knee.refused


@pytest.mark.parametrize("role", ["ct", "labels"])
def test_a_volume_that_lacks_its_end_is_refused(a_folder: Path, role: str) -> None:
    path = a_folder / f"{role}.nii.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-4000]))  # ITK would fill it with 0
    with pytest.raises(InputError, match=rf"damaged: {role}\.nii\.gz cannot be read completely"):
        knee_of_result(a_folder)


def test_a_volume_that_is_not_named_is_told(a_folder: Path) -> None:
    text = (a_folder / "analysis.json").read_text(encoding="utf-8")
    (a_folder / "analysis.json").write_text(text.replace('"labels": "labels.nii.gz",', ""), encoding="utf-8")
    with pytest.raises(InputError, match="names no labels volume"):
        knee_of_result(a_folder)
